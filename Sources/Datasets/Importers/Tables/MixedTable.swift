import Foundations
import HDF5

/// Columns of one or more files as features with common categories, from which the tables of groups are made.
struct MixedTable {
  /// The features in order.
  let features: [Feature]
  /// For each file its columns.
  private let sources: [[ColumnBuilder]]
  private let numberType: NumberType
  /// For each file and column, the codes of the texts in the order in which the column holds them; empty where it holds
  /// none.
  private let codes: [[[Int32]]]

  /// Puts columns together; categories that occur in any of the files are categories of all.
  init(names: [String], sources: [[ColumnBuilder]], fields: FieldValues, numberType: NumberType) {
    let mark = fields.mark
    features = names.enumerated().map { place, name in
      let kind = sources[0][place].kind
      let texts = kind == .category ? Set(sources.flatMap { $0[place].texts }) : []
      return Feature(
        name: name, kind: kind, categories: sortedNames(texts) { DecimalField($0, mark: mark)?.value })
    }
    let places = features.map { feature in
      Dictionary(uniqueKeysWithValues: feature.categories.enumerated().map { ($1, Int32($0)) })
    }
    codes = sources.map { columns in
      zip(columns, places).map { column, places in column.texts.map { places[$0] ?? -1 } }
    }
    self.sources = sources
    self.numberType = numberType
  }

  /// The table of some rows of one file.
  func stored(rows: [Int], of source: Int) -> StoredTable {
    var blocks: [FeatureKind: NumberTable] = [:]
    for kind in FeatureKind.allCases {
      let places = features.indices.filter { features[$0].kind == kind }
      guard !places.isEmpty else { continue }
      switch kind {
      case .number:
        blocks[kind] =
          switch numberType {
          case .uint8: block(rows, places) { UInt8(clamping: Int(sources[source][$0].numbers[$1])) }
          case .float32: block(rows, places) { Float(sources[source][$0].numbers[$1]) }
          default: block(rows, places) { sources[source][$0].numbers[$1] }
          }
      case .date: blocks[kind] = block(rows, places) { sources[source][$0].numbers[$1] }
      case .boolean: blocks[kind] = block(rows, places) { Int8(sources[source][$0].codes[$1]) }
      case .category:
        let code = { (place: Int, row: Int) in
          let code = sources[source][place].codes[row]
          return code < 0 ? code : codes[source][place][Int(code)]
        }
        let largest = places.map { features[$0].categories.count - 1 }.max() ?? 0
        blocks[kind] =
          if largest <= Int8.max {
            block(rows, places) { Int8(code($0, $1)) }
          } else if largest <= Int16.max {
            block(rows, places) { Int16(code($0, $1)) }
          } else {
            block(rows, places) { code($0, $1) }
          }
      }
    }
    return StoredTable(features: features, blocks: blocks)
  }

  /// Values [rows, columns], written where they belong.
  private func block<Value: NativeScalar>(
    _ rows: [Int], _ places: [Int], _ value: (_ place: Int, _ row: Int) -> Value
  ) -> NumberTable {
    let count = rows.count * places.count
    let bytes = [UInt8](unsafeUninitializedCapacity: count * MemoryLayout<Value>.stride) { buffer, size in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      bytes.preferLargePages()
      for (index, row) in rows.enumerated() {
        for (column, place) in places.enumerated() {
          bytes.storeBytes(
            of: value(place, row), toByteOffset: (index * places.count + column) * MemoryLayout<Value>.stride,
            as: Value.self)
        }
      }
      size = count * MemoryLayout<Value>.stride
    }
    return NumberTable(shape: [rows.count, places.count], type: Value.numberType, bytes: bytes)
  }
}
