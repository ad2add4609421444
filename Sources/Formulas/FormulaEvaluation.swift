import Autodiff
import Foundations
import Kernels

/// A formula at a point: its value, gradient, Hessian and partial derivatives.
///
///     let bowl = try FormulaEvaluation("w[0]^2 + w[1]^2 - w[0]*w[1]", at: ["w": [-5, 5]])
///     let value = try bowl.value().values  // [75]
///     let gradient = try bowl.gradient()[0].values  // [-15, 15]
///     let partials = try bowl.partialDerivatives()[0]  // ["2*w[0] - w[1]", "2*w[1] - w[0]"]
public struct FormulaEvaluation {
  /// The most elements of all names together whose Hessian is computed.
  public static let mostHessianElements = 1024
  /// The most elements of all names together whose second derivatives are written as formulas.
  public static let mostSymbolicHessianElements = 16

  /// The names in the order in which they were given, with their values.
  public let point: [(name: String, value: ArrayValue)]
  /// The type that everything is computed in.
  public let precision: ElementType
  /// The formula's graph; its parameters are the names.
  public let graph: Graph
  /// The node of the formula's value.
  public let output: Node
  /// The nodes of the names, in order.
  public let parameters: [Node]
  private let layout: ParameterLayout

  /// Reads a formula and gives its names values.
  ///
  /// - Parameters:
  ///   - point: A value for each name of the formula, and for no other.
  ///   - precision: The type to compute in.
  /// - Throws: ``FormulaError`` if the formula cannot be read, has a name without a value, or joins shapes that do not
  ///   fit; `TrainerError` if a name is given twice or is not in the formula.
  public init(
    _ formula: String, at point: KeyValuePairs<String, ArrayValue>, precision: ElementType = .float64
  ) throws {
    try self.init(Formula(formula), at: point.map { ($0, $1) }, precision: precision)
  }

  /// Gives a formula's names values; see the other initializer.
  public init(_ formula: Formula, at point: [(name: String, value: ArrayValue)], precision: ElementType) throws {
    self.point = point
    self.precision = precision
    let graph = Graph()
    var layout = ParameterLayout()
    var names: [String: Node] = [:]
    for (name, value) in point {
      guard names[name] == nil else {
        throw TrainerError(.usage, "the name '\(name)' is given two values; give each name one")
      }
      guard formula.names.contains(name) else {
        let hint =
          suggestion(for: name, among: formula.names).map { "; did you mean \"\($0)\"?" }
          ?? (formula.names.isEmpty ? "; it has none" : "; its names are \(formula.names.joined(separator: ", "))")
        throw TrainerError(.usage, "the formula has no name '\(name)'\(hint)")
      }
      names[name] = try graph.parameter(name, shape: value.shape)
      layout.append(name: name, shape: value.shape)
    }
    try formula.requireNames(point.map(\.name))
    parameters = point.compactMap { names[$0.name] }
    output = try formula.build(in: graph, names: names)
    self.graph = graph
    self.layout = layout
  }

  /// The formula's value, of whatever shape it has.
  public func value() throws -> ArrayValue { try evaluate([output])[0] }

  /// The gradient with respect to each name, in order, each of its value's shape.
  ///
  /// - Throws: `TrainerError` if the formula's value is no scalar, or an operation has no gradient rule.
  public func gradient() throws -> [ArrayValue] { try evaluate(gradientNodes()) }

  /// The formula of each element of each name's gradient, in order.
  ///
  /// - Throws: `TrainerError` as ``gradient()``, and if the formula is too large to be read.
  public func partialDerivatives() throws -> [[String]] { try gradientNodes().map(graph.formulas) }

  /// The second derivatives: at `[i][j]` those with respect to name i and then name j, of the shape of i's value
  /// followed by j's. Computed by one product with the Hessian for each element.
  ///
  /// - Throws: `TrainerError` as ``gradient()``, and if the names have more than ``mostHessianElements`` elements.
  public func hessian() throws -> [[ArrayValue]] {
    guard layout.count <= Self.mostHessianElements else {
      throw TrainerError(
        .usage,
        "the Hessian is for small inputs: the names have \(layout.count) elements together, more than "
          + "\(Self.mostHessianElements)")
    }
    try checkScalar()
    let directions = layout.entries.map { "direction \($0.name)" }
    let products = try graph.hessianVectorProduct(
      of: output, withRespectTo: parameters,
      vector: zip(directions, layout.entries).map { try graph.input($0, shape: $1.shape) })
    // columns[e][j]: the second derivatives with respect to element e of the flat vector and each element of name j.
    let columns = try (0..<layout.count).map { element in
      let unit = layout.entries.map { entry in entry.range.map { $0 == element ? 1.0 : 0 } }
      return try evaluate(products, inputs: Dictionary(uniqueKeysWithValues: zip(directions, unit)))
    }
    return layout.entries.map { row in
      layout.entries.indices.map { column in
        ArrayValue(
          row.range.flatMap { columns[$0][column].values }, shape: row.shape + layout.entries[column].shape)
      }
    }
  }

