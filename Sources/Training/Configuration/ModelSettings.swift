import Datasets
import Foundations
import HDF5
import Models

/// Where the samples are and what is done to them first.
public struct DataSettings: Sendable, Equatable {
  /// The dataset file as an absolute path; `nil` where the data are arrays of the program that trains.
  public let path: String?
  /// Whether contents that the dataset file keeps in other files are read.
  public let externalFiles: ExternalFiles
  /// The name of the dataset with the inputs, in each group.
  public let inputs: String
  /// The name of the dataset with the targets; `nil` for a formula, which names its datasets itself.
  public let targets: String?
  /// The steps between the dataset's inputs and the model's.
  public let preprocessing: [PreprocessingStep]

  /// Creates the settings.
  ///
  /// - Parameters:
  ///   - path: The dataset file; a relative path is relative to the working directory. `nil` for rows in memory.
  ///   - externalFiles: Whether contents that the file keeps in other files are read.
  ///   - inputs: The name of the dataset with the inputs.
  ///   - targets: That of the dataset with the targets; `nil` for `targets`, and for a formula.
  ///   - preprocessing: The steps between the inputs and the model.
  public init(
    path: String? = nil, externalFiles: ExternalFiles = .refused, inputs: String = "inputs", targets: String? = nil,
    preprocessing: [PreprocessingStep] = []
  ) {
    self.path = path
    self.externalFiles = externalFiles
    self.inputs = inputs
    self.targets = targets
    self.preprocessing = preprocessing
  }

  /// The settings as a config writes them.
  public var json: JSONObject {
    JSONObject([
      ("path", path.map(JSONValue.string)), ("externalFiles", .boolean(externalFiles == .allowed)),
      ("inputs", .string(inputs)),
      ("targets", targets.map(JSONValue.string)), ("preprocessing", .array(preprocessing.map { .object($0.json) })),
    ])
  }

  /// - Parameter mayLackPath: Whether the data may be arrays of the program that trains.
  init(from settings: Settings, hasTargets: Bool, mayLackPath: Bool) throws {
    path =
      mayLackPath && !settings.contains("path") ? nil : try settings.filePath("path", help: "The dataset file.")
    externalFiles =
      try settings.boolean(
        "externalFiles", default: false,
        help: "Whether contents that the dataset file keeps in other files, by links or as storage, are read.")
      ? .allowed : .refused
    inputs = try settings.string("inputs", default: "inputs", help: "The dataset with the inputs, in each group.")
    targets =
      hasTargets
      ? try settings.string("targets", default: "targets", help: "The dataset with the targets, in each group.") : nil
    preprocessing =
      try settings.objects(
        "preprocessing", default: [], shorthand: "type", help: "The steps between the inputs and the model."
      ).map { try PreprocessingStep(from: $0) }
  }
}

/// A model and what it is trained and judged by.
public struct ModelSettings: Sendable {
  /// The layers.
  public let model: Model
  /// What is made small.
  public let loss: any Loss
  /// What is measured beside the loss, each metric once.
  public let metrics: [any Metric]

  init(from settings: Settings, _ registries: Registries) throws {
    model = try Model(from: settings.object("model", help: "The model."), registry: registries.layers)
    loss = try registries.losses.read(settings.object("loss", shorthand: "type", help: "What is made small."))
    let names = try settings.strings(
      "metrics", oneOf: registries.metrics.entries.map(\.type), default: [], help: "What is measured beside the loss.")
    if let twin = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw settings.error("metrics", "\"\(twin)\" comes twice, name each metric once")
    }
    metrics = try names.compactMap { try registries.metrics[$0]?.make(settings) }
  }
}

/// What is added to the gradient to keep weights small; the reported loss leaves it out.
public struct PenaltySettings: Sendable, Equatable {
  /// The factor of Σ|w|.
  public let l1: Double
  /// The factor of Σw² / 2.
  public let l2: Double

  /// Creates the settings.
  ///
  /// - Parameters:
  ///   - l1: The factor of Σ|w|.
  ///   - l2: The factor of Σw² / 2.
  public init(l1: Double = 0, l2: Double = 0) {
    self.l1 = l1
    self.l2 = l2
  }

  /// The settings as a config writes them.
  public var json: JSONObject { ["l1": .number(l1), "l2": .number(l2)] }

  init(from settings: Settings) throws {
    l1 = try settings.number("l1", default: 0, in: .nonNegative, help: "The factor of the sum of |w|.")
    l2 = try settings.number("l2", default: 0, in: .nonNegative, help: "The factor of half the sum of w².")
  }
}
