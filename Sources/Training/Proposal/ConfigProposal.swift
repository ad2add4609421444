import Datasets
import Foundations
import Models
import Optimizers

/// A config that data of such a kind can be begun with, and why it is so.
///
/// The choices are rules of thumb, for dense models of tables and convolutions of images and series: the less data, the smaller the model; the training is ended by the
/// validation group, so that its length need not be right.
package struct ConfigProposal: Sendable {
  /// One choice, in the words of the config and in plain ones.
  package struct Choice: Sendable {
    /// The key or keys, such as `loss`.
    package let keys: String
    /// What was chosen and why: one sentence or more.
    package let reason: String
  }

  /// The config.
  package let json: JSONObject
  /// Why it is so, in the order of the keys.
  package let choices: [Choice]
  /// What could not be told.
  package let doubts: [String]

  /// Proposes a config.
  ///
  /// - Parameters:
  ///   - profile: What the samples are like.
  ///   - layout: Where they are in the file.
  ///   - path: The file, as the config is to name it.
  package init(_ profile: DataProfile, layout: LayoutProposal, path: String) {
    let task = ProposedTask(profile.targets)
    let convolutions = ProposedConvolutions(profile)
    let size = ProposedSize(profile, outputs: task.outputs, hasConvolutions: convolutions != nil)
    var choices: [Choice] = []
    var doubts: [String] = []
    let data = Self.data(profile, layout, path: path, &choices, &doubts)
    choices.append(
      Choice(
        keys: "model",
        reason: convolutions.map {
          "\($0.reason) The output layer is of \(task.outputs). More samples would allow a larger model, fewer a smaller one."
        }
          ?? (size.hidden.isEmpty
            ? "The model is one layer, that is \(task.linearName): \(profile.rows) samples of about \(size.inputs) inputs, once words "
              + "are columns, are too few to tell more apart. A hidden layer pays from some \(ProposedSize.rowsOfInput) samples for each input."
            : "The model has \(size.hidden.count == 1 ? "a hidden layer" : "hidden layers") of "
              + "\(size.hidden.map(String.init).joined(separator: " and ")) units and an output layer of \(task.outputs). "
              + "More samples would allow a larger one, fewer a smaller one.")))
    choices.append(Choice(keys: "loss", reason: task.reason))
    choices.append(Choice(keys: "metrics", reason: task.metricsReason))
    let scaled = task.scale.map { OutputScale($0, fanIn: convolutions?.outputs ?? size.hidden.last ?? size.inputs) }
    choices.append(
      Choice(
        keys: "optimizer",
        reason: "Adam with a learning rate of \(JSONValue.text(of: size.learningRate)) needs the least tuning."
          + (size.averaging == nil
            ? "" : " What is judged is a moving average of the parameters, which evens out what single batches do.")
          + (scaled.map { " \($0.reason)" } ?? "")))
    choices.append(
      Choice(
        keys: "training, earlyStopping, checkpoints",
        reason:
          "Training goes on for at most \(size.epochs) epochs and ends when the loss of the group validation has not "
          + "improved for \(size.patience) of them. The best checkpoint by that loss is kept, and is the one that "
          + "evaluate and predict take. "
          + (size.batchSize.map { "A batch has \($0) samples." } ?? "A step takes all samples, since they are few.")))
    var json = JSONObject([("seed", .integer(1))])
    if scaled?.needsDoublePrecision == true {
      json["precision"] = "float64"
      choices.append(
        Choice(
          keys: "precision", reason: "The targets are so large, or differ so little, that float32 would lose them."))
    }
    json["data"] = .object(data)
    var layers: [JSONValue] =
      convolutions?.layers ?? size.hidden.map { ["type": "dense", "units": .integer($0), "activation": "relu"] }
    var output = JSONObject([
      ("type", "dense"), ("name", .string(OutputScale.layer)), ("units", .integer(task.outputs)),
    ])
    scaled?.addInitializers(to: &output)
    layers.append(.object(output))
    json["model"] = ["layers": .array(layers)]
    json["loss"] = ["type": .string(task.loss)]
    json["metrics"] = .array(task.metrics.map(JSONValue.string))
    var optimizer = JSONObject([("type", "adam"), ("learningRate", .number(size.learningRate))])
    optimizer["averaging"] = size.averaging.map { ["decay": .number($0)] }
    scaled?.addGroup(to: &optimizer, learningRate: size.learningRate)
    json["optimizer"] = .object(optimizer)
    json["training"] = ["epochs": .integer(size.epochs), "batchSize": size.batchSize.map(JSONValue.integer) ?? "full"]
    json["earlyStopping"] = ["metric": "validation.loss", "patience": .integer(size.patience)]
    json["checkpoints"] = [
      "every": ["epochs": .integer(size.epochsOfCheckpoint)], "keep": .integer(1),
      "best": ["metric": "validation.loss"],
    ]
    self.json = json
    self.choices = choices
    self.doubts = doubts + task.doubts
  }

  // MARK: Data

  private static func data(
    _ profile: DataProfile, _ layout: LayoutProposal, path: String, _ choices: inout [Choice], _ doubts: inout [String]
  ) -> JSONObject {
    var layout = layout
    if layout.places.labels == nil { layout.places.labels = profile.labels }
    var data = JSONObject([("path", .string(path))]).appending(layout.settings)
    let places = layout.settings.keys
    choices.append(
      Choice(
        keys: (["data.path"] + places.map { "data.\($0)" }).joined(separator: ", "),
        reason: "Samples were found by their layout: \(layout.layout)."
          + layout.reasons.map { " " + $0.prefix(1).uppercased() + $0.dropFirst() + "." }.joined()))
    if let split = split(profile) {
      data["split"] = .object(split.settings)
      choices.append(Choice(keys: "data.split", reason: split.reason))
      doubts.append(
        "whether rows are independent: if several are of one subject, or they are in the order of time, draw whole groups, or "
          + "the last rows, with \"by\" in data.split")
    }
    switch profile.inputs {
    case .table(let features):
      let widest = features.filter { $0.categories.count > 20 }
      if !widest.isEmpty {
        let least = max(5, profile.rows / 500)
        data["features"] = [
          ["kind": "category", "transform": [["type": "oneHot", "minFrequency": .integer(least)]]]
        ]
        choices.append(
          Choice(
            keys: "data.features",
            reason:
              "Numbers are standardized, gaps filled with the median, and words become columns of 0 and 1. Words in "
              + "fewer than \(least) training rows share a column, since \(widest.map(\.name).quotedList) "
              + "\(widest.count == 1 ? "has" : "have") many."))
      } else {
        choices.append(
          Choice(
            keys: "data.features (left out)",
            reason:
              "By default numbers are standardized, gaps filled with the median, and words become columns of 0 and 1."))
      }
    case .bytes(let largest)
    where largest > 127 && (profile.inputShape.count > 1 || profile.inputShape.reduce(1, *) >= 256):
      data["preprocessing"] = [["type": "scale", "factor": .number(1 / 255)]]
      choices.append(
        Choice(
          keys: "data.preprocessing", reason: "The inputs are bytes as images have them, and are scaled to 0 to 1."))
    case .numbers(missing: true):
      data["features"] = [["kind": "number", "transform": ["impute", "standardize"]]]
      choices.append(
        Choice(
          keys: "data.features",
          reason:
            "Some values are missing; they are filled with the median of their column, and a column says where. All "
            + "columns then have mean 0 and deviation 1."))
    case .bytes, .numbers, .sparse:
      data["preprocessing"] = ["standardize"]
      choices.append(
        Choice(
          keys: "data.preprocessing",
          reason:
            "Each column of the inputs gets mean 0 and deviation 1 by the training rows, so that none counts more for its "
            + "unit."))
    }
    return data
  }

  /// How the training group is divided where the file lacks a group; `nil` if it has all.
  private static func split(_ profile: DataProfile) -> (settings: JSONObject, reason: String)? {
    let split = ProposedSplit(profile)
    guard !split.shares.isEmpty else { return nil }
    let settings = JSONObject(split.shares.map { ($0.group, .number($0.share)) })
    let groups = split.shares.map { "\($0.group) gets \(JSONValue.text(of: 100 * $0.share)) %" }.joined(
      separator: " and ")
    let isClasses = if case .classes = profile.targets { true } else { false }
    return (
      settings,
      "The group \(groups) of the training rows, drawn with the seed\(isClasses ? ", of each class by itself" : ""). The validation group "
        + "decides when training ends and which checkpoint is best; the test group decides nothing, so that its figures are "
        + "honest."
    )
  }
}

extension [String] {
  /// The names for a sentence.
  fileprivate var quotedList: String { listed(self, atMost: 5) }
}
