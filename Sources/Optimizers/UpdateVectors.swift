import Kernels

/// The flat vectors that an update reads and writes.
package struct UpdateVectors<Scalar: KernelElement> {
  /// The gradient, or a part of it, which is overwritten. A chain of several passes needs all of it.
  package let gradient: UnsafeMutablePointer<Scalar>
  /// Which element of the flat vector the first of `gradient` is.
  package let gradientStart: Int
  /// The parameters.
  package let parameters: UnsafeMutablePointer<Scalar>
  /// The state vectors, in the order of the optimizer's `stateNames`.
  package let state: UnsafePointer<UnsafeMutablePointer<Scalar>>
  /// What the update keeps beside them.
  package let memory: UpdateMemory

  /// Creates the value.
  package init(
    gradient: UnsafeMutablePointer<Scalar>, gradientStart: Int = 0, parameters: UnsafeMutablePointer<Scalar>,
    state: UnsafePointer<UnsafeMutablePointer<Scalar>>, memory: UpdateMemory
  ) {
    self.gradient = gradient
    self.gradientStart = gradientStart
    self.parameters = parameters
    self.state = state
    self.memory = memory
  }
}

/// The memory that an update keeps beside its vectors, which belongs to the caller.
package struct UpdateMemory {
  /// Room for `UpdatePlan.sumCount` numbers: the sums between the passes of a step.
  package let sums: UnsafeMutablePointer<Double>
  /// The `UpdatePlan.numberCount` numbers that the optimizer remembers from step to step; they start at zero.
  package let numbers: UnsafeMutablePointer<Double>
  /// Whether the parameters before the step are a point that the optimizer merely tries, so that any objective is good
  /// there. Known once the step's passes have been joined; an update of one pass leaves it as it is, which is false.
  package let isTrial: UnsafeMutablePointer<Bool>

  /// Creates the value.
  package init(
    sums: UnsafeMutablePointer<Double>, numbers: UnsafeMutablePointer<Double>, isTrial: UnsafeMutablePointer<Bool>
  ) {
    self.sums = sums
    self.numbers = numbers
    self.isTrial = isTrial
  }
}
