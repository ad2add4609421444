import Autodiff
import DataParallel
import Foundations
import Kernels
import Models

/// What is trained: parameters and an objective, as functions that add nodes to a graph.
package protocol Problem: Sendable {
  /// Where the parameters lie in the flat vector.
  var layout: ParameterLayout { get }
  /// The parameters' values before the first step.
  func initialParameters(seed: Int) -> [Double]
  /// Whether a batch's objective and gradient are divided by the sum of the samples' weights.
  var isMean: Bool { get }
  /// The metrics beside the loss.
  var metrics: MetricSet? { get }
  /// Adds the problem for some samples to a graph.
  ///
  /// - Parameter isTraining: Whether layers behave as in training.
  func terms(in graph: Graph, samples: Int, isTraining: Bool) throws -> ProblemTerms
}

/// The values of a problem for the samples of a shard.
package struct ProblemTerms {
  /// The weighted losses, [samples].
  let losses: Node
  /// The weights, [samples]; `nil` if all are 1.
  let weights: Node?
  /// The model's outputs, [samples, outputs]; `nil` for a formula.
  let outputs: Node?
  /// What `predict` writes as probabilities.
  let probabilities: Node?
}

/// A shard's plan, and the model's matrices; those of them whose gradients it leaves to the update are in the order of
/// `plan.products`.
struct TrainingPlan<Scalar: KernelElement> {
  let plan: Plan<Scalar>
  let weights: [BlockPartition.Weight]
  let packed: PackedWeights
}

/// The names of a plan's results.
enum PlanResult {
  static let losses = "losses"
  static let weights = "weights"
  static let outputs = "outputs"
  static let probabilities = "probabilities"
}

extension Problem {
  /// The plan of a shard's gradient, losses, weights and, where metrics need them, outputs.
  ///
  /// The gradients of large weights, which are products over samples, are left to the update, as Note [Sample products]
  /// in `Autodiff` says; the others go to a slot, one after the other in layout order. Those of small narrow weights go
  /// there as their transposes, whose rows fill vectors.
  func trainingPlan<Scalar: KernelElement>(
    samples: Int, kernels: Kernels<Scalar>
  ) throws -> TrainingPlan<Scalar> {
    let graph = Graph()
    let terms = try terms(in: graph, samples: samples, isTraining: true)
    let parameters = graph.nodes.filter { $0.parameterName != nil }
    let gradients = try graph.gradient(of: terms.losses.sum(), withRespectTo: parameters)
    let nodes = Dictionary(
      zip(parameters, gradients).map { ($0.parameterName ?? "", $1) }, uniquingKeysWith: { first, _ in first })
    var outputs = results(terms)
    var weights: [BlockPartition.Weight] = []
    var packed: [(range: Range<Int>, columns: Int, isTransposed: Bool)] = []
    let rightOperands = graph.rightOperands
    var slotCount = 0
    for entry in layout.entries {
      let gradient = nodes[entry.name]
      let kind = gradientKind(entry, gradient)
      if entry.shape.count == 2, entry.count > 0, kind == .product || entry.shape[1] <= BlockPartition.blockCount {
        weights.append(.init(range: entry.range, columns: entry.shape[1], gradient: kind))
        for isTransposed in [false, true] where rightOperands[entry.name]?.contains(isTransposed) == true {
          packed.append((entry.range, entry.shape[1], isTransposed))
        }
      }
      switch (kind, gradient) {
      case (.product, let gradient?): outputs.append(.init(gradient, .product))
      case (.transposedSlots, let gradient?):
        outputs.append(.init(try gradient.transposedProduct(), .slot(offset: slotCount)))
      case (_, let gradient?): outputs.append(.init(gradient, .slot(offset: slotCount)))
      case (_, nil): break
      }
      if kind != .product { slotCount += entry.count }
    }
    let packedWeights = PackedWeights(of: packed, kernels: kernels)
    return TrainingPlan(plan: try plan(outputs, kernels, packedWeights), weights: weights, packed: packedWeights)
  }

  private func gradientKind(_ entry: ParameterLayout.Entry, _ gradient: Node?) -> BlockPartition.Gradient {
    guard let gradient, gradient.isSampleProduct, entry.count > 0 else { return .slots }
    if entry.count > largestSlot { return .product }
    return 2 * gradient.shape[1] <= gradient.shape[0] ? .transposedSlots : .slots
  }

  /// Elements of a weight up to which a shard's gradient of it stays in the cache, so that a product over samples would
  /// only read the samples twice. Measured.
  private var largestSlot: Int { 16384 }

  /// The plan of a shard's losses, weights and outputs, without dropout.
  func evaluationPlan<Scalar: KernelElement>(samples: Int, kernels: Kernels<Scalar>) throws -> Plan<Scalar> {
    let outputs = results(try terms(in: Graph(), samples: samples, isTraining: false))
    return try plan(outputs, kernels)
  }

  /// The plan of a shard's outputs and probabilities, which needs no targets.
  func predictionPlan<Scalar: KernelElement>(samples: Int, kernels: Kernels<Scalar>) throws -> Plan<Scalar> {
    let terms = try terms(in: Graph(), samples: samples, isTraining: false)
    var outputs: [PlanOutput] = []
    if let values = terms.outputs { outputs.append(.init(values, .result(PlanResult.outputs))) }
    if let values = terms.probabilities { outputs.append(.init(values, .result(PlanResult.probabilities))) }
    return try plan(outputs, kernels)
  }

  private func plan<Scalar: KernelElement>(
    _ outputs: [PlanOutput], _ kernels: Kernels<Scalar>, _ packed: PackedWeights? = nil
  ) throws -> Plan<Scalar> {
    let plan = try Plan(outputs, layout: layout, kernels: kernels, packed: packed)
    try plan.requireMemory()
    return plan
  }

  private func results(_ terms: ProblemTerms) -> [PlanOutput] {
    var outputs = [PlanOutput(terms.losses, .result(PlanResult.losses))]
    if let weights = terms.weights { outputs.append(.init(weights, .result(PlanResult.weights))) }
    if let values = terms.outputs { outputs.append(.init(values, .result(PlanResult.outputs))) }
    return outputs
  }
}
