import DataParallel
import Foundation
import Reporting
import Training

/// How many workers a rank has.
extension WorkerOptions {
  /// What the user says, or else this rank's part of its host's cores.
  ///
  /// - Throws: `RankFailure`.
  func workers(of ranks: any Communicator, _ console: Console) throws -> Int? {
    guard ranks.rankCount > 1 || RankLauncher(environment: ProcessInfo.processInfo.environment) != nil else {
      return workers
    }
    let cores = try RankCores(ranks)
    if let narrow = cores.narrow, ranks.isFirst {
      let place =
        ranks.rankCount > 1
        ? "\(ranks.name(of: narrow.rank)) may use one of the \(narrow.hostCores) cores there"
        : "the process may use one of the \(narrow.hostCores) cores of this machine"
      console.warn("\(place); \(LauncherAdvice.moreCores)")
    }
    return workers ?? cores.workers[ranks.rank]
  }
}
