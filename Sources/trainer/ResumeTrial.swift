import ArgumentParser
import Checkpoints
import Foundation
import Foundations
import Kernels
import Reporting
import Training

/// Trains a config once through and again in processes that are killed, and compares.
struct ResumeTrial {
  let config: String
  let overrides: [String]
  let directory: String
  let kills: Int
  let seed: UInt64
  let children: ChildProcesses
  let console: Console

  /// How fast a run gets on, to spread the kills over it.
  private struct Pace {
    /// Seconds from a process's begin to its first step.
    var start: Double
    /// Steps done in processes that were killed or ended.
    var steps: Double
    /// The seconds that these steps took.
    var seconds: Double
  }

  /// Numbers in [0, 1) in a fixed order.
  private struct Chance {
    private let source: Philox
    private var index: UInt64 = 0

    init(seed: UInt64) { source = Philox(seed: seed, stream: 0) }

    mutating func next() -> Double {
      index += 1
      return source.uniform(at: index)
    }
  }

  /// - Returns: What was compared and found equal.
  /// - Throws: `TrainerError` with code `.checkFailed` if anything differs or a run cannot go on; the exit code of the
  ///   uninterrupted run if that fails.
  func run() throws -> String {
    let whole = "\(directory)/once-through"
    var pace = try trainOnceThrough(whole)
    let expected = try TrainedRun(whole)
    // Twenty saves from kill to kill on average, but not more than one a step.
    let period = max(1, expected.summary.step / (20 * kills))
    console.print(
      "once through: \(expected.summary.step) steps, digest \(expected.summary.digest)\n"
        + "now killed, with a checkpoint every \(period == 1 ? "step" : "\(period) steps")\n")
    var chance = Chance(seed: seed)
    var used = 0
    var runs = 0
    while used < kills {
      runs += 1
      let run = "\(directory)/killed-\(runs)"
      used += try trainWithKills(run, at: used, period, expected.summary.step, &pace, &chance)
      let differences = try TrainedRun(run).differences(from: expected)
      guard differences.isEmpty else {
        throw TrainerError(
          .checkFailed, "run \(runs), which was killed, differs: \(differences.joined(separator: "; "))")
      }
    }
    return "equal: \(kills) kills in \(runs) \(runs == 1 ? "run" : "runs"), the same digest, state and history as once "
      + "through\ndigest \(expected.summary.digest)\n"
  }

  private func trainOnceThrough(_ run: String) throws -> Pace {
    let begin = ContinuousClock.now
    var firstStep: Duration?
    let end = try children.run(arguments(run, workers: 1)) {
      if firstStep == nil, FileManager.default.fileExists(atPath: RunDirectory(run).metricsPath) {
        firstStep = begin.duration(to: .now)
      }
    }
    let seconds = begin.duration(to: .now) / .seconds(1)
    switch end {
    case .exited(0): break
    case .exited(let status): throw ArgumentParser.ExitCode(status)
    case .killed(let signal): throw TrainerError(.checkFailed, "the uninterrupted run was ended by signal \(signal)")
    }
    let start = min(firstStep.map { $0 / .seconds(1) } ?? 0, seconds)
    return Pace(start: start, steps: Double(try TrainedRun(run).summary.step), seconds: max(seconds - start, 1e-3))
  }

  /// Trains with kills until none is left or the run is complete.
  ///
  /// - Parameter used: How many kills earlier runs have used.
  /// - Returns: How many kills this run has used.
  private func trainWithKills(
    _ run: String, at used: Int, _ period: Int, _ steps: Int, _ pace: inout Pace, _ chance: inout Chance
  ) throws -> Int {
    // More threads than cores change the order of things too.
    let mostWorkers = 2 * ProcessInfo.processInfo.activeProcessorCount + 2
    var workers = 1
    var count = 0
    var done = 0
    while true {
      let left = kills - used - count
      // Another number than before.
      workers = 1 + (workers + Int(chance.next() * Double(mostWorkers - 1))) % mostWorkers
      let share = Double(steps - done) / Double(left + 1)
      let seconds = 2 * chance.next() * (pace.start + share * pace.seconds / pace.steps)
      let begin = ContinuousClock.now
      let end = try children.run(
        arguments(run, workers: workers)
          + ["--set", "checkpoints.every={\"steps\":\(period)}", "--set", "checkpoints.keep=3"],
        killedAfter: left > 0 ? .seconds(seconds) : nil)
      let elapsed = begin.duration(to: .now) / .seconds(1)
      switch end {
      case .exited(0): return count
      case .killed(SIGKILL) where left > 0:
        count += 1
        let reached = try CheckpointDirectory("\(run)/checkpoints").steps().last ?? 0
        if reached > done {
          pace.steps += Double(reached - done)
          pace.seconds += max(elapsed - pace.start, 0)
        }
        done = reached
        console.print(
          "kill \(used + count) of \(kills): after \(String(format: "%.3f", elapsed)) s with \(workers) "
            + "\(workers == 1 ? "worker" : "workers"), the newest checkpoint is of step \(done)\n")
      case .exited(let status):
        throw TrainerError(.checkFailed, "a run that was killed \(count) times could not go on: exit code \(status)")
      case .killed(let signal):
        throw TrainerError(.checkFailed, "a run that was killed \(count) times was ended by signal \(signal)")
      }
    }
  }

  private func arguments(_ run: String, workers: Int) -> [String] {
    ["run", config, "--output", run, "--workers", String(workers), "--quiet"] + overrides.flatMap { ["--set", $0] }
  }
}

/// A complete run as it lies on the disk.
private struct TrainedRun {
  let summary: RunSummary
  private let checkpoint: Checkpoint
  private let history: [JSONValue]

  init(_ directory: String) throws {
    let run = RunDirectory(directory)
    guard let summary = try run.finishedSummary() else {
      throw TrainerError(.checkFailed, "\(run.metricsPath): the run has not been finished")
    }
    self.summary = summary
    checkpoint = try CheckpointFile.read(summary.checkpoint)
    history = try MetricsFile.timelessLines(of: run.metricsPath)
  }

  /// What differs, but for times; nothing if all is equal.
  func differences(from other: TrainedRun) -> [String] {
    var differences: [String] = []
    if summary.digest != other.summary.digest {
      differences.append("its digest is \(summary.digest), once through \(other.summary.digest)")
    }
    // The digest anew from the parameters on the disk, and all other state.
    differences += CheckpointDifference(checkpoint, other.checkpoint).lines
    if history != other.history {
      let line = zip(history, other.history).enumerated().first { $1.0 != $1.1 }?.offset
      differences.append(
        "its metrics have \(history.count) lines and those once through \(other.history.count)"
          + (line.map { ", line \($0 + 1) differs" } ?? ""))
    }
    return differences
  }
}
