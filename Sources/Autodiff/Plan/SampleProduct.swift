import Kernels

/// Note [Sample products]. The gradient of a weight is a product xᵀ·y, of the layer's inputs and the gradient of its
/// outputs. It is by far the largest thing that a shard could compute, and only its sum over all shards is wanted. So a
/// plan can leave such products uncomputed and keep their operands, which are small: the update then computes a few rows
/// of the sum at a time, over all shards in the fixed tree, uses them while they are in the cache, and no shard needs
/// memory of the parameters' size. Every element goes through the same operations in the same order as if each shard had
/// computed its own product and the products had been summed.
///
/// Of a dense layer x and y have a row for each sample. Where a layer meets a sample several times, at the steps of a
/// sequence or the positions of an image, they have so many rows for each. Where its inputs are places in a table, as an
/// embedding's, x is rows of zeros with a single 1: then the places alone are kept, and the product is a scatter of y's
/// rows. A product may be seen through views, as the gradient of a weight of another shape.
///
/// That is right for any xᵀ·y of two operands that the plan computes, but only if x depends on the samples are they
/// smaller than what they replace: a product of parameters alone, such as the gradient of W in tanh(V)·W, is the same in
/// every shard. `Node.sampleProduct(of:)` asks for that, for a whole number of rows a sample, so that the operands of
/// shards of all sizes are known from one of them, and that neither is a parameter, which changes while products are
/// computed. Whether leaving it is worth it is for the caller to decide, from `SampleProductShape`.

/// A product xᵀ·y over the samples of a run that the run has not computed: its operands.
package struct SampleProduct: Sendable {
  /// Where the left operand x [depth, rows] is.
  package enum Left: Sendable {
    /// An input of the run with a row for each sample, by its index among `Plan.inputs`.
    case input(Int)
    /// In the kept memory, from this element on.
    case kept(offset: Int)
    /// Rows of zeros with a single 1: its places [depth] are in the kept memory, from this element on.
    case places(offset: Int)
  }

  /// The left operand.
  package let left: Left
  /// The right operand y [depth, columns] in the kept memory.
  package let rightOffset: Int
  /// Whether it lies there in the kernels' panels.
  package let isRightInPanels: Bool
  /// The rows of both operands: the samples, or a multiple of them.
  package let depth: Int
  /// Rows of the product.
  package let rows: Int
  /// Columns of the product.
  package let columns: Int

  /// Floating-point operations of the product, counting a multiply-add as two; a scatter only adds.
  package var floatingPointOperations: Int {
    if case .places = left { depth * columns } else { 2 * depth * rows * columns }
  }

  /// Elements of the right operand as it is kept.
  package func rightCount<Scalar: KernelElement>(_ kernels: Kernels<Scalar>) -> Int {
    isRightInPanels ? kernels.packedCount(rows: depth, columns: columns) : depth * columns
  }
}

/// What a gradient that may be left to the update is a product of, as Note [Sample products] says.
package struct SampleProductShape: Hashable, Sendable {
  /// Rows of the operands for each sample.
  package let rowsOfSample: Int
  /// Rows of the product.
  package let rows: Int
  /// Columns of the product.
  package let columns: Int
  /// Whether the left operand is places in a table of `rows` rows.
  package let isScatter: Bool
  /// Whether the left operand is an input of the graph, a row of it for each sample: then whoever computes the product
  /// can read it where the input came from.
  package let readsInput: Bool

  /// Elements of both operands of so many samples, what can be read elsewhere left out.
  package func operandCount(samples: Int) -> Int {
    samples * rowsOfSample * (columns + (isScatter ? 1 : readsInput ? 0 : rows))
  }
}

extension Node {
  /// What this is a product of, if it is a product xᵀ·y computed from `samples` samples that a plan can leave uncomputed,
  /// as Note [Sample products] says.
  package func sampleProduct(of samples: Int) -> SampleProductShape? {
    guard let product = productOperands, samples > 0, product.depth > 0, product.depth % samples == 0, product.rows > 0,
      product.left.dependsOnInput,
      [product.left, product.right].allSatisfy({ !($0.unviewed.operation is Parameter) })
    else { return nil }
    let input = product.left.unviewed.operation as? Input
    return SampleProductShape(
      rowsOfSample: product.depth / samples, rows: product.rows, columns: product.columns,
      isScatter: product.isScatter,
      readsInput: !product.isScatter && product.depth == samples && input?.storedShape.first == samples)
  }

