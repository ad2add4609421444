import Datasets
import Foundations
import HDF5
import Models

/// Where the samples are and what is done to them first.
public struct DataSettings: Sendable, Equatable {
  /// The dataset file as an absolute path; `nil` where the data are arrays of the program that trains.
  public let path: String?
  /// Files whose rows come after those of the file at ``path``, as absolute paths in order; mostly none.
  public internal(set) var otherPaths: [String] = []
  /// Whether contents that the dataset file keeps in other files are read.
  public let externalFiles: ExternalFiles
  /// The name of the dataset with the inputs, in each group.
  public let inputs: String
  /// Where in the file the samples are, if elsewhere than in its groups `train`, `validation` and `test`.
  public let places: DataPlaces
  /// The name of the dataset with the targets; `nil` for a formula, which names its datasets itself.
  public let targets: String?
  /// What each sample weighs: a dataset of each group with one number a row, or a column of the inputs, which then is no
  /// input; `nil` where all samples count alike.
  public internal(set) var weights: String?
  /// How the rows of the group `train` are divided into groups that the file lacks; `nil` for the file's own groups.
  public let split: DataSplit?
  /// How the columns of a table become numbers, and those of an array that is to be read as one; `nil` for an array that
  /// ``preprocessing`` is for, and for a table whose columns all become numbers as by default.
  public let features: [FeatureRule]?
  /// The steps between the dataset's inputs and the model's.
  public let preprocessing: [PreprocessingStep]
  /// Whether the loss takes the targets for classes, as a configuration that these are part of knows.
  private(set) var areTargetsClasses = false
  /// The most bytes of memory that the program may take while it trains, data and all; `nil` for what there is.
  public internal(set) var memory: Int?
  /// Where the rows are while the run goes on; chosen by their size, but for tests that compare.
  package var placement = DataPlacement.bySize
  /// The order in which an epoch visits the samples; `nil` for the one that follows from the size of the data.
  public internal(set) var shuffle: SampleOrder?

  /// Creates the settings.
  ///
  /// - Parameters:
  ///   - path: The dataset file; a relative path is relative to the working directory. `nil` for rows in memory.
  ///   - externalFiles: Whether contents that the file keeps in other files are read.
  ///   - inputs: The name of the dataset with the inputs.
  ///   - places: Where in the file the samples are; in the trainer's own layout if left out.
  ///   - targets: That of the dataset with the targets; `nil` for `targets`, and for a formula.
  ///   - weights: What each sample weighs: a dataset of each group, or a column of the inputs; `nil` for no weights.
  ///   - split: How the rows of `train` are divided; `nil` for the groups that there are.
  ///   - features: How columns become numbers; `nil` for an array, and for a table as by default.
  ///   - preprocessing: The steps between the inputs and the model.
  ///   - memory: The most bytes of memory that the program may take while it trains; `nil` for what there is.
  ///   - shuffle: The order in which an epoch visits the samples; `nil` for all rows in an order of the epoch's own, or
  ///     for data of 1 GiB and more, blocks of them.
  public init(
    path: String? = nil, externalFiles: ExternalFiles = .refused, inputs: String = "inputs",
    places: DataPlaces = DataPlaces(), targets: String? = nil, weights: String? = nil, split: DataSplit? = nil,
    features: [FeatureRule]? = nil,
    preprocessing: [PreprocessingStep] = [], memory: Int? = nil, shuffle: SampleOrder? = nil
  ) {
    self.path = path
    self.externalFiles = externalFiles
    self.inputs = inputs
    self.places = places
    self.targets = targets
    self.weights = weights
    self.split = split
    self.features = features
    self.preprocessing = preprocessing
    self.memory = memory
    self.shuffle = shuffle
  }

  /// The files of the dataset in order; none where the data are arrays of the program that trains.
  public var paths: [String] { path.map { [$0] + otherPaths } ?? [] }

  /// Paths as a config writes them; `nil` for none.
  static func json(paths: [String]) -> JSONValue? {
    paths.count > 1 ? .array(paths.map(JSONValue.string)) : paths.first.map(JSONValue.string)
  }

  /// The settings as a config writes them.
  public var json: JSONObject {
    let own = places.json
    return JSONObject([
      ("path", Self.json(paths: paths)), ("externalFiles", .boolean(externalFiles == .allowed)),
      ("inputs", places.joinedInputs.map { .array($0.map(JSONValue.string)) } ?? .string(inputs)),
      ("groups", own["groups"]), ("rowAxis", own["rowAxis"]), ("layout", own["layout"]), ("labels", own["labels"]),
      ("targets", targets.map(JSONValue.string)), ("weights", weights.map(JSONValue.string)),
      ("split", split.map { .object($0.json) }),
      ("features", features.map { .array($0.map { .object($0.json) }) }),
      ("preprocessing", .array(preprocessing.map { .object($0.json) })), ("memory", memory.map(JSONValue.integer)),
      ("shuffle", shuffle?.json),
    ])
  }

