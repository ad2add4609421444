import Foundations

extension Plan {
  /// Checks that there is memory for one run's buffers: an allocation that fails would end the program.
  ///
  /// - Parameter copies: How many times the results are in memory at once, the buffers included.
  /// - Throws: `TrainerError` with code `.usage` if not.
  package func requireMemory(copies: Int = 1) throws {
    try MemoryLimit.require(
      Double(copies) * Double(summary.bufferByteCount), for: "computing this", code: .usage,
      advice: "use smaller arrays")
  }
}
