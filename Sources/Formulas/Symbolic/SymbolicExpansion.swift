import Autodiff
import Foundations
import Kernels

extension Graph {
  /// The elements of a node as formulas in the elements of the graph's parameters and inputs, in row-major order:
  /// `2*w[0] - w[1]`. Each parses back, with the same names, to the same value wherever it has one: the rules are those
  /// of real numbers where both sides are defined, and what gradient rules say of isolated points, such as 0^0, is left
  /// out.
  ///
  /// Arrays are taken apart into scalars, so that the gradient of an index or a sum reads as a person would write it;
  /// the derivative itself is the graph's own, and no rule exists twice.
  ///
  /// - Throws: `TrainerError` if the node has too many elements or terms to be read, or depends on random numbers.
  public func formulas(of node: Node) throws -> [String] {
    let simplified = try simplified([node], [.commonSubexpressions, .deadNodes])[0]
    var expansion = SymbolicExpansion(of: simplified.graph)
    return try expansion.elements(of: simplified).map(\.tidied.text)
  }
}

/// Turns nodes into the algebraic expressions of their elements.
private struct SymbolicExpansion {
  private static let mostElements = 256
  private static let greatestSize = 20_000

  private let graph: Graph
  private let leafNames: Set<String>
  private var known: [Int: [AlgebraicSum]] = [:]

  init(of graph: Graph) {
    self.graph = graph
    leafNames = Set(
      graph.nodes.compactMap { if case .named(let name) = $0.kind { name } else { nil } })
  }

  /// The expressions of a node's elements. Nodes are in topological order, so no recursion is needed.
  mutating func elements(of node: Node) throws -> [AlgebraicSum] {
    for current in graph.nodes.prefix(node.index + 1) {
      guard current.shape.elementCount <= Self.mostElements else {
        throw TrainerError(
          .usage,
          "symbolic output is for small formulas: '\(current.operation.name)' has \(current.shape.elementCount) "
            + "elements here, more than \(Self.mostElements)")
      }
      let elements = try expand(current, current.inputs.compactMap { known[$0.index] })
      guard elements.allSatisfy({ $0.size <= Self.greatestSize }) else {
        throw TrainerError(
          .usage, "symbolic output is for small formulas: this one grows beyond \(Self.greatestSize) factors")
      }
      known[current.index] = elements
    }
    return known[node.index] ?? []
  }

  private func expand(_ node: Node, _ inputs: [[AlgebraicSum]]) throws -> [AlgebraicSum] {
    switch node.kind {
    case .named(let name): return node.shape.elementNames(name).map { AlgebraicSum(.symbol($0)) }
    case .constant(let values): return values.map(number)
    case .unary(let function): return inputs[0].map { AlgebraicSum.apply(function, $0) }
    case .binary(let function):
      return zip(broadcast(inputs[0], node, 0), broadcast(inputs[1], node, 1)).map {
        AlgebraicSum.apply(function, $0, $1)
      }
    case .select:
      let (x, y) = (broadcast(inputs[1], node, 1), broadcast(inputs[2], node, 2))
      return broadcast(inputs[0], node, 0).enumerated().map { index, condition in
        if let number = condition.constantValue { return number != 0 ? x[index] : y[index] }
        return x[index] == y[index] ? x[index] : AlgebraicSum(.call("where", [condition, x[index], y[index]]))
      }
    case .guarded:
      let (x, y) = (broadcast(inputs[1], node, 1), broadcast(inputs[2], node, 2))
      return broadcast(inputs[0], node, 0).enumerated().map { index, condition in
        if let number = condition.constantValue { return number != 0 ? x[index] : y[index] }
        // What is made of pieces, such as relu(x), may be 0 on the whole of one.
        return condition.isPiecewise ? AlgebraicSum(.call("where", [condition, x[index], y[index]])) : y[index]
      }
    case .broadcast: return broadcast(inputs[0], node, 0)
    case .view: return inputs[0]
    case .matrixProduct(let transposesLeft, let transposesRight):
      return product(node, inputs[0], transposed: transposesLeft, inputs[1], transposed: transposesRight)
    case .oneHot(let count):
      return inputs[0].flatMap { x in
        (0..<count).map { AlgebraicSum.compare("==", x, AlgebraicSum($0)) }
      }
    case .reduction(.sum), .transpose, .slice, .pad, .concatenate: return try linear(node, inputs)
    case .reduction:
      return try groups(node).map { places in
        places.count == 1
          ? inputs[0][places[0]] : AlgebraicSum(.reduction(node.operation.name, places.map { inputs[0][$0] }))
      }
    case .argmax, .softmax, .logSoftmax, .logSumExp: return rows(node, inputs[0])
    case .gather, .scatterAdd:
      guard case .constant(let indices) = node.inputs[1].kind else {
        throw TrainerError(.usage, "symbolic output needs indices that are numbers in the formula")
      }
      return try linear(node, [inputs[0]], indices: indices)
    case .convolution, .transposedConvolution, .maxPool, .meanPool, .other:
      throw TrainerError(.usage, "operation '\(node.operation.name)' has no symbolic form")
    }
  }

