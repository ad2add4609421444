import Foundations
import HDF5

/// The rows of a compound table, one a record: of one of its members, or of several as columns.
struct CompoundRows: StoredRows {
  /// A member, or a part of one that is an array, with the names of its columns.
  struct Column: Sendable {
    let path: [String]
    let member: CompoundMember
    /// The names of its columns.
    let names: [String]
    /// Which of the array's elements; `nil` for all.
    let places: [Int]?
    /// The type of its numbers; `nil` for those of unusual width.
    let type: NumberType?
    /// Whether they are booleans, which take the type of whatever they are joined with.
    let isBoolean: Bool

    var count: Int { places?.count ?? member.count }

    /// - Parameter names: Those of all elements.
    init(path: [String], member: CompoundMember, names: [String], places: [Int]? = nil) throws {
      (self.path, self.member, self.places) = (path, member, places)
      self.names = places.map { $0.map { names[$0] } } ?? names
      type = member.datatype.numberType
      isBoolean = try member.datatype.isBoolean
    }

    func read<Value: NativeScalar>(_ type: Value.Type, of dataset: HDF5.Dataset, rows: Range<Int>) throws -> [Value] {
      let values: [Value] = try dataset.read(member: path, selecting: .range(rows))
      guard let places else { return values }
      return rows.indices.flatMap { row in
        places.map { values[(row - rows.lowerBound) * member.count + $0] }
      }
    }
  }

  let dataset: HDF5.Dataset
  let place: String
  let columns: [Column]

  private static let elementsAtOnce = 1 << 20

  var shape: [Int] {
    get throws {
      let own = try dataset.shape
      // A member by itself has its own extents.
      guard columns.count == 1 else { return own + [columns.reduce(0) { $0 + $1.count }] }
      guard let places = columns[0].places else { return own + columns[0].member.shape }
      return places.count == 1 ? own : own + [places.count]
    }
  }

  var numberType: NumberType? { NumberType.promoted(columns.map { ($0.type, $0.isBoolean) }) }
  var isNumeric: Bool { true }
  var typeName: String { columns.map { "\($0.member.datatype)" }.joined(separator: ", ") }
  var typeIdentity: String { numberType?.rawValue ?? "float64" }
  var rowsOfChunk: Int { get throws { try dataset.chunkShape?.first ?? 1 } }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    let width = columns.reduce(0) { $0 + $1.count }
    if columns.count == 1 { return try columns[0].read(type, of: dataset, rows: rows) }
    var values = [Value](repeating: .zero, count: rows.count * width)
    for part in RowStretches(rows, of: max(1, Self.elementsAtOnce / max(1, width))) {
      var first = (part.lowerBound - rows.lowerBound) * width
      for column in columns {
        let count = column.count
        let read = try column.read(type, of: dataset, rows: part)
        for row in 0..<part.count {
          for index in 0..<count { values[first + row * width + index] = read[row * count + index] }
        }
        first += count
      }
    }
    return values
  }

  var values: StoredValues {
    get throws {
      guard columns.count == 1, case .enumeration = columns[0].member.datatype.kind else { return .numbers }
      let type = columns[0].member.datatype
      if try type.isBoolean { return .booleans }
      return .codes(
        try type.enumerationMembers.map { StoredValues.Code($0.value, named: $0.name) }, areCategories: false)
    }
  }

  func texts(_ name: String) throws -> [String]? {
    switch name {
    case "features": columns.flatMap(\.names)
    case "name" where columns.count == 1 && columns[0].names.count == 1: columns[0].names
    default: try dataset.texts(name)
    }
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws { try hashElements(rows: rows, into: &stream) }

  var byteCount: Double {
    get throws {
      columns.reduce(0) { $0 + Double($1.count * $1.member.datatype.byteCount) }
        * Double(try dataset.dataspace.count)
    }
  }
}

