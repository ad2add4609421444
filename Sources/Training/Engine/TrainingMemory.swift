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
  let numbers: SharedBuffer<Double>
  /// A factor of the learning rates, beside the schedule's, that the coordinator sets: one number.
  let rateFactor = SharedBuffer(repeating: 1.0, count: 1)

  /// Parameters with these values and a state of zeros, but for the average: that is of the parameters.
  init(
    layout: ParameterLayout, parameters values: [Double], stateNames: [String], sumCount: Int = 0, numberCount: Int = 0
  ) {
    self.layout = layout
    self.stateNames = stateNames
    precondition(values.count == layout.count, "a value for each parameter")
    parameters = SharedBuffer(count: values.count) { Scalar(values[$0]) }
    let state = stateNames.map { name in
      SharedBuffer(count: layout.count) { name == Optimizer.averageName ? Scalar(values[$0]) : 0 }
    }
    self.state = state
    sums = SharedBuffer(repeating: 0, count: sumCount)
    numbers = SharedBuffer(repeating: 0, count: numberCount)
    statePointers = SharedBuffer(count: state.count) { state[$0].pointer }
  }
}

extension TrainingMemory {
  /// What evaluation uses: the parameters' moving average, if there is one, or the parameters.
  var evaluatedParameters: SharedBuffer<Scalar> {
    stateNames.firstIndex(of: Optimizer.averageName).map { state[$0] } ?? parameters
  }
}

/// What one worker needs for itself: a workspace for the plans, room for the rows of a shard, and room for a block.
final class WorkerMemory<Scalar: TrainingScalar> {
  let workspace: Workspace<Scalar>
  let indices: UnsafeMutablePointer<Int64>
  let rows: [UnsafeMutablePointer<Scalar>]
  /// The plan's inputs: pointers to `rows`.
  let inputs: UnsafeMutableBufferPointer<UnsafePointer<Scalar>>
  let scratch: UnsafeMutablePointer<Scalar>

  /// Memory for shards of up to `samples` rows of `sources`, whose plans are `plans`.
  init(plans: [Plan<Scalar>], samples: Int, sources: [RowSource<Scalar>]) {
    workspace = Workspace(for: plans)
    indices = .allocate(capacity: max(1, samples))
    indices.initialize(repeating: 0, count: max(1, samples))
    rows = sources.map { source in
      let count = max(1, samples * source.columns)
      let rows = UnsafeMutablePointer<Scalar>.allocate(capacity: count)
      rows.initialize(repeating: 0, count: count)
      return rows
    }
    inputs = .allocate(capacity: sources.count)
    _ = inputs.initialize(from: rows.map { UnsafePointer($0) })
    scratch = .allocate(capacity: BlockPartition.blockCount)
    scratch.initialize(repeating: 0, count: BlockPartition.blockCount)
  }

  deinit {
    indices.deallocate()
    rows.forEach { $0.deallocate() }
    inputs.deallocate()
    scratch.deallocate()
  }

  /// Converts the rows that `indices` names into `rows`.
  func gather(_ samples: Int, from sources: [RowSource<Scalar>], kernels: Kernels<Scalar>) {
    let chosen = UnsafeBufferPointer(start: UnsafePointer(indices), count: samples)
    for (source, rows) in zip(sources, rows) { source.gather(chosen, into: rows, kernels: kernels) }
  }
}
