import Foundations

/// A leaf that carries its value: a plan takes it for a constant, while simplification leaves it alone, so that it can be
/// differentiated and has a name.
struct Variable: StoredLeaf {
  /// Tells the variables of one graph apart.
  let variableName: String
  let values: [Double]
  let storedShape: Shape
  var name: String { "variable" }
  var detail: String { variableName }

  init(name: String, values: [Double], shape: Shape) {
    variableName = name
    self.values = values
    storedShape = shape
  }
}

/// Arithmetic on values, as in a notebook: name no graph, plan or layout, build an expression and read its numbers.
///
///     let w = try variable([-5, 5])
///     let bowl = try w[0].square() + w[1].square() - w[0] * w[1]
///     let value = try bowl.value()  // [75]
///     let gradient = try bowl.gradient(of: w)  // [-15, 15]
///
/// Every reading compiles and runs a plan: right for exploring and for tests, while training compiles once.
extension Graph {
  /// A leaf that carries its value.
  ///
  /// - Parameters:
  ///   - values: The elements in row-major order.
  ///   - shape: By default a vector's.
  public func variable(_ values: [Double], shape: Shape? = nil) throws -> Node {
    let shape = shape ?? [values.count]
    guard values.count == shape.elementCount else {
      throw TrainerError(.usage, "a variable of shape \(shape) needs \(shape.elementCount) values, not \(values.count)")
    }
    return try apply(Variable(name: "variable \(count)", values: values, shape: shape))
  }

  /// A scalar leaf that carries its value.
  public func variable(_ value: Double) throws -> Node { try variable([value], shape: []) }
}

/// A leaf that carries its value, in a graph of its own.
///
/// - Parameters:
///   - values: The elements in row-major order.
///   - shape: By default a vector's.
public func variable(_ values: [Double], shape: Shape? = nil) throws -> Node {
  try Graph().variable(values, shape: shape)
}

/// A scalar leaf that carries its value, in a graph of its own.
public func variable(_ value: Double) throws -> Node { try Graph().variable(value) }

extension Node {
  /// The elements, in row-major order, computed from the variables that it depends on.
  ///
  /// - Throws: `TrainerError` if it depends on an input or a parameter that carries no value.
  public func value() throws -> [Double] { try graph.evaluate(self) }

  /// The gradient of this scalar with respect to a variable, or any node that it depends on, in row-major order.
  ///
  /// - Throws: `TrainerError` if this is no scalar, an operation has no gradient rule, or a value is missing.
  public func gradient(of target: Node) throws -> [Double] {
    let gradient = try graph.gradient(of: self, withRespectTo: [target])
    return try gradient[0].value()
  }
}
