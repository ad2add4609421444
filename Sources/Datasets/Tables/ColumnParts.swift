import Foundations
import HDF5

/// A column of inputs that are read as a table, whatever it is stored as.
struct TableColumn: Sendable {
  /// The column's name, kind and categories.
  let feature: Feature
  /// What the file has.
  let rows: any StoredRows
  /// Which of the elements of a row.
  let place: Int
  /// How the elements become values.
  private let coding: Coding

  private enum Coding: Sendable {
    /// As they are; what is not finite stays.
    case numbers
    /// 0 and 1.
    case booleans
    /// By the category of each number; of a negative one none where `mayLack`.
    case codes([Int64: Int32], mayLack: Bool)
    /// By each row's category.
    case texts(LabelRows, missing: Int32?)
  }

  /// The columns that rows are: one, or one for each element of a row.
  ///
  /// - Parameters:
  ///   - name: What a single column is called; of several the rows may say.
  ///   - path: The file, for messages.
  /// - Throws: `TrainerError` for elements that are no values of a column; `HDF5Error`.
  static func columns(of rows: any StoredRows, called name: String, path: String) throws -> [TableColumn] {
    let width = try rows.elementsOfRow()
    let coding: Coding
    var (kind, categories) = (FeatureKind.number, [String]())
    switch try rows.values {
    case .numbers: coding = .numbers
    case .booleans: (coding, kind) = (.booleans, .boolean)
    case .codes(let codes, let areCategories):
      for code in codes where !categories.contains(code.name) { categories.append(code.name) }
      let places = Dictionary(categories.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
      coding = .codes(
        Dictionary(codes.map { ($0.value, places[$0.name] ?? 0) }, uniquingKeysWith: { first, _ in first }),
        mayLack: areCategories)
      kind = .category
    case .texts:
      guard width == 1 else {
        throw TrainerError(
          .data, "\(path): a row of \(rows.place) has \(width) texts; a column of a table has one in each row")
      }
      let labels = try LabelEncoder(rows: rows, path: path).categories()
      let missing = labels.classes.firstIndex(of: "").map { Int32($0) }
      // The empty text is sorted first.
      categories = missing == nil ? labels.classes : Array(labels.classes.dropFirst())
      (coding, kind) = (.texts(labels, missing: missing), .category)
    case .other:
      throw TrainerError(
        .data, "\(path): \(rows.place) holds \(rows.typeName), expected numbers or texts\(rows.typeAdvice)")
    }
    let names = width == 1 ? [name] : try rows.texts("features") ?? (0..<width).map { "\(name)[\($0)]" }
    guard names.count == width else {
      throw TrainerError(
        .data, "\(path): \(rows.place) has \(width) columns and \(names.count) names in its attribute 'features'")
    }
    return names.enumerated().map { place, name in
      TableColumn(
        feature: Feature(name: name, kind: kind, categories: categories), rows: rows, place: place, coding: coding)
    }
  }

  /// The values of some rows, as a block has them.
  ///
  /// - Parameters:
  ///   - numbers: Reads elements of rows as numbers.
  ///   - fault: Makes the error about a value of the row with that place among those read.
  func values(
    _ read: (any StoredRows) throws -> [Double], fault: (_ value: String, _ row: Int) -> TrainerError
  ) throws -> TableBlock.Column {
    let width = try rows.elementsOfRow()
    func own(_ numbers: [Double]) -> [Double] {
      width == 1 ? numbers : stride(from: place, to: numbers.count, by: width).map { numbers[$0] }
    }
    switch coding {
    case .numbers: return .numbers(own(try read(rows)))
    case .booleans:
      let values = own(try read(rows))
      if let row = values.firstIndex(where: { $0 != 0 && $0 != 1 }) {
        throw fault("\(JSONValue.text(of: values[row])), which is neither 0 nor 1", row)
      }
      return .numbers(values)
    case .codes(let places, let mayLack):
      return .codes(
        try own(read(rows)).enumerated().map { row, value in
          if let code = Int64(exactly: value), let place = places[code] { return place }
          if mayLack, value < 0 { return -1 }
          throw fault("\(JSONValue.text(of: value)), which has no name there", row)
        })
    case .texts(let labels, let missing):
      let codes = try read(labels).map { Int32($0) }
      guard let missing else { return .codes(codes) }
      return .codes(codes.map { $0 == missing ? -1 : $0 > missing ? $0 - 1 : $0 })
    }
  }
}

extension LabelEncoder {
  /// Texts as indices of the different ones, sorted, the empty text too.
  func categories() throws -> LabelRows { try sorted(of: texts, missing: { _ in false }, name: { $0 }) }
}

/// The columns of inputs that are neither a stored table nor one array of numbers.
struct TableColumns: Sendable {
  let columns: [TableColumn]
  let rowCount: Int

