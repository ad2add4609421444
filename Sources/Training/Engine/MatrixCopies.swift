import Autodiff
import DataParallel
import Kernels

/// The matrices in the order in which the kernels read them, as Note [Packed matrices] in `Autodiff` says: written by the
/// update that changes them, read by the shards' plans.
struct MatrixCopies<Scalar: TrainingScalar>: Sendable {
  private let kernels: Kernels<Scalar>
  private let memory: SharedBuffer<Scalar>
  /// The copies, those of the same matrix side by side.
  private let copies: [PackedMatrices.Matrix]
  /// Which of them are of each matrix.
  private let ranges: [Range<Int>]

  /// Memory for what `plans` read.
  init(
    of matrices: [BlockPartition.Matrix], _ packed: PackedMatrices, plans: PlanSet<Scalar>, kernels: Kernels<Scalar>
  ) {
    self.kernels = kernels
    let used = plans.all.reduce(into: Set<PackedMatrices.Matrix>()) { $0.formUnion($1.packedMatrices) }
    var copies: [PackedMatrices.Matrix] = []
    ranges = matrices.map { matrix in
      let first = copies.count
      copies += used.filter { $0.range == matrix.range }.sorted { $0.offset < $1.offset }
      return first..<copies.count
    }
    self.copies = copies
    memory = SharedBuffer(repeating: .unwritten, count: packed.count)
  }

  /// Whether plans read the matrix that lies at that range in another order too.
  func hasCopies(of range: Range<Int>) -> Bool { copies.contains { $0.range == range } }

  /// What a plan's run takes.
  var packed: UnsafePointer<Scalar> { UnsafePointer(memory.pointer) }

  /// All of the copies.
  var bytes: UnsafeMutableRawBufferPointer { memory.bytes }

  /// Writes rows of a matrix, of which `part` is the first.
  func write(_ rows: Range<Int>, of number: Int, from part: UnsafePointer<Scalar>) {
    for copy in ranges[number] { copies[copy].pack(rows, from: part, to: memory.pointer, kernels: kernels) }
  }
}
