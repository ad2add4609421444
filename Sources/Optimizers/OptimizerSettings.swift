import Foundations

/// The settings of an optimizer: what a config's `optimizer` holds.
public protocol OptimizerSettings: Configurable {
  /// The step size before the schedule.
  var learningRate: Double { get }
  /// The transformations that turn gradients into updates of that learning rate.
  var transformations: [any GradientTransformation] { get }
  /// Whether the method goes by values of the objective, so that it needs all data and the whole gradient in each step.
  var goesByObjective: Bool { get }
}

extension OptimizerSettings {
  /// No: it follows the gradient.
  public var goesByObjective: Bool { false }
  /// The line for the optimizer's type in `Registry.optimizers`.
  public static var entry: Registry<any OptimizerSettings>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any OptimizerSettings {
  /// All optimizers.
  public static let optimizers = Registry([
    SGD.entry, Adagrad.entry, Adadelta.entry, RMSProp.entry, Adam.entry, AdamW.entry, NAdam.entry, RAdam.entry,
    Lion.entry, LAMB.entry, LBFGS.entry,
  ])
}

/// The settings that many optimizers have.
extension Settings {
  func learningRate(default rate: Double) throws -> Double {
    try number("learningRate", default: rate, in: .positive, help: "The step size before the schedule.")
  }

  func epsilon(default epsilon: Double) throws -> Double {
    try number("epsilon", default: epsilon, in: .positive, help: "Keeps the quotient finite.")
  }

  func weightDecay(default decay: Double, isDecoupled: Bool = false) throws -> Double {
    try number(
      "weightDecay", default: decay, in: .nonNegative,
      help: isDecoupled
        ? "The share of a parameter that a step of learning rate 1 takes off, whatever the gradient."
        : "The factor of the parameter that is added to its gradient.")
  }

  func isDecayDecoupled() throws -> Bool {
    try boolean(
      "decoupledWeightDecay", default: false, help: "Whether weight decay acts on the parameter, not on its gradient.")
  }

  func decayRate(_ key: String, default rate: Double, of what: String) throws -> Double {
    try number(key, default: rate, in: .rate, help: "The share of \(what) that a step keeps.")
  }
}

/// Weight decay, if there is any.
func weightDecay(_ factor: Double) -> [any GradientTransformation] {
  factor > 0 ? [AddWeightDecay(factor)] : []
}
