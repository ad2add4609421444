import Kernels

/// A permutation that is computed, not stored: an unbalanced Feistel network on {0 … a−1} × {0 … b−1} with ab ≥ count,
/// walked until it lands below count (Black and Rogaway, 2002).
struct Permutation: Sendable {
  /// What is permuted: the numbers 0 ..< count, at most 2^52 of them.
  let count: Int
  private let sides: (UInt32, UInt32)

  // With six, small sets show whose neighbour a sample is: measured by the followers of each sample.
  private static let rounds = 10

  /// Permutations of at least one number.
  init(count: Int) {
    precondition(count >= 1, "there is nothing to permute")
    self.count = count
    var side = UInt64(Double(count).squareRoot())
    while side * side < UInt64(count) { side += 1 }
    sides = (UInt32(side), UInt32((UInt64(count) + side - 1) / side))
  }

  /// Replaces numbers below `count` by their images.
  ///
  /// - Parameter index: Where in `random` the permutation's key begins: three counters, which nothing else may use.
  func apply(
    to numbers: UnsafeMutableBufferPointer<Int64>, _ random: Philox, at index: UInt64, kernels: Kernels<Float>
  ) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.rounds) { keys in
      for four in stride(from: 0, to: Self.rounds, by: 4) {
        let words = random.words(at: index + UInt64(four / 4))
        for round in four..<min(Self.rounds, four + 4) { keys[round] = words[round - four] }
      }
      kernels.permute(numbers, count: count, sides: sides, keys: UnsafeBufferPointer(keys))
    }
  }
}
