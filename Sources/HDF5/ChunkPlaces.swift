import CHDF5
import Foundation
import Foundations

/// Where the chunks of a dataset are in the file, so that a program can read them beside the library and its lock.
public struct ChunkPlaces: Sendable {
  /// One chunk as it is stored.
  public struct Place: Sendable, Equatable {
    /// The first byte, counted from the begin of the file, user block included.
    public let address: Int
    /// The bytes behind all filters.
    public let byteCount: Int
    /// Bit i is set if the chunk was written without filter i.
    public let filterMask: UInt32
  }

  /// The chunks along each axis; those at the end may reach beyond the extents.
  public let counts: [Int]
  private let places: [chdf5_place]

  /// The chunk at a place in row-major order; `nil` if it was never written.
  public subscript(index: Int) -> Place? {
    places.withUnsafeBufferPointer { places in
      let place = places[index]
      guard place.exists != 0 else { return nil }
      return Place(address: Int(place.address), byteCount: Int(place.size), filterMask: place.mask)
    }
  }

  /// The number of chunks.
  public var count: Int { places.count }
  /// The memory of this table.
  public var byteCount: Int { places.count * MemoryLayout<chdf5_place>.stride }

  /// - Parameter places: One for each chunk in row-major order, in bounds that the caller has checked.
  fileprivate init(counts: [Int], places: [chdf5_place]) { (self.counts, self.places) = (counts, places) }
}

extension Dataset {
  /// The bytes that a table of the places of all chunks takes; `nil` unless the layout is chunked.
  public var chunkPlacesByteCount: Int? {
    get throws { try chunkCounts().map { $0.reduce(1, *) * MemoryLayout<chdf5_place>.stride } }
  }

  /// The chunks along each axis; `nil` unless the layout is chunked.
  private func chunkCounts() throws -> [Int]? {
    guard try layout == .chunked, let chunk = try chunkShape else { return nil }
    let shape = try shape
    guard shape.count == chunk.count, chunk.allSatisfy({ $0 > 0 }) else { return nil }
    return zip(shape, chunk).map { $0 == 0 ? 0 : ($0 - 1) / $1 + 1 }
  }

  /// Looks up where all chunks are, which takes a few microseconds for each.
  ///
  /// - Parameter readable: The file, as ``readableFile()`` gives it.
  /// - Returns: `nil` if the layout is not chunked, or this library does not tell.
  /// - Throws: `HDF5Error` if a place cannot be right: damaged files may say anything.
  public func chunkPlaces(in readable: borrowing ReadableFile) throws -> ChunkPlaces? {
    guard let counts = try chunkCounts(), let chunk = try chunkShape else { return nil }
    try file.attempt(.chunks, path)
    try requireUsualChunks()
    let total = counts.reduce(1, *)
    do {
      try MemoryLimit.require(
        Double(total) * Double(MemoryLayout<chdf5_place>.stride), for: "\(handle.label): the places of its chunks",
        code: .data, advice: "store it in larger chunks")
    } catch let error as TrainerError {
      throw HDF5Error(.memory, error.message)
    }
    let id = try handle.id
    var places = [chdf5_place](repeating: chdf5_place(), count: total)
    let number = readable.number
    let status = Library.value {
      chdf5_locate_chunks(
        id, number, Int32(counts.count), chunk.map(hsize_t.init), counts.map(hsize_t.init), UInt64(total), &places)
    }
    guard status >= 0 else { return nil }
    try check(places, counts: counts, chunk: chunk, fileByteCount: readable.byteCount)
    return ChunkPlaces(counts: counts, places: places)
  }

  private func check(_ places: [chdf5_place], counts: [Int], chunk: [Int], fileByteCount: Int) throws {
    let plain = chunk.reduce(datatype.byteCount, *)
    let hasFilters = try !filters.isEmpty
    // No filter adds more: what does not shrink grows by frames and checksums.
    let most = hasFilters ? UInt64(2 * plain + 4096) : UInt64(plain)
    for (index, place) in places.enumerated() where place.exists != 0 {
      let (end, overflow) = place.address.addingReportingOverflow(place.size)
      guard !overflow, end <= UInt64(fileByteCount), place.size <= most, hasFilters || place.size == most else {
        let which = "the chunk \(ChunkIndices.text(index, counts: counts)) of \(handle.label)"
        throw HDF5Error(
          .library,
          "\(which) is damaged: it has \(plain) bytes and is said to be stored in \(place.size) bytes from byte "
            + "\(place.address) on, in a file of \(fileByteCount)")
      }
    }
  }

