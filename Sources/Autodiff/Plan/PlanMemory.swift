import Foundation
import Foundations

extension Plan {
  /// Checks that the machine has the memory for one run's buffers: an allocation that fails would end the program.
  ///
  /// - Throws: `TrainerError` with code `.usage` if not.
  public func requireMemory() throws {
    let (needed, present) = (summary.bufferByteCount, ProcessInfo.processInfo.physicalMemory)
    guard needed <= present else {
      let (neededSize, presentSize) = (needed / 1_000_000_000, present / 1_000_000_000)
      throw TrainerError(
        .usage,
        "computing this needs \(neededSize) GB of memory, but the machine has \(presentSize); use smaller arrays")
    }
  }
}
