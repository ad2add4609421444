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
