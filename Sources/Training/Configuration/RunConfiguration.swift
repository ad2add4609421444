import Datasets
import Foundations
import Models
import Optimizers
import YAML

extension Settings {
  /// Reads the config in a file that a user has written: YAML if its name ends with `.yaml` or `.yml`, else JSON.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is no such file, it cannot be read or is no object.
  package convenience init(config path: String, overrides: [SettingsOverride] = []) throws {
    try self.init(file: path, overrides: overrides) { bytes, source in
      try YAMLDocument.isYAML(path)
        ? YAMLDocument.read(bytes, source: source) : JSONDocument(bytes, source: source)
    }
  }
}

/// A run's whole configuration, read strictly; ``resolved`` writes every setting out, defaults too.
public struct RunConfiguration: Sendable {
  /// What is made small (or large).
  public enum Objective: Sendable {
    /// The loss of a model on a dataset.
    case model(ModelSettings)
    /// A formula's value, of the samples of a dataset or alone.
    case formula(FormulaSettings)
  }

  /// The run's name; the config file's stem by default.
  public let name: String
  /// The seed of everything random.
  public let seed: Int
  /// The type that the run computes in; by default float32 for models and float64 for formulas.
  public let precision: ElementType
  /// The dataset; `nil` for a formula that stands alone.
  public internal(set) var data: DataSettings?
  /// What is made small or large.
  public let objective: Objective
  /// Where parameters start and which are frozen; `nil` where all start as the layers say and are trained.
  public internal(set) var initial: InitialSettings?
  /// What is added to the gradient to keep weights small.
  public let penalties: PenaltySettings
  /// The optimizer.
  public let optimizer: OptimizerConfiguration
  /// How the learning rate changes over the run.
  public internal(set) var schedule: ScheduleSettings
  /// The measure that a schedule by measurements goes by; `nil` for any other.
  public let scheduleMetric: MetricReference?
  /// How long and in what portions the run trains.
  public internal(set) var training: TrainingSettings
  /// When the run stops before its end; `nil` if never.
  public let earlyStopping: EarlyStoppingSettings?
  /// When checkpoints are saved and which stay.
  public let checkpoints: CheckpointSettings
  /// Who writes down how the run goes, beside those that the program has by itself. They change no bit of its result.
  public let observers: [any ObserverSettings]
  /// The run directory as an absolute path; `nil` for a run that writes no file.
  public let output: String?
  /// Every setting with its value, defaults filled in and paths absolute. Read again, it gives this configuration. Where
  /// the order of samples follows from the size of the data, it comes in when these are opened.
  public private(set) var resolved: JSONValue

  /// Reads the config in a file.
  ///
  /// - Parameters:
  ///   - path: the file; paths in it are relative to its directory.
  ///   - overrides: values from the command line, in order.
  ///   - output: the run directory from the command line, relative to the working directory; it comes before the
  ///     config's.
  ///   - registries: the components that it can choose from.
  /// - Throws: `TrainerError` with code `.usage` for the first fault.
  public init(
    file path: String, overrides: [SettingsOverride] = [], output: String? = nil, registries: Registries = .standard
  ) throws {
    try self.init(
      Settings(config: path, overrides: overrides), stem: Self.stem(of: path), output: output, registries: registries)
  }

  /// Reads the resolved config of a run from its directory. It may name no dataset file, if the run was trained on arrays
  /// in memory.
  ///
  /// - Parameters:
  ///   - directory: The run directory, which comes before the config's.
  ///   - overrides: Values from the command line, in order.
  ///   - registries: The components that it can choose from.
  /// - Throws: `TrainerError` with code `.usage` for the first fault.
  public init(
    runDirectory directory: String, overrides: [SettingsOverride] = [], registries: Registries = .standard
  ) throws {
    let path = RunDirectory(directory).configPath
    try self.init(
      Settings(file: path, overrides: overrides), stem: Self.stem(of: path), output: directory, origin: .program,
      registries: registries)
  }