  /// Where the rows of a dataset are that lies in one place of the file, as if they were chunks of whole rows, without
  /// filters and one behind the other. The last has what is left.
  ///
  /// - Parameters:
  ///   - rows: The rows of such a chunk; at least one.
  ///   - readable: The file, as ``readableFile()`` gives it.
  /// - Returns: `nil` unless the layout is contiguous, in this file, and something was written.
  /// - Throws: `HDF5Error` if the file ends before the elements do.
  public func blockPlaces(ofRows rows: Int, in readable: borrowing ReadableFile) throws -> ChunkPlaces? {
    guard let offset = try offset, rows > 0 else { return nil }
    let shape = try shape
    guard let count = shape.first else { return nil }
    let rowByteCount = shape.dropFirst().reduce(datatype.byteCount, *)
    let end = offset + count * rowByteCount
    guard end <= readable.byteCount else {
      throw HDF5Error(
        .library,
        "\(handle.label) is damaged: its elements are said to be stored in the bytes from \(offset) to \(end), in a file of "
          + "\(readable.byteCount)")
    }
    let places = stride(from: 0, to: count, by: rows).map { first in
      var place = chdf5_place()
      place.address = UInt64(offset + first * rowByteCount)
      place.size = UInt64(min(rows, count - first) * rowByteCount)
      place.exists = 1
      return place
    }
    return ChunkPlaces(counts: [places.count], places: places)
  }

  /// The bytes of an element that was never written, as the file stores elements; `nil` if there is no such value.
  public var fillBytes: [UInt8]? {
    get throws {
      let typeID = try datatype.handle.id
      var bytes = [UInt8](repeating: 0, count: datatype.byteCount)
      let kind = try creation("fill value") { properties in
        bytes.withUnsafeMutableBytes { chdf5_fill_value(properties, typeID, $0.baseAddress) }
      }
      return kind > 0 ? bytes : nil
    }
  }

  /// Whether chunks that reach beyond the extents are stored without filters.
  public var leavesPartialChunks: Bool {
    get throws { try creation("storage") { chdf5_leaves_partial_chunks($0) != 0 } }
  }

  /// A descriptor of the file on disk that holds the elements' chunks, of this process's own; `nil` if the library reads
  /// it in another way, as files in memory.
  public func readableFile() throws -> ReadableFile? {
    let id = try handle.id
    let number = Library.value { chdf5_descriptor(id) }
    return number < 0 ? nil : ReadableFile(owning: number)
  }
}

/// How messages name a chunk: by its number along each axis.
public enum ChunkIndices {
  /// Such as `(3, 0)`, of the chunk at a place in row-major order.
  public static func text(_ index: Int, counts: [Int]) -> String {
    var rest = index
    var numbers: [Int] = []
    for count in counts.reversed() {
      numbers.append(rest % max(1, count))
      rest /= max(1, count)
    }
    return "(\(numbers.reversed().map(String.init).joined(separator: ", ")))"
  }
}

/// An open file of the system's, closed when it is let go of.
public struct ReadableFile: ~Copyable, Sendable {
  /// The descriptor.
  public let number: Int32

  /// Takes over a descriptor.
  public init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  /// The bytes of the file now; 0 if the system does not say.
  public var byteCount: Int { stamp?.byteCount ?? 0 }

  /// What changes when a file is written: its size and when it was written last; `nil` if the system does not say.
  public var stamp: FileStamp? {
    var status = stat()
    guard fstat(number, &status) == 0 else { return nil }
    return FileStamp(
      byteCount: Int(status.st_size), seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec))
  }

  /// Reads bytes at a place.
  ///
  /// - Returns: The number of bytes, less than asked for where the file ends; negative, the system's `errno` with a minus
  ///   sign, if it fails.
  public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var done = 0
    while done < buffer.count {
      let count = pread(number, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset + done))
      if count < 0 {
        guard errno == EINTR else { return -Int(errno) }
        continue
      }
      if count == 0 { break }
      done += count
    }
    return done
  }
}

/// What tells that a file was written to.
public struct FileStamp: Sendable, Equatable {
  /// The size in bytes.
  public let byteCount: Int
  let seconds: Int
  let nanoseconds: Int
}
