import Kernels

/// An element-wise function of one argument: all that there is to say of it but its kernel.
///
/// A new function is two lines. The kernel is a line of C in `functions.inc` of `CKernels`, compiled for each element
/// type and instruction set:
///
///     UNARY(erfc, TM(erfc)(x))
///
/// That makes the case `UnaryFunction.erfc`. Its row in ``all`` says the rest:
///
///     UnaryRow(.erfc, is: "the complementary error function, 1 - erf(x)") { x, _, upstream in
///       try upstream * (-2 / Double.pi.squareRoot()) * (-x.square()).exp()
///     },
///
/// Of these two come the function in formulas, its place in ``OperationTable``, in the table of docs/operations.md and
/// in the reference numbers of `Tests/Fixtures`, and the checks of its gradient and of all its kernels.
/// docs/architecture.md has the steps; ``BinaryRow`` and ``ReductionRow`` are the same for functions of two arguments
/// and for reductions.
package struct UnaryRow: Sendable {
  /// The gradient that an operand x gets if the result y gets `upstream`; `nil` where it is zero everywhere. A rule may
  /// name y where that spares computing it again.
  package typealias Gradient = @Sendable (_ x: Node, _ y: Node, _ upstream: Node) throws -> Node?

  /// The kernel, whose name is the operation's.
  package let function: UnaryFunction
  /// How formulas call it.
  package let formulaName: String
  /// What it gives, in a formula's words.
  package let summary: String
  /// Where it is defined: tests draw operands there.
  package let domain: OperandDomain
  /// Whether it has no kink; then second derivatives are checked too.
  package let isSmooth: Bool
  let gradient: Gradient

  private init(
    _ function: UnaryFunction, called formulaName: String? = nil, is summary: String, of domain: OperandDomain = .all,
    isSmooth: Bool = true, gradient: @escaping Gradient
  ) {
    self.function = function
    self.formulaName = formulaName ?? function.name
    self.summary = summary
    self.domain = domain
    self.isSmooth = isSmooth
    self.gradient = gradient
  }

  /// All functions, in the order of documentation.
  package static let all: [UnaryRow] = [
    UnaryRow(.abs, is: "the absolute value", isSmooth: false) { x, _, upstream in try upstream * x.sign() },
    UnaryRow(.negate, called: "neg", is: "-x") { _, _, upstream in try -upstream },
    UnaryRow(.sign, is: "-1, 0 or 1", isSmooth: false) { _, _, _ in nil },
    UnaryRow(.square, is: "x^2") { x, _, upstream in try upstream * x * 2 },
    UnaryRow(.reciprocal, is: "1/x", of: .nonzero) { _, y, upstream in try -(upstream * y.square()) },
    UnaryRow(.sqrt, is: "the square root", of: .positive) { _, y, upstream in try upstream / (y * 2) },
    UnaryRow(.rsqrt, is: "1/sqrt(x)", of: .positive) { x, y, upstream in try upstream * -0.5 * y / x },
    UnaryRow(.exp, is: "e^x") { _, y, upstream in try upstream * y },
    UnaryRow(.expm1, is: "e^x - 1, exact near 0") { _, y, upstream in try upstream * (y + 1) },
    UnaryRow(.log, is: "the natural logarithm, also ln", of: .positive) { x, _, upstream in try upstream / x },
    UnaryRow(.log2, is: "the logarithm to base 2", of: .positive) { x, _, upstream in
      try upstream / (x * x.graph.constant(2).log())
    },
    UnaryRow(.log10, is: "the logarithm to base 10", of: .positive) { x, _, upstream in
      try upstream / (x * x.graph.constant(10).log())
    },
    UnaryRow(.log1p, is: "log(1 + x), exact near 0", of: .aboveMinusOne) { x, _, upstream in try upstream / (x + 1) },
    UnaryRow(.sin, is: "the sine of radians") { x, _, upstream in try upstream * x.cos() },
    UnaryRow(.cos, is: "the cosine of radians") { x, _, upstream in try -(upstream * x.sin()) },
    UnaryRow(.tan, is: "the tangent of radians", of: .betweenPoles) { _, y, upstream in try upstream * (y.square() + 1)
    },
    UnaryRow(.asin, is: "the angle in radians whose sine is x", of: .insideOne) { x, _, upstream in
      try upstream / (1 - x.square()).sqrt()
    },
    UnaryRow(.acos, is: "the angle in radians whose cosine is x", of: .insideOne) { x, _, upstream in
      try -(upstream / (1 - x.square()).sqrt())
    },
    UnaryRow(.atan, is: "the angle in radians whose tangent is x") { x, _, upstream in
      try upstream / (x.square() + 1)
    },
    UnaryRow(.sinh, is: "the hyperbolic sine") { x, _, upstream in try upstream * x.cosh() },
    UnaryRow(.cosh, is: "the hyperbolic cosine") { x, _, upstream in try upstream * x.sinh() },
    UnaryRow(.tanh, is: "the hyperbolic tangent") { _, y, upstream in try upstream * (1 - y.square()) },
    UnaryRow(.sigmoid, is: "1/(1 + e^-x)") { _, y, upstream in try upstream * y * (1 - y) },
    UnaryRow(.softplus, is: "log(1 + e^x)") { x, _, upstream in try upstream * x.sigmoid() },
    UnaryRow(.erf, is: "the error function") { x, _, upstream in
      try upstream * (2 / Double.pi.squareRoot()) * (-x.square()).exp()
    },
    UnaryRow(.erfc, is: "the complementary error function, 1 - erf(x)") { x, _, upstream in
      try upstream * (-2 / Double.pi.squareRoot()) * (-x.square()).exp()
    },
    UnaryRow(.relu, is: "maximum(x, 0), with the derivative 0 at 0", isSmooth: false) { x, _, upstream in
      try upstream * x.isGreater(than: x.graph.constant(0))
    },
  ]

  private static let byFunction = Dictionary(uniqueKeysWithValues: all.map { ($0.function, $0) })

  /// The row of a function.
  package static func of(_ function: UnaryFunction) -> UnaryRow {
    guard let row = byFunction[function] else { preconditionFailure("the kernel '\(function.name)' has no row") }
    return row
  }
}