  /// Reads a config that a program holds as JSON text. Without `data.path` it is for data from memory, and without
  /// `output` for a run that writes no file.
  ///
  /// - Parameters:
  ///   - text: The config; paths in it are relative to the working directory.
  ///   - name: The name of the run, unless the text gives one.
  ///   - output: The run directory; it comes before the text's.
  ///   - registries: The components that it can choose from.
  /// - Throws: `TrainerError` with code `.usage` for the first fault.
  public init(
    json text: String, name: String = "run", output: String? = nil, registries: Registries = .standard
  ) throws {
    try self.init(
      Settings(text: text, source: "the config", directory: absolutePath(".", relativeTo: ".")), stem: name,
      output: output, origin: .program, registries: registries)
  }

  /// Reads the resolved config in a checkpoint, which may name neither a dataset file nor a run directory.
  ///
  /// - Parameter overrides: Values in place of the config's, in order.
  /// - Throws: `TrainerError` with code `.usage` for the first fault.
  init(
    checkpointed text: String, source: String, directory: String, overrides: [SettingsOverride] = [],
    registries: Registries
  ) throws {
    try self.init(
      Settings(text: text, source: source, directory: directory, overrides: overrides), stem: Self.stem(of: source),
      output: nil, origin: .program, registries: registries)
  }

  /// Where a config comes from, and so what it may lack.
  enum Origin {
    /// A file that a user has written: it names the data, and there is a default for the run directory.
    case file
    /// A program, or a run that may have been a program's: it may have the data, and want no file.
    case program

    /// Whether there are places that the config need not name.
    var mayLackPlaces: Bool { self == .program }
  }

  /// Reads a config's text.
  ///
  /// - Parameters:
  ///   - text: the config.
  ///   - source: how messages call the text; its stem is the default name.
  ///   - directory: what paths in it are relative to.
  ///   - registries: the components that it can choose from.
  /// - Throws: `TrainerError` with code `.usage` for the first fault.
  public init(text: String, source: String, directory: String, registries: Registries = .standard) throws {
    try self.init(
      Settings(text: text, source: source, directory: directory), stem: Self.stem(of: source), output: nil,
      registries: registries)
  }

  /// Reads settings, and finds all faults in them.
  ///
  /// - Throws: `TrainerError` with code `.usage` for the first fault, with the others in it.
  init(_ settings: Settings, stem: String, output: String?, origin: Origin = .file, registries: Registries) throws {
    self = try settings.findingAllFaults {
      try RunConfiguration(reading: settings, stem: stem, output: output, origin: origin, registries: registries)
    }
  }

  /// Reads settings. Where faults are noted, what has one is read as its default, so that the rest is judged too.
  init(reading settings: Settings, stem: String, output: String?, origin: Origin, registries: Registries) throws {
    // For editors alone.
    _ = settings.value(
      "$schema", kind: "a string", as: .string, help: "The JSON Schema that an editor checks the config by.")
    settings.omit("$schema")
    let isFormula = try Self.isFormula(settings)
    name = try settings.attempt(or: "run") { try Self.name(settings, stem: stem) }
    let seed = try settings.integer("seed", default: 0, in: 0 ... .max, help: "The seed of everything random.")
    self.seed = seed
    precision = try settings.choice(
      "precision", default: isFormula ? .float64 : .float32,
      help: "The type that the run computes in: float32 by default for models, float64 for formulas.")
    (data, objective) =
      isFormula
      ? try Self.formula(settings, origin, seed: seed) : try Self.model(settings, origin, seed: seed, registries)
    let (data, objective) = (data, objective)
    let measures = Measures(objective, among: registries.metrics, isWhole: !settings.hasFault)
    initial = try settings.optionalObject(
      "initial", help: "Parameters to start from, and those that stay as they are."
    ).flatMap { own in try own.attempt { try InitialSettings(from: own) } }
    penalties = try settings.attempt(or: PenaltySettings()) {
      try PenaltySettings(
        from: settings.object("penalties", default: [:], help: "What is added to the gradient to keep weights small."))
    }
    optimizer = try settings.attempt(or: OptimizerConfiguration()) {
      try OptimizerConfiguration(
        from: settings.object("optimizer", default: ["type": "sgd"], shorthand: "type", help: "The optimizer."),
        registry: registries.optimizers)
    }
    (schedule, scheduleMetric) = try settings.attempt(or: (ScheduleSettings(), nil)) {
      try Self.schedule(settings, measures, registries)
    }
    var oldOrder: SampleOrder?
    (training, oldOrder) = try settings.attempt(or: (TrainingSettings(), nil)) {
      let own = try settings.object("training", default: [:], help: "How long and in what portions the run trains.")
      let training = try TrainingSettings(from: own, hasData: data != nil, model: objective.modelKind)
      return (training, try training.order(beside: settings.hasFault ? nil : data?.shuffle, in: own))
    }
    earlyStopping = try settings.optionalObject("earlyStopping", help: "When the run stops before its end.").flatMap {
      own in
      try own.attempt { try EarlyStoppingSettings(from: own, measures: measures) }
    }
    checkpoints = try settings.attempt(or: CheckpointSettings()) {
      try CheckpointSettings(
        from: settings.object("checkpoints", default: [:], help: "When checkpoints are saved and which stay."),
        hasData: data != nil, measures: measures)
    }
    observers = try settings.attempt(or: []) { try registries.observers.readAll(from: settings) }
    let name = name
    self.output = try settings.attempt(or: nil) {
      try Self.output(settings, name: name, given: output, hasDefault: !origin.mayLackPlaces)
    }
    try settings.finish()
    resolved = settings.resolved
    if let oldOrder { shuffle(by: oldOrder) }
    if optimizer.settings.goesByObjective, !settings.hasFault { try requireOneObjective(settings) }
  }