  /// The formula of each second derivative: at `[i][j]` those with respect to the elements of name i and then of name j, in
  /// row-major order of the shape of i's value followed by j's.
  ///
  /// - Throws: `TrainerError` as ``partialDerivatives()``, and if the names have more than
  ///   ``mostSymbolicHessianElements`` elements.
  public func secondPartialDerivatives() throws -> [[[String]]] {
    guard layout.count <= Self.mostSymbolicHessianElements else {
      throw TrainerError(
        .usage,
        "formulas of second derivatives are for small inputs: the names have \(layout.count) elements together, more "
          + "than \(Self.mostSymbolicHessianElements)")
    }
    return try zip(gradientNodes(), layout.entries).map { first, entry in
      let elements = try first.reshape([entry.range.count])
      var columns = [[String]](repeating: [], count: parameters.count)
      for element in entry.range.indices {
        let index = element - entry.range.lowerBound
        let second = try graph.gradient(of: elements[index], withRespectTo: parameters)
        for (column, node) in second.enumerated() { columns[column] += try graph.formulas(of: node) }
      }
      return columns
    }
  }

  /// The value, and the gradient if it is asked for, as a function of the elements of all names, one behind the other in the
  /// order of ``point``: compiled once, for many points, in double precision. Not for several threads at once.
  package func function(withGradient hasGradient: Bool = false) throws -> (_ elements: [Double]) throws -> [Double] {
    let nodes = try [output] + (hasGradient ? gradientNodes() : [])
    let compiled = try CompiledFunction<Double>(nodes, layout: layout)
    return { try compiled.values(at: $0).flatMap(\.self) }
  }

  /// What the value and the gradient are computed by: the plan that training would run.
  package func planSummary() throws -> PlanSummary {
    var outputs = [PlanOutput(output, .result("value"))]
    if output.shape.elementCount == 1 {
      outputs += zip(try gradientNodes(), layout.entries).map { PlanOutput($0, .slot(offset: $1.offset)) }
    }
    return switch precision {
    case .float32: try Plan<Float>(outputs, layout: layout).summary
    case .float64: try Plan<Double>(outputs, layout: layout).summary
    }
  }

  /// The values of nodes of the graph, or of one with the same parameters, at the point, in the evaluation's precision.
  public func evaluate(_ nodes: [Node], inputs: [String: [Double]] = [:]) throws -> [ArrayValue] {
    switch precision {
    case .float32: try evaluate(nodes, inputs, as: Float.self)
    case .float64: try evaluate(nodes, inputs, as: Double.self)
    }
  }

  /// The formula's graph with the value of each node and, for a scalar, the gradient with respect to it.
  package func trace() throws -> [TracedNode] {
    try graph.trace(of: output) { _, nodes in try evaluate(nodes) }
  }

  private func evaluate<Scalar: KernelElement>(
    _ nodes: [Node], _ inputs: [String: [Double]], as type: Scalar.Type
  ) throws -> [ArrayValue] {
    guard let graph = nodes.first?.graph else { return [] }
    let results = try graph.evaluate(
      nodes, inputs: inputs.mapValues { $0.map { Scalar($0) } },
      parameters: point.flatMap { $0.value.values.map { Scalar($0) } }, layout: layout)
    // The shortest text of a float32 is that of a double near it, so 0.1 is shown as 0.1 in both precisions.
    return zip(nodes, results).map { node, values in
      ArrayValue(values.map { Double($0.description) ?? Double($0) }, shape: node.shape)
    }
  }

  private func gradientNodes() throws -> [Node] {
    try checkScalar()
    return try graph.gradient(of: output, withRespectTo: parameters)
  }

  private func checkScalar() throws {
    guard output.shape.elementCount == 1 else {
      throw TrainerError(
        .usage,
        "only a scalar has a gradient, but the formula's value has the shape \(output.shape); "
          + "make it one number, for example with sum(…)")
    }
  }
}

extension Formula {
  /// Checks that every name has a value.
  fileprivate func requireNames(_ known: [String]) throws {
    var missing: (name: String, offset: Int)?
    syntax.forEachName { name, offset in
      if missing == nil, !known.contains(name), Formula.constants[name] == nil, FormulaFunction.named(name) == nil {
        missing = (name, offset)
      }
    }
    if let missing {
      throw FormulaError(
        text, at: missing.offset, "'\(missing.name)' has no value",
        remedy: .init("point", "give it one in the point"))
    }
  }
}
