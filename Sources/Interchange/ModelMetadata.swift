import Checkpoints
import Datasets
import Foundations
import Training

/// What a model is, as texts by name, for formats that have room for such.
struct ModelMetadata {
  /// The texts, in order.
  let entries: [(key: String, value: String)]

  init(_ trained: TrainedTensors) throws {
    let (checkpoint, configuration) = (trained.checkpoint, trained.configuration)
    var entries = [
      ("format", "trainer"), ("version", Program.version), ("name", configuration.name), ("step", "\(checkpoint.step)"),
      ("epoch", "\(checkpoint.epoch)"), ("digest", checkpoint.digest.description),
      ("parameters", trained.areAverages ? "moving average" : "as trained"),
    ]
    if case .model = configuration.objective {
      let model = try PortableModel(trained)
      if let classes = model.names.classes {
        entries.append(("classes", JSONValue.array(classes.map(JSONValue.string)).compactText))
      }
      if let features = model.schema.features {
        entries.append(("features", JSONValue.array(features.map { .object($0.json) }).compactText))
      }
      if let json = Self.preprocessing(model.transform) { entries.append(("preprocessing", json.compactText)) }
    }
    entries.append(("config", checkpoint.config))
    self.entries = entries.map { (key: $0.0, value: $0.1) }
  }

  /// What was fitted: the transforms of a table's columns, or of an array (x − center) · scale + shift and the categories of
  /// its columns.
  private static func preprocessing(_ transform: any InputTransform) -> JSONValue? {
    switch transform {
    case let features as FittedFeatures: return .object(features.json)
    case let array as FittedPreprocessing:
      func numbers(_ values: [Double]) -> JSONValue {
        // Of pixels, one number stands for all.
        Set(values.map(\.bitPattern)).count == 1 ? .number(values[0]) : .array(values.map(JSONValue.number))
      }
      return .object(
        JSONObject([
          ("inputShape", .array(array.inputShape.map(JSONValue.integer))), ("center", numbers(array.affine.center)),
          ("scale", numbers(array.affine.scale)), ("shift", numbers(array.affine.shift)),
          (
            "categories",
            array.categories.isEmpty
              ? nil
              : .object(
                JSONObject(
                  array.categories.sorted { $0.key < $1.key }.map {
                    ("\($0.key)", .array($0.value.map(JSONValue.number)))
                  }))
          ),
        ]))
    default: return nil
    }
  }
}
