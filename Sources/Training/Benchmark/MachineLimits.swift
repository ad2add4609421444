import DataParallel
import Kernels

/// What the machine can do at most, measured.
package struct MachineLimits: Sendable {
  /// Floating-point operations a second, a multiply-add counting as two.
  package let operationsPerSecond: Double
  /// Bytes a second that can be read from memory.
  package let bytesPerSecond: Double

  /// Bytes that are read: several times what any cache holds that matters here.
  private static let memoryBytes = 256 << 20
  private static let rounds = 5

  /// Measures with as many workers as the region has, in about a second.
  init<Scalar: TrainingScalar>(_ region: Region, kernels: Kernels<Scalar>) {
    let workers = region.workers
    let results = SharedBuffer(repeating: 0.0, count: workers)
    let operations = SharedBuffer(repeating: 0, count: workers)
    operationsPerSecond =
      (0..<Self.rounds).map { _ in
        let taken = ContinuousClock().measure {
          region.forEach(workers) { unit, _ in
            (operations[unit], results[unit]) = kernels.runMultiplyAdds(rounds: 1 << 21)
          }
        }
        return Double(operations.elements.reduce(0, +)) / taken.seconds
      }.max() ?? 0

    let count = Self.memoryBytes / MemoryLayout<Scalar>.stride / workers
    let memory = SharedBuffer<Scalar>(repeating: 1, count: count * workers)
    bytesPerSecond =
      (0..<Self.rounds).map { _ in
        let taken = ContinuousClock().measure {
          region.forEach(workers) { unit, _ in
            results[unit] = kernels.allFinite(memory.pointer + unit * count, count: count) ? 1 : 0
          }
        }
        return Double(memory.count * MemoryLayout<Scalar>.stride) / taken.seconds
      }.max() ?? 0
  }
}
