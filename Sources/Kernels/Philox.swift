import CKernels

/// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, 2011).
///
/// A number is a pure function of (seed, stream, index), so there is no generator state to save, and any thread can
/// compute any part of a sequence.
package struct Philox: Sendable {
  private let seed: UInt64
  private let stream: UInt64

  /// The sequence numbered `stream` of that seed.
  package init(seed: UInt64, stream: UInt64) {
    self.seed = seed
    self.stream = stream
  }

  /// Four independent 32-bit words.
  package func words(at index: UInt64) -> SIMD4<UInt32> {
    var counter = SIMD4(
      UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
    var key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    var out = SIMD4<UInt32>()
    withUnsafeBytes(of: &counter) { counter in
      withUnsafeBytes(of: &key) { key in
        withUnsafeMutableBytes(of: &out) { out in
          if let counter = counter.assumingMemoryBound(to: UInt32.self).baseAddress,
            let key = key.assumingMemoryBound(to: UInt32.self).baseAddress,
            let out = out.assumingMemoryBound(to: UInt32.self).baseAddress
          {
            ck_philox(counter, key, out)
          }
        }
      }
    }
    return out
  }

  /// A number in [0, 1) with 53 random bits.
  package func uniform(at index: UInt64) -> Double {
    let words = words(at: index)
    let bits = UInt64(words[0]) << 32 | UInt64(words[1])
    return Double(bits >> 11) * 0x1p-53
  }
}
