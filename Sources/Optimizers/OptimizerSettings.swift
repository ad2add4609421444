import Foundations

/// The settings of an optimizer: what a config's `optimizer` holds.
public protocol OptimizerSettings: Configurable {
  /// The step size before the schedule.
  var learningRate: Double { get }
  /// The transformations that turn gradients into updates of that learning rate.
  var transformations: [any GradientTransformation] { get }
}

extension OptimizerSettings {
  /// The line for the optimizer's type in `Registry.optimizers`.
  static var entry: Registry<any OptimizerSettings>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any OptimizerSettings {
  /// All optimizers.
  public static let optimizers = Registry([SGD.entry, Adam.entry])
}

/// Reads the learning rate, which every optimizer has.
func readLearningRate(_ settings: Settings, default rate: Double) throws -> Double {
  try settings.number("learningRate", default: rate, in: .positive, help: "The step size before the schedule.")
}
