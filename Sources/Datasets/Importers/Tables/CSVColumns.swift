import Foundations

/// Which column of a table is what.
struct CSVColumns {
  let count: Int
  /// The header's names, those that occur again numbered; empty without a header.
  let names: [String]
  let target: Int
  let inputs: [Int]
  /// What a field stands for.
  let fields: FieldValues
  /// What inputs were set to be, by their places among all columns.
  let kinds: [Int: ColumnKind]

  /// Looks at a table's first record.
  ///
  /// - Throws: `TrainerError` with code `usage` for columns that are not there, `data` for what is no such table.
  init(
    _ first: [String], settings: CSVImport, dialect: CSVDialect, path: String
  ) throws {
    let hasHeader = settings.hasHeader
    let header = Header(first, hasNames: hasHeader, path: path)
    fields = settings.fields
    // A column that is left out by its number may have the name of one that is not.
    let ignored = settings.kinds.filter { $0.kind == .ignore }.map(\.column)
    var apart: Set<Int> = []
    for column in settings.drop + ignored {
      if case .number = column { apart.insert(try header.place(of: column)) }
    }
    let targetPlace = try header.place(of: settings.target, besides: apart, isTarget: true)
    var dropped = Set(try settings.drop.map { try header.place(of: $0, besides: apart) })
    guard !dropped.contains(targetPlace) else {
      throw TrainerError(.usage, "the target column of '\(path)' cannot be dropped")
    }
    var kinds: [Int: ColumnKind] = [:]
    for (column, kind) in settings.kinds {
      let place = try header.place(of: column, besides: apart)
      guard place != targetPlace else {
        throw TrainerError(.usage, "\(column) of '\(path)' is the target, which has no kind but a task")
      }
      guard kinds.updateValue(kind, forKey: place) ?? kind == kind else {
        throw TrainerError(.usage, "\(column) of '\(path)' is set to be of two kinds; it can be of one")
      }
    }
    for (place, kind) in kinds where kind == .ignore { dropped.insert(place) }
    self.kinds = kinds.filter { !dropped.contains($0.key) }
    count = first.count
    names = header.names
    self.target = targetPlace
    inputs = first.indices.filter { $0 != targetPlace && !dropped.contains($0) }
    guard !inputs.isEmpty else {
      let found =
        first.count == 1
        ? "its first line has one field (delimiter: \(dialect.delimiterName))"
        : "of its \(first.count) columns one is the target and the rest dropped"
      let remedy: TrainerError.Remedy =
        first.count == 1 && dialect.comment == nil && first[0].hasPrefix("#")
        ? .init("comment", "if lines that begin with # are comments, set comment, or name another delimiter")
        : .init("inputs", "name another delimiter or target, or drop fewer columns")
      throw TrainerError(.data, "'\(path)' has no column left for inputs: \(found)", remedy: remedy)
    }
    guard hasHeader else { return }
    if let twin = inputs.first(where: { first[$0] == first[targetPlace] }) {
      throw header.targetTwice(twin, targetPlace)
    }
    if case .name = settings.target { return }
    // Keys of JSON are names in any case.
    if !settings.namesMayBeNumbers, !settings.isJSONLines, HeaderNames.areNumbers(inputs.map { first[$0] }),
      !HeaderNames.countUp(first)
    {
      throw HeaderNames.fault(path)
    }
  }

