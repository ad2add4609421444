import Autodiff
import Foundations

/// A problem's plans for all shard sizes that a run can meet, compiled before its first step.
struct PlanSet<Scalar: TrainingScalar>: Sendable {
  /// All plans by ascending size, which are kept alive here for whoever uses a `ShardPlan`.
  let all: [Plan<Scalar>]
  /// Their numbers of samples.
  let sizes: [Int]
  private let shardPlans: [ShardPlan<Scalar>?]

  /// Compiles a plan for each size.
  ///
  /// - Throws: `TrainerError` if they take different inputs.
  init(sizes: Set<Int>, _ make: (Int) throws -> Plan<Scalar>) throws {
    var all: [Plan<Scalar>] = []
    var shardPlans = [ShardPlan<Scalar>?](repeating: nil, count: (sizes.max() ?? 0) + 1)
    for size in sizes.sorted() {
      let plan = try make(size)
      all.append(plan)
      shardPlans[size] = ShardPlan(plan)
    }
    // Their rows are gathered in one order for all.
    guard all.allSatisfy({ $0.inputs.map(\.name) == all[0].inputs.map(\.name) }) else {
      throw TrainerError(.usage, "the objective reads other data for some numbers of samples than for others")
    }
    self.all = all
    self.sizes = sizes.sorted()
    self.shardPlans = shardPlans
  }

  /// The plan for that many samples.
  subscript(samples: Int) -> ShardPlan<Scalar> {
    guard samples < shardPlans.count, let plan = shardPlans[samples] else {
      preconditionFailure("there is no plan for \(samples) samples")
    }
    return plan
  }
}

/// A plan of a `PlanSet`, which keeps it alive, and the places of its results.
///
/// Its use counts no references, as `SharedBuffer.use`.
struct ShardPlan<Scalar: TrainingScalar>: Sendable {
  private let reference: Unmanaged<Plan<Scalar>>
  let losses: ResultPlace?
  let sampleWeights: ResultPlace?
  let outputs: ResultPlace?
  let probabilities: ResultPlace?

  fileprivate init(_ plan: Plan<Scalar>) {
    reference = .passUnretained(plan)
    losses = plan.place(of: PlanResult.losses)
    sampleWeights = plan.place(of: PlanResult.sampleWeights)
    outputs = plan.place(of: PlanResult.outputs)
    probabilities = plan.place(of: PlanResult.probabilities)
  }

  /// Calls `body` with the plan.
  func use<Result>(_ body: (Plan<Scalar>) -> Result) -> Result { reference._withUnsafeGuaranteedRef(body) }
}
