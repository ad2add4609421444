/// Amdahl's law: a share of the work is serial, so that n workers are 1 / (s + (1 − s) / n) times as fast as one (Amdahl,
/// 1967).
package struct AmdahlFit: Sendable, Equatable {
  /// The serial share.
  package let serialShare: Double

  /// Fits the law to speed-ups by least squares; `nil` for fewer than three worker counts.
  package init?(workers: [Int], speedups: [Double]) {
    guard Set(workers).count >= 3 else { return nil }
    // n / S − 1 = s (n − 1) is linear in s.
    var (products, squares) = (0.0, 0.0)
    for (count, speedup) in zip(workers, speedups) {
      let x = Double(count) - 1
      products += x * (Double(count) / speedup - 1)
      squares += x * x
    }
    serialShare = squares == 0 ? 0 : min(1, max(0, products / squares))
  }

  /// The speed-up that the law gives for a number of workers.
  package func speedup(workers: Int) -> Double { 1 / (serialShare + (1 - serialShare) / Double(workers)) }
}

/// The Universal Scalability Law: workers also wait for each other, in pairs, so that n of them are
/// n / (1 + σ (n − 1) + κ n (n − 1)) times as fast as one (Gunther, 1993).
package struct ScalabilityFit: Sendable, Equatable {
  /// σ, the share of the work for which workers queue.
  package let contention: Double
  /// κ, the cost of agreeing with each other worker.
  package let coherency: Double

  /// Fits the law to speed-ups by least squares, neither number below 0; `nil` for fewer than four worker counts.
  package init?(workers: [Int], speedups: [Double]) {
    guard Set(workers).count >= 4 else { return nil }
    // n / S − 1 = σ (n − 1) + κ n (n − 1) is linear in both.
    var (xx, xz, zz, xy, zy) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (count, speedup) in zip(workers, speedups) {
      let n = Double(count)
      let (x, z, y) = (n - 1, n * (n - 1), n / speedup - 1)
      xx += x * x
      xz += x * z
      zz += z * z
      xy += x * y
      zy += z * y
    }
    let determinant = xx * zz - xz * xz
    var (sigma, kappa) = ((xy * zz - zy * xz) / determinant, (zy * xx - xy * xz) / determinant)
    // Where one would be below 0 the best fit has it at 0, and the other alone.
    if sigma < 0 { (sigma, kappa) = (0, max(0, zy / zz)) }
    if kappa < 0 { (sigma, kappa) = (max(0, xy / xx), 0) }
    (contention, coherency) = (sigma, kappa)
  }

  /// The speed-up that the law gives for a number of workers.
  package func speedup(workers: Int) -> Double {
    let n = Double(workers)
    return n / (1 + contention * (n - 1) + coherency * n * (n - 1))
  }

  /// The number of workers beyond which more make it slower; `nil` if there is none.
  package var bestWorkers: Double? {
    coherency > 0 && contention < 1 ? ((1 - contention) / coherency).squareRoot() : nil
  }
}
