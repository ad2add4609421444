import Foundations

/// What makes a model's inputs of a table's columns, with everything that was fitted to the training rows.
///
/// All arithmetic is in double precision; its results are rounded once, to the type that the run computes in. Rows are
/// taken in one order, so that no bit depends on the number of workers.
package struct FittedFeatures: InputTransform {
  /// A column with its transforms.
  struct Column: Sendable {
    let feature: Feature
    /// In order; `nil` for a column that is left out.
    let steps: [any FittedTransform]?

    /// What the values become.
    var shape: FeatureShape { (steps ?? []).reduce(FeatureShape(feature)) { $1.shape(of: $0) } }
    /// The names of the inputs that the column becomes.
    var outputs: [String] { steps == nil ? [] : shape.columns }
  }

  /// Some of an array's columns.
  package struct ArrayPlaces: Sendable, Equatable {
    /// How many columns the array has.
    package let width: Int
    /// Those that are taken, in order, counted from 0.
    package let places: [Int]
  }

  /// The columns that are taken, in order.
  let columns: [Column]
  /// Whether the columns have names; without, places count.
  let areNamed: Bool
  /// Columns of the training table that are not taken, and may be in other tables or not: those that were dropped, and
  /// those with another meaning.
  package let ignored: Set<String>
  package let inputShape: [Int]
  /// Where the columns are in the array that they are of; `nil` for those of a table, and where all of the array's are taken.
  package let arrayPlaces: ArrayPlaces?
  /// The names of the inputs that the columns become: `Age`, `Age missing`, `Sex=female`, `born.year`.
  package let outputNames: [String]

  /// Puts together what was fitted.
  ///
  /// - Precondition: the transforms of each column end in numbers.
  init(
    columns: [Column], areNamed: Bool, ignored: Set<String>, inputShape: [Int], arrayPlaces: ArrayPlaces? = nil
  ) {
    self.columns = columns
    self.areNamed = areNamed
    self.ignored = ignored
    self.inputShape = inputShape
    self.arrayPlaces = arrayPlaces
    outputNames = columns.flatMap(\.outputs)
  }

  /// The columns that are taken, and how many inputs each becomes.
  package var outputCounts: [(name: String, count: Int)] { columns.map { ($0.feature.name, $0.outputs.count) } }
  package var features: [Feature]? { areNamed ? columns.map(\.feature) : nil }
  /// The columns that ``transform(_:firstRow:)`` takes; without names they are called by their places.
  package var takenFeatures: [Feature] { columns.map(\.feature) }
  package var outputShape: [Int] { [outputNames.count] }
  package var expandedColumnCount: Int? { outputNames.count }

  package func transform(_ block: TableBlock, firstRow: Int) throws -> [Double] {
    precondition(block.columns.count == columns.count, "a block has other columns")
    let width = outputNames.count
    var result = [Double](repeating: 0, count: block.rowCount * width)
    var first = 0
    for (index, column) in columns.enumerated() {
      guard let steps = column.steps else { continue }
      let place = Self.place(column.feature, index, block, firstRow)
      let values = try Self.values(steps[...], of: block.columns[index], at: place)
      for (offset, numbers) in values.columns.enumerated() {
        for (row, number) in numbers.enumerated() {
          guard number.isFinite else {
            throw place.error(row: row, Self.fault(number, column.outputs[offset], column.feature))
          }
          result[row * width + first + offset] = number
        }
      }
      first += values.columns.count
    }
    return result
  }

  private static func fault(_ number: Double, _ output: String, _ feature: Feature) -> String {
    guard number.isNaN else { return "becomes an infinity; clip or scale it in data.features and train again" }
    return "has no value, and nothing fills it in; add \"impute\" to its transform in data.features and train again"
  }

  /// Where values of a block are.
  static func place(_ feature: Feature, _ index: Int, _ block: TableBlock, _ firstRow: Int) -> FeaturePlace {
    FeaturePlace(
      column: feature.name, firstRow: firstRow, unknownName: { block.unknownName($0, column: index) },
      textPlace: { block.textPlaces?.text(row: $0, column: index) })
  }

  /// A column's values behind some steps.
  static func values(
    _ steps: ArraySlice<any FittedTransform>, of column: TableBlock.Column, at place: FeaturePlace
  ) throws -> FeatureValues {
    if case .numbers(let numbers) = column, let row = numbers.firstIndex(where: \.isInfinite) {
      throw place.error(row: row, "has an infinity; remove or replace such values")
    }
    var values = FeatureValues(column)
    for step in steps { try step.apply(to: &values, at: place) }
    return values
  }
}
