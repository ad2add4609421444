import Foundations

extension Graph {
  /// What a value is for each of several samples, computed for all of them at once.
  ///
  /// The part of the graph between the samples' values and `output` is copied with one more axis, which comes first.
  /// What no sample has a part in is shared.
  ///
  /// - Parameters:
  ///   - output: A value for one sample.
  ///   - inputs: The leaves that stand for one sample's values.
  ///   - batched: For each of them a node of the shape [samples] + its own.
  /// - Returns: A node of the shape [samples] + that of `output`; `nil` if an operation on the way cannot be computed for
  ///   several samples at once, such as an element of a sample's array at an index that the sample names too.
  package func batch(_ output: Node, over inputs: [Node], as batched: [Node], samples: Int) throws -> Node? {
    precondition(inputs.count == batched.count, "each input needs a batched node")
    precondition(
      zip(inputs, batched).allSatisfy { [samples] + $0.shape == $1.shape }, "a batched node has another shape")
    var batching = Batching(samples: samples)
    for (input, node) in zip(inputs, batched) { batching.replacements[input.index] = node }
    for index in reachable(from: [output]) where batching.replacements[index] == nil {
      guard try batching.rewrite(Node(graph: self, index: index)) else { return nil }
    }
    return try batching.replacements[output.index] ?? batching.repeated(output)
  }
}

/// Copies nodes with one more axis.
private struct Batching {
  let samples: Int
  /// The nodes that differ between samples, with what takes their place.
  var replacements: [Int: Node] = [:]

  /// A node that is the same for all samples, as often as there are samples.
  func repeated(_ node: Node) throws -> Node { try node.broadcast(to: [samples] + node.shape) }

  /// Copies a node if it differs between samples; `false` if it cannot.
  mutating func rewrite(_ node: Node) throws -> Bool {
    guard node.inputs.contains(where: { replacements[$0.index] != nil }) else { return true }
    replacements[node.index] = try rule(node)
    return replacements[node.index] != nil
  }

  /// The operand with the samples' axis first and `rank` axes behind it; one that is the same for all as it is.
  private func aligned(_ input: Node, rank: Int) throws -> Node {
    guard let batched = replacements[input.index] else { return input }
    let missing = Shape(repeating: 1, count: max(0, rank - input.shape.count))
    return try batched.reshape([samples] + missing + input.shape)
  }

  private func rule(_ node: Node) throws -> Node? {
    let (graph, operation) = (node.graph, node.operation)
    let shifted: any GraphOperation
    switch operation {
    case let broadcast as Broadcast:
      return try aligned(node.inputs[0], rank: node.shape.count).broadcast(to: [samples] + broadcast.target)
    case is any ElementwiseOperation:
      return try graph.apply(operation, to: node.inputs.map { try aligned($0, rank: node.shape.count) })
    case let multiply as MatrixMultiply:
      let operands = try node.inputs.map { try aligned($0, rank: node.shape.count) }
      return try operands[0].multiply(by: operands[1], multiply)
    case is any RowOperation, is StopGradient, is OneHot: shifted = operation
    case let reduce as Reduce:
      shifted = Reduce(function: reduce.function, axes: reduce.axes.lowerBound + 1..<reduce.axes.upperBound + 1)
    case let reshape as Reshape: shifted = Reshape(target: [samples] + reshape.target)
    case let transpose as Transpose: shifted = Transpose(permutation: [0] + transpose.permutation.map { $0 + 1 })
    case let slice as Slice: shifted = Slice(ranges: [allSamples] + slice.ranges)
    case let pad as Pad: shifted = Pad(ranges: [allSamples] + pad.ranges, target: [samples] + pad.target)
    case let concatenate as Concatenate:
      return try graph.apply(
        Concatenate(axis: concatenate.axis + 1),
        to: node.inputs.map { try replacements[$0.index] ?? repeated($0) })
    case let gather as Gather: return try self.gather(gather, node)
    case let scatter as ScatterAdd where replacements[node.inputs[1].index] == nil:
      let values = try replacements[node.inputs[0].index] ?? repeated(node.inputs[0])
      return try graph.apply(
        ScatterAdd(axis: scatter.axis + 1, extent: scatter.extent), to: [values, node.inputs[1]])
    default: return nil
    }
    return try graph.apply(shifted, to: node.inputs.compactMap { replacements[$0.index] })
  }

  private var allSamples: AxisRange { AxisRange(start: 0, step: 1, count: samples) }

  private func gather(_ gather: Gather, _ node: Node) throws -> Node? {
    let (x, indices) = (node.inputs[0], node.inputs[1])
    switch (replacements[x.index], replacements[indices.index]) {
    case (let x?, nil): return try x.gather(indices, axis: gather.axis + 1)
    case (nil, let indices?):
      // The samples' axis lands behind those of x that come before the gathered one.
      let gathered = try x.gather(indices, axis: gather.axis)
      let order = [gather.axis] + gathered.shape.indices.filter { $0 != gather.axis }
      return try gathered.transpose(order)
    default: return nil
    }
  }
}
