import Foundations

/// Some rows of a table of text.
package struct TextTableBlock: Sendable {
  /// The number of rows.
  package let rowCount: Int
  private let features: [Feature]
  /// Numbers and codes, [rows, wanted columns].
  package let cells: [Double]
  private let unknown: [Int: [String]]
  /// For each copied column the texts as they stand in the table.
  package let kept: [[String]]
  private let places: TableBlock.TextPlaces

  init(
    rowCount: Int, features: [Feature], cells: [Double], unknown: [Int: [String]], kept: [[String]],
    places: TableBlock.TextPlaces
  ) {
    (self.rowCount, self.features, self.cells, self.unknown, self.kept) = (rowCount, features, cells, unknown, kept)
    self.places = places
  }

  /// The rows as transforms take them.
  package var table: TableBlock {
    let width = features.count
    let columns = features.enumerated().map { place, feature -> TableBlock.Column in
      feature.kind == .category
        ? .codes((0..<rowCount).map { Int32(cells[$0 * width + place]) })
        : .numbers((0..<rowCount).map { cells[$0 * width + place] })
    }
    return TableBlock(rowCount: rowCount, columns: columns, unknown: unknown, textPlaces: places)
  }
}
