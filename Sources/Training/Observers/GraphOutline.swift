import Autodiff
import Foundations
import Models
import TensorBoard

/// What a run trains as a graph of few nodes, for people to look at: the layers of a model with their parameters, or the
/// operations of a formula.
enum GraphOutline {
  /// The nodes of a problem's outline; operands come first.
  ///
  /// - Throws: `TrainerError` if the problem cannot be built, which training would have found.
  static func nodes(of problem: any Problem) throws -> [GraphNode] {
    if let problem = problem as? ModelProblem { return try nodes(of: problem) }
    let graph = Graph()
    let value = try problem.terms(in: graph, samples: 1, isTraining: true).losses.reshape([])
    return try nodes(of: graph.trace(of: value))
  }

  private static func nodes(of problem: ModelProblem) throws -> [GraphNode] {
    let inputs = ModelProblem.InputName.inputs
    var nodes = [GraphNode(inputs, "Placeholder", shape: [-1] + problem.inputShape)]
    var last = inputs
    for layer in try problem.model.outline(inputShape: problem.inputShape) where layer.depth == 0 {
      for parameter in layer.parameters { nodes.append(GraphNode(parameter.name, "Parameter", shape: parameter.shape)) }
      // Beside its parameters, so that the layer is one box.
      let name = layer.parameters.isEmpty ? layer.name : "\(layer.name)/\(layer.type)"
      nodes.append(
        GraphNode(
          name, layer.type, inputs: [last] + layer.parameters.map(\.name), shape: [-1] + layer.outputShape,
          attributes: layer.settings.members.map { ($0.key, $0.value.text ?? $0.value.compactText) }))
      last = name
    }
    let targets = ModelProblem.InputName.targets
    let loss = type(of: problem.loss).type
    nodes.append(GraphNode(targets, "Placeholder", shape: [-1]))
    nodes.append(GraphNode("loss", loss, inputs: [last, targets], shape: []))
    return nodes
  }

  private static func nodes(of trace: [TracedNode]) -> [GraphNode] {
    var counts: [String: Int] = [:]
    var names: [String] = []
    return trace.map { node in
      let isLeaf = node.kind == .parameter || node.kind == .input
      let base = isLeaf && !node.detail.isEmpty ? node.detail : node.name
      counts[base, default: 0] += 1
      let count = counts[base, default: 1]
      names.append(count == 1 ? base : "\(base)_\(count)")
      return GraphNode(
        names[names.count - 1], isLeaf ? (node.kind == .parameter ? "Parameter" : "Placeholder") : node.name,
        inputs: node.inputs.map { names[$0] }, shape: node.shape,
        attributes: isLeaf || node.detail.isEmpty ? [] : [("detail", node.detail)])
    }
  }
}
