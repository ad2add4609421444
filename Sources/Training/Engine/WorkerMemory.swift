import Autodiff
import DataParallel
import Datasets
import Kernels

/// What one worker, or one shard that several workers share, needs for running plans: a workspace, and room for the rows
/// of a shard.
///
/// The sources of the rows are kept alive by whoever made the room. Their use counts no references, as
/// `SharedBuffer.use`.
final class ShardRoom<Scalar: TrainingScalar> {
  let workspace: Workspace<Scalar>
  /// The samples of a shard, and then the first of the shard that the worker will probably run next.
  let indices: UnsafeMutablePointer<Int64>
  let rows: [UnsafeMutablePointer<Scalar>]
  private let sources: [Unmanaged<RowSource<Scalar>>]
  /// The plan's inputs: pointers to `rows`.
  let inputs: UnsafeMutableBufferPointer<UnsafePointer<Scalar>>
  /// All that is large of it.
  let memory: [UnsafeMutableRawBufferPointer]
  /// What its work takes, where somebody asks.
  var clock = KernelClock.off

  /// The most samples of the next shard that are known: as many as the kernels ask memory for.
  static var mostFollowing: Int { 8 }

  /// Memory for shards of up to `samples` rows of `sources`, whose plans are `plans`.
  init(plans: [Plan<Scalar>], samples: Int, sources: [RowSource<Scalar>]) {
    workspace = Workspace(for: plans)
    indices = .allocate(capacity: samples + Self.mostFollowing)
    indices.initialize(repeating: 0, count: samples + Self.mostFollowing)
    self.sources = sources.map { .passUnretained($0) }
    rows = sources.map { .allocate(unwritten: samples * $0.columns) }
    inputs = .allocate(capacity: sources.count)
    _ = inputs.initialize(from: rows.map { UnsafePointer($0) })
    memory = workspace.memory + zip(rows, sources).map { .init(scalars: $0, count: samples * $1.columns) }
  }

  deinit {
    indices.deallocate()
    rows.forEach { $0.deallocate() }
    inputs.deallocate()
  }

  /// Converts the rows of the first `samples` of `indices` into `rows`; `following` more are known.
  func gather(samples: Int, following: Int = 0, kernels: Kernels<Scalar>) {
    let indices = UnsafeBufferPointer(start: indices, count: samples + following)
    for index in sources.indices {
      sources[index]._withUnsafeGuaranteedRef {
        $0.gather(indices, following: following, into: rows[index], kernels: kernels)
      }
    }
  }
}

/// What one worker needs for updating a block, and for a tile of a shard's product.
final class BlockRoom<Scalar: TrainingScalar> {
  /// The operands of a product: pointers to each shard's, and the shards' sizes.
  let left: UnsafeMutablePointer<UnsafeRawPointer>
  let right: UnsafeMutablePointer<UnsafeRawPointer>
  let depths: UnsafeMutablePointer<Int>
  /// The left operand's columns for a block, of all its rows.
  let rows: UnsafeMutablePointer<Scalar>
  /// Scratch space of the product.
  let productScratch: UnsafeMutablePointer<Scalar>
  /// A block of the gradient.
  let gradient: UnsafeMutablePointer<Scalar>
  /// Scratch space of the optimizer, for any block.
  let scratch: UnsafeMutablePointer<Scalar>
  /// Scratch space of a tile, as Note [Tiles] in `Autodiff` says.
  let tileScratch: UnsafeMutablePointer<Scalar>
  /// All that is large of it.
  let memory: [UnsafeMutableRawBufferPointer]
  /// What its work takes, where somebody asks.
  var clock = KernelClock.off

  /// Memory for any block.
  init(blocks: BlockPartition, shards: Int, samples: Int, tileScratch: Int, kernels: Kernels<Scalar>) {
    let rowCount = samples * blocks.leftElementsOfSample
    rows = .allocate(unwritten: rowCount)
    let productCount = max(
      kernels.multiplyTreeScratch(rows: blocks.mostProductRows, shards: shards),
      Self.scatterScratch(blocks, shards: shards))
    productScratch = .allocate(unwritten: productCount)
    gradient = .allocate(unwritten: blocks.largestBlock)
    scratch = .allocate(unwritten: blocks.largestBlock)
    self.tileScratch = .allocate(unwritten: tileScratch)
    // What an empty shard has: nothing is read there.
    let nothing = UnsafeRawPointer(rows)
    left = .allocate(capacity: shards)
    left.initialize(repeating: nothing, count: shards)
    right = .allocate(capacity: shards)
    right.initialize(repeating: nothing, count: shards)
    depths = .allocate(capacity: shards)
    depths.initialize(repeating: 0, count: shards)
    memory = [
      .init(scalars: rows, count: rowCount), .init(scalars: productScratch, count: productCount),
      .init(scalars: gradient, count: blocks.largestBlock), .init(scalars: scratch, count: blocks.largestBlock),
      .init(scalars: self.tileScratch, count: tileScratch),
    ]
  }

  /// Elements of scratch space for sums of scattered rows: a block for each level of the tree.
  static func scatterScratch(_ blocks: BlockPartition, shards: Int) -> Int {
    blocks.largestScatter * (Int.bitWidth - shards.leadingZeroBitCount)
  }

  deinit {
    left.deallocate()
    right.deallocate()
    depths.deallocate()
    for pointer in [rows, productScratch, gradient, scratch, tileScratch] { pointer.deallocate() }
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The bytes of some elements.
  fileprivate init<Scalar>(scalars: UnsafeMutablePointer<Scalar>, count: Int) {
    self.init(UnsafeMutableBufferPointer(start: scalars, count: count))
  }
}
