import Kernels

/// Note [Sample products]. The gradient of a weight is a product over samples, xᵀ·y, of the layer's inputs and the
/// gradient of its outputs. It is by far the largest thing that a shard could compute, and only its sum over all shards
/// is wanted. So a plan can leave such products uncomputed and keep their operands, which are small: the update then
/// computes a few rows of the sum at a time, over all shards in the fixed tree, uses them while they are in the cache,
/// and no shard needs memory of the parameters' size. Every element goes through the same operations in the same order
/// as if each shard had computed its own product and the products had been summed.
///
/// That is right for any xᵀ·y, but only with as many rows as the shard has samples are its operands where the update
/// looks for them, and only if x depends on the samples are they smaller than what they replace: a product of parameters
/// alone, such as the gradient of W in tanh(V)·W, is the same in every shard. `Node.isSampleProduct(of:)` asks for both.

/// A matrix product xᵀ·y over the samples of a run that the run has not computed: its operands.
package struct SampleProduct: Sendable {
  /// Where the left operand x [samples, rows] is.
  package enum Left: Sendable {
    /// An input of the run, by its index among `Plan.inputs`.
    case input(Int)
    /// In the kept memory, from this element on.
    case kept(offset: Int)
  }

  /// The left operand.
  package let left: Left
  /// The right operand y [samples, columns] in the kept memory; in the kernels' panels if there is more than one.
  package let rightOffset: Int
  /// The samples.
  package let depth: Int
  /// Rows of the product.
  package let rows: Int
  /// Columns of the product.
  package let columns: Int
}

extension Node {
  /// Whether this is a product xᵀ·y of two matrices, computed from rows of `samples` samples, that a plan can leave
  /// uncomputed, as Note [Sample products] says: both have a row for each sample, x depends on an input of the graph, and
  /// neither is a parameter.
  package func isSampleProduct(of samples: Int) -> Bool {
    isProductOfColumns && inputs[0].shape[0] == samples && inputs[0].dependsOnInput
      // A parameter changes while products are computed.
      && inputs.allSatisfy { !(graph.records[graph.viewed($0.index)].operation is Parameter) }
  }

  /// Whether the left operand of this product over samples is an input of the graph as it is, a row of it for each
  /// sample: then whoever computes the product can read it where the input came from.
  ///
  /// - Precondition: `isSampleProduct(of:)` of some number of samples.
  package var readsInput: Bool {
    precondition(isProductOfColumns, "'\(operation.name)' is not a product over samples")
    let left = inputs[0]
    let input = graph.records[graph.viewed(left.index)].operation as? Input
    return input?.storedShape.first == left.shape[0]
  }

  /// Whether this is xᵀ·y of two matrices.
  private var isProductOfColumns: Bool {
    guard let product = operation as? MatrixMultiply else { return false }
    return product.transposesLeft && !product.transposesRight && inputs.allSatisfy { $0.shape.count == 2 }
  }

  private var dependsOnInput: Bool {
    graph.reachable(from: [self]).contains { graph.records[$0].operation is Input }
  }

  /// The transpose of a product over samples, yᵀ·x: the same numbers, bit for bit.
  ///
  /// - Precondition: `isSampleProduct(of:)` of some number of samples.
  package func transposedProduct() throws -> Node {
    precondition(isProductOfColumns, "'\(operation.name)' is not a product over samples")
    return try inputs[1].matmul(inputs[0], transposesLeft: true)
  }
}

extension PlanCompiler {
  /// Finds a place for the operands of a product: the left one's rows as they are, the right one's in panels.
  mutating func place(_ product: Node, rereadsInput: Bool, computed: Set<Int>) {
    let (left, right) = (product.inputs[0], product.inputs[1])
    let (depth, rows, columns) = (left.shape[0], left.shape[1], right.shape[1])
    let leftPlace: SampleProduct.Left
    let (source, graph) = (product.graph.viewed(left.index), product.graph)
    if rereadsInput, graph.records[source].operation is Input, let place = places[source] {
      leftPlace = .input(place.region - Workspace<Scalar>.fixedRegions)
    } else {
      leftPlace = .kept(offset: keep(source, count: depth * rows, computed: computed))
    }
    let isPacked = columns > kernels.panelColumns
    let rightSource = graph.viewed(right.index)
    let rightOffset =
      isPacked
      ? reserve(kernels.packedCount(rows: depth, columns: columns))
      : keep(rightSource, count: depth * columns, computed: computed)
    if isPacked { packs.append(.init(node: rightSource, depth: depth, columns: columns, offset: rightOffset)) }
    compiled.products.append(
      SampleProduct(left: leftPlace, rightOffset: rightOffset, depth: depth, rows: rows, columns: columns))
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
