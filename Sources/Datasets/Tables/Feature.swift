import Foundations

/// What the values of a column are.
public enum FeatureKind: String, Sendable, CaseIterable {
  /// Amounts.
  case number
  /// One of some names.
  case category
  /// No or yes.
  case boolean
  /// Points in time.
  case date
}

/// A named column of inputs.
public struct Feature: Sendable, Equatable {
  /// The column's name, which no other feature of the table has.
  public let name: String
  /// What its values are.
  public let kind: FeatureKind
  /// The names of a category's values in the order of their codes; empty for other kinds.
  public let categories: [String]

  /// Creates a feature.
  public init(name: String, kind: FeatureKind, categories: [String] = []) {
    self.name = name
    self.kind = kind
    self.categories = categories
  }

  /// As a dataset file and a checkpoint hold it.
  package var json: JSONObject {
    JSONObject([
      ("name", .string(name)), ("kind", .string(kind.rawValue)),
      ("categories", kind == .category ? .array(categories.map(JSONValue.string)) : nil),
    ])
  }

  /// Reads what ``json`` writes; `nil` for anything else.
  package init?(json: JSONValue) {
    guard let name = json["name"]?.text, let kind = json["kind"]?.text.flatMap(FeatureKind.init) else { return nil }
    let names = json["categories"]?.elements ?? []
    let categories = names.compactMap(\.text)
    guard categories.count == names.count, Set(categories).count == names.count else { return nil }
    self.init(name: name, kind: kind, categories: categories)
  }
}
