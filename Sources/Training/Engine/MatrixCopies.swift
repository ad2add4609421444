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
  /// Where the copies of each block lie, those of the same block side by side.
  private let places: SharedBuffer<Stretch>
  private let placesOfBlocks: SharedBuffer<Range<Int>>

  /// Memory for what `plans` read.
  init(
    of matrices: [BlockPartition.Matrix], _ packed: PackedMatrices, blocks: BlockPartition, plans: PlanSet<Scalar>,
    kernels: Kernels<Scalar>
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
    let memory = SharedBuffer<Scalar>(repeating: .unwritten, count: packed.count)
    self.memory = memory
    var places: [Stretch] = []
    let ranges = ranges
    placesOfBlocks = SharedBuffer(
      blocks.blocks.map { block in
        let first = places.count
        for copy in block.matrix.map({ ranges[$0] }) ?? 0..<0 {
          let place = copies[copy].places(of: block.rows, in: UnsafePointer(memory.pointer), kernels: kernels)
          if let place { places.append(place) }
        }
        return first..<places.count
      })
    self.places = SharedBuffer(places)
  }

  /// Where ``write(_:of:from:)`` will write a block.
  func places(ofBlock block: Int) -> Kernels<Scalar>.Stretches {
    let range = placesOfBlocks.pointer[block]
    return .init(start: places.pointer + range.lowerBound, count: range.count)
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
