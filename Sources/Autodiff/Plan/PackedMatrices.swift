import Foundations
import Kernels

/// Note [Packed matrices]. A matrix product reads its right operand in an order of its own. A matrix is the right operand
/// of a product in every shard of a batch, twice if its layer's inputs have a gradient, and changes once. So whoever
/// changes it can write it in that order too, while it is in the cache; plans that are told so read it there. The results
/// are the same, bit for bit.

/// Where matrices lie in the kernels' own order, beside the flat parameter vector.
package struct PackedMatrices: Sendable {
  /// One matrix as a right operand.
  package struct Matrix: Hashable, Sendable {
    /// Where it lies in the flat vector.
    package let range: Range<Int>
    /// Its rows there.
    package let rows: Int
    /// Its columns there.
    package let columns: Int
    /// Whether products read it as its transpose.
    package let isTransposed: Bool
    /// The first element in the packed memory.
    package let offset: Int

    var depth: Int { isTransposed ? columns : rows }
    var width: Int { isTransposed ? rows : columns }

    /// Writes some of the matrix's rows to their places.
    ///
    /// - Parameters:
    ///   - part: The first of the rows.
    ///   - packed: The packed memory.
    package func pack<Scalar: KernelElement>(
      _ rows: Range<Int>, from part: UnsafePointer<Scalar>, to packed: UnsafeMutablePointer<Scalar>,
      kernels: Kernels<Scalar>
    ) {
      let part = Kernels<Scalar>.Matrix(part, columns: columns, transposed: isTransposed)
      let (depthRange, widthRange) = place(of: rows)
      kernels.packRight(part, rows: depthRange, columns: widthRange, ofShape: (depth, width), into: packed + offset)
    }

    /// Where ``pack(_:from:to:kernels:)`` writes these rows: `nil` where that is no whole lines of the cache.
    package func places<Scalar: KernelElement>(
      of rows: Range<Int>, in packed: UnsafePointer<Scalar>, kernels: Kernels<Scalar>
    ) -> Stretch? {
      let (depthRange, widthRange) = place(of: rows)
      return kernels.packedPlaces(
        rows: depthRange, columns: widthRange, ofShape: (depth, width), in: packed + offset)
    }

    private func place(of rows: Range<Int>) -> (rows: Range<Int>, columns: Range<Int>) {
      isTransposed ? (0..<columns, rows) : (rows, 0..<columns)
    }
  }

  private let matrices: [Key: Matrix]
  /// Elements of the packed memory.
  package let count: Int

  private struct Key: Hashable {
    let start: Int
    let isTransposed: Bool
  }

  /// Places for matrices of the flat vector, each read as it is or as its transpose.
  package init<Scalar: KernelElement>(
    of matrices: [(range: Range<Int>, columns: Int, isTransposed: Bool)], kernels: Kernels<Scalar>
  ) {
    var places: [Key: Matrix] = [:]
    var count = 0
    for (range, columns, isTransposed) in matrices where columns > 0 {
      let matrix = Matrix(
        range: range, rows: range.count / columns, columns: columns, isTransposed: isTransposed, offset: count)
      places[Key(start: range.lowerBound, isTransposed: isTransposed)] = matrix
      count += BufferAssignment.aligned(kernels.packedRightCount(depth: matrix.depth, columns: matrix.width))
    }
    self.matrices = places
    self.count = count
  }

  /// The matrix that begins at this element of the flat vector.
  func matrix(at start: Int, isTransposed: Bool) -> Matrix? { matrices[Key(start: start, isTransposed: isTransposed)] }
}

extension Graph {
  /// The parameters that are right operands of matrix products whose left operand is not transposed, by name, and
  /// whether as they are or as their transposes.
  package var rightOperands: [String: Set<Bool>] {
    var uses: [String: Set<Bool>] = [:]
    for record in records {
      guard let product = record.operation as? MatrixMultiply, !product.transposesLeft else { continue }
      guard let parameter = records[viewed(record.inputs[1])].operation as? Parameter else { continue }
      uses[parameter.parameterName, default: []].insert(product.transposesRight)
    }
    return uses
  }
}
