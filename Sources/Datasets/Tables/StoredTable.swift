import Foundations
import HDF5

/// A table of columns of several kinds, as a dataset file stores it: raw, with the columns of one kind beside each other.
///
/// In the file it is a group with the text `schema`, a JSON array of the features in order, and for each kind that there
/// is a dataset [rows, features of the kind]: `numbers` of any numeric type (not a number where missing), `categories` and
/// `booleans` of signed integers (-1 where missing), `dates` of float64 (not a number where missing).
public struct StoredTable: Sendable, Equatable {
  /// The columns in order.
  public let features: [Feature]
  /// The number of rows.
  public let rowCount: Int
  /// The values by kind, [rows, features of the kind].
  public let blocks: [FeatureKind: NumberTable]

  /// Creates a table.
  ///
  /// - Precondition: names are different, and there is a block for each kind that a feature has, with a column for each of
  ///   them and as many rows as all others.
  public init(features: [Feature], blocks: [FeatureKind: NumberTable]) {
    let rowCount = blocks.first?.value.rowCount ?? 0
    for kind in FeatureKind.allCases {
      let count = features.count { $0.kind == kind }
      precondition(
        count == 0 ? blocks[kind] == nil : blocks[kind]?.shape == [rowCount, count], "the \(kind) block does not fit")
    }
    precondition(Set(features.map(\.name)).count == features.count, "two features have one name")
    self.features = features
    self.rowCount = rowCount
    self.blocks = blocks
  }

  /// The table of these rows in this order.
  public func selecting(rows: [Int]) -> StoredTable {
    StoredTable(features: features, blocks: blocks.mapValues { $0.selecting(rows: rows) })
  }

  /// The text that holds the features.
  static let schemaName = "schema"

  /// The text of ``schemaName``.
  static func schema(of features: [Feature]) -> String {
    JSONValue.array(features.map { .object($0.json) }).compactText
  }
}

extension FeatureKind {
  /// The dataset of the columns of this kind.
  var datasetName: String {
    switch self {
    case .number: "numbers"
    case .category: "categories"
    case .boolean: "booleans"
    case .date: "dates"
    }
  }
}
