import DataParallel
import Foundation
import Foundations

// What the tests start under an MPI launcher: it tries the communicator and prints what it found, one line a rank that
// has something to say. RankProbe COMMAND [ARGUMENT]; see `Probe.commands`.

let arguments = CommandLine.arguments.dropFirst()
let environment = ProcessInfo.processInfo.environment
var ranks: any Communicator = SingleProcess()
do {
  guard let name = arguments.first, let command = Probe.commands[name] else {
    throw TrainerError(.usage, "RankProbe \(Probe.commands.keys.sorted().joined(separator: "|")) [ARGUMENT]")
  }
  ranks = try startRanks(
    library: environment["TRAINER_MPI"], environment: environment,
    deadline: environment["RANK_PROBE_DEADLINE"].flatMap { Double($0) } ?? 10,
    watch: StallWatch(seconds: 15) { error in
      printLine("stalled: \(error.message)")
      _exit(error.code.rawValue)
    } onStalledEnd: { code in
      _exit(code)
    })
  let probe = Probe(ranks: ranks, argument: arguments.dropFirst().first.flatMap { Double($0) } ?? 0)
  try command(probe)()
  try ranks.finish()
} catch let failure as RankFailure {
  if ranks.rank == failure.reporter { printLine("lost: \(failure)") }
  ranks.leave()
  exit(75)
} catch let error as TrainerError {
  printLine("error: \(error.message)")
  ranks.leave()
  exit(error.code.rawValue)
}
