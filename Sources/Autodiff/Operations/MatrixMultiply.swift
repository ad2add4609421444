import Foundations
import Kernels

/// Products of matrices, each read as its transpose if asked: the last two axes are a matrix's, those before them are
/// joined by NumPy's broadcasting rule.
struct MatrixMultiply: GraphOperation {
  let transposesLeft: Bool
  let transposesRight: Bool
  var name: String { "matmul" }
  var detail: String {
    switch (transposesLeft, transposesRight) {
    case (false, false): ""
    case (true, false): "left transposed"
    case (false, true): "right transposed"
    case (true, true): "both transposed"
    }
  }

  func shape(of inputs: [Shape]) throws -> Shape {
    let (left, right) = (inputs[0], inputs[1])
    guard left.count >= 2, right.count >= 2 else {
      throw TrainerError(.usage, "'matmul' takes matrices; it got the shapes \(left) and \(right)")
    }
    let (a, b) = (left.suffix(2), right.suffix(2))
    let (rows, depth) = transposesLeft ? (a.last ?? 0, a.first ?? 0) : (a.first ?? 0, a.last ?? 0)
    let (rightDepth, columns) = transposesRight ? (b.last ?? 0, b.first ?? 0) : (b.first ?? 0, b.last ?? 0)
    guard depth == rightDepth else {
      throw TrainerError(
        .usage, "'matmul' cannot multiply [\(rows), \(depth)] by [\(rightDepth), \(columns)]: the inner extents differ")
    }
    return try Shape.broadcast([left.dropLast(2), right.dropLast(2)], for: name) + [rows, columns]
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    kernel(at: site, bias: nil, isRectified: false, isRightPacked: false)
  }

  /// The product, to each of whose rows a vector is added; then what is below zero becomes zero, if asked. The right
  /// operand may lie in the kernels' own order, if it is a matrix and the left one is not transposed.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func kernel<Scalar: KernelElement>(
    at site: KernelSite<Scalar>, bias: Operand?, isRectified: Bool, isRightPacked: Bool
  ) -> KernelBody<Scalar> {
    let (kernels, left, right, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let (leftShape, rightShape, rank) = (site.inputShapes[0], site.inputShapes[1], site.outputShape.count)
    let (leftColumns, rightColumns) = (leftShape[leftShape.count - 1], rightShape[rightShape.count - 1])
    let (transposesLeft, transposesRight) = (transposesLeft, transposesRight)
    let (rows, columns) = (site.outputShape[rank - 2], site.outputShape[rank - 1])
    let depth = leftShape[leftShape.count - (transposesLeft ? 2 : 1)]
    let batch = Shape(site.outputShape.dropLast(2))
    // Where the matrices of each product begin.
    let starts = zip(batch.matrixStarts(in: leftShape), batch.matrixStarts(in: rightShape)).map { ($0, $1) }
    return { frame in
      var out = frame.pointer(output)
      for (leftStart, rightStart) in starts {
        kernels.multiply(
          .init(frame.pointer(left) + leftStart, columns: leftColumns, transposed: transposesLeft),
          isRightPacked
            ? .packed(frame.pointer(right))
            : .init(frame.pointer(right) + rightStart, columns: rightColumns, transposed: transposesRight),
          rows: rows, columns: columns, depth: depth, into: out, bias: bias.map { UnsafePointer(frame.pointer($0)) },
          isRectified: isRectified,
          scratch: frame.scratch)
        out += rows * columns
      }
    }
  }

  /// The same of two matrices, of which the right one lies in the kernels' own order: some columns at a time.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func columnKernel<Scalar: KernelElement>(
    at site: KernelSite<Scalar>, bias: Operand?, isRectified: Bool
  ) -> ColumnBody<Scalar> {
    let (kernels, left, right, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let (rows, columns, depth) = (site.outputShape[0], site.outputShape[1], site.inputShapes[0][1])
    return { frame, part in
      kernels.multiply(
        .init(frame.pointer(left), columns: depth), packed: frame.pointer(right), rows: rows, columns: part,
        of: columns, depth: depth, into: frame.pointer(output), bias: bias.map { UnsafePointer(frame.pointer($0)) },
        isRectified: isRectified, scratch: frame.scratch)
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    let left = inputs[0]
    return kernels.multiplyScratch(rows: left[left.count - (transposesLeft ? 1 : 2)], depth: depth(of: left))
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 2 * output.elementCount * depth(of: inputs[0]) }

  private func depth(of left: Shape) -> Int { left[left.count - (transposesLeft ? 2 : 1)] }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (left, right) = (node.inputs[0], node.inputs[1])
    let parts = [
      transposesLeft
        ? try right.matmul(upstream, transposesLeft: transposesRight, transposesRight: true)
        : try upstream.matmul(right, transposesRight: !transposesRight),
      transposesRight
        ? try upstream.matmul(left, transposesLeft: true, transposesRight: transposesLeft)
        : try left.matmul(upstream, transposesLeft: !transposesLeft),
    ]
    return [try parts[0].sum(to: left.shape), try parts[1].sum(to: right.shape)]
  }
}

extension Shape {
  /// With `self` as the axes that count the products: the index of each product's matrix in an operand of `shape`.
  package func matrixStarts(in shape: Shape) -> [Int] {
    let strides = Shape(shape.dropLast(2)).strides(broadcastTo: self)
    let size = shape.suffix(2).reduce(1, *)
    return (0..<elementCount).map { index in
      var (position, start) = (index, 0)
      for axis in indices.reversed() {
        start += position % self[axis] * strides[axis]
        position /= self[axis]
      }
      return start * size
    }
  }
}

extension Node {
  /// The matrix product, each factor read as its transpose if asked, by the rules of NumPy's `matmul`: the last two
  /// axes are a matrix's and those before them broadcast; a vector on the left is a row, one on the right a column, and
  /// their axis goes from the result.
  ///
  /// - Throws: `TrainerError` for a scalar, or if the inner extents differ.
  public func matmul(_ other: Node, transposesLeft: Bool = false, transposesRight: Bool = false) throws -> Node {
    guard !shape.isEmpty, !other.shape.isEmpty else {
      throw TrainerError(
        .usage, "'matmul' takes vectors and matrices; it got the shapes \(shape) and \(other.shape); use * for scalars")
    }
    let left = shape.count == 1 ? try reshape([1, shape[0]]) : self
    let right = other.shape.count == 1 ? try other.reshape([other.shape[0], 1]) : other
    let product = try left.multiply(
      by: right,
      MatrixMultiply(
        transposesLeft: transposesLeft && shape.count > 1, transposesRight: transposesRight && other.shape.count > 1))
    var result = product.shape
    if other.shape.count == 1 { result.removeLast() }
    if shape.count == 1 { result.remove(at: result.count - (other.shape.count == 1 ? 1 : 2)) }
    return try product.reshape(result)
  }

  /// The product of arrays of two axes or more.
  ///
  /// Many matrices times the same one are the rows of all of them times it: one product, whose gradient by the right
  /// operand is one too, where it would be the sum of one for each matrix.
  func multiply(by right: Node, _ operation: MatrixMultiply) throws -> Node {
    guard shape.count > 2, right.shape.count == 2, !operation.transposesLeft, let depth = shape.last else {
      return try apply(operation, right)
    }
    let rows = shape.dropLast()
    let product = try reshape([rows.reduce(1, *), depth]).apply(operation, right)
    return try product.reshape(rows + product.shape.suffix(1))
  }
}
