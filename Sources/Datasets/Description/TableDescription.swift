import Foundations
import HDF5

/// The columns of a stored table, as a table for people: names, kinds, rows without a value, categories.
struct TableDescription {
  private static let mostColumns = 100
  private static let mostCategories = 8

  /// The schema as it is stored.
  let schema: String
  private let columns: [(text: String, fields: [(key: String, value: JSONValue?)])]
  /// The columns that some rows have no value of, with their number.
  private let gaps: [(name: String, missing: Int)]

  /// The lines, none of them ended.
  ///
  /// - Parameter place: The group whose columns are the same and have been described; `nil` if there is none.
  func lines(sameAs place: String?) -> [(text: String, fields: [(key: String, value: JSONValue?)])] {
    guard let place else { return columns }
    let missing = gaps.prefix(Self.mostCategories).map { "\($0.missing) of \($0.name)" }.joined(separator: ", ")
    let more = gaps.count > Self.mostCategories ? " and of \(gaps.count - Self.mostCategories) more columns" : ""
    return [("the columns of '\(place)'" + (gaps.isEmpty ? "" : "; missing: \(missing)\(more)"), [])]
  }

  /// Looks at a group; `nil` if it is no stored table.
  ///
  /// - Parameter elementsLeft: How many elements may be read to count what is missing; those that are go off it.
  /// - Throws: `HDF5Error` for what cannot be read.
  init?(_ group: Group, _ elementsLeft: inout Int) throws {
    guard try group.exists(StoredTable.schemaName), try group.kind(of: StoredTable.schemaName) == .dataset else {
      return nil
    }
    let schema = try group.dataset(StoredTable.schemaName)
    guard case .string = schema.datatype.kind, try schema.dataspace.count == 1,
      let text = try schema.readStrings().first
    else { return nil }
    let elements: [JSONValue]
    do {
      elements = try JSONDocument(text: text, source: schema.path, code: .data).root.elements ?? []
    } catch _ {
      // Then it is a group as any other, and is listed as one.
      return nil
    }
    let features = elements.compactMap(Feature.init(json:))
    guard !features.isEmpty, features.count == elements.count else { return nil }
    var missing: [FeatureKind: [Int]] = [:]
    for kind in FeatureKind.allCases {
      missing[kind] = try Self.missing(
        in: group, of: kind, columns: features.count { $0.kind == kind }, &elementsLeft)
    }
    var gaps: [(name: String, missing: Int)] = []
    var table = TextTable(header: ["column", "kind", "missing", "categories"], left: [0, 1, 3])
    var next: [FeatureKind: Int] = [:]
    var fields: [[(key: String, value: JSONValue?)]] = []
    for feature in features.prefix(Self.mostColumns) {
      let place = next[feature.kind, default: 0]
      next[feature.kind] = place + 1
      if let count = missing[feature.kind]?[place], count > 0 { gaps.append((feature.name, count)) }
      let names = feature.categories.prefix(Self.mostCategories).map { "'\($0)'" }.joined(separator: ", ")
      let more = feature.categories.count > Self.mostCategories ? ", … (\(feature.categories.count) in all)" : ""
      table.append([
        feature.name, feature.kind.rawValue, missing[feature.kind].map { "\($0[place])" } ?? "?", names + more,
      ])
      fields.append([
        ("name", .string(feature.name)), ("kind", .string(feature.kind.rawValue)),
        ("missing", missing[feature.kind].map { .integer($0[place]) }),
        ("categories", feature.categories.isEmpty ? nil : .array(feature.categories.prefix(100).map(JSONValue.string))),
        ("categoryCount", feature.categories.isEmpty ? nil : .integer(feature.categories.count)),
      ])
    }
    let rest = features.count - Self.mostColumns
    self.gaps = gaps
    self.schema = text
    // The first line is the header, which the members' names are in JSON.
    let lines = table.text.split(separator: "\n").map(String.init)
    columns =
      zip(lines, [[("header", nil)]] + fields).map { (text: $0, fields: $1) }
      + (rest > 0 ? [("… and \(rest) more columns", [])] : [])
  }

  /// For each column of a kind, the rows without a value; `nil` if they are not counted.
  private static func missing(
    in group: Group, of kind: FeatureKind, columns: Int, _ elementsLeft: inout Int
  ) throws -> [Int]? {
    guard columns > 0, try group.exists(kind.datasetName), try group.kind(of: kind.datasetName) == .dataset else {
      return nil
    }
    let dataset = try group.dataset(kind.datasetName)
    guard try dataset.shape.count == 2, try dataset.shape[1] == columns, dataset.datatype.isNumeric,
      try dataset.dataspace.count <= elementsLeft
    else { return nil }
    elementsLeft -= try dataset.dataspace.count
    var counts = [Int](repeating: 0, count: columns)
    try dataset.forEachBlock { rows in
      for (index, value) in try dataset.read(as: Double.self, selecting: rows).enumerated() {
        let isMissing = kind == .number || kind == .date ? value.isNaN : value < 0
        if isMissing { counts[index % columns] += 1 }
      }
    }
    return counts
  }
}
