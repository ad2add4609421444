import Foundations

extension Formula {
  /// Adds the formula's value for each sample of a batch to a graph.
  ///
  /// The formula is written for one sample. Where everything that depends on the data is element-wise arithmetic on
  /// single numbers, the whole batch is computed at once; else the formula is added once for each sample.
  ///
  /// - Parameters:
  ///   - names: What stands for the same value in every sample: parameters.
  ///   - rows: What stands for a row of each sample's own, [samples, …].
  /// - Returns: A node of shape [samples].
  /// - Throws: ``FormulaError`` if a name is unknown, shapes do not fit, or the value of a sample is no single number.
  public func build(in graph: Graph, names: [String: Node], rows: [String: Node], samples: Int) throws -> Node {
    if try isElementwise(names: names, rows: rows) {
      let value = try build(in: graph, names: names.merging(rows) { name, _ in name })
      return try value.broadcast(to: [samples])
    }
    return try stack(
      (0..<samples).map { sample in
        let own = try rows.mapValues { try $0[sample] }
        return try scalar(build(in: graph, names: names.merging(own) { name, _ in name }))
      })
  }

  private func scalar(_ value: Node) throws -> Node {
    guard value.shape.reduce(1, *) == 1 else {
      throw FormulaError(
        text, at: 0,
        "the value for one sample has the shape \(value.shape), expected a single number; join it with sum or mean")
    }
    return try value.reshape([])
  }

  /// Whether a batch can be computed at once: tried on a graph of one sample.
  private func isElementwise(names: [String: Node], rows: [String: Node]) throws -> Bool {
    guard rows.values.allSatisfy({ $0.shape.count == 1 }) else { return false }
    let graph = Graph()
    let parameters = try names.mapValues { try graph.parameter("\($0.index)", shape: $0.shape) }
    let inputs = try rows.mapValues { try graph.input("\($0.index)", shape: []) }
    _ = try scalar(build(in: graph, names: parameters.merging(inputs) { name, _ in name }))
    var depends = Set(inputs.values.map(\.index))
    for node in graph.nodes where node.inputs.contains(where: { depends.contains($0.index) }) {
      guard node.operation is any ElementwiseOperation, node.shape.isEmpty else { return false }
      depends.insert(node.index)
    }
    return true
  }
}
