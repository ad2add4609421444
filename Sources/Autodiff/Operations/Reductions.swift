import Foundations
import Kernels

/// Joins the elements along a run of neighbouring axes, which stay with extent 1.
struct Reduce: GraphOperation {
  let function: ReductionFunction
  let axes: Range<Int>
  var name: String { function.name }

  var detail: String { axes.count == 1 ? "axis \(axes.lowerBound)" : "axes \(axes.lowerBound)…\(axes.upperBound - 1)" }

  func shape(of inputs: [Shape]) throws -> Shape {
    let result = inputs[0].indices.map { axes.contains($0) ? 1 : inputs[0][$0] }
    // As NumPy: the sum of nothing is 0, but there is no largest or smallest of nothing.
    guard ReductionRow.of(function).takesNone || inputs[0].elementCount > 0 || result.elementCount == 0 else {
      throw TrainerError(.usage, "'\(name)' over an empty axis has no value; the array's shape is \(inputs[0])")
    }
    return result
  }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
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
    [try ReductionRow.of(function).gradient(node.inputs[0], node, upstream, axes)]
  }
}

extension Node {
  /// Reduces along axes, each run of neighbours in one node, the innermost first.
  package func reduce(
    _ function: ReductionFunction, axes: [Int]? = nil, keepingAxes: Bool = false
  ) throws -> Node {
    let axes = try axes.map { try shape.normalized(axes: $0, for: function.name) } ?? Array(shape.indices)
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
  ///
  /// - Throws: `TrainerError` if there is no element to choose from.
  public func max(axes: [Int]? = nil, keepingAxes: Bool = false) throws -> Node {
    try reduce(.max, axes: axes, keepingAxes: keepingAxes)
  }

  /// The minimum over `axes`; ties share the gradient evenly.
  ///
  /// - Throws: `TrainerError` if there is no element to choose from.
  public func min(axes: [Int]? = nil, keepingAxes: Bool = false) throws -> Node {
    try reduce(.min, axes: axes, keepingAxes: keepingAxes)
  }

  /// The mean over `axes`; NaN over no elements, as NumPy gives it.
  public func mean(axes: [Int]? = nil, keepingAxes: Bool = false) throws -> Node {
    try sum(axes: axes, keepingAxes: keepingAxes) / Double(elementCount(along: axes, for: "mean"))
  }

  /// The mean squared distance from the mean over `axes`: NumPy's `var`.
  ///
  /// - Parameters:
  ///   - axes: The axes to join; `nil` for all.
  ///   - keepingAxes: Whether they stay, with extent 1.
  ///   - correction: What is subtracted from the number of elements before dividing: 0 for the variance of the elements
  ///     themselves, 1 for the unbiased estimate from a sample.
  public func variance(axes: [Int]? = nil, keepingAxes: Bool = false, correction: Double = 0) throws -> Node {
    let deviation = try self - mean(axes: axes, keepingAxes: true)
    let total = try deviation.square().sum(axes: axes, keepingAxes: keepingAxes)
    return try total / (Double(elementCount(along: axes, for: "variance")) - correction)
  }

  private func elementCount(along axes: [Int]?, for operation: String) throws -> Int {
    try (axes.map { try shape.normalized(axes: $0, for: operation) } ?? Array(shape.indices))
      .map { shape[$0] }.reduce(1, *)
  }

  /// The sum that undoes broadcasting from `target`: the gradient of an operand of that shape.
  public func sum(to target: Shape) throws -> Node {
    guard shape != target else { return self }
    return try sum(axes: shape.axesBroadcast(from: target), keepingAxes: true).reshape(target)
  }
}
