import Foundations
import HDF5

/// How the datasets of a file that is written anew are stored.
package struct StorageRequest: Sendable, Equatable {
  /// What chunks pass through.
  package enum Compression: Sendable, Equatable {
    case none
    /// zlib at a level, 0 to 9, of shuffled bytes.
    case gzip(Int)
  }

  /// The rows of a chunk; `nil` for as many as suit the dataset.
  package var chunkRows: Int?
  /// Whether elements lie one after another, where they can be mapped.
  package var isContiguous = false
  /// The compression; `nil` for what the dataset has, or gzip where it has another.
  package var compression: Compression?

  /// Creates a request; without arguments for what suits each dataset.
  package init(chunkRows: Int? = nil, isContiguous: Bool = false, compression: Compression? = nil) {
    self.chunkRows = chunkRows
    self.isContiguous = isContiguous
    self.compression = compression
  }

  /// The level of gzip where a dataset is compressed in a way that this program does not write.
  package static let usualLevel = 4

  /// The storage of a dataset's rows.
  func storage(of dataset: HDF5.Dataset) throws -> RowStorage {
    let shape = try dataset.shape
    let old = try RowStorage(like: dataset)
    guard !shape.isEmpty, !shape.contains(0) else { return RowStorage() }
    let deflate: Int? =
      switch compression {
      case nil: old.deflate
      case .some(.none): nil
      case .gzip(let level): level
      }
    if isContiguous || (chunkRows == nil && deflate == nil) { return RowStorage() }
    let rowBytes = shape.dropFirst().reduce(Double(dataset.datatype.byteCount)) { $0 * Double($1) }
    let rows = ChunkProposal.rows(ofRowBytes: rowBytes, atLeast: chunkRows)
    var new = RowStorage(chunk: [min(rows, shape[0])] + shape.dropFirst(), deflate: deflate)
    new.shuffles = deflate != nil
    new.hasChecksum = old.hasChecksum
    return new
  }
}

/// Chunks that suit training: whole rows, so that a row is in one chunk, of a size that is worth a read and little to decode
/// for nothing.
package enum ChunkProposal {
  /// The decoded bytes of a chunk, at most.
  static let mostBytes = Double(1 << 19)
  /// Chunks of less are not worth a place in the file's index.
  static let leastBytes = Double(1 << 14)

  /// The rows of a chunk: the greatest power of two of at most 512 KiB, which is a part of each row block of a greater power of
  /// two; or where rows are asked for, those, or so many times them that chunks of short rows are no mere crumbs.
  ///
  /// - Parameter rows: What is asked for.
  package static func rows(ofRowBytes rowBytes: Double, atLeast rows: Int? = nil) -> Int {
    let fit = max(1, mostBytes / max(1, rowBytes))
    if let rows {
      let bytes = Double(rows) * rowBytes
      guard bytes < leastBytes else { return rows }
      return rows * max(1, Int(mostBytes / max(1, bytes)))
    }
    var proposed = 1
    while Double(2 * proposed) <= fit { proposed *= 2 }
    return proposed
  }

  /// The rows of a chunk for blocks of so many rows, which chunks divide without a rest: the most that take at most 512 KiB.
  package static func rows(ofRowBytes rowBytes: Double, block: Int) -> Int {
    let fit = Int(max(1, min(Double(block), mostBytes / max(1, rowBytes))))
    return (1...fit).reversed().first { block % $0 == 0 } ?? 1
  }
}

/// How the elements of one dataset are stored.
struct RowStorage: Equatable {
  /// The shape of a chunk; `nil` for one after another.
  var chunk: [Int]?
  /// The level of zlib's compression.
  var deflate: Int?
  var shuffles = false
  var hasChecksum = false

  init(chunk: [Int]? = nil, deflate: Int? = nil) {
    self.chunk = chunk
    self.deflate = deflate
  }

  /// That of a dataset as it is, with gzip in place of filters that are not written here.
  init(like dataset: HDF5.Dataset) throws {
    chunk = try dataset.chunkShape
    for filter in try dataset.filters {
      switch filter.name {
      case "deflate": deflate = filter.parameters.first ?? StorageRequest.usualLevel
      case "shuffle": shuffles = true
      case "fletcher32": hasChecksum = true
      default:
        deflate = deflate ?? StorageRequest.usualLevel
        shuffles = true
      }
    }
  }

  /// The same for another number of rows.
  func rows(_ count: Int) -> RowStorage {
    guard let chunk, let first = chunk.first else { return self }
    guard count > 0 else { return RowStorage() }
    var storage = self
    storage.chunk = [min(first, count)] + chunk.dropFirst()
    return storage
  }

  var properties: PropertyList {
    get throws {
      try .datasetCreation(
        chunk: chunk, deflate: chunk == nil ? nil : deflate, shuffle: chunk != nil && shuffles,
        fletcher32: chunk != nil && hasChecksum)
    }
  }

  /// For people: `in chunks of 256 rows, gzip 4`.
  var text: String {
    guard let chunk else { return "contiguous" }
    return "in chunks of \(chunk[0]) \(chunk[0] == 1 ? "row" : "rows")" + (deflate.map { ", gzip \($0)" } ?? "")
  }
}
