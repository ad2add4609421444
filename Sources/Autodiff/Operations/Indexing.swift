import Foundations
import Kernels

/// Vectors with a 1 at the place that each element names, and 0 elsewhere; the new axis comes last. An index outside
/// 0 ..< `count` gives zeros. The indices get no gradient.
struct OneHot: GraphOperation {
  let count: Int
  var name: String { "oneHot" }
  var detail: String { "\(count)" }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard count >= 0 else { throw TrainerError(.usage, "'oneHot' got \(count) classes; it needs at least 0") }
    return inputs[0] + [count]
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, output, count) = (site.kernels, site.inputs[0], site.output, count)
    let rows = site.inputShapes[0].elementCount
    return { frame in kernels.oneHot(frame.pointer(input), rows: rows, count: count, into: frame.pointer(output)) }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [nil] }
}

/// The parts of an array along `axis` that an array of indices names, as NumPy's `take`. Negative indices count from
/// the end. One that is no whole number in range gives NaN, since a plan cannot stop: a loss of it diverges at once.
struct Gather: GraphOperation {
  let axis: Int
  var name: String { "gather" }
  var detail: String { "axis \(axis)" }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0].indices.contains(axis) else {
      throw TrainerError(.usage, "'gather' got the axis \(axis) for the shape \(inputs[0])")
    }
    return inputs[0][..<axis] + inputs[1] + inputs[0][(axis + 1)...]
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, x, indices, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let extents = GatherExtents(site.inputShapes[0], axis, indices: site.inputShapes[1])
    return { frame in
      kernels.gather(
        frame.pointer(x), indices: frame.pointer(indices), outer: extents.outer, extent: extents.extent,
        inner: extents.inner, count: extents.count, into: frame.pointer(output))
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (x, indices) = (node.inputs[0], node.inputs[1])
    return [try upstream.apply(ScatterAdd(axis: axis, extent: x.shape[axis]), indices), nil]
  }
}

/// Zeros to which the parts of an array are added, in order, at the places along `axis` that an array of indices
/// names: the gradient of a gather. An index that is no whole number in range adds nothing.
struct ScatterAdd: GraphOperation {
  let axis: Int
  let extent: Int
  var name: String { "scatterAdd" }
  var detail: String { "axis \(axis)" }

  func shape(of inputs: [Shape]) throws -> Shape {
    let (x, indices) = (inputs[0], inputs[1])
    guard axis >= 0, axis + indices.count <= x.count, Array(x[axis..<axis + indices.count]) == indices else {
      throw TrainerError(
        .usage, "'scatterAdd' needs the indices' shape \(indices) within the values' shape \(x), from axis \(axis) on")
    }
    return x[..<axis] + [extent] + x[(axis + indices.count)...]
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, x, indices, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let extents = GatherExtents(site.outputShape, axis, indices: site.inputShapes[1])
    return { frame in
      kernels.scatterAdd(
        frame.pointer(x), indices: frame.pointer(indices), outer: extents.outer, extent: extents.extent,
        inner: extents.inner, count: extents.count, into: frame.pointer(output))
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { inputs[0].elementCount }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    [try upstream.apply(Gather(axis: axis), node.inputs[1]), nil]
  }
}

/// An array of `shape` seen as [outer, extent, inner] around an axis, and the number of indices into it.
private struct GatherExtents: Sendable {
  let outer, extent, inner, count: Int

  init(_ shape: Shape, _ axis: Int, indices: Shape) {
    outer = shape[..<axis].reduce(1, *)
    extent = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
    count = indices.elementCount
  }
}

extension Node {
  /// Vectors of `count` elements with a 1 at the place that each element names; the new axis comes last.
  public func oneHot(count: Int) throws -> Node { try apply(OneHot(count: count)) }

  /// The parts along `axis` that `indices` names, as NumPy's `take`: its shape takes the axis's place. Negative indices
  /// count from the end; one that is no whole number in range gives NaN.
  ///
  /// - Throws: `TrainerError` if the axis is not there, or an index that is a constant is not in range.
  public func gather(_ indices: Node, axis: Int = 0) throws -> Node {
    let axis = axis < 0 ? axis + shape.count : axis
    let gathered = try apply(Gather(axis: axis), indices)
    let extent = Double(shape[axis])
    if let constant = indices.operation as? Constant,
      let wrong = constant.values.first(where: { $0 != $0.rounded() || !(-extent..<extent).contains($0) })
    {
      let number = JSONValue.text(of: wrong)
      throw TrainerError(
        .usage,
        wrong == wrong.rounded()
          ? "the index \(number) is out of range: axis \(axis) of the shape \(shape) has \(shape[axis]) elements"
          : "the index \(number) is no whole number")
    }
    return gathered
  }

  /// Zeros with `extent` places along `axis`, to which the parts of this array are added at the places that `indices`
  /// names: what undoes `gather`. An index that is no whole number in range adds nothing.
  public func scatterAdd(_ indices: Node, extent: Int, axis: Int = 0) throws -> Node {
    // The axis is counted in the result, whose rank is known from both shapes.
    let rank = shape.count - indices.shape.count + 1
    return try apply(ScatterAdd(axis: axis < 0 ? axis + rank : axis, extent: extent), indices)
  }
}
