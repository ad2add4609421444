import Autodiff
import DataParallel
import Kernels

/// The weights in the order in which the kernels read them, as Note [Packed weights] in `Autodiff` says: written by the
/// update that changes them, read by the shards' plans.
struct WeightCopies<Scalar: TrainingScalar>: Sendable {
  private let kernels: Kernels<Scalar>
  private let memory: SharedBuffer<Scalar>
  /// The copies, those of the same weight side by side.
  private let copies: [PackedWeights.Weight]
  /// Which of them are of each weight.
  private let ranges: [Range<Int>]

  /// Memory for what `plans` read.
  init(
    of weights: [BlockPartition.Weight], _ packed: PackedWeights, plans: PlanSet<Scalar>, kernels: Kernels<Scalar>
  ) {
    self.kernels = kernels
    let used = plans.all.reduce(into: Set<PackedWeights.Weight>()) { $0.formUnion($1.packedWeights) }
    var copies: [PackedWeights.Weight] = []
    ranges = weights.map { weight in
      let first = copies.count
      copies += used.filter { $0.range == weight.range }.sorted { $0.offset < $1.offset }
      return first..<copies.count
    }
    self.copies = copies
    memory = SharedBuffer(repeating: .unwritten, count: packed.count)
  }

  /// Whether plans read the matrix that lies at that range in another order too.
  func hasCopies(of range: Range<Int>) -> Bool { copies.contains { $0.range == range } }

  /// What a plan's run takes.
  var packed: UnsafePointer<Scalar> { UnsafePointer(memory.pointer) }

  /// Writes rows of a weight, of which `part` is the first.
  func write(_ rows: Range<Int>, of number: Int, from part: UnsafePointer<Scalar>) {
    for copy in ranges[number] { copies[copy].pack(rows, from: part, to: memory.pointer, kernels: kernels) }
  }
}
