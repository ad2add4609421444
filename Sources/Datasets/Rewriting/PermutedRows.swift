import Foundation
import Foundations
import HDF5
import Kernels

/// Writes datasets with their rows permuted, in bounded memory.
///
/// The places are cut into buckets of consecutive ones that fit into memory. Rows are read in their order, each chunk once, and
/// go into the bucket of their place, in a file without a name; then bucket after bucket is put in order and written. A
/// dataset that fits into memory is one bucket, and needs no file.
struct PermutedRows {
  private let count: Int
  private let permutation: Permutation
  private let random: Philox
  private let scratch: String

  /// - Parameters:
  ///   - count: The rows, one at least.
  ///   - scratch: The directory where rows on their way are kept.
  init(_ count: Int, group: String, seed: Int, scratch: String) {
    self.count = count
    self.scratch = scratch
    permutation = Permutation(count: count)
    let index = DatasetReader.groupNames.firstIndex(of: group) ?? 0
    random = Philox(seed: UInt64(bitPattern: Int64(seed)), stream: Sampler.fileStream | UInt64(index))
  }

  /// The places of some rows.
  private func places(_ rows: Range<Int>, _ out: inout [Int64]) {
    if out.count < rows.count { out = [Int64](repeating: 0, count: rows.count) }
    for (index, row) in rows.enumerated() { out[index] = Int64(row) }
    out.withUnsafeMutableBufferPointer { buffer in
      permutation.apply(
        to: UnsafeMutableBufferPointer(rebasing: buffer[..<rows.count]), random, at: 0, kernels: .best)
    }
  }

  /// Copies a dataset with as many rows.
  ///
  /// - Throws: `TrainerError` if it cannot be read, or there is no room for its rows on their way; `HDF5Error` if it cannot
  ///   be written.
  func copy(
    _ dataset: HDF5.Dataset, to parent: HDF5.Group, _ name: String, by copy: FileCopy
  ) throws -> HDF5.Dataset? {
    let storage = try copy.reading {
      try dataset.shape.contains(0) ? RowStorage() : RowStorage(like: dataset).rows(count)
    }
    guard let target = try copy.makeDataset(name, in: parent, for: dataset, storage: storage) else { return nil }
    let rowBytes = try copy.reading { try dataset.shape.dropFirst().reduce(dataset.datatype.byteCount, *) }
    guard rowBytes > 0, try copy.reading({ try dataset.unwritten != .all }) else { return target }
    guard try dataset.datatype.isOfFixedSize else {
      try permuteReferences(dataset, to: target, rowBytes, by: copy)
      return target
    }
    let reader = try copy.reading { try RowStretchReader(dataset, path: copy.path, room: copy.room / 4) }
    let most = max(1, copy.roomOfRows / rowBytes)
    if count <= most {
      try permuteInMemory(reader, to: target, copy)
    } else {
      let chunk = storage.chunk?.first ?? 1
      try permute(reader, to: target, bucketRows: most >= chunk ? most / chunk * chunk : most, copy)
    }
    return target
  }

  private func permuteInMemory(_ reader: RowStretchReader, to target: HDF5.Dataset, _ copy: FileCopy) throws {
    let width = reader.rowByteCount
    var ordered = [UInt8](repeating: 0, count: count * width)
    var places: [Int64] = []
    try reader.forEach { rows, bytes in
      self.places(rows, &places)
      guard let from = bytes.baseAddress else { return }
      ordered.withUnsafeMutableBytes { ordered in
        for index in rows.indices {
          let offset = index - rows.lowerBound
          ordered.baseAddress?.advanced(by: Int(places[offset]) * width)
            .copyMemory(from: from + offset * width, byteCount: width)
        }
      }
      copy.progress.add(bytes.count)
    }
    var appender = try RowAppender(target)
    // In pieces, so that the progress is seen.
    try ordered.withUnsafeBytes { ordered in
      let piece = max(1, RowAppender.usualBytes / width) * width
      for start in stride(from: 0, to: ordered.count, by: piece) {
        let part = UnsafeRawBufferPointer(rebasing: ordered[start..<min(ordered.count, start + piece)])
        try appender.append(part)
        copy.progress.add(part.count)
      }
    }
    try appender.flush()
  }

  private func permute(
    _ reader: RowStretchReader, to target: HDF5.Dataset, bucketRows: Int, _ copy: FileCopy
  ) throws {
    let width = reader.rowByteCount
    let file = try RowBuckets(
      rows: count, bucketRows: bucketRows, rowByteCount: width, room: copy.roomOfRows, in: scratch)
    var places: [Int64] = []
    try reader.forEach { rows, bytes in
      self.places(rows, &places)
      guard let from = bytes.baseAddress else { return }
      for offset in 0..<rows.count { try file.add(from + offset * width, place: Int(places[offset])) }
      copy.progress.add(bytes.count)
    }
    var appender = try RowAppender(target)
    try file.forEachBucket { bytes in
      try appender.append(bytes)
      copy.progress.add(bytes.count)
    }
    try appender.flush()
  }

  /// Elements that refer to memory of the library's are all held at once, since they cannot be kept in a file.
  private func permuteReferences(
    _ dataset: HDF5.Dataset, to target: HDF5.Dataset, _ width: Int, by copy: FileCopy
  ) throws {
    try MemoryLimit.require(
      Double(count) * Double(width + 64), for: "\(copy.path): permuting the texts of \(dataset.path)", code: .data,
      advice: "store texts of fixed length, or numbers that stand for them")
    var bytes = [UInt8](repeating: 0, count: count * width)
    var places: [Int64] = []
    self.places(0..<count, &places)
    try bytes.withUnsafeMutableBytes { buffer in
      try copy.reading { try dataset.readStored(into: buffer, rows: nil) }
      let written = Result {
        let ordered = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count, alignment: 16)
        defer { ordered.deallocate() }
        for row in 0..<count {
          let place = Int(places[row]) * width
          ordered[place..<place + width].copyBytes(from: buffer[row * width..<(row + 1) * width])
        }
        try target.writeStored(UnsafeRawBufferPointer(ordered), rows: nil)
      }
      try dataset.releaseStored(buffer)
      try written.get()
    }
    copy.progress.add(2 * bytes.count)
  }
}

