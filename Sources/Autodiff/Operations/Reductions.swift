import Foundations
import Kernels

/// Joins the elements along a run of neighbouring axes, which stay with extent 1.
struct Reduce: Operation {
  let function: ReductionFunction
  let axes: Range<Int>
  var name: String { function.rawValue }

  func shape(of inputs: [Shape]) throws -> Shape {
    inputs[0].indices.map { axes.contains($0) ? 1 : inputs[0][$0] }
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, output, function) = (site.kernels, site.inputs[0], site.output, function)
    let shape = site.inputShapes[0]
    let outer = shape[..<axes.lowerBound].reduce(1, *)
    let count = shape[axes].reduce(1, *)
    let inner = shape[axes.upperBound...].reduce(1, *)
    return { frame in
      kernels.reduce(
        function, frame.pointer(input), outer: outer, count: count, inner: inner, into: frame.pointer(output))
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { inputs[0].elementCount }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let x = node.inputs[0]
    switch function {
    case .sum: return [try upstream.broadcast(to: x.shape)]
    case .max, .min:
      // Ties share the gradient evenly, as PyTorch's amax and amin do.
      let chosen = try x.isEqual(to: node)
      return [try chosen * (upstream / chosen.apply(Reduce(function: .sum, axes: axes)))]
    }
  }
}

/// An operation along the last axis, row by row.
protocol RowOperation: Operation {
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
  func shape(of inputs: [Shape]) throws -> Shape { try checkedShape(inputs).dropLast() + [1] }

  func rowKernel<Scalar: KernelElement>(
    of kernels: Kernels<Scalar>, x: UnsafePointer<Scalar>, rows: Int, columns: Int,
    into out: UnsafeMutablePointer<Scalar>
  ) { kernels.argmax(x, rows: rows, columns: columns, into: out) }
}

extension Node {
  /// Reduces along axes, each run of neighbours in one node, the innermost first.
  private func reduce(_ function: ReductionFunction, axes: [Int]?, keepingAxes: Bool) throws -> Node {
    let axes = try axes.map { try shape.normalized(axes: $0, for: function.rawValue) } ?? Array(shape.indices)
    var result = self
    var end = axes.endIndex
    while end > axes.startIndex {
      var start = end - 1
      while start > axes.startIndex, axes[start - 1] == axes[start] - 1 { start -= 1 }
      result = try result.apply(Reduce(function: function, axes: axes[start]..<axes[end - 1] + 1))
      end = start
    }
    return try keepingAxes ? result : result.reshape(shape.indices.filter { !axes.contains($0) }.map { shape[$0] })
  }

  /// The sum over `axes` (all of them if `nil`); negative axes count from the end.
  public func sum(axes: [Int]? = nil, keepingAxes: Bool = false) throws -> Node {
    try reduce(.sum, axes: axes, keepingAxes: keepingAxes)
  }

  /// The maximum over `axes`; ties share the gradient evenly.
  public func max(axes: [Int]? = nil, keepingAxes: Bool = false) throws -> Node {
    try reduce(.max, axes: axes, keepingAxes: keepingAxes)
  }

  /// The minimum over `axes`; ties share the gradient evenly.
  public func min(axes: [Int]? = nil, keepingAxes: Bool = false) throws -> Node {
    try reduce(.min, axes: axes, keepingAxes: keepingAxes)
  }

  /// The mean over `axes`; NaN over no elements, as NumPy gives it.
  public func mean(axes: [Int]? = nil, keepingAxes: Bool = false) throws -> Node {
    let total = try sum(axes: axes, keepingAxes: keepingAxes)
    let reduced = try axes.map { try shape.normalized(axes: $0, for: "mean") } ?? Array(shape.indices)
    return try total / Double(reduced.map { shape[$0] }.reduce(1, *))
  }

  /// The sum that undoes broadcasting from `target`: the gradient of an operand of that shape.
  public func sum(to target: Shape) throws -> Node {
    guard shape != target else { return self }
    return try sum(axes: shape.axesBroadcast(from: target), keepingAxes: true).reshape(target)
  }

  /// exp(x) / Σ exp(x) along the last axis.
  public func softmax() throws -> Node { try apply(Softmax()) }
  /// x − log Σ exp(x) along the last axis.
  public func logSoftmax() throws -> Node { try apply(LogSoftmax()) }
  /// log Σ exp(x) along the last axis, which stays with extent 1.
  public func logSumExp() throws -> Node { try apply(LogSumExp()) }
  /// The index of the first largest element along the last axis, which stays with extent 1; it has no gradient.
  public func argmax() throws -> Node { try apply(ArgMax()) }
}
