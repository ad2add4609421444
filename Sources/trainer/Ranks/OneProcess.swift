import ArgumentParser
import DataParallel
import Foundation
import Foundations

/// Refuses a command that is one process where a launcher has started several of it: each would do all of the work, into the same
/// files.
///
/// - Parameter command: Its name.
/// - Throws: `TrainerError` with code `.usage`, in the first process alone; in the others the exit code.
func requireOneProcess(_ command: String) throws {
  let environment = ProcessInfo.processInfo.environment
  guard let launcher = RankLauncher(environment: environment), let count = launcher.processes, count > 1 else { return }
  let ranks = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"].compactMap { environment[$0] }
  guard ranks.first ?? "0" == "0" else { throw ArgumentParser.ExitCode(Foundations.ExitCode.usage.rawValue) }
  throw TrainerError(
    .usage,
    "\(launcher.name) has started \(count) processes, and 'trainer \(command)' is one that uses all cores of its machine; start it "
      + "without a launcher ('trainer run' is what trains on several ranks)")
}
