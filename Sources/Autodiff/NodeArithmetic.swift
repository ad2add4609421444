import Kernels

// Element-wise arithmetic on nodes, with NumPy's broadcasting. Everything throws the shape error of its operation.

/// The sum of two nodes.
public func + (x: Node, y: Node) throws -> Node { try x.apply(BinaryOperation(function: .add), y) }
/// The difference of two nodes.
public func - (x: Node, y: Node) throws -> Node { try x.apply(BinaryOperation(function: .subtract), y) }
/// The product of two nodes.
public func * (x: Node, y: Node) throws -> Node { try x.apply(BinaryOperation(function: .multiply), y) }
/// The quotient of two nodes.
public func / (x: Node, y: Node) throws -> Node { try x.apply(BinaryOperation(function: .divide), y) }
/// The sum of a node and a number.
public func + (x: Node, y: Double) throws -> Node { try x + x.graph.constant(y) }
/// The difference of a node and a number.
public func - (x: Node, y: Double) throws -> Node { try x - x.graph.constant(y) }
/// The product of a node and a number.
public func * (x: Node, y: Double) throws -> Node { try x * x.graph.constant(y) }
/// The quotient of a node and a number.
public func / (x: Node, y: Double) throws -> Node { try x / x.graph.constant(y) }
/// The sum of a number and a node.
public func + (x: Double, y: Node) throws -> Node { try y.graph.constant(x) + y }
/// The difference of a number and a node.
public func - (x: Double, y: Node) throws -> Node { try y.graph.constant(x) - y }
/// The product of a number and a node.
public func * (x: Double, y: Node) throws -> Node { try y.graph.constant(x) * y }
/// The quotient of a number and a node.
public func / (x: Double, y: Node) throws -> Node { try y.graph.constant(x) / y }
/// The negated node.
public prefix func - (x: Node) throws -> Node { try x.apply(UnaryOperation(function: .negate)) }

/// `x` where `condition` is not zero, else `y`.
public func select(_ condition: Node, _ x: Node, _ y: Node) throws -> Node {
  try condition.apply(SelectOperation(), x, y)
}

/// `y`, but `x` at the isolated points of `condition`, where the formula `y` has no value.
func guarded(_ condition: Node, _ x: Node, _ y: Node) throws -> Node {
  try condition.apply(SelectOperation(isGuard: true), x, y)
}

extension Node {
  /// The function of each element.
  package func apply(_ function: UnaryFunction) throws -> Node { try apply(UnaryOperation(function: function)) }
  /// The function of each two elements.
  package func apply(_ function: BinaryFunction, _ other: Node) throws -> Node {
    try apply(BinaryOperation(function: function), other)
  }

  /// e^x.
  public func exp() throws -> Node { try apply(.exp) }
  /// The natural logarithm.
  public func log() throws -> Node { try apply(.log) }
  /// The logarithm to base 2.
  public func log2() throws -> Node { try apply(.log2) }
  /// The logarithm to base 10.
  public func log10() throws -> Node { try apply(.log10) }
  /// log(1 + x), exact near 0.
  public func log1p() throws -> Node { try apply(.log1p) }
  /// e^x − 1, exact near 0.
  public func expm1() throws -> Node { try apply(.expm1) }
  /// The square root.
  public func sqrt() throws -> Node { try apply(.sqrt) }
  /// 1 / √x.
  public func rsqrt() throws -> Node { try apply(.rsqrt) }
  /// |x|; its subgradient at 0 is 0.
  public func abs() throws -> Node { try apply(.abs) }
  /// −1, 0 or 1; its gradient is 0.
  public func sign() throws -> Node { try apply(.sign) }
  /// The sine of x in radians.
  public func sin() throws -> Node { try apply(.sin) }
  /// The cosine of x in radians.
  public func cos() throws -> Node { try apply(.cos) }
  /// The tangent of x in radians.
  public func tan() throws -> Node { try apply(.tan) }
  /// The angle in radians, −π/2 to π/2, whose sine is x.
  public func asin() throws -> Node { try apply(.asin) }
  /// The angle in radians, 0 to π, whose cosine is x.
  public func acos() throws -> Node { try apply(.acos) }
  /// The angle in radians, −π/2 to π/2, whose tangent is x.
  public func atan() throws -> Node { try apply(.atan) }
  /// The hyperbolic sine.
  public func sinh() throws -> Node { try apply(.sinh) }
  /// The hyperbolic cosine.
  public func cosh() throws -> Node { try apply(.cosh) }
  /// The hyperbolic tangent.
  public func tanh() throws -> Node { try apply(.tanh) }
  /// 1 / (1 + e^−x).
  public func sigmoid() throws -> Node { try apply(.sigmoid) }
  /// log(1 + e^x).
  public func softplus() throws -> Node { try apply(.softplus) }
  /// The error function.
  public func erf() throws -> Node { try apply(.erf) }
  /// The complementary error function, 1 − erf(x), exact where it is small.
  public func erfc() throws -> Node { try apply(.erfc) }
  /// x².
  public func square() throws -> Node { try apply(.square) }
  /// 1 / x.
  public func reciprocal() throws -> Node { try apply(.reciprocal) }
  /// max(x, 0); its subgradient at 0 is 0.
  public func relu() throws -> Node { try apply(.relu) }

