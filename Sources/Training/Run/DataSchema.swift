import Checkpoints
import Datasets
import Foundations

/// What a model knows of its data by name: what a checkpoint keeps, so that `evaluate` and `predict` match by name and
/// answer with names.
package struct DataSchema: Sendable {
  /// The raw input columns in order; `nil` where they were never named and places count.
  package var features: [Feature]?
  /// Columns that were left out where the data were imported, which data to predict may have as well.
  package var unused: [String]
  /// The name of the target column; `nil` where it has none.
  package var target: String?
  /// The names of the classes in the order of their indices; `nil` for numbers, or where they have none.
  package var classes: [String]?
  /// The number that the first class has in the targets: 1 where they count from 1 without a word of the config; else `nil`.
  package var firstLabel: Int?
  /// What was fitted to the features of a table; `nil` for an array, whose preprocessing the checkpoint keeps apart.
  package var transforms: FittedFeatures?
  /// How the table of text was written that the data come from; `nil` where they come from none, or it was as most are.
  package var spelling: TableSpelling?

  /// Creates a schema; of nothing that has a name if left out.
  package init(
    features: [Feature]? = nil, unused: [String] = [], target: String? = nil, classes: [String]? = nil,
    firstLabel: Int? = nil, transforms: FittedFeatures? = nil, spelling: TableSpelling? = nil
  ) {
    self.features = features
    self.unused = unused
    self.target = target
    self.classes = classes
    self.firstLabel = firstLabel
    self.transforms = transforms
    self.spelling = spelling
  }

  /// As a checkpoint holds it.
  var json: JSONObject {
    JSONObject([
      ("features", features.map { .array($0.map { .object($0.json) }) }),
      ("unused", unused.isEmpty ? nil : .array(unused.map(JSONValue.string))), ("target", target.map(JSONValue.string)),
      ("classes", classes.map { .array($0.map(JSONValue.string)) }),
      ("firstLabel", firstLabel.map(JSONValue.integer)),
      ("transforms", transforms.map { .object($0.json) }), ("spelling", spelling?.json.map { .object($0) }),
    ])
  }

  /// What a checkpoint knows; of one from before names were kept, nothing.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` for what ``json`` cannot have written.
  init(_ checkpoint: Checkpoint, path: String) throws {
    self.init()
    guard let text = checkpoint.schema else { return }
    let json = try JSONDocument(text: text, source: "\(path): /schema", code: .checkpoint).root
    let values = CheckpointValues(checkpoint, path: path)
    features = try json["features"]?.elements.map { elements in
      let features = elements.compactMap(Feature.init(json:))
      guard features.count == elements.count, Set(features.map(\.name)).count == features.count else {
        throw values.error("its schema has no list of features with names of their own")
      }
      return features
    }
    unused =
      try json["unused"].map { json in
        let names = json.elements?.map(\.text) ?? [nil]
        guard names.allSatisfy({ $0 != nil }) else {
          throw values.error("its schema has unused columns that are no texts")
        }
        return names.compactMap(\.self)
      } ?? []
    target = json["target"]?.text
    classes = try json["classes"]?.elements.map { elements in
      let classes = elements.compactMap(\.text)
      guard classes.count == elements.count else { throw values.error("its schema has classes that are no texts") }
      return classes
    }
    // Anything else would be a number of a version that this one does not know.
    firstLabel = json["firstLabel"] == .integer(1) ? 1 : nil
    transforms = try json["transforms"].map { json in
      guard let transforms = FittedFeatures(json: json, features: features) else {
        throw values.error("the transforms in its schema are not those of its features")
      }
      return transforms
    }
    spelling = try json["spelling"].map { json in
      guard let spelling = TableSpelling(json: json) else {
        throw values.error("the spelling of tables in its schema is none that this version knows")
      }
      return spelling
    }
  }
}
