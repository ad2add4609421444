import Foundations
import Kernels

/// The same elements in the same order under another shape.
struct Reshape: Operation {
  let target: Shape
  var name: String { "reshape" }
  var isView: Bool { true }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0].elementCount == target.elementCount else {
      throw TrainerError(.usage, "an array of shape \(inputs[0]) cannot be reshaped to \(target)")
    }
    return target
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> { copyKernel(at: site) }
  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [try upstream.reshape(node.inputs[0].shape)] }
}

/// The same value, whose gradient is taken to be zero.
struct StopGradient: Operation {
  var name: String { "stopGradient" }
  var isView: Bool { true }
  func shape(of inputs: [Shape]) throws -> Shape { inputs[0] }
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> { copyKernel(at: site) }
  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [nil] }
}

// A view whose result must lie in a place of its own is copied there.
private func copyKernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
  let (copy, input, output) = (site.kernels.loop(.copy), site.inputs[0], site.output)
  let count = site.outputShape.elementCount
  return { frame in copy(count, frame.pointer(input), frame.pointer(output)) }
}

/// Vectors with a 1 at the place that each element names, and 0 elsewhere; the new axis comes last. An index outside
/// 0 ..< `count` gives zeros. The indices get no gradient.
struct OneHot: Operation {
  let count: Int
  var name: String { "oneHot" }

  func shape(of inputs: [Shape]) throws -> Shape { inputs[0] + [count] }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, output, count) = (site.kernels, site.inputs[0], site.output, count)
    let rows = site.inputShapes[0].elementCount
    return { frame in
      let (indices, out) = (frame.pointer(input), frame.pointer(output))
      kernels.fill(out, count: rows * count, with: 0)
      for row in 0..<rows {
        let index = indices[row]
        if index >= 0, index < Scalar(count) { out[row * count + Int(index)] = 1 }
      }
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [nil] }
}

extension Node {
  /// The same elements in the same order under another shape.
  public func reshape(_ shape: Shape) throws -> Node {
    shape == self.shape ? self : try apply(Reshape(target: shape))
  }

  /// The same value, whose gradient is taken to be zero.
  public func stopGradient() throws -> Node { try apply(StopGradient()) }

  /// Vectors of `count` elements with a 1 at the place that each element names; the new axis comes last.
  public func oneHot(count: Int) throws -> Node { try apply(OneHot(count: count)) }
}
