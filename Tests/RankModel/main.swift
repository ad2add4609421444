import DataParallel
import Foundation
import Foundations
import Kernels

// Ranks beyond this machine, simulated with the messages of the real exchange:
//   RankModel table|lists|adding [KEY=VALUE]…
// table prints docs/performance.md's table, lists the messages of one step for other simulators, and adding measures how
// fast an owner adds partial sums. scripts/rank-model calls all of it.

var values = [
  "ranks": 16.0, "samples": 128, "milliseconds": 23, "overhead": 3, "latency": 5, "adding": 25,
  "gigabits": 10, "rotated": 1, "overlap": 1,
]
do {
  for argument in CommandLine.arguments.dropFirst(2) {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, values[parts[0]] != nil, let value = Double(parts[1]) else {
      throw TrainerError(
        .usage, "\(argument): expected KEY=NUMBER with one of \(values.keys.sorted().joined(separator: " "))")
    }
    values[parts[0]] = value
  }
  let report = Report(values)
  switch CommandLine.arguments.dropFirst().first {
  case "table": report.table()
  case "step": report.step()
  case "lists": report.lists()
  case "adding": report.adding()
  default: throw TrainerError(.usage, "RankModel table|step|lists|adding [KEY=NUMBER]…")
  }
} catch let error as TrainerError {
  FileHandle.standardError.write(Data("error: \(error.message)\n".utf8))
  exit(error.code.rawValue)
}