/// Rows on their way to buckets of consecutive places, in a file without a name.
final class RowBuckets {
  /// Each row is kept with its place in the bucket.
  private static let placeBytes = MemoryLayout<UInt32>.size

  private let rows: Int
  private let bucketRows: Int
  private let width: Int
  private let directory: String
  private let file: Int32
  /// Rows that are collected for each bucket before they are written.
  private let collected: Int
  private var buffers: [UInt8]
  private var inBuffer: [Int]
  private var inFile: [Int]

  private var recordBytes: Int { width + Self.placeBytes }

  /// - Parameters:
  ///   - room: The bytes of memory that may be taken while rows are added. As many are taken by the rows of a bucket.
  ///   - directory: Where the file's contents lie.
  /// - Throws: `TrainerError` with code `.usage` if the file cannot be made there.
  init(rows: Int, bucketRows: Int, rowByteCount: Int, room: Int, in directory: String) throws {
    (self.rows, self.bucketRows, width, self.directory) = (rows, bucketRows, rowByteCount, directory)
    let buckets = (rows + bucketRows - 1) / bucketRows
    let record = rowByteCount + Self.placeBytes
    // A write of 1 MB costs no more for each byte than a longer one.
    collected = max(1, min(bucketRows, min(room / buckets, 1 << 20) / record))
    buffers = [UInt8](repeating: 0, count: buckets * collected * record)
    inBuffer = [Int](repeating: 0, count: buckets)
    inFile = inBuffer
    do {
      file = try SystemFileSystem().openNameless(in: directory)
    } catch let error as FileError {
      throw Self.fault(directory, error.number, "a file for rows on their way to the output cannot be made")
    }
  }

  deinit { close(file) }

  /// Keeps a row.
  func add(_ row: UnsafeRawPointer, place: Int) throws {
    let (bucket, own) = place.quotientAndRemainder(dividingBy: bucketRows)
    let start = (bucket * collected + inBuffer[bucket]) * recordBytes
    buffers.withUnsafeMutableBytes { buffers in
      buffers.storeBytes(of: UInt32(own), toByteOffset: start, as: UInt32.self)
      buffers.baseAddress?.advanced(by: start + Self.placeBytes).copyMemory(from: row, byteCount: width)
    }
    inBuffer[bucket] += 1
    if inBuffer[bucket] == collected { try flush(bucket) }
  }

  /// Hands on the rows of each bucket in order, when all have been added.
  func forEachBucket(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    for bucket in inBuffer.indices { try flush(bucket) }
    buffers = []
    var ordered = [UInt8](repeating: 0, count: bucketRows * width)
    let atOnce = max(1, (1 << 20) / recordBytes)
    var records = [UInt8](repeating: 0, count: min(atOnce, bucketRows) * recordBytes)
    for bucket in inFile.indices {
      let count = inFile[bucket]
      for first in stride(from: 0, to: count, by: atOnce) {
        let part = min(atOnce, count - first)
        try read(&records, part * recordBytes, at: (bucket * bucketRows + first) * recordBytes)
        records.withUnsafeBytes { records in
          ordered.withUnsafeMutableBytes { ordered in
            for record in 0..<part {
              let start = record * recordBytes
              let place = Int(records.loadUnaligned(fromByteOffset: start, as: UInt32.self))
              let bytes = records[(start + Self.placeBytes)..<(start + recordBytes)]
              ordered[place * width..<(place + 1) * width].copyBytes(from: bytes)
            }
          }
        }
      }
      try ordered.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<(count * width)])) }
    }
  }

  private func flush(_ bucket: Int) throws {
    let count = inBuffer[bucket] * recordBytes
    guard count > 0 else { return }
    let (start, offset) = (
      bucket * collected * recordBytes, (bucket * bucketRows + inFile[bucket]) * recordBytes
    )
    try buffers.withUnsafeBytes { buffers in
      var done = 0
      while done < count {
        let written = pwrite(
          file, buffers.baseAddress?.advanced(by: start + done), count - done, off_t(offset + done))
        guard written > 0 else {
          if written < 0, errno == EINTR { continue }
          throw Self.fault(
            directory, errno,
            "rows on their way to the output, which need room for a dataset once more, cannot be kept")
        }
        done += written
      }
    }
    inFile[bucket] += inBuffer[bucket]
    inBuffer[bucket] = 0
  }

  private func read(_ buffer: inout [UInt8], _ count: Int, at offset: Int) throws {
    try buffer.withUnsafeMutableBytes { buffer in
      var done = 0
      while done < count {
        let got = pread(file, buffer.baseAddress?.advanced(by: done), count - done, off_t(offset + done))
        guard got > 0 else {
          if got < 0, errno == EINTR { continue }
          throw Self.fault(
            directory, got < 0 ? errno : EIO, "rows on their way to the output cannot be read back")
        }
        done += got
      }
    }
  }

  private static func fault(_ directory: String, _ number: Int32, _ what: String) -> TrainerError {
    TrainerError(.usage, "directory '\(directory)': \(what): \(String(cString: strerror(number)))")
  }
}
