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

  /// How long things take in the run that is not killed.
  private struct Pace {
    /// Seconds from a process's begin to its first step.
    let start: Double
    /// Seconds of all steps.
    let steps: Double
  }

  /// - Returns: What was compared and found equal.
  /// - Throws: `TrainerError` with code `.checkFailed` if anything differs or a run cannot go on; the exit code of the
  ///   uninterrupted run if that fails.
  func run() throws -> ResumeProof {
    let whole = "\(directory)/once-through"
    let pace = try trainOnceThrough(whole)
    let expected = try TrainedRun(whole)
    let steps = expected.summary.step
    // Twenty saves from kill to kill on average, but not more than one a step.
    let period = max(1, steps / (20 * kills))
    console.print(
      "once through: \(steps) steps, digest \(expected.summary.digest)\n"
        + "now killed, with a checkpoint every \(period == 1 ? "step" : "\(period) steps")\n")
    var plan = KillPlan(count: kills, seed: seed)
    let part = WorkProgress.begin("killing and resuming", of: kills, "kills")
    defer { part?.end() }
    var record = KillRecord()
    var runs = 0
    while plan.next != nil {
      runs += 1
      let left = plan.targets.count
      let run = "\(directory)/killed-\(runs)"
      try trainWithKills(run, &plan, &record, period, steps, pace) { part?.add(1) }
      let differences = try TrainedRun(run).differences(from: expected)
      guard differences.isEmpty else {
        throw TrainerError(
          .checkFailed, "run \(runs), which was killed, differs: \(differences.joined(separator: "; "))")
      }
      if plan.targets.count == left { plan.takeAnyMoment() }
    }
    return ResumeProof(kills: kills, runs: runs, steps: steps, record: record, digest: expected.summary.digest)
  }

  private func trainOnceThrough(_ run: String) throws -> Pace {
    let part = WorkProgress.begin("training once through")
    defer { part?.end() }
    let begin = ContinuousClock.now
    var firstStep: Duration?
    let metrics = RunDirectory(run).metricsPath
    let end = try children.run(arguments(run, workers: 1)) {
      if firstStep == nil, try SystemFileSystem().status(of: metrics) != nil { firstStep = begin.duration(to: .now) }
      return false
    }
    let seconds = begin.duration(to: .now) / .seconds(1)
    switch end {
    case .exited(0): break
    case .exited(let status): throw ArgumentParser.ExitCode(status)
    case .killed(let signal): throw TrainerError(.checkFailed, "the uninterrupted run was ended by signal \(signal)")
    case .timedOut: throw TrainerError(.checkFailed, "the uninterrupted run did not end")
    }
    let start = min(firstStep.map { $0 / .seconds(1) } ?? 0, seconds)
    return Pace(start: start, steps: max(seconds - start, 1e-3))
  }

  /// Trains with the kills of a plan until none is left or the run is complete.
  private func trainWithKills(
    _ run: String, _ plan: inout KillPlan, _ record: inout KillRecord, _ period: Int, _ steps: Int, _ pace: Pace,
    killed: () -> Void
  ) throws {
    // More threads than cores change the order of things too.
    let mostWorkers = 2 * ProcessInfo.processInfo.activeProcessorCount + 2
    var workers = 1
    var count = 0
    while true {
      let target = plan.next
      // Another number than before.
      workers = 1 + (workers + Int((target?.chance ?? 0) * Double(mostWorkers - 1))) % mostWorkers
      let begin = ContinuousClock.now
      let before = try Progress(run)
      var trigger = target.map { Trigger($0, from: before, period: period, steps: steps, pace.start, pace.steps) }
      let end = try children.run(
        arguments(run, workers: workers)
          + ["--set", "checkpoints.every={\"steps\":\(period)}", "--set", "checkpoints.keep=3"]
      ) {
        try trigger?.isDue(after: begin.duration(to: .now) / .seconds(1)) { try Progress(run) } ?? false
      }
      let elapsed = begin.duration(to: .now) / .seconds(1)
      switch end {
      case .exited(0): return
      case .killed(SIGKILL) where target != nil:
        plan.carriedOut()
        killed()
        count += 1
        let progress = try Progress(run)
        let isInSave = progress.isSaving(since: before)
        record.note(
          step: progress.newest, of: steps, isInSave: isInSave,
          isBeforeStep: !isInSave && progress.newest == before.newest)
        console.print(
          "kill \(kills - plan.targets.count) of \(kills): after \(String(format: "%.3f", elapsed)) s with \(workers) "
            + "\(workers == 1 ? "worker" : "workers")\(isInSave ? ", while a checkpoint was written" : "")"
            + ", the newest checkpoint is of step \(progress.newest) of \(steps)\n")
      case .exited(let status):
        throw TrainerError(.checkFailed, "a run that was killed \(count) times could not go on: exit code \(status)")
      case .killed(let signal):
        throw TrainerError(.checkFailed, "a run that was killed \(count) times was ended by signal \(signal)")
      case .timedOut:
        throw TrainerError(.checkFailed, "a run that was killed \(count) times did not end")
      }
    }
  }

  private func arguments(_ run: String, workers: Int) -> [String] {
    ["run", config, "--output", run, "--workers", String(workers), "--quiet"] + overrides.flatMap { ["--set", $0] }
  }
}

