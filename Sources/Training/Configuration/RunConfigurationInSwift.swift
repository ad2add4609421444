import Datasets
import Foundation
import Foundations
import Models
import Optimizers

/// Configurations that are built in Swift. They are written as the JSON that a file would hold and go through the one
/// strict reader, so that defaults, bounds, messages and ``resolved`` are those of a file.
extension RunConfiguration {
  /// Creates the configuration of a model's training.
  ///
  /// - Parameters:
  ///   - name: The run's name.
  ///   - seed: The seed of everything random.
  ///   - precision: The type that the run computes in; `nil` for float32.
  ///   - data: The dataset; by default the inputs and targets of arrays in memory.
  ///   - model: The layers in order.
  ///   - loss: What is made small.
  ///   - metrics: What is measured beside the loss.
  ///   - initial: Parameters to start from, and those that stay as they are.
  ///   - optimizer: The optimizer.
  ///   - schedule: How the learning rate changes over the run.
  ///   - penalties: What is added to the gradient to keep weights small.
  ///   - training: How long and in what portions the run trains.
  ///   - earlyStopping: When the run stops before its end; `nil` for never.
  ///   - checkpoints: When checkpoints are saved and which stay.
  ///   - observers: Who writes down how the run goes, as a config names them.
  ///   - output: The run directory, relative to the working directory; `nil` for a run that writes no file.
  ///   - registries: What the components are of; those that the package lacks are in it, too.
  /// - Throws: `TrainerError` with code `.usage` for the first fault, with its key's path as in a file.
  public init(
    name: String = "run", seed: Int = 0, precision: ElementType? = nil, data: DataSettings = DataSettings(),
    model: [any Layer],
    loss: any Loss, metrics: [any Metric] = [], initial: InitialSettings? = nil,
    optimizer: OptimizerConfiguration = OptimizerConfiguration(),
    schedule: ScheduleSettings = ScheduleSettings(), penalties: PenaltySettings = PenaltySettings(),
    training: TrainingSettings = TrainingSettings(), earlyStopping: EarlyStoppingSettings? = nil,
    checkpoints: CheckpointSettings = CheckpointSettings(), observers: [any ObserverSettings] = [],
    output: String? = nil, registries: Registries = .standard
  ) throws {
    try self.init(
      parts: [
        ("data", .object(data.json)), ("model", ["layers": .array(model.map { .object($0.typedJSON) })]),
        ("loss", .object(loss.typedJSON)), ("metrics", .array(metrics.map(\.json))),
      ],
      name: name, seed: seed, precision: precision, initial: initial, optimizer: optimizer, schedule: schedule,
      penalties: penalties,
      training: training, earlyStopping: earlyStopping, checkpoints: checkpoints, observers: observers,
      output: output,
      registries: registries)
  }

  /// Creates the configuration of a formula's optimization.
  ///
  /// - Parameters:
  ///   - name: The run's name.
  ///   - seed: The seed of everything random.
  ///   - precision: The type that the run computes in; `nil` for float64.
  ///   - data: The dataset; `nil` for a formula that stands alone.
  ///   - formula: The objective with its parameters.
  ///   - initial: Parameters to start from, and those that stay as they are.
  ///   - optimizer: The optimizer.
  ///   - schedule: How the learning rate changes over the run.
  ///   - penalties: What is added to the gradient to keep parameters small.
  ///   - training: How long and in what portions the run trains.
  ///   - earlyStopping: When the run stops before its end; `nil` for never.
  ///   - checkpoints: When checkpoints are saved and which stay.
  ///   - observers: Who writes down how the run goes, as a config names them.
  ///   - output: The run directory, relative to the working directory; `nil` for a run that writes no file.
  ///   - registries: What the components are of; those that the package lacks are in it, too.
  /// - Throws: `TrainerError` with code `.usage` for the first fault, with its key's path as in a file.
  public init(
    name: String = "run", seed: Int = 0, precision: ElementType? = nil, data: DataSettings? = nil,
    formula: FormulaSettings, initial: InitialSettings? = nil,
    optimizer: OptimizerConfiguration = OptimizerConfiguration(), schedule: ScheduleSettings = ScheduleSettings(),
    penalties: PenaltySettings = PenaltySettings(), training: TrainingSettings = TrainingSettings(),
    earlyStopping: EarlyStoppingSettings? = nil, checkpoints: CheckpointSettings = CheckpointSettings(),
    observers: [any ObserverSettings] = [], output: String? = nil, registries: Registries = .standard
  ) throws {
    let names = formula.parameters.map(\.name)
    if let twin = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw TrainerError(.usage, "\(Self.source): parameters: '\(twin)' comes twice, name each parameter once")
    }
    try self.init(
      parts: [("data", data.map { .object($0.json) })] + formula.json.members.map { ($0.key, $0.value) },
      name: name, seed: seed, precision: precision, initial: initial, optimizer: optimizer, schedule: schedule,
      penalties: penalties,
      training: training, earlyStopping: earlyStopping, checkpoints: checkpoints, observers: observers,
      output: output,
      registries: registries)
  }

  /// What messages call a configuration that no file holds.
  private static let source = "RunConfiguration"

  private init(
    parts: [(key: String, value: JSONValue?)], name: String, seed: Int, precision: ElementType?,
    initial: InitialSettings?, optimizer: OptimizerConfiguration, schedule: ScheduleSettings,
    penalties: PenaltySettings,
    training: TrainingSettings, earlyStopping: EarlyStoppingSettings?, checkpoints: CheckpointSettings,
    observers: [any ObserverSettings], output: String?, registries: Registries
  ) throws {
    let json = JSONObject(
      [
        ("name", .string(name)), ("seed", .integer(seed)), ("precision", precision.map { .string($0.rawValue) }),
      ] + parts + [
        ("initial", initial.map { .object($0.json) }), ("penalties", .object(penalties.json)),
        ("optimizer", .object(optimizer.json)),
        ("schedule", .object(schedule.json)), ("training", .object(training.json)),
        ("earlyStopping", earlyStopping.map { .object($0.json) }), ("checkpoints", .object(checkpoints.json)),
        ("observers", observers.isEmpty ? nil : .array(observers.map { .object($0.typedJSON) })),
        ("output", output.map(JSONValue.string)),
      ])
    let settings = Settings(json: json, source: Self.source, directory: FileManager.default.currentDirectoryPath)
    try self.init(settings, stem: name, output: nil, origin: .program, registries: registries)
  }
}
