import Autodiff
import Foundations

/// The loss of a shard of some size and its gradient with respect to each entry of the layout, as one graph. Gradients of what is
/// frozen are 0 and not computed, but go through it to what is in front of it.
struct ShardGraph {
  let samples: Int
  let graph: Graph
  let terms: ProblemTerms
  let gradients: [Node]

  init(_ problem: any Problem, samples: Int) throws {
    let graph = Graph()
    let terms = try problem.terms(in: graph, samples: samples, isTraining: true)
    let parameters = graph.nodes.filter { $0.parameterName.map { !problem.freezes($0) } ?? false }
    let nodes = try zip(parameters, graph.gradient(of: terms.losses.sum(), withRespectTo: parameters))
    let byName = try Dictionary(nodes.map { ($0.parameterName ?? "", $1) }, uniquingKeysWith: +)
    // The update divides by the batch's weight, so each shard's change counts as its samples do.
    let weight =
      try terms.stateChanges.isEmpty
      ? nil : terms.sampleWeights?.sum() ?? graph.constant(Double(samples))
    gradients = try problem.layout.entries.map { entry in
      let own =
        entry.isState
        ? try weight.flatMap { weight in try terms.stateChanges[entry.name].map { try $0 * weight } }
        : byName[entry.name]
      return try own ?? graph.constant(0).broadcast(to: entry.shape)
    }
    self.samples = samples
    self.graph = graph
    self.terms = terms
  }
}
