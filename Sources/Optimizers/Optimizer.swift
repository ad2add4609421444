import Foundations

/// An optimizer: chains of gradient transformations and a schedule of learning rates.
///
/// One step is: the chain turns the gradient into an update u, then w ← w − rate · u. To climb instead, the gradient is
/// negated first.
public struct Optimizer: Sendable {
  /// Parameters with a chain and a learning rate of their own.
  public struct Group: Sendable {
    /// The names of the group's parameters; `nil` for all that are in no other group.
    public let parameters: Set<String>?
    /// The transformations in order, after those that all groups share.
    public let transformations: [any GradientTransformation]
    /// The learning rate before the schedule.
    public let learningRate: Double

    /// Creates a group.
    public init(parameters: Set<String>?, transformations: [any GradientTransformation], learningRate: Double) {
      self.parameters = parameters
      self.transformations = transformations
      self.learningRate = learningRate
    }
  }

  /// The name of the state vector that holds the parameters' moving average.
  public static let averageName = "average"

  /// What acts on all gradients first: penalties, clipping.
  public let shared: [any GradientTransformation]
  /// The groups; the last is for all parameters that no other names.
  public let groups: [Group]
  /// The factor of the learning rates at each step.
  public let schedule: LearningRateSchedule
  /// The share that the moving average of the parameters keeps in a step; `nil` if there is no average.
  public let averageDecay: Double?
  /// Whether steps go up the gradient instead of down.
  public let isMaximizing: Bool
  /// The names of parameters that no step changes: neither update nor decay, penalty or average acts on them, and no norm counts
  /// them.
  public let frozen: Set<String>

  /// Creates an optimizer.
  ///
  /// - Precondition: the last group, and no other, is for all remaining parameters.
  public init(
    shared: [any GradientTransformation] = [], groups: [Group], schedule: LearningRateSchedule,
    averageDecay: Double? = nil, isMaximizing: Bool = false, frozen: Set<String> = []
  ) {
    precondition(groups.firstIndex { $0.parameters == nil } == groups.count - 1, "one group is for the remaining")
    self.shared = shared
    self.groups = groups
    self.schedule = schedule
    self.averageDecay = averageDecay
    self.isMaximizing = isMaximizing
    self.frozen = frozen
  }

  /// Creates an optimizer that treats all parameters alike.
  public init(
    _ transformations: [any GradientTransformation], schedule: LearningRateSchedule, averageDecay: Double? = nil,
    isMaximizing: Bool = false
  ) {
    self.init(
      groups: [Group(parameters: nil, transformations: transformations, learningRate: schedule.base)],
      schedule: schedule, averageDecay: averageDecay, isMaximizing: isMaximizing)
  }

  /// The names of all state vectors: those of the chains, and the average if there is one.
  public var stateNames: [String] {
    var names: [String] = []
    for group in groups {
      for name in (shared + group.transformations).flatMap(\.stateNames) where !names.contains(name) {
        names.append(name)
      }
    }
    return names + (averageDecay == nil ? [] : [Self.averageName])
  }

  /// How often a step passes over the parameters: once more for each global transformation of a chain, as Note [Passes]
  /// says.
  package var passes: Int {
    groups.map { group in (shared + group.transformations).count { $0 is any GlobalTransformation } + 1 }.max() ?? 1
  }

  /// Whether numbers that a checkpoint holds can be what its one transformation with a memory for numbers remembers.
  public func accepts(_ numbers: [Double]) -> Bool {
    groups.flatMap { shared + $0.transformations }.compactMap { $0 as? any GlobalTransformation }
      .filter { $0.numberCount > 0 }.allSatisfy { $0.numberCount == numbers.count && $0.accepts(numbers) }
  }
}
