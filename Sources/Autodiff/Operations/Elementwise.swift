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
  var name: String { function.name }

  func loop<Scalar: KernelElement>(of kernels: Kernels<Scalar>) -> ElementwiseLoop {
    .unary(kernels.loop(function))
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    [try UnaryRow.of(function).gradient(node.inputs[0], node, upstream)]
  }
}

/// An element-wise function of two arguments.
struct BinaryOperation: ElementwiseOperation {
  let function: BinaryFunction
  var name: String { function.name }

  func loop<Scalar: KernelElement>(of kernels: Kernels<Scalar>) -> ElementwiseLoop {
    .binary(kernels.loop(function))
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let parts = try BinaryRow.of(function).gradient(node.inputs[0], node.inputs[1], node, upstream)
    return try zip(parts, node.inputs).map { part, input in try part?.sum(to: input.shape) }
  }
}

/// `condition != 0 ? x : y`.
struct SelectOperation: ElementwiseOperation {
  /// Whether a gradient rule asks for it at isolated points only, where the formula `y` has no value: formulas that people read
  /// are `y` alone.
  var isGuard = false
  var name: String { "where" }

  func loop<Scalar: KernelElement>(of kernels: Kernels<Scalar>) -> ElementwiseLoop { .select(kernels.selectLoop) }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (condition, x, y) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let zero = try node.graph.constant(0)
    return [
      nil, try condition.apply(self, upstream, zero).sum(to: x.shape),
      try condition.apply(self, zero, upstream).sum(to: y.shape),
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

  func loop<Scalar: KernelElement>(of kernels: Kernels<Scalar>) -> ElementwiseLoop { .unary(kernels.copyLoop) }

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
