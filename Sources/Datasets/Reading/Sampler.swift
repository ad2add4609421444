import Kernels

/// The order in which an epoch visits the samples: each exactly once.
///
/// Position p of an epoch maps to a sample by a permutation that is computed, not stored: an unbalanced Feistel network
/// on {0 … a−1} × {0 … b−1} with ab ≥ count, walked until it lands below count (Black and Rogaway, 2002). Any worker
/// finds the samples of its shard alone, and there is no generator state to save.
public struct Sampler: Sendable {
  /// The number of samples.
  public let count: Int
  private let isShuffling: Bool
  private let seed: UInt64
  private let a: UInt64
  private let b: UInt64

  // With six, small sets show whose neighbour a sample is: measured by the followers of each sample.
  private static let rounds = 10

  /// Creates a sampler of at least one sample.
  ///
  /// - Parameter isShuffling: If not, position p is sample p.
  public init(count: Int, seed: UInt64, isShuffling: Bool) {
    precondition(count >= 1, "there is nothing to sample")
    self.count = count
    self.seed = seed
    self.isShuffling = isShuffling
    var side = UInt64(Double(count).squareRoot())
    while side * side < UInt64(count) { side += 1 }
    a = side
    b = (UInt64(count) + side - 1) / side
  }

  /// Writes the samples at positions `positions` of an epoch, counted from 0, into `out`.
  public func fill(_ out: UnsafeMutablePointer<Int64>, epoch: Int, positions: Range<Int>) {
    guard isShuffling else {
      for (index, position) in positions.enumerated() { out[index] = Int64(position) }
      return
    }
    let keys = roundKeys(epoch: epoch)
    for (index, position) in positions.enumerated() {
      var value = UInt64(position)
      repeat { value = permute(value, keys) } while value >= UInt64(count)
      out[index] = Int64(value)
    }
  }

  private typealias Keys = InlineArray<10, UInt32>

  private func roundKeys(epoch: Int) -> Keys {
    // The stream's top bits keep the sampler's numbers apart from dropout's and the initializers'.
    let random = Philox(seed: seed, stream: 1 << 63 | UInt64(epoch))
    let (first, second, third) = (random.words(at: 0), random.words(at: 1), random.words(at: 2))
    return [
      first[0], first[1], first[2], first[3], second[0], second[1], second[2], second[3], third[0], third[1],
    ]
  }

  private func permute(_ value: UInt64, _ keys: Keys) -> UInt64 {
    var left = value % a
    var right = value / a
    for round in 0..<Self.rounds {
      if round % 2 == 0 {
        left += bounded(hash(right, keys[round]), a)
        if left >= a { left -= a }
      } else {
        right += bounded(hash(left, keys[round]), b)
        if right >= b { right -= b }
      }
    }
    return left + right * a
  }

  /// A 32-bit word mixed from a value and a key: the finalizer of MurmurHash3 (Appleby, 2011).
  private func hash(_ value: UInt64, _ key: UInt32) -> UInt32 {
    var word = UInt32(truncatingIfNeeded: value) &* 0x9E37_79B1 ^ key
    word ^= word >> 16
    word = word &* 0x85EB_CA6B
    word ^= word >> 13
    word = word &* 0xC2B2_AE35
    return word ^ word >> 16
  }

  /// Maps a word to 0 ..< bound by its top bits (Lemire, 2019).
  private func bounded(_ word: UInt32, _ bound: UInt64) -> UInt64 { (UInt64(word) &* bound) >> 32 }
}
