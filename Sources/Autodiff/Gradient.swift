import Foundations

extension Graph {
  /// The gradient of a scalar node, as new nodes of this graph: reverse-mode differentiation (Linnainmaa, 1970), one
  /// walk from the output to the leaves. The result can be differentiated again.
  ///
  /// - Parameters:
  ///   - output: A node with one element.
  ///   - targets: The nodes to differentiate with respect to.
  /// - Returns: For each target a node of its shape; zeros where the output does not depend on it.
  /// - Throws: `TrainerError` naming the operation if one on the way has no gradient rule, or if `output` is no scalar.
  public func gradient(of output: Node, withRespectTo targets: [Node]) throws -> [Node] {
    guard output.shape.elementCount == 1 else {
      throw TrainerError(.usage, "only a scalar has a gradient; this value has the shape \(output.shape)")
    }
    let needed = dependents(of: targets, upTo: output)
    var upstream: [Int: Node] = [output.index: try constant([1], shape: output.shape)]
    for index in stride(from: output.index, through: 0, by: -1) where needed[index] {
      let node = Node(graph: self, index: index)
      guard let incoming = upstream[index], node.inputs.contains(where: { needed[$0.index] }) else { continue }
      let contributions = try node.operation.gradient(of: node, upstream: incoming)
      for (input, contribution) in zip(node.inputs, contributions) where needed[input.index] {
        guard let contribution else { continue }
        upstream[input.index] = try upstream[input.index].map { try $0 + contribution } ?? contribution
      }
    }
    return try targets.map { target in
      try upstream[target.index] ?? constant(0).broadcast(to: target.shape)
    }
  }

  /// Which nodes up to `output` depend on a target; only through them can a gradient flow.
  private func dependents(of targets: [Node], upTo output: Node) -> [Bool] {
    var depends = [Bool](repeating: false, count: output.index + 1)
    for target in targets where target.index <= output.index { depends[target.index] = true }
    for index in depends.indices where !depends[index] {
      depends[index] = records[index].inputs.contains { depends[$0] }
    }
    return depends
  }
}
