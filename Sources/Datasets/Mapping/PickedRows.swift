import Foundations
import HDF5

/// Some of the rows of a dataset, as the samples of a group.
struct PickedRows: StoredRows {
  let base: any StoredRows
  /// Which rows, in the order of the samples.
  let rows: RowPick

  var place: String { base.place }
  var shape: [Int] { get throws { [rows.count] + (try base.shape.dropFirst()) } }
  var numberType: NumberType? { base.numberType }
  var isNumeric: Bool { base.isNumeric }
  var typeName: String { base.typeName }
  var typeIdentity: String { base.typeIdentity }
  var rowsOfChunk: Int { get throws { try base.rowsOfChunk } }
  var values: StoredValues { get throws { try base.values } }
  var typeAdvice: String { base.typeAdvice }
  func texts(_ name: String) throws -> [String]? { try base.texts(name) }

  func readTexts(rows range: Range<Int>) throws -> [String] {
    try rows.stretches(range).flatMap { try base.readTexts(rows: $0) }
  }

  func read<Value: NativeScalar>(_ type: Value.Type, rows range: Range<Int>) throws -> [Value] {
    let stretches = rows.stretches(range)
    guard stretches.count != 1 else { return try base.read(type, rows: stretches[0]) }
    return try stretches.flatMap { try base.read(type, rows: $0) }
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws {
    if try base.values == .texts { return try hashTexts(rows: rows, into: &stream) }
    try hashElements(rows: rows, into: &stream)
  }

  var byteCount: Double {
    get throws {
      guard let all = try base.shape.first, all > 0 else { return 0 }
      return try base.byteCount * Double(rows.count) / Double(all)
    }
  }
}

/// Which rows of datasets are the samples of a group.
enum RowPick: Sendable, Equatable {
  case range(Range<Int>)
  case list([Int])

  var count: Int {
    switch self {
    case .range(let range): range.count
    case .list(let rows): rows.count
    }
  }

  /// One behind the last row; 0 for none.
  var end: Int {
    switch self {
    case .range(let range): range.upperBound
    case .list(let rows): (rows.max() ?? -1) + 1
    }
  }

  /// The row of the dataset that a sample is.
  subscript(sample: Int) -> Int {
    switch self {
    case .range(let range): range.lowerBound + sample
    case .list(let rows): rows.indices.contains(sample) ? rows[sample] : sample
    }
  }

  /// The rows of some samples, in stretches of consecutive ones.
  func stretches(_ samples: Range<Int>) -> [Range<Int>] {
    guard case .list(let rows) = self else {
      return [self[samples.lowerBound]..<self[samples.lowerBound] + samples.count]
    }
    var stretches: [Range<Int>] = []
    for row in rows[samples] {
      if let last = stretches.last, last.upperBound == row {
        stretches[stretches.count - 1] = last.lowerBound..<row + 1
      } else {
        stretches.append(row..<row + 1)
      }
    }
    return stretches
  }
}

/// The attribute `split` of a file's root, in which Fuel (van Merriënboer et al. 2015, "Blocks and Fuel") writes which rows
/// of which dataset are of which part: a record has `split`, `source`, `start`, `stop`, `indices` and `available`.
struct FuelSplit {
  private let splits: [String]
  private let sources: [String]
  private let starts: [Int]
  private let stops: [Int]
  private let available: [Bool]
  private let indices: [String?]
  private let root: HDF5.Group

  /// - Returns: `nil` if the file has none.
  /// - Throws: `HDF5Error` if it is no such attribute.
  init?(_ root: HDF5.Group) throws {
    guard try root.hasAttribute("split") else { return nil }
    let attribute = try root.attribute("split")
    guard try attribute.datatype.isCompound() else { return nil }
    let members = try attribute.datatype.members()
    splits = try attribute.readStrings(member: "split")
    sources = try attribute.readStrings(member: "source")
    starts = try attribute.read(member: "start")
    stops = try attribute.read(member: "stop")
    available =
      members.contains { $0.name == "available" && $0.datatype.isNumeric }
      ? try attribute.read(member: "available", as: Int64.self).map { $0 != 0 } : splits.map { _ in true }
    indices =
      members.contains { $0.name == "indices" }
      ? try attribute.readObjectPaths(member: "indices") : splits.map { _ in nil }
    self.root = root
  }

  /// The parts, in the order in which they come.
  var parts: [String] {
    var seen: Set<String> = []
    return splits.filter { seen.insert($0).inserted }
  }

  /// The rows of a dataset that are of a part, as the file has them, so that some may be none; `nil` if there are none.
  ///
  /// - Throws: `HDF5Error` if the row numbers cannot be read; `TrainerError` if the rows are none, or a dataset has more
  ///   than can be joined.
  func rows(of source: String, in part: String) throws -> RowPick? {
    let records = splits.indices.filter { splits[$0] == part && sources[$0] == source && available[$0] }
    if records.count == 1, indices[records[0]] == nil, starts[records[0]] >= 0, starts[records[0]] < stops[records[0]] {
      return .range(starts[records[0]]..<stops[records[0]])
    }
    var rows: [Int] = []
    for record in records {
      if let path = indices[record] {
        rows += try root.dataset(String(path.drop { $0 == "/" })).read(as: Int.self)
      } else if starts[record] < stops[record] {
        rows += starts[record]..<stops[record]
      }
    }
    return rows.isEmpty ? nil : .list(rows)
  }
}
