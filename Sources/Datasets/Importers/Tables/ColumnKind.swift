/// What a column of a table of text is taken for.
public enum ColumnKind: String, Sendable, CaseIterable {
  /// Amounts.
  case number
  /// One of some names.
  case category
  /// No or yes.
  case boolean
  /// Points in time.
  case date
  /// Neither stored nor used: names of things, free text, or no value at all.
  case ignore

  /// What is stored of it; `nil` if nothing is.
  var feature: FeatureKind? {
    switch self {
    case .number: .number
    case .category: .category
    case .boolean: .boolean
    case .date: .date
    case .ignore: nil
    }
  }
}

/// A column of inputs as an import found it.
public struct ImportedColumn: Sendable, Equatable {
  /// Its name, which no other has.
  public let name: String
  /// What it was taken for, or was set to be.
  public let kind: ColumnKind
  /// The rows without a value.
  public let missingCount: Int
  /// The different values; `nil` if there are more than are counted, 10 000.
  public let distinctCount: Int?
  /// The range of numbers and dates, or the first value; empty if there is none.
  public let values: String
  /// Why it is ignored, or what should be looked at; empty if there is nothing to say.
  public let note: String

  /// Creates the description of a column.
  public init(
    name: String, kind: ColumnKind, missingCount: Int, distinctCount: Int?, values: String, note: String = ""
  ) {
    self.name = name
    self.kind = kind
    self.missingCount = missingCount
    self.distinctCount = distinctCount
    self.values = values
    self.note = note
  }

  /// The same with another count of values.
  func counting(_ distinctCount: Int) -> ImportedColumn {
    ImportedColumn(
      name: name, kind: kind, missingCount: missingCount, distinctCount: distinctCount, values: values, note: note)
  }
}