  // MARK: - Leaves

  private func number(_ value: Double) -> AlgebraicSum {
    for name in ["pi", "e"] where !leafNames.contains(name) {
      guard let constant = Formula.constants[name] else { continue }
      // The exponents of x^pi's derivatives are pi less a whole number.
      var lower = constant
      for count in 0..<4 {
        if lower == value { return AlgebraicSum(.constant(name)) - AlgebraicSum(count) }
        lower -= 1
      }
    }
    // The derivative of the error function has this number.
    if abs(value) == 2 / Double.pi.squareRoot(), !leafNames.contains("pi") {
      return ExactNumber(value < 0 ? -2 : 2) * AlgebraicSum(.constant("pi")).power(ExactNumber(-1) / ExactNumber(2))
    }
    return AlgebraicSum(ExactNumber(value))
  }

  // MARK: - Element-wise

  private func broadcast(_ elements: [AlgebraicSum], _ node: Node, _ position: Int) -> [AlgebraicSum] {
    let (source, target) = (node.inputs[position].shape, node.shape)
    if source == target { return elements }
    let (steps, strides) = (source.strides(broadcastTo: target), target.rowMajorStrides)
    return (0..<target.elementCount).map { index in
      elements[target.indices.reduce(0) { $0 + index / strides[$1] % target[$1] * steps[$1] }]
    }
  }

  // MARK: - Arrays

  /// For each element of a reduction's result the places of the elements that it joins.
  private func groups(_ node: Node) throws -> [[Int]] {
    var groups = [[Int]](repeating: [], count: node.shape.elementCount)
    let (shape, strides) = (node.inputs[0].shape, node.inputs[0].shape.rowMajorStrides)
    let steps = node.shape.strides(broadcastTo: shape)
    for index in 0..<shape.elementCount {
      groups[shape.indices.reduce(0) { $0 + index / strides[$1] % shape[$1] * steps[$1] }].append(index)
    }
    return groups
  }

  private func rows(_ node: Node, _ x: [AlgebraicSum]) -> [AlgebraicSum] {
    let columns = node.inputs[0].shape.last ?? 1
    return stride(from: 0, to: x.count, by: max(columns, 1)).flatMap { start -> [AlgebraicSum] in
      let row = Array(x[start..<start + columns])
      if case .argmax = node.kind { return [AlgebraicSum(.reduction("argmax", row))] }
      let exponentials = row.map { AlgebraicSum.apply(.exp, $0) }
      let total = exponentials.reduce(AlgebraicSum(0), +)
      switch node.kind {
      case .softmax: return exponentials.map { $0 / total }
      case .logSoftmax: return row.map { $0 - AlgebraicSum.apply(.log, total) }
      default: return [AlgebraicSum.apply(.log, total)]
      }
    }
  }

  private func product(
    _ node: Node, _ left: [AlgebraicSum], transposed transposesLeft: Bool, _ right: [AlgebraicSum],
    transposed transposesRight: Bool
  ) -> [AlgebraicSum] {
    let (a, b, rank) = (node.inputs[0].shape, node.inputs[1].shape, node.shape.count)
    let (rows, columns) = (node.shape[rank - 2], node.shape[rank - 1])
    let depth = a[a.count - (transposesLeft ? 2 : 1)]
    let batch = Shape(node.shape.dropLast(2))
    return zip(batch.matrixStarts(in: a), batch.matrixStarts(in: b)).flatMap { leftStart, rightStart in
      (0..<rows * columns).map { index in
        let (i, j) = (index / columns, index % columns)
        return (0..<depth).reduce(AlgebraicSum(0)) { sum, k in
          sum + left[leftStart + (transposesLeft ? k * rows + i : i * depth + k)]
            * right[rightStart + (transposesRight ? j * depth + k : k * columns + j)]
        }
      }
    }
  }

  /// A linear operation by its matrix, which running it on unit vectors gives.
  private func linear(
    _ node: Node, _ inputs: [[AlgebraicSum]], indices: [Double]? = nil
  ) throws -> [AlgebraicSum] {
    let shapes = node.inputs.prefix(inputs.count).map(\.shape)
    var result = [AlgebraicSum](repeating: AlgebraicSum(0), count: node.shape.elementCount)
    for (position, elements) in inputs.enumerated() {
      for (place, element) in elements.enumerated() {
        let trial = Graph()
        var operands = try shapes.enumerated().map { other, shape in
          var values = [Double](repeating: 0, count: shape.elementCount)
          if other == position { values[place] = 1 }
          return try trial.constant(values, shape: shape)
        }
        if let indices { operands.append(try trial.constant(indices, shape: node.inputs[1].shape)) }
        let column = try trial.evaluate(trial.apply(node.operation, to: operands), simplifications: [])
        for (row, coefficient) in column.enumerated() where coefficient != 0 {
          result[row] = result[row] + ExactNumber(coefficient) * element
        }
      }
    }
    return result
  }
}