  private static func formula(
    _ settings: Settings, _ origin: Origin, seed: Int
  ) throws -> (DataSettings?, Objective) {
    let own = try settings.optionalObject("data", help: "The dataset; without it the formula stands alone.")
    let data = try own.map { own in
      try settings.attempt(or: DataSettings()) {
        try DataSettings(from: own, hasTargets: false, mayLackPath: origin.mayLackPlaces, seed: seed)
          .completed(predictsClasses: false, in: own)
      }
    }
    let formula = try settings.attempt(or: FormulaSettings("0", parameters: [])) {
      try FormulaSettings(from: settings, hasData: data != nil)
    }
    return (data, .formula(formula))
  }

  private static func model(
    _ settings: Settings, _ origin: Origin, seed: Int, _ registries: Registries
  ) throws -> (DataSettings?, Objective) {
    let own = try settings.attempt(or: nil) {
      try settings.object("data", default: origin.mayLackPlaces ? [:] : nil, help: "The dataset.")
    }
    let data = try own.flatMap { own in
      try own.attempt {
        try DataSettings(from: own, hasTargets: true, mayLackPath: origin.mayLackPlaces, seed: seed)
      }
    }
    let model = try ModelSettings(from: settings, registries)
    guard let own, let data, !settings.hasFault else { return (data ?? DataSettings(), .model(model)) }
    let completed = try settings.attempt(or: data) {
      try data.completed(predictsClasses: model.loss.prediction != .value, in: own)
    }
    return (completed, .model(model))
  }

  private static func schedule(
    _ settings: Settings, _ measures: Measures, _ registries: Registries
  ) throws -> (ScheduleSettings, MetricReference?) {
    let own = try settings.object(
      "schedule", default: ["type": "constant"], shorthand: "type", help: "How the learning rate changes over the run.")
    let schedule = try ScheduleSettings(from: own, registry: registries.schedules)
    guard schedule.schedule is PlateauSchedule else { return (schedule, nil) }
    let metric = try MetricReference(
      "metric", in: own, default: measures.isFormula ? "train.loss" : "validation.loss", measures: measures,
      help: "What has to improve.")
    return (schedule, metric)
  }

  /// What a checkpoint keeps: ``resolved`` with no observer named, which whoever reads the model need not know.
  package var checkpointed: JSONValue {
    guard case .object(var object) = resolved else { return resolved }
    object["observers"] = []
    return .object(object)
  }

  /// The same with this order of samples, unless it has one: what the data's size, or an old key, says.
  package func shuffling(by order: SampleOrder) -> RunConfiguration {
    var completed = self
    completed.shuffle(by: order)
    return completed
  }

  private mutating func shuffle(by order: SampleOrder) {
    guard data != nil, data?.shuffle == nil else { return }
    data?.shuffle = order
    guard case .object(var object) = resolved, case .object(var member)? = object["data"] else { return }
    member["shuffle"] = order.json
    object["data"] = .object(member)
    resolved = .object(object)
  }

