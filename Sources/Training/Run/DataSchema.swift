import Checkpoints
import Datasets
import Foundations

/// What a model knows of its data by name: what a checkpoint keeps, so that `evaluate` and `predict` match by name and
/// answer with names.
package struct DataSchema: Sendable, Equatable {
  /// The raw input columns in order; `nil` where they were never named and places count.
  package var features: [Feature]?
  /// The name of the target column; `nil` where it has none.
  package var target: String?
  /// The names of the classes in the order of their indices; `nil` for numbers, or where they have none.
  package var classes: [String]?

  /// Creates a schema; of nothing that has a name if left out.
  package init(features: [Feature]? = nil, target: String? = nil, classes: [String]? = nil) {
    self.features = features
    self.target = target
    self.classes = classes
  }

  /// As a checkpoint holds it.
  var json: JSONObject {
    JSONObject([
      ("features", features.map { .array($0.map { .object($0.json) }) }), ("target", target.map(JSONValue.string)),
      ("classes", classes.map { .array($0.map(JSONValue.string)) }),
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
    target = json["target"]?.text
    classes = try json["classes"]?.elements.map { elements in
      let classes = elements.compactMap(\.text)
      guard classes.count == elements.count else { throw values.error("its schema has classes that are no texts") }
      return classes
    }
  }
}
