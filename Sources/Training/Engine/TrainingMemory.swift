import Autodiff
import DataParallel
import Datasets
import Foundations
import HDF5
import Kernels
import Optimizers

/// An element type that a run computes in and stores.
public typealias TrainingScalar = KernelElement & NativeScalar

/// The vectors of a run: the parameters and the optimizer's state, all of one layout.
package struct TrainingMemory<Scalar: TrainingScalar>: Sendable {
  package let layout: ParameterLayout
  package let parameters: SharedBuffer<Scalar>
  let stateNames: [String]
  package let state: [SharedBuffer<Scalar>]
  /// The first element of each state vector, for transformations.
  let statePointers: SharedBuffer<UnsafeMutablePointer<Scalar>>
  /// The sums between the passes of an update.
  let sums: SharedBuffer<Double>
  /// The numbers that the optimizer remembers beside its vectors.
  package let numbers: SharedBuffer<Double>
  /// Whether a step began at a point that the optimizer merely tries: one mark.
  let isTrial = SharedBuffer(repeating: false, count: 1)
  /// The gradient of a whole batch; `nil` if no block of it is wanted beyond its update.
  let gradient: SharedBuffer<Scalar>?
  /// A factor of the learning rates, beside the schedule's, that the coordinator sets: one number.
  let rateFactor = SharedBuffer(repeating: 1.0, count: 1)

  /// Parameters with these values and a state of zeros, but for the average: that is of the parameters.
  init(
    layout: ParameterLayout, parameters values: [Double], stateNames: [String], sumCount: Int = 0,
    numberCount: Int = 0, keepsGradient: Bool = false
  ) {
    self.layout = layout
    self.stateNames = stateNames
    precondition(values.count == layout.count, "a value for each parameter")
    parameters = SharedBuffer(count: values.count) { Scalar(values[$0]) }
    let state = stateNames.map { name in
      SharedBuffer(count: layout.count) { name == Optimizer.averageName ? Scalar(values[$0]) : 0 }
    }
    self.state = state
    sums = SharedBuffer(repeating: .unwritten, count: sumCount)
    numbers = SharedBuffer(repeating: 0, count: numberCount)
    gradient = keepsGradient ? SharedBuffer(repeating: .unwritten, count: layout.count) : nil
    statePointers = SharedBuffer(count: state.count) { state[$0].pointer }
  }
}

extension TrainingMemory {
  /// What an update keeps beside the vectors.
  var update: UpdateMemory {
    UpdateMemory(sums: sums.pointer, numbers: numbers.pointer, isTrial: isTrial.pointer)
  }

  /// Gives back the memory of the optimizer's state but for some elements: that of blocks which another rank updates, of
  /// which nothing is ever read here. The average of the parameters stays.
  func keepState(of elements: Range<Int>) {
    for (name, vector) in zip(stateNames, state) where name != Optimizer.averageName {
      for unused in [0..<elements.lowerBound, elements.upperBound..<layout.count] {
        UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: vector.elements[unused])).discardPages()
      }
    }
  }

  /// What evaluation uses: the parameters' moving average, if there is one, or the parameters.
  package var evaluatedParameters: SharedBuffer<Scalar> {
    stateNames.firstIndex(of: Optimizer.averageName).map { state[$0] } ?? parameters
  }
}
