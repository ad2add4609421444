import Foundations
import Kernels

/// An optimizer: a chain of gradient transformations and a schedule of learning rates.
///
/// One step on one block is: the chain turns the gradient into an update u, then w ← w − rate · u (or + to climb).
public struct Optimizer: Sendable {
  /// The transformations in order.
  public let transformations: [any GradientTransformation]
  /// The learning rate of each step.
  public let schedule: LearningRateSchedule
  /// Whether steps go up the gradient instead of down.
  public let isMaximizing: Bool
  /// For each transformation the number of its first state vector.
  private let firstStates: [Int]

  /// Creates an optimizer.
  public init(
    _ transformations: [any GradientTransformation], schedule: LearningRateSchedule, isMaximizing: Bool = false
  ) {
    self.transformations = transformations
    self.schedule = schedule
    self.isMaximizing = isMaximizing
    var count = 0
    firstStates = transformations.map { transformation in
      defer { count += transformation.stateNames.count }
      return count
    }
    precondition(Set(stateNames).count == stateNames.count, "two state vectors share a name")
  }

  /// The names of all state vectors, in order.
  public var stateNames: [String] { transformations.flatMap(\.stateNames) }

  /// Updates one block of the parameters.
  ///
  /// - Parameters:
  ///   - range: The block's place in the flat vectors.
  ///   - step: The step, counted from 1.
  ///   - gradient: The block's gradient; it is overwritten.
  ///   - scratch: Room for as many elements.
  ///   - parameters: The whole flat parameter vector.
  ///   - state: The whole state vectors, in the order of `stateNames`.
  public func update<Scalar: KernelElement>(
    _ range: Range<Int>, step: Int, gradient: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>,
    parameters: UnsafeMutablePointer<Scalar>, state: UnsafePointer<UnsafeMutablePointer<Scalar>>,
    kernels: Kernels<Scalar>
  ) {
    func vector(_ pointer: UnsafeMutablePointer<Scalar>) -> BlockVector<Scalar> {
      BlockVector(pointer, count: range.count, kernels: kernels)
    }
    let block = OptimizerBlock(
      update: vector(gradient), parameters: vector(parameters + range.lowerBound), scratch: vector(scratch),
      range: range, step: step)
    for (transformation, first) in zip(transformations, firstStates) {
      transformation.apply(to: block, state: UpdateState(state + first, range: range, kernels: kernels))
    }
    let rate = schedule.learningRate(at: step)
    block.parameters.add(block.update, scaledBy: isMaximizing ? rate : -rate)
  }
}
