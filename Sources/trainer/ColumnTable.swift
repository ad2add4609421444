import Datasets
import Foundations

/// What the columns of an imported table were taken for, as lines for people.
enum ColumnTable {
  private static let mostColumns = 60

  /// A column for programs; more different values than are counted are `null`.
  static func json(_ column: ImportedColumn) -> JSONValue {
    [
      "name": .string(column.name), "kind": .string(column.kind.rawValue), "missing": .integer(column.missingCount),
      "distinct": column.distinctCount.map(JSONValue.integer) ?? .null, "values": .string(column.values),
      "note": .string(column.note),
    ]
  }

  /// The lines; none for no columns.
  static func text(of columns: [ImportedColumn]) -> String {
    guard !columns.isEmpty else { return "" }
    let hasNotes = columns.prefix(mostColumns).contains { !$0.note.isEmpty }
    let header = ["column", "kind", "missing", "distinct", "values"] + (hasNotes ? ["note"] : [])
    var table = TextTable(header: header, left: [0, 1, 4, 5], indentation: 2)
    for column in columns.prefix(mostColumns) {
      let distinct = column.distinctCount.map { "\($0)" } ?? "many"
      table.append(
        [
          column.name.isEmpty ? "''" : column.name, column.kind.rawValue, "\(column.missingCount)", distinct,
          column.values,
        ]
          + (hasNotes ? [column.note] : []))
    }
    let rest = columns.dropFirst(mostColumns)
    guard !rest.isEmpty else { return table.text }
    let kinds = ColumnKind.allCases.compactMap { kind in
      let count = rest.count { $0.kind == kind }
      return count > 0 ? "\(count) \(kind.rawValue)" : nil
    }
    return table.text + "  … and \(rest.count) more: \(kinds.joined(separator: ", "))\n"
  }
}
