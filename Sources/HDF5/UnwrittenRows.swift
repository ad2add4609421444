import CHDF5

/// The rows of a dataset of which some elements were never written: they are read as the fill value, mostly 0.
public enum UnwrittenRows: Sendable, Equatable {
  /// No element was ever written.
  case all
  /// These rows, or some of their elements; the first stretch of them.
  case rows(Range<Int>)
  /// A part, of which it is not known in which rows it is.
  case part
}

extension Dataset {
  /// The most chunks that are looked for one by one.
  private static var mostChunks: Int { 1 << 14 }

  /// What of the elements was never written; `nil` if all of it was, or there is no element.
  ///
  /// A program that makes a dataset and ends before it fills it leaves such a one, and no error tells of it.
  public var unwritten: UnwrittenRows? {
    get throws {
      let layout = try layout
      guard layout == .chunked || layout == .contiguous, try dataspace.count > 0 else { return nil }
      if layout == .contiguous { return try externalFileNames.isEmpty && storageSize == 0 ? .all : nil }
      try file.attempt(.chunks, path)
      guard try storageSize > 0 else { return .all }
      return try unwrittenChunks
    }
  }

  /// Chunks that have no place in the file.
  private var unwrittenChunks: UnwrittenRows? {
    get throws {
      let shape = try shape
      guard let chunk = try chunkShape, chunk.count == shape.count, chunk.allSatisfy({ $0 > 0 }) else { return nil }
      let counts = zip(shape, chunk).map { ($0 - 1) / $1 + 1 }
      let all = counts.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
      let id = try handle.id
      let written = try Library.call("count the chunks of \(handle.label)") { chdf5_chunk_count(id) }
      guard written < all else { return nil }
      guard all <= Self.mostChunks else { return .part }
      let inBand = all / counts[0]
      /// Whether each chunk of a stretch of rows was written.
      func isWritten(band: Int) throws -> Bool {
        var place = [hsize_t](repeating: 0, count: shape.count)
        for index in 0..<inBand {
          var rest = index
          place[0] = hsize_t(band * chunk[0])
          for axis in (1..<max(1, shape.count)).reversed() {
            place[axis] = hsize_t(rest % counts[axis] * chunk[axis])
            rest /= counts[axis]
          }
          let found = try Library.call("look for a chunk of \(handle.label)") { chdf5_has_chunk(id, place) }
          guard found > 0 else { return false }
        }
        return true
      }
      guard let first = try (0..<counts[0]).first(where: { try !isWritten(band: $0) }) else { return nil }
      let end = try (first + 1..<counts[0]).first { try isWritten(band: $0) } ?? counts[0]
      return .rows(first * chunk[0]..<min(shape[0], end * chunk[0]))
    }
  }
}
