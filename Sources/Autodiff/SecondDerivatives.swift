import Foundations

extension Graph {
  /// The product of a scalar node's Hessian with a vector, as new nodes of this graph: the gradient of the gradient's
  /// product with the vector (Pearlmutter, 1994), about three times the cost of the value and no matrix.
  ///
  /// - Parameters:
  ///   - output: A node with one element.
  ///   - targets: The nodes to differentiate with respect to, both times.
  ///   - vector: For each target a node of its shape: together the vector.
  /// - Returns: For each target a node of its shape: together the product.
  /// - Throws: `TrainerError` naming the operation if one on the way has no gradient rule, or if `output` is no scalar.
  public func hessianVectorProduct(
    of output: Node, withRespectTo targets: [Node], vector: [Node]
  ) throws -> [Node] {
    precondition(targets.map(\.shape) == vector.map(\.shape), "the vector has not the targets' shapes")
    let gradient = try gradient(of: output, withRespectTo: targets)
    var product = try constant(0)
    for (part, direction) in zip(gradient, vector) {
      product = try product + (part * direction.stopGradient()).sum()
    }
    return try self.gradient(of: product, withRespectTo: targets)
  }
}
