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
    var datasets: [(place: String, rows: any StoredRows, texts: [String])] = []
    for group in reader.groups {
      let present = try others.filter { try !names.contains($0) && reader.hasDataset($0, in: group) }
      for name in Set(names + present).sorted() {
        if let table = try reader.tableColumns(of: name, in: group) {
          for column in table.columns where column.place == 0 {
            let schema = StoredTable.schema(of: [column.feature])
            datasets.append(("\(group)/\(name)/\(column.feature.name)", column.rows, [schema]))
          }
          continue
        }
        guard try !reader.isStoredTable(name, in: group) else {
          let schema = try StoredTable.schema(of: reader.features(of: name, in: group))
          for block in try reader.blockNames(of: name, in: group) {
            datasets.append(("\(group)/\(block)", try reader.stored(block, in: group), [schema]))
          }
          continue
        }
        let classes = try reader.classNames(of: name, in: group)
        datasets.append(("\(group)/\(name)", try reader.stored(name, in: group), classes ?? []))
      }
    }
    let isSampled = try datasets.reduce(0.0) { try $0 + $1.rows.byteCount } > Double(wholeLimit)
    let part = WorkProgress.begin("hashing the data")
    defer { part?.end() }
    var stream = Digest.Stream()
    for (place, rows, texts) in datasets {
      let shape = try rows.shape
      for text in [place, rows.typeIdentity, "\(shape)"] + texts {
        stream.update(Data(text.utf8 + [0]))
      }
      try rows.hash(rows: isSampled ? shape.first.map(Self.sample) : nil, into: &stream)
    }
    return stream.digest
  }

  /// A fixed random choice of rows, ascending.
  static func sample(of rows: Int) -> [Int] {
    let random = Philox(seed: 0, stream: UInt64(rows))
    return Set((0..<UInt64(sampledRows)).map { Int(random.uniform(at: $0) * Double(rows)) }).sorted()
  }
}