/// What was compared and found equal.
struct ResumeProof {
  let kills: Int
  /// The runs that were killed.
  let runs: Int
  /// The steps of each.
  let steps: Int
  let record: KillRecord
  let digest: String

  /// For people.
  var text: String {
    "equal: \(kills) kills in \(runs) \(runs == 1 ? "run" : "runs"), the same digest, state and history as once "
      + "through\n\(record.text)\ndigest \(digest)\n"
  }

  /// For programs.
  var json: JSONValue {
    [
      "equal": true, "kills": .integer(kills), "runs": .integer(runs), "steps": .integer(steps), "fell": record.json,
      "digest": .string(digest),
    ]
  }
}

/// What a run's checkpoints say of it, from outside.
private struct Progress {
  /// The step of the newest checkpoint; 0 if there is none.
  let newest: Int
  /// The files that are not whole yet: of those that are being written, and of processes that were killed.
  private let partial: Set<String>

  init(_ run: String) throws {
    let directory = CheckpointDirectory("\(run)/checkpoints")
    newest = try directory.steps().last ?? 0
    let names = try SystemFileSystem().status(of: directory.path) == nil ? [] : SystemFileSystem().list(directory.path)
    partial = Set(names.filter { $0.hasPrefix(".step-0") && $0.hasSuffix(AtomicFile.temporarySuffix) })
  }

  /// Whether a process that was started after `before` writes a checkpoint, or did when it was killed.
  func isSaving(since before: Progress) -> Bool { !partial.subtracting(before.partial).isEmpty }
}

/// Tells when a process has come to the place where it is to be killed.
private struct Trigger {
  private let target: KillPlan.Target
  private let before: Progress
  private let goal: Int
  private let period: Int
  /// The time of a kill that goes by the clock alone.
  private let seconds: Double
  /// How long after the goal it trains on.
  private let delay: Double
  private var reached: Double?

  init(
    _ target: KillPlan.Target, from before: Progress, period: Int, steps: Int, _ start: Double, _ training: Double
  ) {
    self.target = target
    self.before = before
    self.period = period
    goal = min(steps - 1, Int(target.share * Double(steps)))
    seconds = target.chance * (target.moment == .start ? start : start + training)
    delay = target.chance * Double(period) * training / Double(max(1, steps))
  }

  mutating func isDue(after elapsed: Double, _ progress: () throws -> Progress) throws -> Bool {
    switch target.moment {
    case .start, .any: return elapsed >= seconds
    case .steps:
      if reached == nil, try progress().newest >= goal { reached = elapsed }
      return reached.map { elapsed >= $0 + delay } ?? false
    case .save:
      let progress = try progress()
      guard progress.newest >= goal - period else { return false }
      // One that is written too fast to be seen is not waited for.
      return progress.isSaving(since: before) || progress.newest > goal + 2 * period
    }
  }
}