/// An element-wise function of two arguments: see ``UnaryRow``.
package struct BinaryRow: Sendable {
  /// The gradients of the operands x and y of a result z, before they are summed where an operand was broadcast.
  package typealias Gradient = @Sendable (_ x: Node, _ y: Node, _ z: Node, _ upstream: Node) throws -> [Node?]

  /// The kernel, whose name is the operation's.
  package let function: BinaryFunction
  /// How formulas call it, beside an operator that it may have.
  package let formulaName: String
  /// What it gives, in a formula's words.
  package let summary: String
  /// Where both operands may lie: tests draw them there.
  package let domain: OperandDomain
  /// Whether it has no kink; then second derivatives are checked too.
  package let isSmooth: Bool
  let gradient: Gradient

  private init(
    _ function: BinaryFunction, called formulaName: String? = nil, is summary: String, of domain: OperandDomain = .all,
    isSmooth: Bool = true, gradient: @escaping Gradient
  ) {
    self.function = function
    self.formulaName = formulaName ?? function.name
    self.summary = summary
    self.domain = domain
    self.isSmooth = isSmooth
    self.gradient = gradient
  }

  /// All functions, in the order of documentation. Subgradients at ties follow PyTorch: `maximum` and `minimum` give
  /// half to each, also where one is a number.
  package static let all: [BinaryRow] = [
    BinaryRow(.power, called: "pow", is: "x^y", of: .positive, gradient: powerGradient),
    BinaryRow(.add, is: "x + y") { _, _, _, upstream in [upstream, upstream] },
    BinaryRow(.subtract, called: "sub", is: "x - y") { _, _, _, upstream in [upstream, try -upstream] },
    BinaryRow(.multiply, called: "mul", is: "x * y") { x, y, _, upstream in [try upstream * y, try upstream * x] },
    BinaryRow(.divide, called: "div", is: "x / y", of: .nonzero) { _, y, z, upstream in
      [try upstream / y, try -(upstream * z / y)]
    },
    BinaryRow(.minimum, is: "the smaller of each two elements", isSmooth: false) { x, y, _, upstream in
      try extremumGradient(chosen: x.isLess(than: y), x, y, upstream)
    },
    BinaryRow(.maximum, is: "the larger of each two elements", isSmooth: false) { x, y, _, upstream in
      try extremumGradient(chosen: x.isGreater(than: y), x, y, upstream)
    },
    BinaryRow(.equal, is: "1 where x == y, else 0", isSmooth: false) { _, _, _, _ in [nil, nil] },
    BinaryRow(.less, is: "1 where x < y, else 0", isSmooth: false) { _, _, _, _ in [nil, nil] },
    BinaryRow(.lessOrEqual, called: "less_equal", is: "1 where x <= y, else 0", isSmooth: false) { _, _, _, _ in
      [nil, nil]
    },
  ]

  private static let byFunction = Dictionary(uniqueKeysWithValues: all.map { ($0.function, $0) })

  /// The row of a function.
  package static func of(_ function: BinaryFunction) -> BinaryRow {
    guard let row = byFunction[function] else { preconditionFailure("the kernel '\(function.name)' has no row") }
    return row
  }

  // d/dx x^y = y x^(y-1), which is 0 also at x = y = 0; d/dy x^y = x^y log x, which is 0 at x = 0, y > 0. The guards
  // hold at these points only: around them, second derivatives must go through the formula. A number needs no guard,
  // which keeps formulas and pictures plain.
  @Sendable private static func powerGradient(_ x: Node, _ y: Node, _ z: Node, _ upstream: Node) throws -> [Node?] {
    let zero = try z.graph.constant(0)
    let logarithm = try (x.number ?? 0) > 0 ? x.log() : guarded(x.isEqual(to: zero), zero, x.log())
    let base =
      switch y.number {
      case 0: nil as Node?
      case let number?: try upstream * number * x.power(number - 1)
      case nil: try guarded(x.isEqual(to: zero) * y.isEqual(to: zero), zero, upstream * y * x.power(y - 1))
      }
    return [base, try upstream * z * logarithm]
  }

  private static func extremumGradient(chosen: Node, _ x: Node, _ y: Node, _ upstream: Node) throws -> [Node?] {
    let share = try chosen + x.isEqual(to: y) * 0.5
    return [try upstream * share, try upstream * (1 - share)]
  }
}

