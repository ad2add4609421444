import Foundations

/// The values of one column of a table on their way through its transforms.
struct FeatureValues {
  /// The values themselves.
  enum Main {
    /// One or more columns of numbers; NaN where a value is missing.
    case numbers([[Double]])
    /// Places among the categories; -1 where the value is missing, below that for one that is not among them.
    case codes([Int32])
  }

  var main: Main
  /// Columns of 0 and 1 that no further transform changes.
  var indicators: [[Double]] = []

  init(_ column: TableBlock.Column) {
    main =
      switch column {
      case .numbers(let values): .numbers([values])
      case .codes(let codes): .codes(codes)
      }
  }

  /// Changes each number.
  mutating func map(_ body: (_ value: Double, _ column: Int, _ row: Int) throws -> Double) rethrows {
    guard case .numbers(var columns) = main else { return }
    // So that the columns are changed in place.
    main = .numbers([])
    for column in columns.indices {
      for row in columns[column].indices { columns[column][row] = try body(columns[column][row], column, row) }
    }
    main = .numbers(columns)
  }

  /// All columns.
  var columns: [[Double]] {
    switch main {
    case .numbers(let columns): columns + indicators
    case .codes: indicators
    }
  }
}

/// What ``FeatureValues`` are at some place in the transforms.
struct FeatureShape: Sendable, Equatable {
  enum Main: Sendable, Equatable {
    /// Columns of numbers, by their names.
    case numbers([String])
    /// One of these categories.
    case category([String])
    /// Seconds since 1970.
    case date
  }

  /// The name of the column.
  let feature: String
  var main: Main
  /// The names of the columns that say where something was missing.
  var indicators: [String] = []

  init(_ feature: Feature) {
    self.feature = feature.name
    main =
      switch feature.kind {
      case .number, .boolean: .numbers([feature.name])
      case .category: .category(feature.categories)
      case .date: .date
      }
  }

  /// The names of the columns of numbers, and so how many there are; `nil` for what is no numbers yet.
  var numbers: [String]? { if case .numbers(let names) = main { names } else { nil } }
  /// The categories; `nil` for anything else.
  var categories: [String]? { if case .category(let names) = main { names } else { nil } }

  /// All columns by their names.
  var columns: [String] { (numbers ?? []) + indicators }
}

/// Which rows of which column a transform is working on, for its messages.
struct FeaturePlace {
  let column: String
  let firstRow: Int
  /// The names that a code below -1 stands for.
  var unknownName: (_ code: Int32) -> String? = { _ in nil }
  /// Where a row's value stands in a table of text; `nil` for what is none.
  var textPlace: (_ row: Int) -> String? = { _ in nil }

  /// The error about the value of a row.
  func error(row: Int, _ what: String) -> TrainerError {
    if let place = textPlace(row) { return TrainerError(.data, "\(place) \(what)") }
    return TrainerError(.data, "row \(firstRow + row) (counted from 0), column '\(column.onOneLine)' \(what)")
  }
}