  /// x^y.
  public func power(_ exponent: Node) throws -> Node { try apply(.power, exponent) }
  /// The smaller of two; ties share the gradient.
  public func minimum(_ other: Node) throws -> Node { try apply(.minimum, other) }
  /// The larger of two; ties share the gradient.
  public func maximum(_ other: Node) throws -> Node { try apply(.maximum, other) }
  /// 1 where equal, else 0.
  public func isEqual(to other: Node) throws -> Node { try apply(.equal, other) }
  /// 1 where x < other, else 0.
  public func isLess(than other: Node) throws -> Node { try apply(.less, other) }
  /// 1 where x ≤ other, else 0.
  public func isAtMost(_ other: Node) throws -> Node { try apply(.lessOrEqual, other) }
  /// 1 where x > other, else 0.
  public func isGreater(than other: Node) throws -> Node { try other.apply(.less, self) }
  /// 1 where x ≥ other, else 0.
  public func isAtLeast(_ other: Node) throws -> Node { try other.apply(.lessOrEqual, self) }

  /// 1 where not equal, else 0; NaN equals nothing.
  public func isNotEqual(to other: Node) throws -> Node { try 1 - isEqual(to: other) }

  /// The value, but at least `minimum` and at most `maximum`; `maximum` wins where they cross.
  ///
  /// Where all bounds are numbers, the gradient at a bound is 0; where one is an array or has a gradient of its own, the
  /// value and the bound that it equals get half each. So PyTorch's `clamp` has it for numbers and for tensors, but for
  /// tensors whose two bounds are equal, where the halves are of halves here.
  public func clip(from minimum: Node?, to maximum: Node?) throws -> Node {
    var result = self
    guard [minimum, maximum].allSatisfy({ $0?.isFixedNumber ?? true }) else {
      if let minimum { result = try result.maximum(minimum) }
      if let maximum { result = try result.minimum(maximum) }
      return result
    }
    if let minimum { result = try select(result.isAtMost(minimum), minimum, result) }
    if let maximum { result = try select(result.isAtLeast(maximum), maximum, result) }
    return result
  }

  /// The value, but at least `minimum` and at most `maximum`; its gradient at a bound is 0.
  public func clip(from minimum: Double, to maximum: Double) throws -> Node {
    try clip(from: graph.constant(minimum), to: graph.constant(maximum))
  }

  /// x^n for a number n.
  public func power(_ exponent: Double) throws -> Node { try power(graph.constant(exponent)) }

  /// The value repeated up to a shape, by NumPy's broadcasting rule.
  public func broadcast(to shape: Shape) throws -> Node {
    if shape == self.shape { return self }
    let operation = Broadcast(target: shape)
    // Axes of extent 1 repeat nothing, and a view computes nothing.
    if shape.elementCount == self.shape.elementCount, try operation.shape(of: [self.shape]) == shape {
      return try reshape(shape)
    }
    return try apply(operation)
  }
}
