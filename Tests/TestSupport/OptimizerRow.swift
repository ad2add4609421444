/// An optimizer in the tests' tables: its settings, and the learning rate for each problem.
///
/// The tables are: three problems that it has to solve, several numbers of threads, interruptions, allocations, and
/// blocks of any size.
public struct OptimizerRow: Sendable, CustomStringConvertible {
  /// The keys of a config's `optimizer` but for the learning rate, without the braces around them.
  public let settings: String
  /// The learning rate for a quadratic function of two numbers.
  public let bowl: Double
  /// The learning rate for Rosenbrock's function.
  public let valley: Double
  /// The learning rate for a softmax on the digits.
  public let digits: Double

  private init(_ settings: String, bowl: Double = 1, valley: Double = 1, digits: Double = 1) {
    self.settings = settings
    self.bowl = bowl
    self.valley = valley
    self.digits = digits
  }

  /// The settings.
  public var description: String { settings }

  /// Whether the optimizer chooses the length of its steps itself, and needs all samples in each.
  public var goesByObjective: Bool { settings.contains("lbfgs") }

  /// A config's `optimizer` with this learning rate.
  public func config(_ rate: Double) -> String {
    goesByObjective ? "{\(settings)}" : #"{\#(settings), "learningRate": \#(rate)}"#
  }

  /// The schedule that it is trained with.
  public var schedule: String { goesByObjective ? "constant" : "cosine" }

  /// Every optimizer, most with the settings that other rows leave out. A new optimizer has a row here.
  public static let all = [
    OptimizerRow(#""type": "sgd""#, bowl: 0.05, valley: 0.001, digits: 0.2),
    OptimizerRow(#""type": "sgd", "momentum": 0.9, "dampening": 0.5"#, bowl: 0.05, valley: 0.001, digits: 0.1),
    OptimizerRow(#""type": "sgd", "momentum": 0.9, "nesterov": true"#, bowl: 0.02, valley: 0.0005, digits: 0.1),
    OptimizerRow(#""type": "sgd", "momentum": 0.9, "clipNorm": 1"#, bowl: 0.05, valley: 0.002, digits: 0.1),
    OptimizerRow(#""type": "sgd", "momentum": 0.9, "clipValue": 0.1"#, bowl: 0.2, valley: 0.002, digits: 0.1),
    OptimizerRow(
      #""type": "sgd", "momentum": 0.9, "averaging": {"decay": 0.9}"#, bowl: 0.02, valley: 0.0005, digits: 0.1),
    OptimizerRow(#""type": "adagrad""#, bowl: 1, valley: 0.5, digits: 0.1),
    OptimizerRow(#""type": "adadelta", "epsilon": 0.001"#, bowl: 1, valley: 0.2, digits: 1),
    OptimizerRow(#""type": "rmsprop""#, bowl: 0.1, valley: 0.01, digits: 0.005),
    OptimizerRow(#""type": "rmsprop", "centered": true, "momentum": 0.9"#, bowl: 0.02, valley: 0.001, digits: 0.001),
    OptimizerRow(#""type": "adam""#, bowl: 0.2, valley: 0.05, digits: 0.01),
    OptimizerRow(#""type": "adam", "amsgrad": true"#, bowl: 0.5, valley: 0.05, digits: 0.01),
    OptimizerRow(#""type": "adamw", "weightDecay": 0.001"#, bowl: 0.2, valley: 0.05, digits: 0.01),
    OptimizerRow(#""type": "nadam""#, bowl: 0.2, valley: 0.05, digits: 0.01),
    // Its first five steps are not divided by the gradient's size: as PyTorch's, it leaves the valley at rates from 0.01.
    OptimizerRow(#""type": "radam""#, bowl: 0.2, valley: 0.002, digits: 0.1),
    OptimizerRow(#""type": "lion""#, bowl: 0.1, valley: 0.01, digits: 0.02),
    OptimizerRow(#""type": "lamb""#, bowl: 0.1, valley: 0.02, digits: 0.02),
    OptimizerRow(#""type": "lbfgs", "historySize": 5"#),
  ]
}
