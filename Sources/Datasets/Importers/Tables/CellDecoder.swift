import Foundations
import HDF5

/// Makes the stored values of a table from its cells, once it is known what the columns are.
struct CellDecoder {
  /// Columns that are stored beside each other.
  private struct Block {
    /// nil for an array.
    let kind: FeatureKind?
    let type: NumberType
    /// Their places among all inputs.
    let places: [Int]
  }

  /// All inputs that were read, stored or not.
  let inputCount: Int
  /// The features of a table; empty for an array.
  let features: [Feature]
  private let blocks: [Block]
  /// What is stored for each text of the pool; not a number for a missing value.
  private let values: [Double]

  /// Stores inputs that are numbers as one array.
  init(array places: [Int], type: NumberType, scan: TableScan) {
    inputCount = scan.inputCount
    features = []
    blocks = [Block(kind: nil, type: type, places: places)]
    values = scan.pool.entries.map(\.number)
  }

  /// Stores inputs as a table. Categories that occur in any of the files are categories of all.
  init(table columns: [(place: Int, name: String, kind: FeatureKind)], numberType: NumberType, scan: TableScan) {
    inputCount = scan.inputCount
    let (pool, fields) = (scan.pool, scan.fields)
    var kinds = [FeatureKind?](repeating: nil, count: scan.inputCount)
    for column in columns { kinds[column.place] = column.kind }
    // Texts that Unicode takes for the same are one category.
    var texts: [Int: Set<String>] = [:]
    for entry in pool.entries where !entry.isMissing && entry.count > 0 && Int(entry.column) < kinds.count {
      guard kinds[Int(entry.column)] == .category else { continue }
      texts[Int(entry.column), default: []].insert(pool.text(of: entry))
    }
    let names = texts.mapValues { sortedNames($0) { DecimalField($0, mark: fields.mark)?.value } }
    let codes = names.mapValues { Dictionary(uniqueKeysWithValues: $0.enumerated().map { ($1, Double($0)) }) }
    features = columns.map { Feature(name: $0.name, kind: $0.kind, categories: names[$0.place] ?? []) }
    values = pool.entries.map { entry in
      guard Int(entry.column) < kinds.count, !entry.isMissing, let kind = kinds[Int(entry.column)] else { return .nan }
      switch kind {
      case .number: return entry.number
      case .date: return pool.withText(of: entry) { fields.date($0) } ?? .nan
      case .boolean: return pool.withText(of: entry) { fields.boolean($0) } ?? entry.number
      case .category: return codes[Int(entry.column)]?[pool.text(of: entry)] ?? .nan
      }
    }
    let largest = names.values.map { $0.count - 1 }.max() ?? 0
    blocks = FeatureKind.allCases.compactMap { kind in
      let places = columns.filter { $0.kind == kind }.map(\.place)
      guard !places.isEmpty else { return nil }
      let type: NumberType =
        switch kind {
        case .number: numberType
        case .date: .float64
        case .boolean: .int8
        case .category: largest <= Int8.max ? .int8 : largest <= Int16.max ? .int16 : .int32
        }
      return Block(kind: kind, type: type, places: places)
    }
  }

  /// For each block, its kind and what is stored.
  var blockLayouts: [(kind: FeatureKind?, layout: ArrayLayout)] {
    blocks.map { ($0.kind, ArrayLayout(rowShape: [$0.places.count], type: $0.type)) }
  }

  /// What is stored of the inputs.
  var layout: GroupLayout.Inputs {
    let layouts = blockLayouts
    guard layouts[0].kind != nil else { return .array(layouts[0].layout) }
    let byKind = layouts.compactMap { block in block.kind.map { ($0, block.layout) } }
    return .table(features, Dictionary(byKind) { one, _ in one })
  }

  /// The bytes of a row's inputs.
  var rowByteCount: Int { blockLayouts.reduce(0) { $0 + $1.layout.rowByteCount } }

  /// Adds a row to its sinks, one for each block.
  @inline(__always)
  func decode(_ rows: SegmentRows, _ row: Int, into sinks: [RowSink]) throws {
    for (block, sink) in zip(blocks, sinks) {
      try sink.append { out in
        if let bytes = rows.bytes(of: row) {
          Self.store(count: block.places.count, in: out, as: block.type) { Double(bytes[block.places[$0]]) }
        } else {
          let cells = rows.cells(of: row)
          Self.store(count: block.places.count, in: out, as: block.type) { value(cells[block.places[$0]]) }
        }
      }
    }
  }

  @inline(__always)
  private func value(_ cell: UInt64) -> Double {
    if Cell.isNumber(cell) { return Double(bitPattern: cell) }
    return Cell.isText(cell) ? values[Cell.place(cell)] : .nan
  }

  static func store(_ values: [Double], in out: UnsafeMutableRawPointer, as type: NumberType) {
    store(count: values.count, in: out, as: type) { values[$0] }
  }

  /// Stores values; of a signed integer, -1 for what is missing.
  @inline(__always)
  static func store(
    count: Int, in out: UnsafeMutableRawPointer, as type: NumberType, _ value: (Int) -> Double
  ) {
    @inline(__always)
    func store<Number>(_ make: (Double) -> Number) {
      let out = out.assumingMemoryBound(to: Number.self)
      for index in 0..<count { out[index] = make(value(index)) }
    }
    switch type {
    case .float32: store { Float($0) }
    case .uint8: store { UInt8($0) }
    case .uint16: store { UInt16($0) }
    case .uint32: store { UInt32($0) }
    case .int8: store { $0.isNaN ? -1 : Int8($0) }
    case .int16: store { $0.isNaN ? -1 : Int16($0) }
    case .int32: store { $0.isNaN ? -1 : Int32($0) }
    default: store { $0 }
    }
  }
}

/// The rows of a segment in memory.
struct SegmentRows {
  private let base: UnsafeRawPointer?
  private let areBytes: Bool
  private let rowCount: Int
  private let inputCount: Int

  init(_ bytes: UnsafeRawBufferPointer, _ segment: TableScan.Segment, inputCount: Int) {
    (base, areBytes, rowCount) = (bytes.baseAddress, segment.areBytes, segment.rowCount)
    self.inputCount = inputCount
  }

  /// The cell of a row's target.
  @inline(__always)
  func target(of row: Int) -> UInt64 {
    guard let base else { return Cell.missing }
    return base.loadUnaligned(
      fromByteOffset: areBytes ? rowCount * inputCount + 8 * row : 8 * (row * (inputCount + 1) + inputCount),
      as: UInt64.self)
  }

  /// A row's inputs if they are bytes.
  @inline(__always)
  func bytes(of row: Int) -> UnsafePointer<UInt8>? {
    areBytes ? base.map { ($0 + row * inputCount).assumingMemoryBound(to: UInt8.self) } : nil
  }

  /// A row's cells if they are not.
  @inline(__always)
  func cells(of row: Int) -> UnsafePointer<UInt64> {
    // Arrays and what a page begins with are aligned for any element.
    UnsafePointer((base.unsafelyUnwrapped + 8 * row * (inputCount + 1)).assumingMemoryBound(to: UInt64.self))
  }
}

/// Names in the order of their codes: that of the numbers if all are numbers, those of one number in their own; else that
/// of the texts.
func sortedNames(_ names: some Sequence<String>, number: (String) -> Double?) -> [String] {
  let sorted = names.sorted()
  let numbers = sorted.compactMap(number)
  guard numbers.count == sorted.count else { return sorted }
  return sorted.indices.sorted { one, other in
    numbers[one] == numbers[other] ? one < other : numbers[one] < numbers[other]
  }.map { sorted[$0] }
}
