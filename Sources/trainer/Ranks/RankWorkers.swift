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
        ? "rank \(narrow.rank) on host \(ranks.hosts[narrow.rank]) may use one of the \(narrow.hostCores) cores there"
        : "the process may use one of the \(narrow.hostCores) cores of this machine"
      console.warn(
        "\(place); "
          + LauncherAdvice.moreCores(ranks: ranks.rankCount))
    }
    return workers ?? cores.workers[ranks.rank]
  }
}

/// What to tell a launcher.
enum LauncherAdvice {
  /// How ranks get more cores than one.
  static func moreCores(ranks: Int) -> String {
    switch RankLauncher(environment: ProcessInfo.processInfo.environment)?.kind {
    case .openMPI: "give mpirun --bind-to none, or --map-by slot:PE=n for n cores a rank"
    case .hydra: "give mpirun -bind-to none"
    case .slurmWithPMIx, .slurmWithPMI, .slurmAlone: "give srun --cpus-per-task=n for n cores a rank"
    case nil: "let the launcher bind it to more of them, or to none"
    }
  }
}