  /// Finds the columns of a table in the first record of another that has them too: by their names, or by their places where
  /// there is no header. Columns that the first leaves out may be there.
  ///
  /// - Parameter source: The first table's file.
  /// - Throws: `TrainerError` with code `data` for a column that is missing or additional.
  init(_ first: [String], like columns: CSVColumns, of source: String, path: String) throws {
    guard !columns.names.isEmpty else {
      guard first.count == columns.count else {
        throw TrainerError(
          .data,
          "'\(path)' has \(first.count) \(first.count == 1 ? "column" : "columns"), and '\(source)' has \(columns.count)"
        )
      }
      self = columns
      return
    }
    count = first.count
    fields = columns.fields
    names = HeaderNames.numbered(first)
    let all = names
    guard let target = all.firstIndex(of: columns.names[columns.target]) else {
      let known = Set(columns.names)
      let hint =
        suggestion(
          for: columns.names[columns.target], among: all.filter { !known.contains($0) && !HeaderNames.areNumbers([$0]) }
        )
        .map { "it has '\($0.onOneLine)': if it is the same, give it that name" } ?? "it has \(listed(all, atMost: 10))"
      throw TrainerError(
        .data,
        "'\(path)' has no column '\(columns.names[columns.target].onOneLine)', the target of '\(source)'; \(hint)")
    }
    self.target = target
    let others = all.indices.filter { $0 != target }
    let matching = try ColumnMatching(
      wanted: columns.features.map { Feature(name: $0, kind: .number) },
      found: others.map { Feature(name: all[$0], kind: .number) },
      ignoring: Set(columns.unused(besides: Array(columns.inputs.indices))), source: "'\(path)'",
      reference: .file(source))
    inputs = matching.places.map { others[$0] }
    kinds = Dictionary(
      zip(inputs, columns.inputs).compactMap { place, old in columns.kinds[old].map { (place, $0) } },
      uniquingKeysWith: { one, _ in one })
  }

  /// The inputs' names. Columns of one name are numbered from the second: `x`, `x_2`.
  var features: [String] { inputs.map { names.isEmpty ? "column \($0 + 1)" : names[$0] } }

  /// The target's name; `nil` without a header.
  var targetName: String? { names.isEmpty || names[target].isEmpty ? nil : names[target] }

  /// The names of the columns that are neither the target nor these of the inputs.
  func unused(besides kept: [Int]) -> [String] {
    let used = Set(kept.map { inputs[$0] } + [target])
    return names.indices.filter { !used.contains($0) }.map { names[$0] }
  }

  /// What an input was set to be; `nil` if that is to be inferred.
  func kind(ofInput place: Int) -> ColumnKind? { kinds[inputs[place]] }

  /// A column for messages, such as `column 5 ('species')`.
  func label(_ column: Int) -> String {
    "column \(column + 1)" + (names.isEmpty ? "" : " ('\(names[column].onOneLine)')")
  }
}

/// The first record of a table, in which columns are looked up.
private struct Header {
  private let first: [String]
  /// The names, those that occur again numbered; empty without a header.
  let names: [String]
  private let path: String

  init(_ first: [String], hasNames: Bool, path: String) {
    self.first = first
    self.path = path
    names = hasNames ? HeaderNames.numbered(first) : []
  }

  /// The place of a column.
  ///
  /// - Parameters:
  ///   - apart: Places that are left out by their numbers, so that another column of the same name can be meant.
  ///   - isTarget: Whether the target is looked for.
  func place(of column: CSVImport.Column, besides apart: Set<Int> = [], isTarget: Bool = false) throws -> Int {
    switch column {
    case .number(let number):
      return try CSVImport.Column.place(of: number, among: first.count, in: path)
    case .name(let name):
      guard !names.isEmpty else {
        throw TrainerError(.usage, "'\(path)' has no header to look for column '\(name)' in; give its number")
      }
      let places = first.indices.filter { first[$0] == name && !apart.contains($0) }
      guard places.count < 2 else {
        guard !isTarget else { throw targetTwice(places[0], places[1]) }
        throw TrainerError(.usage, "'\(path)' has \(places.count) columns '\(name.onOneLine)'; give a number")
      }
      guard let place = places.first ?? names.firstIndex(of: name) else {
        let hint = suggestion(for: name, among: names).map { "; is it '\($0.onOneLine)'?" } ?? ""
        throw TrainerError(
          .usage, "'\(path)' has no column '\(name.onOneLine)' but \(listed(names, atMost: 10))\(hint)")
      }
      return place
    }
  }

  func targetTwice(_ one: Int, _ other: Int) -> TrainerError {
    TrainerError(
      .data,
      "'\(path)' has the target's name '\(first[one].onOneLine)' twice, as columns \(min(one, other) + 1) and "
        + "\(max(one, other) + 1); name them apart, or drop the one that is not meant by its number")
  }
}
