import Foundations
import Kernels

/// An operation on each element, which joins its inputs by NumPy's broadcasting rule. Chains of them are fused into
/// one pass over memory.
protocol ElementwiseOperation: GraphOperation {
  /// The loop over contiguous elements.
  func loop<Scalar: KernelElement>(of kernels: Kernels<Scalar>) -> ElementwiseLoop
}

/// The compiled loop of an element-wise operation.
enum ElementwiseLoop: Sendable {
  case unary(UnaryLoop)
  case binary(BinaryLoop)
  case select(SelectLoop)
}

extension ElementwiseOperation {
  func shape(of inputs: [Shape]) throws -> Shape { try Shape.broadcast(inputs, for: name) }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    preconditionFailure("the plan compiles element-wise operations as programs")
  }
}

/// An element-wise function of one argument.
struct UnaryOperation: ElementwiseOperation {
  let function: UnaryFunction
  var name: String { function.rawValue }

  func loop<Scalar: KernelElement>(of kernels: Kernels<Scalar>) -> ElementwiseLoop {
    .unary(kernels.loop(function))
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let x = node.inputs[0]
    let y = node
    switch function {
    case .copy: return [upstream]
    case .negate: return [try -upstream]
    case .exp: return [try upstream * y]
    case .log: return [try upstream / x]
    case .log1p: return [try upstream / (x + 1)]
    case .expm1: return [try upstream * (y + 1)]
    case .sqrt: return [try upstream / (y * 2)]
    case .rsqrt: return [try upstream * -0.5 * y / x]
    case .abs: return [try upstream * x.sign()]
    case .sign: return [nil]
    case .sin: return [try upstream * x.cos()]
    case .cos: return [try -(upstream * x.sin())]
    case .tanh: return [try upstream * (1 - y.square())]
    case .sigmoid: return [try upstream * y * (1 - y)]
    case .softplus: return [try upstream * x.sigmoid()]
    case .erf: return [try upstream * (2 / Double.pi.squareRoot()) * (-x.square()).exp()]
    case .square: return [try upstream * x * 2]
    case .reciprocal: return [try -(upstream * y.square())]
    case .relu: return [try upstream * x.isGreater(than: node.graph.constant(0))]
    }
  }
}

/// An element-wise function of two arguments. Subgradients at ties follow PyTorch: `maximum` and `minimum` give half
/// to each, also where one is a number.
struct BinaryOperation: ElementwiseOperation {
  let function: BinaryFunction
  var name: String { function.rawValue }

  func loop<Scalar: KernelElement>(of kernels: Kernels<Scalar>) -> ElementwiseLoop {
    .binary(kernels.loop(function))
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    let parts: [Node?]
    switch function {
    case .add: parts = [upstream, upstream]
    case .subtract: parts = [upstream, try -upstream]
    case .multiply: parts = [try upstream * y, try upstream * x]
    case .divide: parts = [try upstream / y, try -(upstream * node / y)]
    case .power: parts = try powerGradient(x, y, node: node, upstream: upstream)
    case .minimum: parts = try extremumGradient(chosen: x.isLess(than: y), x, y, upstream)
    case .maximum: parts = try extremumGradient(chosen: x.isGreater(than: y), x, y, upstream)
    case .equal, .less, .lessOrEqual: parts = [nil, nil]
    }
    return try zip(parts, [x, y]).map { part, input in try part?.sum(to: input.shape) }
  }

  // d/dx x^y = y x^(y-1), which is 0 also at x = y = 0; d/dy x^y = x^y log x, which is 0 at x = 0, y > 0. The guards
  // hold at these points only: around them, second derivatives must go through the formula. A number needs no guard,
  // which keeps formulas and pictures plain.
  private func powerGradient(_ x: Node, _ y: Node, node: Node, upstream: Node) throws -> [Node?] {
    let zero = try node.graph.constant(0)
    let logarithm = try (x.number ?? 0) > 0 ? x.log() : select(x.isEqual(to: zero), zero, x.log())
    let base =
      switch y.number {
      case 0: nil as Node?
      case let number?: try upstream * number * x.power(number - 1)
      case nil: try select(x.isEqual(to: zero) * y.isEqual(to: zero), zero, upstream * y * x.power(y - 1))
      }
    return [base, try upstream * node * logarithm]
  }

  private func extremumGradient(chosen: Node, _ x: Node, _ y: Node, _ upstream: Node) throws -> [Node?] {
    let share = try chosen + x.isEqual(to: y) * 0.5
    return [try upstream * share, try upstream * (1 - share)]
  }
}

/// `condition != 0 ? x : y`.
struct SelectOperation: ElementwiseOperation {
  var name: String { "where" }

  func loop<Scalar: KernelElement>(of kernels: Kernels<Scalar>) -> ElementwiseLoop { .select(kernels.selectLoop) }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (condition, x, y) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let zero = try node.graph.constant(0)
    return [
      nil, try select(condition, upstream, zero).sum(to: x.shape),
      try select(condition, zero, upstream).sum(to: y.shape),
    ]
  }
}

/// Repeats elements along axes of extent 1, and along new outer axes, up to a shape.
struct Broadcast: ElementwiseOperation {
  let target: Shape
  var name: String { "broadcast" }
  var detail: String { "to \(target)" }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard try Shape.broadcast([inputs[0], target], for: name) == target else {
      throw TrainerError(.usage, "an array of shape \(inputs[0]) cannot be broadcast to \(target)")
    }
    return target
  }

  func loop<Scalar: KernelElement>(of kernels: Kernels<Scalar>) -> ElementwiseLoop { .unary(kernels.loop(.copy)) }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [try upstream.sum(to: node.inputs[0].shape)] }
}

extension Node {
  /// The value if this is one constant number.
  var number: Double? {
    (operation as? Constant).flatMap { $0.values.count == 1 ? $0.values[0] : nil }
  }

  /// Whether this is one number that nothing can change: a constant, or made of constants alone, such as -1 or 2 * pi.
  var isFixedNumber: Bool {
    shape.elementCount == 1
      && graph.reachable(from: [self]).allSatisfy { index in
        let node = Node(graph: graph, index: index)
        return !node.inputs.isEmpty || node.operation is Constant
      }
  }
}
