import Autodiff
import Foundations

extension Formula {
  /// Adds the formula's value for each sample of a batch to a graph.
  ///
  /// The formula is written for one sample, and the whole batch is computed at once: its graph is copied with one more
  /// axis. Where an operation on the way cannot be, the formula is added once for each sample.
  ///
  /// - Parameters:
  ///   - names: What stands for the same value in every sample: parameters.
  ///   - rows: What stands for a row of each sample's own, [samples, …].
  ///   - isBatched: Whether to compute the whole batch at once where that can be done; if not, for a comparison.
  /// - Returns: A node of shape [samples].
  /// - Throws: ``FormulaError`` if a name is unknown, shapes do not fit, or the value of a sample is no single number.
  public func build(
    in graph: Graph, names: [String: Node], rows: [String: Node], samples: Int, isBatched: Bool = true
  ) throws -> Node {
    let batched = rows.sorted { $0.key < $1.key }
    let single = try batched.map { try graph.input("a row of \($0.key)", shape: Shape($0.value.shape.dropFirst())) }
    let own = Dictionary(uniqueKeysWithValues: zip(batched.map(\.key), single))
    let value = try scalar(
      build(in: graph, names: names.merging(own) { name, _ in name }), hasRows: !rows.isEmpty)
    if isBatched, let all = try graph.batch(value, over: single, as: batched.map(\.value), samples: samples) {
      return all
    }
    return try stack(
      (0..<samples).map { sample in
        let own = try rows.mapValues { try $0[sample] }
        return try scalar(build(in: graph, names: names.merging(own) { name, _ in name }), hasRows: true)
      })
  }

  private func scalar(_ value: Node, hasRows: Bool) throws -> Node {
    guard value.shape.elementCount == 1 else {
      throw FormulaError(
        text, at: 0,
        "the \(hasRows ? "value for one sample" : "formula's value") has the shape \(value.shape), expected a single "
          + "number; join it with sum or mean")
    }
    return try value.reshape([])
  }
}
