import CKernels

/// The flat-buffer arithmetic of one instruction set on elements of type `Scalar`.
///
/// Pointers refer to contiguous elements; shapes are row-major. No kernel allocates, and no result depends on a
/// buffer's address or on how the work is tiled.
package struct Kernels<Scalar: KernelElement>: Sendable {
  /// A read-only operand.
  package typealias Source = UnsafePointer<Scalar>
  /// A result.
  package typealias Destination = UnsafeMutablePointer<Scalar>

  // The table is a constant of the C target: immutable and never freed.
  nonisolated(unsafe) let table: UnsafePointer<ck_table>

  init(table: UnsafePointer<ck_table>) { self.table = table }

  /// The kernels of the best instruction set that this processor runs.
  package static var best: Kernels { InstructionSet.best.kernels() }

  // MARK: Element-wise

  /// The loop that computes `function`.
  package func loop(_ function: UnaryFunction) -> UnaryLoop { ck_unary_kernel(table, function) }

  /// The loop that computes `function`.
  package func loop(_ function: BinaryFunction) -> BinaryLoop { ck_binary_kernel(table, function) }

  /// The loop that copies.
  package var copyLoop: UnaryLoop { table.pointee.copy }

  /// The loop that chooses between two operands.
  package var selectLoop: SelectLoop { table.pointee.select }

  /// Sets `count` elements to `value`.
  package func fill(_ out: Destination, count: Int, with value: Scalar) {
    table.pointee.fill(count, Double(value), out)
  }

  /// `y += a * x` over `count` elements.
  package func addScaled(_ a: Double, _ x: Source, to y: Destination, count: Int) {
    table.pointee.axpy(count, a, x, y)
  }

  /// `y = a * x + b * y` over `count` elements.
  package func combine(_ a: Double, _ x: Source, _ b: Double, _ y: Destination, count: Int) {
    table.pointee.axpby(count, a, x, b, y)
  }

  /// `out = a * x` over `count` elements.
  package func scale(_ x: Source, by a: Double, into out: Destination, count: Int) {
    table.pointee.scale(count, a, x, out)
  }

  /// `out = x + a` over `count` elements.
  package func offset(_ x: Source, by a: Double, into out: Destination, count: Int) {
    table.pointee.offset(count, a, x, out)
  }

  /// `y = a * x² + b * y` over `count` elements.
  package func combineSquare(_ a: Double, _ x: Source, _ b: Double, _ y: Destination, count: Int) {
    table.pointee.square_axpby(count, a, x, b, y)
  }

  /// `out = a * x / (b * √y + c)` over `count` elements.
  package func rootQuotient(
    _ a: Double, _ x: Source, _ b: Double, _ y: Source, _ c: Double, into out: Destination, count: Int
  ) {
    table.pointee.root_quotient(count, a, x, b, y, c, out)
  }

  /// `out = x` limited to `-bound ... bound` over `count` elements; NaN stays.
  package func clamp(_ x: Source, to bound: Double, into out: Destination, count: Int) {
    table.pointee.clamp(count, bound, x, out)
  }

  /// The sum of `count` products `x * y` in double precision, in a fixed order.
  package func dot(_ x: Source, _ y: Source, count: Int) -> Double { table.pointee.dot(count, x, y) }

  /// The sum of `count` elements in double precision, in a fixed order.
  package func total(_ x: Source, count: Int) -> Double { table.pointee.total(count, x) }

  /// Whether none of `count` elements is infinite or not a number.
  package func allFinite(_ x: Source, count: Int) -> Bool { table.pointee.all_finite(count, x) != 0 }

  // MARK: Reductions

  /// Reduces the middle axis of `x` [outer, count, inner] into `out` [outer, inner], in one fixed order.
  ///
  /// An empty sum is 0, an empty maximum minus infinity, an empty minimum infinity; a NaN makes its result NaN.
  package func reduce(
    _ reduction: ReductionFunction, _ x: Source, outer: Int, count: Int, inner: Int, into out: Destination
  ) {
    ck_reduction_kernel(table, reduction)(outer, count, inner, x, out)
  }

  /// `out` = `scale` · Σ of `count` elements each of `slots` vectors that lie `stride` elements apart: in the binary tree
  /// in which neighbours at distance 1 are added, then at distance 2, 4 and so on.
  package func treeSum(
    _ x: Source, slots: Int, stride: Int, count: Int, scaledBy scale: Double, into out: Destination
  ) {
    table.pointee.tree_sum(count, slots, stride, x, scale, out)
  }

  /// exp(x) / Σ exp(x) along the rows of `x` [rows, columns].
  package func softmax(_ x: Source, rows: Int, columns: Int, into out: Destination) {
    table.pointee.softmax(rows, columns, x, out)
  }

  /// x − log Σ exp(x) along the rows of `x` [rows, columns].
  package func logSoftmax(_ x: Source, rows: Int, columns: Int, into out: Destination) {
    table.pointee.log_softmax(rows, columns, x, out)
  }

  /// log Σ exp(x) along the rows of `x` [rows, columns] into `out` [rows]; minus infinity for an empty row.
  package func logSumExp(_ x: Source, rows: Int, columns: Int, into out: Destination) {
    table.pointee.logsumexp(rows, columns, x, out)
  }

  /// The index of the first largest element of each row of `x` [rows, columns] into `out` [rows]; the first NaN if
  /// there is one.
  package func argmax(_ x: Source, rows: Int, columns: Int, into out: Destination) {
    table.pointee.argmax(rows, columns, x, out)
  }

  /// log Σ exp(x) − x[class] for each row of `x` [rows, columns] into `out` [rows]; `classes` [rows] hold indices, and
  /// one outside 0 ..< `columns` counts as no class, whose x is 0.
  package func crossEntropy(_ x: Source, classes: Source, rows: Int, columns: Int, into out: Destination) {
    table.pointee.cross_entropy(rows, columns, x, classes, out)
  }

  /// The softmax of each row of `x` [rows, columns], less 1 at the row's class: the gradient of `crossEntropy`.
  package func softmaxResidual(_ x: Source, classes: Source, rows: Int, columns: Int, into out: Destination) {
    table.pointee.softmax_residual(rows, columns, x, classes, out)
  }

  // MARK: Matrix products

  /// A matrix operand: element (i, j) is at `i * rowStride + j * columnStride`.
  package struct Matrix {
    let pointer: Source
    let rowStride: Int
    let columnStride: Int

    /// A row-major matrix with rows `columns` apart, read as its transpose if asked.
    package init(_ pointer: Source, columns: Int, transposed: Bool = false) {
      self.pointer = pointer
      rowStride = transposed ? 1 : columns
      columnStride = transposed ? columns : 1
    }

    private init(packed pointer: Source) {
      self.pointer = pointer
      rowStride = 0
      columnStride = 0
    }

    /// A right operand in the kernels' own order, as `packRight` leaves it.
    package static func packed(_ pointer: Source) -> Matrix { Matrix(packed: pointer) }
  }

  /// Elements of scratch space that `multiply` needs for a left operand [rows, depth].
  package func multiplyScratch(rows: Int, depth: Int) -> Int {
    let tile = table.pointee.tile_rows
    return (depth + 16) * max(panelColumns, 16) + depth * ((rows + tile - 1) / tile * tile)
  }

  /// `out` [rows, columns] = `a` [rows, depth] · `b` [depth, columns], `out` row-major; then, if asked, a bias [columns]
  /// is added to each row and what is below zero becomes zero.
  ///
  /// Each element is one chain of multiply-adds in ascending depth. Only if `b` has fewer than 16 columns, `a` is read as
  /// it lies and the depth is 64 or more, it is one chain for each lane of a vector of 64 bytes, added up by halves. So the bits are
  /// the same for any number of rows computed with it, and with the bias and the zeros as in passes of their own.
  package func multiply(
    _ a: Matrix, _ b: Matrix, rows: Int, columns: Int, depth: Int, into out: Destination, bias: Source? = nil,
    isRectified: Bool = false, scratch: Destination
  ) {
    table.pointee.gemm(
      rows, columns, depth, a.pointer, a.rowStride, a.columnStride, b.pointer, b.rowStride, b.columnStride, out,
      columns, bias, isRectified ? 1 : 0, scratch)
  }

  /// Columns in which `multiply(_:packed:…)` can be cut: whole panels, and enough that no part is taken for a narrow product.
  package var columnUnit: Int { panelColumns * ((15 + panelColumns) / panelColumns) }

  /// Some columns of `multiply`'s result, from a right operand [depth, allColumns] in the kernels' own order: the same bits.
  ///
  /// - Parameters:
  ///   - columns: They begin at a multiple of `columnUnit`, and are so many at least.
  ///   - out: The whole result, [rows, allColumns].
  package func multiply(
    _ a: Matrix, packed b: Source, rows: Int, columns: Range<Int>, of allColumns: Int, depth: Int,
    into out: Destination, bias: Source? = nil, isRectified: Bool = false, scratch: Destination
  ) {
    precondition(
      columns.lowerBound % columnUnit == 0 && columns.upperBound <= allColumns
        && (columns.count >= columnUnit || columns.count == allColumns), "these columns cannot be computed alone")
    table.pointee.gemm(
      rows, columns.count, depth, a.pointer, a.rowStride, a.columnStride, b + columns.lowerBound * depth, 0, 0,
      out + columns.lowerBound, allColumns, bias.map { $0 + columns.lowerBound }, isRectified ? 1 : 0, scratch)
  }

  /// `out` = the transpose of `x` [rows, columns]; rows lie `stride` and `outStride` apart.
  package func transpose(
    _ x: Source, rows: Int, columns: Int, stride: Int, into out: Destination, outStride: Int
  ) {
    table.pointee.transpose_matrix(rows, columns, x, stride, out, outStride)
  }

  /// Elements of a right operand [depth, columns] of `multiply` in the kernels' own order.
  package func packedRightCount(depth: Int, columns: Int) -> Int {
    (depth + 16) * ((columns + panelColumns - 1) / panelColumns * panelColumns)
  }

  /// Writes the rows `rows` and the columns `columns` of a right operand of that shape, which are the matrix `part`, to
  /// their places in the kernels' own order.
  package func packRight(
    _ part: Matrix, rows: Range<Int>, columns: Range<Int>, ofShape shape: (depth: Int, columns: Int),
    into out: Destination
  ) {
    table.pointee.pack_right(
      shape.depth, shape.columns, rows.lowerBound, rows.count, columns.lowerBound, columns.count, part.pointer,
      part.rowStride, part.columnStride, out)
  }

  /// Columns of one panel of `pack`.
  package var panelColumns: Int { table.pointee.panel_columns }

  /// Elements of a matrix [rows, columns] in panels.
  package func packedCount(rows: Int, columns: Int) -> Int {
    rows * ((columns + panelColumns - 1) / panelColumns * panelColumns)
  }

  /// `b` [depth, columns] in panels of `panelColumns` columns, one after the other, each row-major: the order in which
  /// `multiplyTree` reads a right operand.
  package func pack(_ b: Matrix, depth: Int, columns: Int, into out: Destination) {
    table.pointee.pack_panels(columns, depth, b.pointer, b.rowStride, b.columnStride, out)
  }

  /// Elements of scratch space that `multiplyTree` needs.
  package func multiplyTreeScratch(rows: Int, shards: Int) -> Int {
    max(rows, panelColumns) * table.pointee.tree_columns * (2 + (Int.bitWidth - shards.leadingZeroBitCount))
  }

  /// `out` [rows, columns] = `scale` Σ `left`[s]ᵀ · `right`[s] over shards s, of `depths`[s] samples each: the gradient of a
  /// weight, summed in the binary tree in which neighbours at distance 1 are added, then at distance 2, 4 and so on.
  ///
  /// - Parameters:
  ///   - left: The first of `rows` columns of each left operand, whose rows are `leftStride` apart.
  ///   - right: Each right operand [depths[s], columns], in panels if `columns` exceeds `panelColumns`.
  ///   - stretches: Memory that is written next, and asked for while this computes.
  package func multiplyTree(
    left: UnsafePointer<UnsafeRawPointer>, leftStride: Int, right: UnsafePointer<UnsafeRawPointer>,
    depths: UnsafePointer<Int>, shards: Int, rows: Int, columns: Int, scaledBy scale: Double = 1,
    into out: Destination, scratch: Destination, claiming stretches: Stretches? = nil
  ) {
    table.pointee.product_tree(
      rows, columns, shards, depths, left, leftStride, right, scale, out, scratch, stretches?.baseAddress,
      stretches?.count ?? 0)
  }

  /// Does `rounds` times 12 multiply-adds of vectors that wait for nothing, to measure the peak of the arithmetic.
  ///
  /// - Returns: The floating-point operations done, a multiply-add counting as two, and a number that is of no use but
  ///   for the compiler to see that they are wanted.
  package func runMultiplyAdds(rounds: Int) -> (operations: Int, result: Double) {
    (rounds * 12 * 2 * table.pointee.lanes, table.pointee.multiply_adds(rounds))
  }

  // MARK: Data movement

  /// Elements `start ..< start + count`, in row-major order, of the array of that shape whose element at some
  /// coordinates is `x` at the coordinates' dot product with `strides`. A stride of 0 broadcasts.
  package func stridedCopy(
    _ x: Source, shape: UnsafePointer<Int>, strides: UnsafePointer<Int>, rank: Int, start: Int, count: Int,
    into out: Destination
  ) {
    table.pointee.strided_copy(start, count, rank, shape, strides, x, out)
  }

  /// Stores element i of the array `x` of that shape where `stridedCopy` with these strides reads element i.
  package func stridedStore(
    _ x: Source, shape: UnsafePointer<Int>, strides: UnsafePointer<Int>, rank: Int, into out: Destination
  ) {
    table.pointee.strided_store(rank, shape, strides, x, out)
  }

  /// Rows of the middle axis of `x` [outer, extent, inner] into `out` [outer, count, inner], chosen by `indices` [count].
  ///
  /// Negative indices count from the end; one that is no whole number in range gives a row of NaN.
  package func gather(
    _ x: Source, indices: Source, outer: Int, extent: Int, inner: Int, count: Int, into out: Destination
  ) {
    table.pointee.gather(outer, extent, inner, count, indices, x, out)
  }

  /// Adds the rows of `x` [outer, count, inner], in order, to those rows of zeros `out` [outer, extent, inner] that
  /// `indices` [count] name. Negative indices count from the end; one that is no whole number in range is left out.
  package func scatterAdd(
    _ x: Source, indices: Source, outer: Int, extent: Int, inner: Int, count: Int, into out: Destination
  ) {
    table.pointee.scatter_add(outer, extent, inner, count, indices, x, out)
  }

  /// Adds the rows of `x` [count, inner], in order, to those that `indices` [count] name among `extent`, as far as these are
  /// among `rows`, of which `out` is the first.
  ///
  /// - Parameter out: `nil` to add nothing.
  /// - Returns: How many of the rows are among them.
  @discardableResult
  package func scatterRows(
    _ x: Source, indices: Source, extent: Int, rows: Range<Int>, inner: Int, count: Int, into out: Destination?
  ) -> Int {
    table.pointee.scatter_rows(extent, rows.lowerBound, rows.count, inner, count, indices, x, out)
  }

  /// Rows `out` [rows, count] of zeros with a 1 at the place that `indices` [rows] names; an index outside
  /// 0 ..< `count` gives zeros.
  package func oneHot(_ indices: Source, rows: Int, count: Int, into out: Destination) {
    table.pointee.one_hot(rows, count, indices, out)
  }

  /// Gathers rows of a byte matrix `x` [any, width] into `out` [rows, columns], converted as `x * scale + offset`: of
  /// each row the first `columns` elements, for which `scale` and `offset` are.
  ///
  /// - Parameters:
  ///   - indices: `rows` rows, and then `following` rows that will be wanted next: what of them can be on its way
  ///     meanwhile is asked for.
  package func gatherRows(
    bytes x: UnsafePointer<UInt8>, width: Int, indices: UnsafePointer<Int64>, rows: Int, following: Int = 0,
    columns: Int, scale: Source, offset: Source, into out: Destination
  ) {
    table.pointee.gather_bytes(rows, following, columns, width, x, indices, scale, offset, out)
  }

  /// Gathers rows of a matrix `x` [any, width] into `out` [rows, columns] as `x * scale + offset`: of each row the first
  /// `columns` elements, for which `scale` and `offset` are.
  ///
  /// - Parameters:
  ///   - indices: As for bytes.
  package func gatherRows(
    _ x: Source, width: Int, indices: UnsafePointer<Int64>, rows: Int, following: Int = 0, columns: Int, scale: Source,
    offset: Source, into out: Destination
  ) {
    table.pointee.gather_rows(rows, following, columns, width, x, indices, scale, offset, out)
  }

  /// Replaces numbers by their images under a permutation of 0 ..< `count`: a Feistel network on pairs
  /// (x mod a, x div a) with `sides` (a, b), ab ≥ count, a round for each key and an even number of them, walked until it
  /// lands below `count` (Black and Rogaway, 2002).
  ///
  /// - Precondition: count < 2^52.
  package func permute(
    _ numbers: UnsafeMutableBufferPointer<Int64>, count: Int, sides: (UInt32, UInt32),
    keys: UnsafeBufferPointer<UInt32>
  ) {
    guard let first = keys.baseAddress, let number = numbers.baseAddress else { return }
    table.pointee.permute(numbers.count, Int64(count), sides.0, sides.1, first, keys.count, number)
  }

  /// An inverted-dropout mask (Srivastava et al., 2014): element i is 0 with probability `rate`, else 1 / (1 − rate),
  /// a pure function of (seed, stream, first + i).
  package func dropoutMask(
    _ out: Destination, count: Int, seed: UInt64, stream: UInt64, first: UInt64, rate: Double
  ) {
    table.pointee.dropout_mask(count, seed, stream, first, rate, out)
  }

  /// Numbers of the normal distribution with mean 0: quantiles (Wichura, 1988) at words of Philox, element i a pure function
  /// of (seed, stream, first + i).
  package func normalNoise(
    _ out: Destination, count: Int, seed: UInt64, stream: UInt64, first: UInt64, deviation: Double
  ) {
    table.pointee.normal_noise(count, seed, stream, first, deviation, out)
  }
}
