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
  /// Whether a sample's loss depends on those that are computed with it, so that a shard cannot be divided.
  var couplesSamples: Bool { get }
  /// Whether a batch's objective and gradient are divided by the sum of the samples' weights.
  var isMean: Bool { get }
  /// The metrics beside the loss.
  var metrics: MetricSet? { get }
  /// Whether no step changes the parameter, or the state, of a name.
  func freezes(_ name: String) -> Bool
  /// The same problem, each of whose samples is added to a graph by itself where this one joins several: what a check
  /// compares with.
  var sampleBySample: any Problem { get }
  /// Adds the problem for some samples to a graph.
  ///
  /// - Parameter isTraining: Whether layers behave as in training.
  func terms(in graph: Graph, samples: Int, isTraining: Bool) throws -> ProblemTerms
}

extension Problem {
  package var couplesSamples: Bool { !layout.state.isEmpty }
  package var sampleBySample: any Problem { self }
  package func freezes(_ name: String) -> Bool { false }
}

/// The values of a problem for the samples of a shard.
package struct ProblemTerms {
  /// The weighted losses, [samples].
  let losses: Node
  /// The weights, [samples]; `nil` if all are 1.
  let sampleWeights: Node?
  /// The model's outputs, [samples, outputs]; `nil` for a formula.
  let outputs: Node?
  /// What `predict` writes as probabilities.
  let probabilities: Node?
  /// What a step takes off each state of the layout, as these samples have it, by its name.
  var stateChanges: [String: Node] = [:]

  /// The terms of samples that the data give weights: a loss is multiplied by its sample's, and so is the weight that the
  /// loss itself gives it, such as that of its class.
  ///
  /// - Parameter samples: Their number; `nil` where the data give no weights.
  func weighted(samples: Int?) throws -> ProblemTerms {
    guard let samples else { return self }
    let weights = try losses.graph.input(ModelProblem.InputName.weights, shape: [samples])
    return ProblemTerms(
      losses: try losses * weights, sampleWeights: try sampleWeights.map { try $0 * weights } ?? weights,
      outputs: outputs, probabilities: probabilities, stateChanges: stateChanges)
  }
}

/// The names of a plan's results.
enum PlanResult {
  static let losses = "losses"
  static let sampleWeights = "sampleWeights"
  static let outputs = "outputs"
  static let probabilities = "probabilities"
}

extension Problem {
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

  private func plan<Scalar: KernelElement>(_ outputs: [PlanOutput], _ kernels: Kernels<Scalar>) throws -> Plan<Scalar> {
    let plan = try Plan(outputs, layout: layout, kernels: kernels)
    try plan.requireMemory()
    return plan
  }

  /// What a plan computes beside gradients.
  func results(_ terms: ProblemTerms) -> [PlanOutput] {
    var outputs = [PlanOutput(terms.losses, .result(PlanResult.losses))]
    if let weights = terms.sampleWeights { outputs.append(.init(weights, .result(PlanResult.sampleWeights))) }
    if let values = terms.outputs { outputs.append(.init(values, .result(PlanResult.outputs))) }
    return outputs
  }
}