/// The texts of one member of a compound table.
struct MemberTexts: StoredRows {
  let dataset: HDF5.Dataset
  let place: String
  let column: CompoundRows.Column

  var shape: [Int] { get throws { try dataset.shape } }
  var numberType: NumberType? { nil }
  var isNumeric: Bool { false }
  var typeName: String { "\(column.member.datatype)" }
  var typeIdentity: String { "\(column.member.datatype.kind) \(column.member.datatype.byteCount)" }
  var rowsOfChunk: Int { get throws { try dataset.chunkShape?.first ?? 1 } }
  var values: StoredValues { .texts }
  var typeAdvice: String { "; they can be targets of a loss for classes" }

  func readTexts(rows: Range<Int>) throws -> [String] {
    try dataset.readStrings(member: column.path, selecting: .range(rows))
  }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    throw TrainerError(.data, "\(place) holds text, expected numbers")
  }

  func texts(_ name: String) throws -> [String]? { name == "name" ? column.names : try dataset.texts(name) }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws { try hashTexts(rows: rows, into: &stream) }

  var byteCount: Double {
    get throws { Double(try dataset.dataspace.count) * Double(column.member.datatype.byteCount) }
  }
}

extension CompoundRows {
  /// The columns of a table: of all members with numbers.
  ///
  /// - Parameter excluded: Names of members or of their columns that are none.
  static func columns(of dataset: HDF5.Dataset, excluding excluded: Set<String>) throws -> [Column] {
    // PyTables numbers the records.
    let isPyTable = try dataset.texts("CLASS") == ["TABLE"]
    return try dataset.datatype.members().compactMap { member in
      guard !excluded.contains(member.name), !(isPyTable && member.name == "index"),
        member.datatype.isNumeric
      else { return nil }
      let names = try names(of: member, in: dataset)
      let places = names.indices.filter { !excluded.contains(names[$0]) }
      guard !places.isEmpty else { return nil }
      return try Column(
        path: [member.name], member: member, names: names, places: places.count == names.count ? nil : places)
    }
  }

  /// A member by its name, that of one in another by several; or a column by the name that pandas gives it.
  ///
  /// - Returns: `nil` if there is neither.
  static func column(_ path: [String], of dataset: HDF5.Dataset) throws -> Column? {
    do {
      let member = try dataset.datatype.member(path)
      return try Column(path: path, member: member, names: names(of: member, in: dataset))
    } catch let error as HDF5Error where error.reason == .notFound {
      guard path.count == 1 else { return nil }
      for member in try dataset.datatype.members() {
        let names = try names(of: member, in: dataset)
        guard let place = names.firstIndex(of: path[0]) else { continue }
        return try Column(path: [member.name], member: member, names: names, places: [place])
      }
      return nil
    }
  }

  /// The names that a table's columns can be called by.
  static func names(in dataset: HDF5.Dataset) throws -> [String] {
    try dataset.datatype.members().flatMap { member in
      let names = try names(of: member, in: dataset)
      return names == [member.name] ? names : [member.name] + names
    }
  }

  /// The names of a member's columns: those that pandas gives the columns of a block, or else the member's with a number.
  static func names(of member: CompoundMember, in dataset: HDF5.Dataset) throws -> [String] {
    if let pickle = try dataset.textBytes("\(member.name)_kind")?.first, let names = PickledNames(pickle)?.names,
      names.count == member.count
    {
      return names
    }
    return member.shape.isEmpty ? [member.name] : (0..<member.count).map { "\(member.name)[\($0)]" }
  }

  /// Whether the fields are those of a complex number.
  static func isComplex(_ type: Datatype) throws -> Bool {
    let members = try type.members()
    return members.count == 2 && members.allSatisfy { $0.datatype.kind == .floatingPoint && $0.shape.isEmpty }
      && [["r", "i"], ["real", "imag"], ["re", "im"]].contains(members.map { $0.name.lowercased() })
  }
}
