import Foundation
import Foundations
import HDF5
import Kernels

/// What tells the samples of one dataset from those of another, wherever and however they are stored.
struct DatasetFingerprint {
  /// Up to this many bytes contents are hashed whole.
  static let wholeLimit = 1_000_000_000
  /// Rows of each dataset that are hashed where they are more.
  static let sampledRows = 1024

  let reader: DatasetReader
  let names: [String]
  /// Datasets that count where a group has them.
  var others: [String] = []
  var wholeLimit = DatasetFingerprint.wholeLimit

  /// - Throws: `HDF5Error` or `TrainerError`.
  func digest() throws -> Digest {
    var datasets: [(place: String, dataset: HDF5.Dataset, texts: [String])] = []
    for group in reader.groups {
      let present = try others.filter { try !names.contains($0) && reader.hasDataset($0, in: group) }
      for name in Set(names + present).sorted() {
        guard try !reader.isTable(name, in: group) else {
          let schema = try StoredTable.schema(of: reader.features(of: name, in: group))
          for block in try reader.blockNames(of: name, in: group) {
            datasets.append(("\(group)/\(block)", try reader.dataset(block, in: group), [schema]))
          }
          continue
        }
        let classes = try reader.classNames(of: name, in: group)
        datasets.append(("\(group)/\(name)", try reader.dataset(name, in: group), classes ?? []))
      }
    }
    // As floating-point numbers, which do not overflow: extents may be anything.
    let byteCount = try datasets.reduce(0.0) { sum, entry in
      sum + Double(try entry.dataset.dataspace.count) * Double(entry.dataset.datatype.byteCount)
    }
    var stream = Digest.Stream()
    for (place, dataset, texts) in datasets {
      let shape = try dataset.shape
      let type = dataset.datatype.numberType?.rawValue ?? "\(dataset.datatype.kind) \(dataset.datatype.byteCount)"
      for text in [place, type, "\(shape)"] + texts { stream.update(Data(text.utf8 + [0])) }
      guard dataset.datatype.isNumeric, !shape.contains(0) else { continue }
      if byteCount > Double(wholeLimit), let rows = shape.first {
        for row in Self.sample(of: rows) { try stream.update(dataset, .range(row..<row + 1)) }
      } else {
        try dataset.forEachBlock { try stream.update(dataset, $0) }
      }
    }
    return stream.digest
  }

  /// A fixed random choice of rows, ascending.
  static func sample(of rows: Int) -> [Int] {
    let random = Philox(seed: 0, stream: UInt64(rows))
    return Set((0..<UInt64(sampledRows)).map { Int(random.uniform(at: $0) * Double(rows)) }).sorted()
  }
}

extension Digest.Stream {
  /// Adds elements in the type that they are stored in, little-endian whatever their order in the file.
  fileprivate mutating func update(_ dataset: HDF5.Dataset, _ selection: Selection) throws {
    let width = dataset.datatype.numberType?.byteCount ?? MemoryLayout<Double>.size
    try dataset.withElements(selecting: selection) { bytes in
      guard 1.littleEndian != 1, width > 1 else { return update(bytes) }
      for start in stride(from: 0, to: bytes.count, by: width) {
        update(Array(bytes[start..<start + width].reversed()))
      }
    }
  }
}