  /// What this, or what it is a view of, is a product of; `nil` if it is no xᵀ·y of two matrices and no scatter of rows.
  fileprivate var productOperands: ProductOperands? {
    let product = unviewed
    switch product.operation {
    case let multiply as MatrixMultiply:
      guard multiply.transposesLeft, !multiply.transposesRight, product.inputs.allSatisfy({ $0.shape.count == 2 })
      else { return nil }
      return ProductOperands(
        left: product.inputs[0], right: product.inputs[1], depth: product.inputs[0].shape[0], shape: product.shape,
        isScatter: false)
    case let scatter as ScatterAdd where scatter.axis == 0:
      return ProductOperands(
        left: product.inputs[1], right: product.inputs[0], depth: product.inputs[1].shape.elementCount,
        shape: product.shape, isScatter: true)
    default: return nil
    }
  }

  /// The transpose of a product over samples, yᵀ·x: the same numbers, bit for bit.
  ///
  /// - Precondition: `sampleProduct(of:)` of some number of samples, which is no scatter.
  package func transposedProduct() throws -> Node {
    let product = unviewed
    precondition(product.operation is MatrixMultiply, "'\(operation.name)' is not a product over samples")
    return try product.inputs[1].matmul(product.inputs[0], transposesLeft: true)
  }

  /// The node whose elements this is a view of, or itself.
  var unviewed: Node { Node(graph: graph, index: graph.viewed(index)) }

  private var dependsOnInput: Bool {
    graph.reachable(from: [self]).contains { graph.records[$0].operation is Input }
  }
}

/// The operands of a product that may be left: x and y, or the places and y.
private struct ProductOperands {
  let left: Node
  let right: Node
  /// The rows of both.
  let depth: Int
  /// Of the product: rows first.
  let shape: Shape
  let isScatter: Bool

  var rows: Int { shape[0] }
  var columns: Int { shape.dropFirst().reduce(1, *) }
}

extension PlanCompiler {
  /// Finds a place for the operands of a product: the left one's rows as they are; the right one's in panels, if it has
  /// several and they are multiplied.
  mutating func place(_ product: Node, rereadsInput: Bool, computed: Set<Int>) {
    guard let operands = product.productOperands else {
      preconditionFailure("'\(product.operation.name)' is not a product over samples")
    }
    let (left, right, isScatter, graph) = (operands.left, operands.right, operands.isScatter, product.graph)
    let (depth, rows, columns) = (operands.depth, operands.rows, operands.columns)
    let source = graph.viewed(left.index)
    let leftPlace: SampleProduct.Left
    if isScatter {
      leftPlace = .places(offset: keep(source, count: depth, computed: computed))
    } else if rereadsInput, graph.records[source].operation is Input, let place = places[source] {
      leftPlace = .input(place.region - Workspace<Scalar>.fixedRegions)
    } else {
      leftPlace = .kept(offset: keep(source, count: depth * rows, computed: computed))
    }
    let isInPanels = !isScatter && columns > kernels.panelColumns
    let rightSource = graph.viewed(right.index)
    let rightOffset =
      isInPanels
      ? reserve(kernels.packedCount(rows: depth, columns: columns))
      : keep(rightSource, count: depth * columns, computed: computed)
    if isInPanels { packs.append(.init(node: rightSource, depth: depth, columns: columns, offset: rightOffset)) }
    compiled.products.append(
      SampleProduct(
        left: leftPlace, rightOffset: rightOffset, isRightInPanels: isInPanels, depth: depth, rows: rows,
        columns: columns))
  }

  /// A node's offset in the kept memory: it is computed there if it can be, else copied at the end of the run.
  private mutating func keep(_ index: Int, count: Int, computed: Set<Int>) -> Int {
    if let place = places[index], place.region == Region.kept { return place.offset }
    let offset = reserve(count)
    if computed.contains(index), places[index] == nil {
      places[index] = Operand(region: Region.kept, offset: offset)
    } else {
      copies.append((index, Operand(region: Region.kept, offset: offset)))
    }
    return offset
  }

  private mutating func reserve(_ count: Int) -> Int {
    let offset = compiled.keptCount
    compiled.keptCount += BufferAssignment.aligned(count)
    return offset
  }

  /// A right operand to be packed once it is computed.
  struct Pack {
    let node: Int
    let depth: Int
    let columns: Int
    let offset: Int
  }

  /// Packs the right operands that are `node`.
  mutating func emitPacks(of node: Int) {
    for pack in packs where pack.node == node {
      guard let source = places[node] else { preconditionFailure("node \(node) has no place") }
      let (kernels, target) = (kernels, Operand(region: Region.kept, offset: pack.offset))
      let (depth, columns) = (pack.depth, pack.columns)
      compiled.instructions.append(
        .init(
          name: "pack",
          body: { frame in
            kernels.pack(
              .init(frame.pointer(source), columns: columns), depth: depth, columns: columns,
              into: frame.pointer(target))
          }, output: target, outputShape: [depth, columns], inputs: [source], floatingPointOperations: 0))
    }
  }
}
