import Foundation
import Foundations
import Optimizers

extension RunSetup {
  /// What threads and libraries come to take meanwhile.
  private static var ofThreads: Int { 4 << 20 }

  /// About the most that the program will take in memory of its own while it trains, in bytes: what it has taken when all is
  /// there that a run needs before its first step, and what steps, evaluations and saves add.
  var memoryForecast: Int {
    let evaluators = evaluators.map(\.evaluator) + [trainEvaluator].compactMap(\.self)
    let streams = evaluators.map { $0.readAheadBytes + $0.gatheredBytes }
    let readAhead = (engine.work.stream?.layout.readAheadBytes ?? 0) + (streams.max() ?? 0)
    // The copy that is saved, and the file's image with what the HDF5 library makes of it.
    let saving = 6 * (1 + engine.memory.state.count) * engine.memory.layout.count * MemoryLayout<Scalar>.stride
    return MemoryLimit.anonymousBytesTaken + readAhead + saving + Self.ofThreads
  }
}
