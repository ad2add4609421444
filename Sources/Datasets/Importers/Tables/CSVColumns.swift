import Foundations

/// Which column of a table is what.
struct CSVColumns {
  let count: Int
  /// The header's names; empty without a header.
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
    fields = settings.fields
    func find(_ column: CSVImport.Column) throws -> Int {
      switch column {
      case .number(let number):
        let index = number > 0 ? number - 1 : first.count + number
        guard number != 0, first.indices.contains(index) else {
          throw TrainerError(.usage, "there is no column \(number) in '\(path)', which has \(first.count)")
        }
        return index
      case .name(let name):
        guard hasHeader else {
          throw TrainerError(.usage, "'\(path)' has no header to look for column '\(name)' in; give its number")
        }
        let places = first.indices.filter { first[$0] == name }
        guard let place = places.first else {
          let hint = suggestion(for: name, among: first).map { "; is it '\($0)'?" } ?? ""
          let present = first.map { "'\($0)'" }.joined(separator: ", ")
          throw TrainerError(.usage, "'\(path)' has no column '\(name)' but \(present)\(hint)")
        }
        guard places.count == 1 else {
          throw TrainerError(.usage, "'\(path)' has \(places.count) columns '\(name)'; give a number")
        }
        return place
      }
    }
    let targetPlace = try find(settings.target)
    var dropped = Set(try settings.drop.map(find))
    guard !dropped.contains(targetPlace) else {
      throw TrainerError(.usage, "the target column of '\(path)' cannot be dropped")
    }
    var kinds: [Int: ColumnKind] = [:]
    for (column, kind) in settings.kinds {
      let place = try find(column)
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
    names = hasHeader ? first : []
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
    if hasHeader, let twin = inputs.first(where: { first[$0] == first[targetPlace] }) {
      throw TrainerError(
        .data,
        "'\(path)' has the target's name '\(first[twin])' twice, as columns \(min(twin, targetPlace) + 1) and "
          + "\(max(twin, targetPlace) + 1); name them apart, or drop the one that is not meant by its number")
    }
    if hasHeader, inputs.allSatisfy({ DecimalField(first[$0], mark: UInt8(ascii: ".")) != nil }) {
      throw TrainerError(
        .data, "'\(path)', line 1: a header was expected, and these are numbers",
        remedy: .init("hasHeader", "if there is none, set hasHeader to false"))
    }
  }

  /// The inputs' names. Columns of one name are numbered from the second: `x`, `x_2`.
  var features: [String] {
    guard !names.isEmpty else { return inputs.map { "column \($0 + 1)" } }
    var taken = Set(inputs.map { names[$0] })
    var seen: Set<String> = []
    return inputs.map { column in
      let name = names[column]
      guard !seen.insert(name).inserted else { return name }
      let numbered = (2...).lazy.map { "\(name)_\($0)" }.first { !taken.contains($0) } ?? name
      taken.insert(numbered)
      return numbered
    }
  }

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
  func label(_ column: Int) -> String { "column \(column + 1)" + (names.isEmpty ? "" : " ('\(names[column])')") }
}
