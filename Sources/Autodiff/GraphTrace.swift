import Foundations

/// A node with what a picture of its graph shows.
package struct TracedNode: Sendable {
  /// What kind of node it is.
  package enum Kind: Sendable { case parameter, input, constant, operation }

  /// The kind.
  package let kind: Kind
  /// The operation's name.
  package let name: String
  /// What distinguishes it from others of its name: a leaf's name or values, an operation's axes.
  package let detail: String
  /// The extents of its value.
  package let shape: Shape
  /// The positions of its operands in the trace.
  package let inputs: [Int]
  /// For each operand the derivative of this node with respect to it, if known: a number for each of the operand's elements,
  /// where this node is a scalar, or computed element by element from an operand of its own shape.
  package var localDerivatives: [ArrayValue?] = []
  /// Its value, if known.
  package var value: ArrayValue?
  /// The gradient of the output with respect to it, if known.
  package var gradient: ArrayValue?
}

extension Graph {
  /// The nodes that a value is computed from, operands first and the value last, as people want to see them: constants
  /// folded, equal nodes once, and no reshaping, which computes nothing.
  ///
  /// - Parameter evaluate: What computes nodes of the simplified graph; without it, no values are known. Where the
  ///   value is a scalar, its gradient with respect to every node is computed too.
  package func trace(
    of output: Node, evaluatedBy evaluate: ((Graph, [Node]) throws -> [ArrayValue])? = nil
  ) throws -> [TracedNode] {
    let simple = try simplified([output], [.constants, .commonSubexpressions, .deadNodes])[0]
    let graph = simple.graph
    func shown(_ node: Node) -> Node {
      var node = node
      while node.operation is Reshape { node = node.inputs[0] }
      return node
    }
    let root = shown(simple)
    let nodes = graph.reachable(from: [root]).map { Node(graph: graph, index: $0) }.filter {
      !($0.operation is Reshape)
    }
    let positions = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1.index, $0) })
    var trace = nodes.map { node in
      let kind: TracedNode.Kind =
        switch node.operation {
        case is Parameter: .parameter
        case is Input, is Variable: .input
        case is Constant: .constant
        default: .operation
        }
      return TracedNode(
        kind: kind, name: node.operation.name, detail: node.operation.detail, shape: node.shape,
        inputs: node.inputs.compactMap { positions[shown($0).index] })
    }
    guard let evaluate else { return trace }
    for (position, value) in try evaluate(graph, nodes).enumerated() { trace[position].value = value }
    guard root.shape.elementCount == 1 else { return trace }
    let inner = nodes.indices.filter { trace[$0].kind != .constant }
    let gradients = try evaluate(graph, graph.gradient(of: root, withRespectTo: inner.map { nodes[$0] }))
    for (position, gradient) in zip(inner, gradients) { trace[position].gradient = gradient }
    for (position, node) in nodes.enumerated() where trace[position].kind == .operation {
      trace[position].localDerivatives = try graph.localDerivatives(of: node, evaluatedBy: evaluate)
    }
    return trace
  }

  /// The derivative of a node with respect to each of its operands that is no constant, where its elements are one
  /// number for each of the operand's.
  private func localDerivatives(
    of node: Node, evaluatedBy evaluate: (Graph, [Node]) throws -> [ArrayValue]
  ) throws -> [ArrayValue?] {
    let ones = try constant(1).broadcast(to: node.shape)
    let contributions = try node.operation.gradient(of: node, upstream: ones)
    return try zip(node.inputs, contributions).map { input, contribution in
      let isPlain =
        node.shape.elementCount == 1 || node.operation is any ElementwiseOperation && input.shape == node.shape
      guard isPlain, !(input.operation is Constant), let contribution else { return nil }
      return try evaluate(self, [contribution])[0]
    }
  }
}
