import Foundation
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
  /// The optimizer's type in a registry.
  public static var entry: Registry<any OptimizerSettings>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any OptimizerSettings {
  /// The package's optimizers.
  public static let optimizers = Registry(
    of: "optimizer",
    [
      SGD.entry, Adagrad.entry, Adadelta.entry, RMSProp.entry, Adam.entry, AdamW.entry, NAdam.entry, RAdam.entry,
      Lion.entry, LAMB.entry, LBFGS.entry,
    ])

  /// Adds an optimizer's type.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is one of that name already.
  public mutating func add<Added: OptimizerSettings>(_ type: Added.Type) throws { try add(Added.entry) }
}

/// The settings that many optimizers have.
extension Setting {
  /// `learningRate`.
  public static func learningRate(_ property: WritableKeyPath<Component, Double> & Sendable) -> Setting {
    .number("learningRate", property, in: .positive, help: "The step size before the schedule.")
  }

  /// `epsilon`.
  public static func epsilon(_ property: WritableKeyPath<Component, Double> & Sendable) -> Setting {
    .number("epsilon", property, in: .positive, help: "Keeps the quotient finite.")
  }

  /// The share of an average that a step keeps.
  public static func decayRate(
    _ key: String, _ property: WritableKeyPath<Component, Double> & Sendable, of what: String
  ) -> Setting {
    .number(key, property, in: .rate, help: "The share of \(what) that a step keeps.")
  }

  /// `weightDecay`, which acts on the gradient, or, decoupled, on the parameter.
  public static func weightDecay(
    _ property: WritableKeyPath<Component, Double> & Sendable, isDecoupled: Bool = false
  ) -> Setting {
    .number(
      "weightDecay", property, in: .nonNegative,
      help: isDecoupled
        ? "The share of a parameter that a step of learning rate 1 takes off, whatever the gradient."
        : "The factor of the parameter that is added to its gradient.")
  }
}
