import Foundations
import Kernels

/// The product of two matrices, each read as its transpose if asked.
struct MatrixMultiply: Operation {
  let transposesLeft: Bool
  let transposesRight: Bool
  var name: String { "matmul" }

  private struct Extents {
    let rows, depth, columns: Int
  }

  private func extents(of inputs: [Shape]) throws -> Extents {
    let (left, right) = (inputs[0], inputs[1])
    guard left.count == 2, right.count == 2 else {
      throw TrainerError(.usage, "'matmul' takes two matrices; it got the shapes \(left) and \(right)")
    }
    let (rows, depth) = transposesLeft ? (left[1], left[0]) : (left[0], left[1])
    let (rightDepth, columns) = transposesRight ? (right[1], right[0]) : (right[0], right[1])
    guard depth == rightDepth else {
      throw TrainerError(
        .usage, "'matmul' cannot multiply [\(rows), \(depth)] by [\(rightDepth), \(columns)]: the inner extents differ")
    }
    return Extents(rows: rows, depth: depth, columns: columns)
  }

  func shape(of inputs: [Shape]) throws -> Shape {
    let extents = try extents(of: inputs)
    return [extents.rows, extents.columns]
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, left, right, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let (leftColumns, rightColumns) = (site.inputShapes[0][1], site.inputShapes[1][1])
    let (transposesLeft, transposesRight) = (transposesLeft, transposesRight)
    let (rows, columns) = (site.outputShape[0], site.outputShape[1])
    let depth = site.inputShapes[0][transposesLeft ? 0 : 1]
    return { frame in
      kernels.multiply(
        .init(frame.pointer(left), columns: leftColumns, transposed: transposesLeft),
        .init(frame.pointer(right), columns: rightColumns, transposed: transposesRight),
        rows: rows, columns: columns, depth: depth, into: frame.pointer(output), scratch: frame.scratch)
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    kernels.multiplyScratch(
      rows: inputs[0][transposesLeft ? 1 : 0], depth: inputs[0][transposesLeft ? 0 : 1])
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int {
    2 * output.elementCount * inputs[0][transposesLeft ? 0 : 1]
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (left, right) = (node.inputs[0], node.inputs[1])
    return [
      transposesLeft
        ? try right.matmul(upstream, transposesLeft: transposesRight, transposesRight: true)
        : try upstream.matmul(right, transposesRight: !transposesRight),
      transposesRight
        ? try upstream.matmul(left, transposesLeft: true, transposesRight: transposesLeft)
        : try left.matmul(upstream, transposesLeft: !transposesLeft),
    ]
  }
}

extension Node {
  /// The product of two matrices, each read as its transpose if asked.
  public func matmul(_ other: Node, transposesLeft: Bool = false, transposesRight: Bool = false) throws -> Node {
    try apply(MatrixMultiply(transposesLeft: transposesLeft, transposesRight: transposesRight), other)
  }
}