  /// Refuses what makes the objective another one from step to step, or not smooth, where the optimizer goes by its
  /// values.
  private func requireOneObjective(_ settings: Settings) throws {
    if !(schedule.schedule is ConstantSchedule) || schedule.warmup != nil {
      throw settings.error("schedule", "the optimizer chooses the length of its steps itself; remove the schedule")
    }
    if penalties.l1 != 0 {
      throw settings.error(
        "penalties", "the optimizer needs a smooth objective, which l1 is not; remove l1 or take another optimizer")
    }
    if data != nil, training.batchSize != .full {
      throw settings.error(
        "training",
        "the optimizer needs all samples in each step; set \"batchSize\": \"full\" or take another optimizer")
    }
    if case .model(let model) = objective, let layer = model.model.layers.first(where: \.isRandom) {
      let type = type(of: layer).type
      throw settings.error(
        "model",
        "\(type) makes the loss another one in each step, but the optimizer needs one; "
          + "remove the \(type) or take another optimizer")
    }
  }

  /// A formula has parameters and an objective, a model has layers and a loss; one config has one of them.
  private static func isFormula(_ settings: Settings) throws -> Bool {
    let formulaKey = ["objective", "parameters"].first(where: settings.isGiven)
    let modelKey = ["model", "loss"].first(where: settings.isGiven)
    if let formulaKey, let modelKey {
      throw settings.error(
        formulaKey,
        "found beside \"\(modelKey)\", expected either \"model\" and \"loss\" or \"parameters\" and \"objective\"")
    }
    if formulaKey == nil, modelKey == nil {
      // Before saying that keys are missing, see whether they are only misspelt.
      let names = ["model", "loss", "parameters", "objective"]
      if let key = settings.keys.first(where: { suggestion(for: $0, among: names) != nil }),
        let near = suggestion(for: key, among: names)
      {
        throw settings.error(key, "unknown key; did you mean \"\(near)\"?")
      }
      throw settings.error(
        nil,
        "required keys are missing, expected \"data\", \"model\" and \"loss\", or \"parameters\" and \"objective\"")
    }
    return formulaKey != nil
  }

  private static func name(_ settings: Settings, stem: String) throws -> String {
    let name = try settings.string("name", default: stem, help: "The run's name; by default the config file's stem.")
    settings.derive("name", from: "from the file's name")
    guard !name.isEmpty, !name.contains("/"), name != ".", name != "..", pathFault(name) == nil else {
      let shown = JSONValue.string(name.count > 60 ? name.prefix(60) + "…" : name).compactText
      throw settings.error("name", "found \(shown), expected the name of a directory, without '/'")
    }
    return name
  }

  /// - Parameter given: What comes before the config's.
  private static func output(
    _ settings: Settings, name: String, given: String?, hasDefault: Bool
  ) throws -> String? {
    let standard = hasDefault ? "\(runsDirectory(from: settings.directory))/\(name)" : nil
    let path =
      standard == nil && !settings.contains("output")
      ? nil : try settings.filePath("output", default: standard, help: "The run directory.")
    settings.derive("output", from: "from name and the config's folder")
    guard let given else { return path }
    if let fault = pathFault(given) { throw TrainerError(.usage, "the path of the run directory \(fault)") }
    let absolute = absolutePath(given, relativeTo: ".")
    settings.resolve("output", to: .string(absolute))
    return absolute
  }

  /// Where runs are by default: beside the nearest folder named `configs` that the config is in, so that a project has one
  /// place for them, else beside the config itself.
  private static func runsDirectory(from directory: String) -> String {
    let parts = absolutePath(directory, relativeTo: ".").split(separator: "/")
    guard let configs = parts.lastIndex(of: "configs") else { return "runs" }
    return (parts[..<configs].map { "/\($0)" } + ["/runs"]).joined()
  }

  static func stem(of path: String) -> String {
    let name = fileName(of: path)
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }
}

extension RunConfiguration.Objective {
  /// What the model is like, whose inputs only the data knows.
  fileprivate var modelKind: TrainingSettings.ModelKind {
    guard case .model(let settings) = self else { return .small }
    if settings.model.slidesFilters { return .sliding }
    do {
      return try settings.model.parameters(inputShape: [1]).layout.count > 1_000_000 ? .large : .small
    } catch {
      // A layer that takes no such input. Whether it takes the data's is found where these are known.
      return .small
    }
  }
}
