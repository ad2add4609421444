import Autodiff
import DataParallel
import Foundations
import Kernels

/// The plans of a run's shards, and how each parameter's gradient goes from them to the update.
///
/// Note [Delivery]. A gradient goes to the update through slots, through slots as its transpose, or as a product over
/// samples whose operands the shards keep. The update knows one way for each parameter, and the shards of a batch may
/// differ in size, and so in their graphs: a formula that is added up sample by sample has a product for a gradient where
/// there is one sample, a sum of products where there are more. So the way is chosen from the graphs of all sizes
/// together, and a shortcut is taken only where its condition holds in every one. Offsets in the slots, the order of the
/// products and the places of packed matrices follow from that choice and from the layout, so they are the same in all
/// plans.
struct TrainingPlans<Scalar: TrainingScalar> {
  let plans: PlanSet<Scalar>
  /// The matrices of the layout, in its order; those whose gradients are products are in the order of `Plan.products`.
  let matrices: [BlockPartition.Matrix]
  let packed: PackedMatrices

  /// Compiles a plan for each size.
  ///
  /// - Throws: `TrainerError` if the graph does not fit the data, or if there is not enough memory.
  init(
    _ problem: any Problem, sizes: Set<Int>, kernels: Kernels<Scalar>, shortcuts: EngineShortcuts = .all
  ) throws {
    let graphs = try sizes.sorted().map { try ShardGraph(problem, samples: $0) }
    let deliveries = problem.layout.entries.indices.map { number in
      Delivery(
        of: problem.layout.entries[number], as: graphs.map { ($0.gradients[number], $0.samples) },
        isFrozen: problem.freezes(problem.layout.entries[number].name), shortcuts)
    }
    var matrices: [BlockPartition.Matrix] = []
    var packed: [(range: Range<Int>, columns: Int, isTransposed: Bool)] = []
    let rightOperands = graphs.reduce(into: [String: Set<Bool>]()) { uses, graph in
      uses.merge(graph.graph.rightOperands) { $0.union($1) }
    }
    for (entry, delivery) in zip(problem.layout.entries, deliveries) where delivery.isOfMatrix {
      matrices.append(
        .init(
          range: entry.range, columns: delivery.columns, gradient: delivery.gradient,
          rowsOfSample: delivery.rowsOfSample))
      guard shortcuts.contains(.packedMatrices), entry.shape.count == 2 else { continue }
      for isTransposed in [false, true] where rightOperands[entry.name]?.contains(isTransposed) == true {
        packed.append((entry.range, entry.shape[1], isTransposed))
      }
    }
    let packedMatrices = PackedMatrices(of: packed, kernels: kernels)
    self.matrices = matrices
    self.packed = packedMatrices
    let graphOfSize = Dictionary(uniqueKeysWithValues: graphs.map { ($0.samples, $0) })
    plans = try PlanSet(sizes: sizes) { size in
      guard let graph = graphOfSize[size] else { preconditionFailure("there is a graph for each size") }
      let plan = try Plan(
        try problem.results(graph.terms) + graph.outputs(deliveries), layout: problem.layout, kernels: kernels,
        // A formula's rows of one sample are no inputs of a plan: what nobody needs is left out in any case.
        simplifications: shortcuts.contains(.simplification) ? .all : .deadNodes, packed: packedMatrices)
      try plan.requireMemory()
      return plan
    }
  }
}

extension ShardGraph {
  /// The gradients' places: products, or stretches of the slot one after the other in layout order.
  fileprivate func outputs(_ deliveries: [Delivery]) throws -> [PlanOutput] {
    var offset = 0
    return try zip(gradients, deliveries).compactMap { gradient, delivery in
      defer { if !delivery.isProduct, delivery.gradient != .absent { offset += gradient.shape.reduce(1, *) } }
      return switch delivery.gradient {
      case .product, .scatter: PlanOutput(gradient, .product(rereadsInput: delivery.rereadsInput))
      case .transposedSlots: PlanOutput(try gradient.transposedProduct(), .slot(offset: offset))
      case .slots: PlanOutput(gradient, .slot(offset: offset))
      case .absent: nil
      }
    }
  }
}

/// How the gradient of one entry of the layout goes to the update, as Note [Delivery] says.
private struct Delivery {
  let gradient: BlockPartition.Gradient
  /// Whether the left operand of a product is read from the dataset again.
  let rereadsInput: Bool
  /// Rows of a product's operands for each sample.
  let rowsOfSample: Int
  /// The columns of the matrix.
  let columns: Int
  /// Whether the update's blocks are whole rows of the entry.
  let isOfMatrix: Bool

  var isProduct: Bool { gradient == .product || gradient == .scatter }

  /// Elements of a matrix up to which a shard's gradient of it stays in the cache, so that a product over samples would
  /// only read the samples twice. Measured.
  private static var largestSlot: Int { 16384 }

  /// Chooses from the entry's gradient in the graphs of all sizes.
  ///
  /// - Parameter isFrozen: Whether nobody needs it: then a matrix has no place for one.
  init(
    of entry: ParameterLayout.Entry, as gradients: [(node: Node, samples: Int)], isFrozen: Bool,
    _ shortcuts: EngineShortcuts
  ) {
    let shapes = entry.count > 0 ? gradients.map { $0.node.sampleProduct(of: $0.samples) } : []
    // A product of the same shape for each size, but that rows of one may be those of an input and not of another.
    let first = shapes.first ?? nil
    let product = first.flatMap { first in
      shapes.allSatisfy { $0?.isAlike(first) == true } ? first : nil
    }
    let most = gradients.map(\.samples).max() ?? 0
    let isMatrix = entry.shape.count == 2
    if let product, entry.count > Self.largestSlot, product.isWorthLeaving(samples: most), shortcuts.contains(.products)
    {
      gradient = product.isScatter ? .scatter : .product
    } else if let product, !product.isScatter, isMatrix, entry.count <= Self.largestSlot,
      2 * entry.shape[1] <= entry.shape[0], shortcuts.contains(.transposedSlots)
    {
      gradient = .transposedSlots
    } else if isFrozen, entry.shape.count == 2, entry.count > 0, entry.shape[1] <= BlockPartition.blockLength {
      gradient = .absent
    } else {
      gradient = .slots
    }
    let isLeft = gradient == .product || gradient == .scatter
    rereadsInput =
      gradient == .product && shortcuts.contains(.rereadInputs) && shapes.allSatisfy { $0?.readsInput == true }
    rowsOfSample = isLeft ? product?.rowsOfSample ?? 1 : 1
    columns = isLeft ? product?.columns ?? 1 : isMatrix ? entry.shape[1] : 1
    isOfMatrix = isLeft || isMatrix && entry.count > 0 && columns <= BlockPartition.blockLength
  }
}

extension SampleProductShape {
  /// Whether the products of shards of different sizes are computed in the same way.
  fileprivate func isAlike(_ other: SampleProductShape) -> Bool {
    (rowsOfSample, rows, columns, isScatter) == (other.rowsOfSample, other.rows, other.columns, other.isScatter)
  }

  /// Whether the operands of so many samples, which the update reads, are fewer bytes than the gradient, which a shard
  /// would write and the update read. With one row a sample they are left whatever their number, which the workloads of
  /// `make bench` gain from.
  fileprivate func isWorthLeaving(samples: Int) -> Bool {
    rowsOfSample == 1 || operandCount(samples: samples) <= rows * columns
  }
}