/// A reduction: see ``UnaryRow``.
package struct ReductionRow: Sendable {
  /// The gradient that an operand x gets if its reduction y along `axes`, which stay with extent 1, gets `upstream`.
  package typealias Gradient = @Sendable (_ x: Node, _ y: Node, _ upstream: Node, _ axes: Range<Int>) throws -> Node?

  /// The kernel, whose name is the operation's and the formulas'.
  package let function: ReductionFunction
  /// What it gives, in a formula's words.
  package let summary: String
  /// Whether no elements have a value.
  package let takesNone: Bool
  /// Whether it has no kink; then second derivatives are checked too.
  package let isSmooth: Bool
  let gradient: Gradient

  private init(
    _ function: ReductionFunction, is summary: String, takesNone: Bool = false, isSmooth: Bool = true,
    gradient: @escaping Gradient
  ) {
    self.function = function
    self.summary = summary
    self.takesNone = takesNone
    self.isSmooth = isSmooth
    self.gradient = gradient
  }

  /// All reductions, in the order of documentation.
  package static let all: [ReductionRow] = [
    ReductionRow(.sum, is: "the sum over all axes, or over some", takesNone: true) { x, _, upstream, _ in
      try upstream.broadcast(to: x.shape)
    },
    ReductionRow(.max, is: "the largest element", isSmooth: false, gradient: extremumGradient),
    ReductionRow(.min, is: "the smallest element", isSmooth: false, gradient: extremumGradient),
  ]

  private static let byFunction = Dictionary(uniqueKeysWithValues: all.map { ($0.function, $0) })

  /// The row of a reduction.
  package static func of(_ function: ReductionFunction) -> ReductionRow {
    guard let row = byFunction[function] else { preconditionFailure("the kernel '\(function.name)' has no row") }
    return row
  }

  // Ties share the gradient evenly, as PyTorch's amax and amin do.
  @Sendable private static func extremumGradient(
    _ x: Node, _ y: Node, _ upstream: Node, _ axes: Range<Int>
  ) throws -> Node? {
    let chosen = try x.isEqual(to: y)
    return try chosen * (upstream / chosen.apply(Reduce(function: .sum, axes: axes)))
  }
}

/// The numbers that the operands of an element-wise function may be.
package enum OperandDomain: String, Sendable, CaseIterable {
  case all = "all"
  case nonzero = "not 0"
  case positive = "above 0"
  case aboveMinusOne = "above -1"
  case insideOne = "between -1 and 1"
  case betweenPoles = "between -pi/2 and pi/2"

  /// Where a derivative can be told by differences: not too near where the function ends, nor where its slope has no
  /// bound.
  package var range: ClosedRange<Double> {
    switch self {
    case .all: -2...2
    case .nonzero, .positive: 0.5...3
    case .aboveMinusOne: -0.5...3
    case .insideOne: -0.8...0.8
    case .betweenPoles: -1.2...1.2
    }
  }
}
