import Kernels

/// The order in which an epoch visits the samples: each exactly once.
///
/// Position p of an epoch maps to a sample by a permutation that is computed, not stored: an unbalanced Feistel network
/// on {0 … a−1} × {0 … b−1} with ab ≥ count, walked until it lands below count (Black and Rogaway, 2002). Any worker
/// finds the samples of its shard alone, and there is no generator state to save.
package struct Sampler: Sendable {
  /// The number of samples.
  package let count: Int
  private let isShuffling: Bool
  private let seed: UInt64
  private let a: UInt64
  private let b: UInt64
  private let kernels = Kernels<Float>.best

  // With six, small sets show whose neighbour a sample is: measured by the followers of each sample.
  private static let rounds = 10

  /// Creates a sampler of at least one sample.
  ///
  /// - Parameter isShuffling: If not, position p is sample p.
  package init(count: Int, seed: UInt64, isShuffling: Bool) {
    precondition(count >= 1, "there is nothing to sample")
    self.count = count
    self.seed = seed
    self.isShuffling = isShuffling
    var side = UInt64(Double(count).squareRoot())
    while side * side < UInt64(count) { side += 1 }
    a = side
    b = (UInt64(count) + side - 1) / side
  }

  /// Writes the samples at positions `positions` of an epoch, counted from 0, into `out`, and then those at `following`:
  /// one call for both is cheaper than two.
  package func fill(
    _ out: UnsafeMutablePointer<Int64>, epoch: Int, positions: Range<Int>, following: Range<Int> = 0..<0
  ) {
    for (index, position) in positions.enumerated() { out[index] = Int64(position) }
    for (index, position) in following.enumerated() { out[positions.count + index] = Int64(position) }
    guard isShuffling else { return }
    let numbers = UnsafeMutableBufferPointer(start: out, count: positions.count + following.count)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.rounds) { keys in
      // The stream's top bits keep the sampler's numbers apart from dropout's and the initializers'.
      let random = Philox(seed: seed, stream: 1 << 63 | UInt64(epoch))
      for four in stride(from: 0, to: Self.rounds, by: 4) {
        let words = random.words(at: UInt64(four / 4))
        for round in four..<min(Self.rounds, four + 4) { keys[round] = words[round - four] }
      }
      kernels.permute(
        numbers, count: count, sides: (UInt32(a), UInt32(b)), keys: UnsafeBufferPointer(keys))
    }
  }
}