  var features: [Feature] { columns.map(\.feature) }

  /// - Parameters:
  ///   - parts: The parts that are joined, and what each is called.
  ///   - path: The file, for messages.
  /// - Throws: `TrainerError` for parts that are no columns of one table.
  init(_ parts: [(name: String, rows: any StoredRows)], path: String) throws {
    columns = try parts.flatMap { try TableColumn.columns(of: $0.rows, called: $0.name, path: path) }
    let counts = try parts.map { try $0.rows.shape.first ?? 0 }
    if let other = counts.indices.first(where: { counts[$0] != counts[0] }) {
      throw TrainerError(
        .data,
        "\(path): \(parts[other].rows.place) has \(counts[other]) rows, but \(parts[0].rows.place) has \(counts[0]); a row of "
          + "each is one sample")
    }
    let names = columns.map(\.feature.name)
    if let name = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw TrainerError(.data, "\(path): two columns of the inputs are called '\(name.onOneLine)'; leave one out")
    }
    rowCount = counts.first ?? 0
  }
}

extension DatasetReader {
  /// The columns of inputs that are read as a table of several kinds; `nil` for stored tables and for arrays of numbers.
  ///
  /// - Throws: `TrainerError` for what are no columns of one table; `HDF5Error`.
  func tableColumns(of name: String, in group: String) throws -> TableColumns? {
    guard name == roles.inputs else { return nil }
    let source = selections[group]?.source ?? group
    return try labels.columns(of: "\(source)\0\(name)") {
      let found = try files.isEmpty ? columnParts(of: name, in: source) : joinedColumnParts(of: name, in: source)
      guard let parts = found else { return nil }
      return try TableColumns(parts, path: path)
    }
  }

  /// The parts of inputs that are columns of a table, with their names; `nil` for a stored table and for plain numbers.
  func columnParts(of name: String, in group: String) throws -> [(name: String, rows: any StoredRows)]? {
    guard let named = pathsIfNamed(name, in: group) else { return nil }
    let (parent, key) = (try parent(of: group), try paths(of: name, in: group).key)
    var parts: [(name: String, rows: any StoredRows)] = []
    var isTable = false
    for path in named {
      if let columns = try DataFrame.columns(of: path, in: parent) {
        let others = try membersElsewhere(of: path, name, in: group)
        isTable = true
        for column in columns where !others.contains(column) {
          parts.append((column, try rows(at: "\(path)/\(column)", in: parent, name, group, key: key)))
        }
      } else if named.count > 1 {
        // What is not there is told of where it is read.
        guard try PlacedPath(path, in: parent) != nil else { return nil }
        parts.append((PlacedPath.lastName(of: path), try rows(at: path, in: parent, name, group, key: key)))
      }
    }
    isTable = try isTable || parts.contains { try $0.rows.values.areNames }
    guard isTable, let pick = try pick(for: name, in: group) else { return isTable ? parts : nil }
    return parts.map { ($0.name, PickedRows(base: $0.rows, rows: pick)) }
  }

  /// A row of a dataset of a group of the file as the file counts it.
  func pickedRow(_ row: Int, of name: String, in group: String) throws -> Int {
    try pick(for: name, in: group)?[row] ?? row
  }
}

/// Groups of columns, as AnnData stores tables of observations.
enum DataFrame {
  /// The names of the columns in order; `nil` if there is no such group.
  static func columns(of path: String, in parent: HDF5.Group) throws -> [String]? {
    guard try parent.exists(path), try parent.kind(of: path) == .group else { return nil }
    let group = try parent.group(path)
    guard try group.texts("encoding-type") == ["dataframe"] || group.hasAttribute("column-order") else { return nil }
    // Without a column the order is an array of numbers, as NumPy makes it.
    let names = try group.texts("column-order") ?? []
    let index = try group.texts("_index")?.first
    return names.filter { $0 != index }
  }
}
