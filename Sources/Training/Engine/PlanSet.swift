import Autodiff
import Foundations

/// A problem's plans for all shard sizes that a run can meet, compiled before its first step.
struct PlanSet<Scalar: TrainingScalar>: Sendable {
  private let plans: [Plan<Scalar>?]

  /// Compiles a plan for each size.
  init(sizes: Set<Int>, _ make: (Int) throws -> Plan<Scalar>) throws {
    var plans = [Plan<Scalar>?](repeating: nil, count: (sizes.max() ?? 0) + 1)
    for size in sizes { plans[size] = try make(size) }
    self.plans = plans
  }

  /// The plan for that many samples.
  subscript(samples: Int) -> Plan<Scalar> {
    guard samples < plans.count, let plan = plans[samples] else {
      preconditionFailure("there is no plan for \(samples) samples")
    }
    return plan
  }

  var all: [Plan<Scalar>] { plans.compactMap(\.self) }
}
