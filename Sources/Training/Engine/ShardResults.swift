import Autodiff
import Kernels

/// What a plan computed for one shard.
struct ShardResults<Scalar: TrainingScalar> {
  let workspace: Workspace<Scalar>
  let plan: ShardPlan<Scalar>
  let rows: [UnsafeMutablePointer<Scalar>]
  let kernels: Kernels<Scalar>

  func values(_ place: ResultPlace?) -> UnsafeBufferPointer<Scalar>? { place.map { workspace[$0] } }
  func total(_ place: ResultPlace?, default value: Double = 0) -> Double {
    workspace.total(place, kernels, default: value)
  }
}
