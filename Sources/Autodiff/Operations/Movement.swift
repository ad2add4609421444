import Foundations
import Kernels

/// The same elements in the same order under another shape.
struct Reshape: GraphOperation {
  let target: Shape
  var name: String { "reshape" }
  var detail: String { "\(target)" }
  var isView: Bool { true }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0].elementCount == target.elementCount else {
      throw TrainerError(.usage, "an array of shape \(inputs[0]) cannot be reshaped to \(target)")
    }
    return target
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> { viewKernel() }
  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [try upstream.reshape(node.inputs[0].shape)] }
}

/// The same value, whose gradient is taken to be zero.
struct StopGradient: GraphOperation {
  var name: String { "stopGradient" }
  var isView: Bool { true }
  func shape(of inputs: [Shape]) throws -> Shape { inputs[0] }
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> { viewKernel() }
  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [nil] }
}

private func viewKernel<Scalar: KernelElement>() -> KernelBody<Scalar> {
  preconditionFailure("a plan computes no views")
}

/// The axes in another order: axis i of the result is axis `permutation[i]` of the operand.
struct Transpose: GraphOperation {
  let permutation: [Int]
  var name: String { "transpose" }
  var detail: String { permutation == Array(permutation.indices.reversed()) ? "" : "axes \(permutation)" }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard permutation.sorted() == Array(inputs[0].indices) else {
      throw TrainerError(
        .usage, "'transpose' got the axes \(permutation) for the shape \(inputs[0]), which has rank \(inputs[0].count)")
    }
    return permutation.map { inputs[0][$0] }
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let strides = site.inputShapes[0].rowMajorStrides
    return stridedCopyKernel(at: site, offset: 0, strides: permutation.map { strides[$0] })
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let inverse = permutation.indices.sorted { permutation[$0] < permutation[$1] }
    return [try upstream.transpose(inverse)]
  }
}

/// Copies the elements at `offset` and the multiples of `strides` behind it into the result.
func stridedCopyKernel<Scalar: KernelElement>(
  at site: KernelSite<Scalar>, offset: Int, strides: [Int]
) -> KernelBody<Scalar> {
  let (kernels, input, output, shape) = (site.kernels, site.inputs[0], site.output, site.outputShape)
  return { frame in
    shape.withUnsafeBufferPointer { shape in
      strides.withUnsafeBufferPointer { strides in
        guard let extents = shape.baseAddress, let steps = strides.baseAddress else { return }
        kernels.stridedCopy(
          frame.pointer(input) + offset, shape: extents, strides: steps, rank: shape.count, start: 0,
          count: shape.reduce(1, *), into: frame.pointer(output))
      }
    }
  }
}

extension Node {
  /// The same elements in the same order under another shape.
  public func reshape(_ shape: Shape) throws -> Node {
    shape == self.shape ? self : try apply(Reshape(target: shape))
  }

  /// The same value, whose gradient is taken to be zero.
  public func stopGradient() throws -> Node { try apply(StopGradient()) }

  /// The axes in another order: axis i of the result is axis `axes[i]` of this. Without `axes`, in reverse order, as
  /// NumPy's `transpose` does; negative axes count from the end.
  ///
  /// - Throws: `TrainerError` unless `axes` names each axis once.
  public func transpose(_ axes: [Int]? = nil) throws -> Node {
    let permutation = axes?.map { $0 < 0 ? $0 + shape.count : $0 } ?? Array(shape.indices.reversed())
    return permutation == Array(shape.indices) ? self : try apply(Transpose(permutation: permutation))
  }
}
