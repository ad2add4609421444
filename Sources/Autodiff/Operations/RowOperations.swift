import Foundations
import Kernels

/// An operation along the last axis, row by row.
protocol RowOperation: GraphOperation {
  func rowKernel<Scalar: KernelElement>(
    of kernels: Kernels<Scalar>, x: UnsafePointer<Scalar>, rows: Int, columns: Int,
    into out: UnsafeMutablePointer<Scalar>)
}

extension RowOperation {
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, output) = (site.kernels, site.inputs[0], site.output)
    let columns = site.inputShapes[0].last ?? 1
    let rows = site.inputShapes[0].dropLast().reduce(1, *)
    return { [self] frame in
      rowKernel(of: kernels, x: frame.pointer(input), rows: rows, columns: columns, into: frame.pointer(output))
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 4 * inputs[0].elementCount }

  // Row operations act along the last axis, so there must be one.
  func checkedShape(_ inputs: [Shape]) throws -> Shape {
    guard !inputs[0].isEmpty else { throw TrainerError(.usage, "'\(name)' needs an axis; it got a scalar") }
    return inputs[0]
  }
}

/// exp(x) / Σ exp(x) along the last axis.
struct Softmax: RowOperation {
  var name: String { "softmax" }
  func shape(of inputs: [Shape]) throws -> Shape { try checkedShape(inputs) }

  func rowKernel<Scalar: KernelElement>(
    of kernels: Kernels<Scalar>, x: UnsafePointer<Scalar>, rows: Int, columns: Int,
    into out: UnsafeMutablePointer<Scalar>
  ) { kernels.softmax(x, rows: rows, columns: columns, into: out) }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let weighted = try upstream * node
    return [try weighted - node * weighted.sum(axes: [-1], keepingAxes: true)]
  }
}

/// x − log Σ exp(x) along the last axis.
struct LogSoftmax: RowOperation {
  var name: String { "logSoftmax" }
  func shape(of inputs: [Shape]) throws -> Shape { try checkedShape(inputs) }

  func rowKernel<Scalar: KernelElement>(
    of kernels: Kernels<Scalar>, x: UnsafePointer<Scalar>, rows: Int, columns: Int,
    into out: UnsafeMutablePointer<Scalar>
  ) { kernels.logSoftmax(x, rows: rows, columns: columns, into: out) }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    [try upstream - node.inputs[0].softmax() * upstream.sum(axes: [-1], keepingAxes: true)]
  }
}

/// log Σ exp(x) along the last axis, which stays with extent 1.
struct LogSumExp: RowOperation {
  var name: String { "logSumExp" }
  func shape(of inputs: [Shape]) throws -> Shape { try checkedShape(inputs).dropLast() + [1] }

  func rowKernel<Scalar: KernelElement>(
    of kernels: Kernels<Scalar>, x: UnsafePointer<Scalar>, rows: Int, columns: Int,
    into out: UnsafeMutablePointer<Scalar>
  ) { kernels.logSumExp(x, rows: rows, columns: columns, into: out) }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [try upstream * node.inputs[0].softmax()] }
}

/// The index of the first largest element along the last axis, which stays with extent 1. It is a step function and
/// has no gradient.
struct ArgMax: RowOperation {
  var name: String { "argmax" }

  func shape(of inputs: [Shape]) throws -> Shape {
    let result = Shape(try checkedShape(inputs).dropLast() + [1])
    guard inputs[0].last != 0 || result.elementCount == 0 else {
      throw TrainerError(.usage, "'argmax' over an empty axis has no value; the array's shape is \(inputs[0])")
    }
    return result
  }

  func rowKernel<Scalar: KernelElement>(
    of kernels: Kernels<Scalar>, x: UnsafePointer<Scalar>, rows: Int, columns: Int,
    into out: UnsafeMutablePointer<Scalar>
  ) { kernels.argmax(x, rows: rows, columns: columns, into: out) }
}

extension Node {
  /// exp(x) / Σ exp(x) along the last axis.
  public func softmax() throws -> Node { try apply(Softmax()) }
  /// x − log Σ exp(x) along the last axis.
  public func logSoftmax() throws -> Node { try apply(LogSoftmax()) }
  /// log Σ exp(x) along the last axis, which stays with extent 1.
  public func logSumExp() throws -> Node { try apply(LogSumExp()) }
  /// The index of the first largest element along the last axis, which stays with extent 1; it has no gradient.
  public func argmax() throws -> Node { try apply(ArgMax()) }

  /// exp(x) / Σ exp(x) along an axis, counted from the end where negative.
  public func softmax(axis: Int) throws -> Node { try alongLast([axis], "softmax") { try $0.softmax() } }

  /// x − log Σ exp(x) along an axis, counted from the end where negative.
  public func logSoftmax(axis: Int) throws -> Node { try alongLast([axis], "logSoftmax") { try $0.logSoftmax() } }

  /// log Σ exp(x) over `axes` (all of them if `nil`); negative axes count from the end. Minus infinity over no elements.
  public func logSumExp(axes: [Int]?, keepingAxes: Bool = false) throws -> Node {
    try reducingAlongLast(axes, keepingAxes, "logSumExp") { try $0.logSumExp() }
  }

  /// The index of the first largest element along an axis, counted from the end where negative, or among all elements in
  /// row-major order if it is `nil`; it has no gradient.
  ///
  /// - Throws: `TrainerError` if the axis is empty.
  public func argmax(axis: Int?, keepingAxes: Bool = false) throws -> Node {
    try reducingAlongLast(axis.map { [$0] }, keepingAxes, "argmax") { try $0.argmax() }
  }

  /// Applies a row operation with `axes` brought to the end and joined there, and undoes both.
  private func alongLast(_ axes: [Int], _ operation: String, _ body: (Node) throws -> Node) throws -> Node {
    let axes = try shape.normalized(axes: axes, for: operation)
    let order = shape.indices.filter { !axes.contains($0) } + axes
    let inverse = order.indices.sorted { order[$0] < order[$1] }
    return try body(transpose(order)).transpose(inverse)
  }

  private func reducingAlongLast(
    _ axes: [Int]?, _ keepingAxes: Bool, _ operation: String, _ body: (Node) throws -> Node
  ) throws -> Node {
    let axes = try axes.map { try shape.normalized(axes: $0, for: operation) } ?? Array(shape.indices)
    let kept = shape.indices.filter { !axes.contains($0) }
    let rows = try transpose(kept + axes).reshape(kept.map { shape[$0] } + [axes.map { shape[$0] }.reduce(1, *)])
    return try body(rows).reshape(
      keepingAxes ? shape.indices.map { axes.contains($0) ? 1 : shape[$0] } : kept.map { shape[$0] })
  }
}