  /// - Parameters:
  ///   - mayLackPath: Whether the data may be arrays of the program that trains.
  ///   - seed: The seed of the config.
  init(from settings: Settings, hasTargets: Bool, mayLackPath: Bool, seed: Int) throws {
    let help = "The dataset file; or several, as a list or a pattern such as parts/*.h5, whose rows follow each other."
    let paths =
      mayLackPath && !settings.contains("path")
      ? []
      : try settings.attempt(or: ["/"]) { try DatasetFiles(expanding: settings.filePaths("path", help: help)).paths }
    path = paths.first
    otherPaths = Array(paths.dropFirst())
    if let json = Self.json(paths: paths) { settings.resolve("path", to: json) }
    externalFiles =
      try settings.boolean(
        "externalFiles", default: false,
        help: "Whether contents that the dataset file keeps in other files, by links or as storage, are read.")
      ? .allowed : .refused
    let inputsHelp = "The dataset with the inputs, in each group, or several that are joined by column."
    var joinedInputs: [String]?
    if case .array? = settings.value(
      "inputs", kind: "a path or a list of paths", as: .paths, default: "inputs", help: inputsHelp)
    {
      joinedInputs = try DataPlaces.paths("inputs", of: settings, help: inputsHelp)
      inputs = "inputs"
    } else {
      inputs = try settings.string("inputs", default: "inputs", help: inputsHelp)
    }
    places = try settings.attempt(or: DataPlaces()) { try DataPlaces(from: settings, joinedInputs: joinedInputs) }
    targets =
      hasTargets
      ? try settings.string("targets", default: "targets", help: "The dataset with the targets, in each group.") : nil
    weights = try settings.optionalString(
      "weights",
      help: "What each sample weighs: a dataset of each group with one number a row, or a column of the inputs.")
    if weights == "" {
      throw settings.error(
        "weights", "found an empty text, expected the name of a dataset or of a column of the inputs")
    }
    let splitSettings = try settings.optionalObject(
      "split", help: "How the rows of the group train are divided into groups that the file lacks.")
    split = try splitSettings.flatMap { split in try split.attempt { try DataSplit(from: split, seed: seed) } }
    try splitSettings?.finish()
    features = try settings.optionalObjects(
      "features", help: "How columns become numbers, each by name, pattern or kind."
    )?.compactMap { rule in try rule.attempt { try FeatureRule(from: rule) } }
    preprocessing =
      try settings.objects(
        "preprocessing", default: [], shorthand: "type", help: "The steps between the inputs and the model."
      ).compactMap { step in try step.attempt { try PreprocessingStep(from: step) } }
    memory = try settings.attempt(or: nil) { try Self.memory(from: settings) }
    shuffle = try settings.attempt(or: nil) { try SampleOrder.read(from: settings) }
    if features != nil, !preprocessing.isEmpty {
      throw settings.error(
        "preprocessing",
        "found beside \"features\"; \"features\" is for the columns of a table, \"preprocessing\" for inputs that are one "
          + "array: remove one of both")
    }
  }
}

extension DataSettings {
  /// An amount of memory: a text with a unit, or bytes.
  private static func memory(from settings: Settings) throws -> Int? {
    let kind = "an amount such as \"4GB\", or a number of bytes"
    let help = "The most memory that the program may take while it trains, data and all; what there is by default."
    guard let value = settings.value("memory", kind: kind, as: .either([.string, .integer(.positive)]), help: help)
    else { return nil }
    guard let bytes = value.int ?? value.text.flatMap(ByteText.bytes), bytes > 0 else {
      throw settings.error("memory", "found \(value.compactText), expected \(kind)")
    }
    return bytes
  }

  /// The settings with what they leave to the loss, in the resolved config too.
  ///
  /// - Parameters:
  ///   - predictsClasses: Whether the loss predicts classes.
  ///   - settings: What they were read from.
  /// - Throws: `TrainerError` for classes that are named, but not predicted.
  func completed(predictsClasses: Bool, in settings: Settings) throws -> DataSettings {
    guard predictsClasses || places.labels == nil else {
      throw settings.error(
        "labels",
        "found names of classes, but \(targets == nil ? "a formula" : "this loss") takes numbers; remove the key"
          + (targets == nil ? "" : ", or take a loss for classes"))
    }
    let split = split?.completed(predictsClasses: predictsClasses)
    if let split { settings.resolve("split", to: .object(split.json)) }
    var completed = DataSettings(
      path: path, externalFiles: externalFiles, inputs: inputs, places: places, targets: targets, weights: weights,
      split: split, features: features, preprocessing: preprocessing, memory: memory,
      shuffle: shuffle)
    completed.otherPaths = otherPaths
    completed.areTargetsClasses = predictsClasses
    return completed
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
    model = try settings.attempt(or: Model([])) {
      try Model(from: settings.object("model", help: "The model."), registry: registries.layers)
    }
    loss = try settings.attempt(or: MeanSquaredError()) {
      try registries.losses.read(settings.object("loss", shorthand: "type", help: "What is made small."))
    }
    metrics = try settings.attempt(or: []) { try registries.metrics.readAll(from: settings) }
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
