import Autodiff
import Foundations

/// A loss: a function that adds nodes to a graph.
public protocol Loss: Configurable {
  /// Adds the loss of each sample to the graph.
  ///
  /// - Parameters:
  ///   - outputs: The model's outputs, [samples, outputs].
  ///   - targets: [samples, outputs], or [samples] where the loss takes class indices.
  /// - Throws: `TrainerError` if the shapes do not fit.
  func terms(outputs: Node, targets: Node) throws -> LossTerms

  /// What the outputs mean.
  ///
  /// - Parameters:
  ///   - outputCount: The number of the model's outputs.
  ///   - targets: How the dataset gives its targets.
  /// - Throws: `TrainerError` if the outputs do not fit the targets.
  func task(outputCount: Int, targets: TargetKind) throws -> LearningTask

  /// How outputs become predictions.
  var prediction: PredictionRule { get }

  /// Turns the model's outputs into what `predict` writes as probabilities; `nil` if they are none.
  func probabilities(of outputs: Node) throws -> Node?

  /// What the model's outputs are to those who see them: predictions of numbers, and metrics. The outputs themselves, unless
  /// the loss says otherwise.
  func values(of outputs: Node) throws -> Node

  /// At how many positions of a sample the loss is taken by itself: a sample's loss is the mean over them. One, unless the
  /// loss says otherwise.
  ///
  /// - Parameter outputShape: The extents of the model's output for one sample, outermost first.
  func positions(of outputShape: Shape) -> Int

  /// What the targets must be, so that the loss has a meaning: what the task says, unless the loss says more.
  func rule(of task: LearningTask, for targets: TargetKind) -> TargetRule
}

extension Loss {
  /// The outputs.
  public func values(of outputs: Node) throws -> Node { outputs }
  /// One.
  public func positions(of outputShape: Shape) -> Int { 1 }
  /// What the task says.
  public func rule(of task: LearningTask, for targets: TargetKind) -> TargetRule { task.rule(for: targets) }
}

extension Loss {
  /// The loss's type in a registry.
  public static var entry: Registry<any Loss>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any Loss {
  /// The package's losses.
  public static let losses = Registry(
    of: "loss",
    [
      SoftmaxCrossEntropy.entry, BinaryCrossEntropy.entry, MeanSquaredError.entry, MeanAbsoluteError.entry,
      Huber.entry, KLDivergence.entry, Poisson.entry, Quantile.entry,
    ])

  /// Adds a loss's type.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is one of that name already.
  public mutating func add<Added: Loss>(_ type: Added.Type) throws { try add(Added.entry) }
}

extension Loss {
  /// Checks that a model's outputs are one row a sample.
  ///
  /// - Throws: `TrainerError` if they have another rank, as those of a model without a dense layer may.
  public func requireRows(of outputs: Node) throws {
    guard outputs.shape.count == 2 else {
      throw TrainerError(
        .usage,
        "\(Self.type) takes one row of outputs a sample, but the model's outputs have the shape "
          + "\(Array(outputs.shape.dropFirst())) a sample; end the model with a dense layer")
    }
  }

  /// What a loss of numbers learns.
  ///
  /// - Throws: `TrainerError` if the model has not one output for each target.
  public func regressionTask(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    let targetCount =
      switch targets {
      case .integers: 1
      case .values(let count): count
      }
    guard outputCount == targetCount else {
      throw TrainerError(
        .usage, "the targets have \(targetCount) values a sample, but the model has \(outputCount) outputs")
    }
    return .regression(outputs: outputCount)
  }
}

/// The loss of each sample of a shard. The loss of a batch is Σ `losses` / Σ `weights`.
public struct LossTerms {
  /// The weighted losses, [samples].
  public let losses: Node
  /// The samples' weights, [samples]; `nil` if all are 1.
  public let sampleWeights: Node?

  /// Creates the terms of a shard.
  ///
  /// - Parameters:
  ///   - losses: The samples' losses times their weights, [samples].
  ///   - sampleWeights: The samples' weights, [samples]; `nil` if all are 1.
  public init(losses: Node, sampleWeights: Node? = nil) {
    self.losses = losses
    self.sampleWeights = sampleWeights
  }
}

/// How a model's outputs become a prediction.
public enum PredictionRule: Sendable {
  /// The index of the largest output.
  case largest
  /// For each output 1 if it is positive, else 0.
  case positive
  /// The outputs themselves.
  case value
}

/// How a dataset gives its targets.
public enum TargetKind: Sendable, Equatable {
  /// One integer a sample, in this range: class indices, or whole numbers to predict.
  case integers(ClosedRange<Int>)
  /// Numbers: that many a sample.
  case values(count: Int)
}

extension TargetKind {
  /// The targets of one of several positions of a sample.
  ///
  /// - Parameter classes: The model's outputs at a position.
  /// - Throws: `TrainerError` with code `.usage` unless a sample has a class, or a row of probabilities, for each.
  public func perPosition(_ positions: Int, classes: Int) throws -> TargetKind {
    guard positions > 1 else { return self }
    let count: Int
    switch self {
    case .integers: count = 1
    case .values(let values): count = values
    }
    if count == positions { return .integers(0...max(0, classes - 1)) }
    if count == positions * classes { return .values(count: classes) }
    throw TrainerError(
      .usage,
      "the model gives \(classes) outputs at each of \(positions) positions of a sample, but the targets have \(count) "
        + "\(count == 1 ? "value" : "values") a sample; give a class for each position, or end the model with a dense layer"
    )
  }
}

/// What a model learns, which decides what its metrics mean.
public enum LearningTask: Sendable, Equatable {
  /// One of several classes; an output for each. `oneHot` if the targets are a row of probabilities a sample.
  case multiclass(classes: Int, oneHotTargets: Bool)
  /// Yes or no: the logit of each of `outputs` labels, true above 0.
  case binary(outputs: Int)
  /// Numbers.
  case regression(outputs: Int)

  /// The number of outputs that the model has for a sample.
  public var outputCount: Int {
    switch self {
    case .multiclass(let classes, _): classes
    case .binary(let outputs), .regression(let outputs): outputs
    }
  }

  /// The number of targets that a sample has.
  public var targetCount: Int {
    switch self {
    case .multiclass(let classes, let oneHot): oneHot ? classes : 1
    case .binary(let outputs), .regression(let outputs): outputs
    }
  }
}
