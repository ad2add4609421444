import Checkpoints
import Dispatch
import Foundation
import Foundations
import Synchronization
import TestSupport
import Testing
import Training

/// Saves happen behind the training's back, a failed one is survived, and one process at a time writes.
@Suite struct SavingTests {
  private static let softmax = TrainingCase(
    name: "softmax", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
      "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9},
      "training": {"epochs": 6, "batchSize": 32, "shards": 2}, "checkpoints": {"every": {"epochs": 1}}
      """)

  private func options(_ hook: @escaping @Sendable (FileEvent) throws -> InstrumentedFileSystem.Verdict) -> RunOptions {
    var options = RunOptions(workers: 1)
    options.fileSystem = InstrumentedFileSystem(hook)
    return options
  }

  private func isWrite(_ event: FileEvent, ofStep step: Int) -> Bool {
    guard case .write(let path, _) = event else { return false }
    return path.contains("step-" + String(format: "%09d", step) + ".h5")
  }

  // MARK: In the background

  // The save after epoch 2 ends only when epoch 3 has been reported: training does not wait for it.
  @Test func trainingGoesOnWhileACheckpointIsSaved() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(
        output: "\(directory)/run", #"checkpoints={"every": {"epochs": 2}, "keep": "all"}"#)
      let thirdEpoch = DispatchSemaphore(value: 0)
      let isLate = Atomic<Bool>(false)
      let options = options { event in
        if isWrite(event, ofStep: 8), case .write(_, let bytes) = event, bytes.count == 512 {
          if thirdEpoch.wait(timeout: .now() + 60) == .timedOut { isLate.store(true, ordering: .relaxed) }
        }
        return .proceed
      }
      let history = History()
      history.reaction = { event in
        if case .epoch(let report) = event, report.epoch == 3 { thirdEpoch.signal() }
      }
      guard case .finished = try train(configuration, options: options, observers: [history]) else {
        Issue.record("the run did not end")
        return
      }
      let hasWaited = isLate.load(ordering: .relaxed)
      #expect(!hasWaited, "training waited for the save")
      #expect(history.saved.map { String($0.suffix(12)) } == ["000000008.h5", "000000016.h5", "000000024.h5"])
    }
  }

  // What training does meanwhile is not in the file.
  @Test func theStateIsThatOfTheStep() throws {
    try withScratchDirectory { directory in
      let setting = #"checkpoints={"every": {"steps": 1}, "keep": "all"}"#
      let whole = try trainToEnd(Self.softmax.configuration(output: "\(directory)/whole", setting))
      for step in [1, 7, 13, 23] {
        let path = CheckpointDirectory("\(directory)/whole/checkpoints").path(ofStep: step)
        let options = RunOptions(workers: 1, resume: .file(path))
        let outcome = try train(
          Self.softmax.configuration(output: "\(directory)/\(step)", setting), options: options)
        guard case .finished(let summary) = outcome else {
          Issue.record("\(outcome)")
          return
        }
        #expect(summary.digest == whole.summary.digest, "from step \(step)")
      }
      // The course of the run is in the checkpoint as well.
      let history = try CheckpointFile.read(whole.checkpoint).history
      let losses = try #require(history.first { $0.name == "train/loss" })
      #expect(losses.doubles == whole.history.entries.map(\.train.loss))
      #expect(history.first { $0.name == "step" }?.doubles == [4, 8, 12, 16, 20, 24])
    }
  }

  @Test func theTimeThatStepsWaitIsCounted() throws {
    try withScratchDirectory { directory in
      let slow = options { event in
        if case .rename = event { usleep(20_000) }
        return .proceed
      }
      func stall(_ setting: String, _ options: RunOptions, _ name: String) throws -> Double {
        let outcome = try train(Self.softmax.configuration(output: "\(directory)/\(name)", setting), options: options)
        guard case .finished(let summary) = outcome else { return .nan }
        return summary.stallSeconds
      }
      // Every step waits for the save of the one before: 22 times, and the first for none.
      let waited = try stall(#"checkpoints={"every": {"steps": 1}}"#, slow, "slow")
      #expect(waited >= 22 * 0.02 && waited < 20, "\(waited)")
      // Only one save, at the end, where no step waits.
      #expect(try stall(#"checkpoints={"every": {"epochs": 100}}"#, slow, "never") == 0)
    }
  }

  // MARK: Failures

  @Test func aFailedSaveLetsTheTrainingGoOn() throws {
    try withScratchDirectory { directory in
      let whole = try trainToEnd(Self.softmax.configuration(output: "\(directory)/whole"))
      let configuration = try Self.softmax.configuration(output: "\(directory)/run")
      // The disk is full from the second to the fourth epoch.
      let full = options { event in
        if [8, 12, 16].contains(where: { isWrite(event, ofStep: $0) }) {
          throw FileError(operation: "write", path: "", number: ENOSPC)
        }
        return .proceed
      }
      let history = History()
      guard case .finished(let summary) = try train(configuration, options: full, observers: [history]) else {
        Issue.record("the run did not end")
        return
      }
      #expect(summary.digest == whole.summary.digest && history.entries == whole.history.entries)
      let checkpoints = "\(directory)/run/checkpoints"
      #expect(
        history.warnings == [
          "\(checkpoints)/step-000000008.h5: the checkpoint cannot be saved: No space left on device; training goes on, "
            + "and the last good checkpoint is \(checkpoints)/step-000000004.h5",
          "checkpoints are saved again, the first is \(checkpoints)/step-000000020.h5",
        ])
      #expect(try CheckpointDirectory(checkpoints).steps() == [4, 20, 24])
    }
  }

  @Test(arguments: [ENOSPC, EIO])
  func whereTheLastSaveFailedTheRunIsNotFinished(number: Int32) throws {
    try withScratchDirectory { directory in
      let whole = try trainToEnd(Self.softmax.configuration(output: "\(directory)/whole"))
      let configuration = try Self.softmax.configuration(output: "\(directory)/run")
      let broken = options { event in
        if case .synchronize(let path) = event, path.contains("step-0000000"), !path.contains("00004.h5") {
          throw FileError(operation: "synchronize", path: "", number: number)
        }
        return .proceed
      }
      let history = History()
      let error = try trainerError { try train(configuration, options: broken, observers: [history]) }
      let checkpoints = "\(directory)/run/checkpoints"
      #expect(
        error
          == TrainerError(
            .checkpoint,
            "\(checkpoints)/step-000000024.h5: the checkpoint cannot be saved: "
              + "\(FileError(operation: "", path: "", number: number).reason); the last good checkpoint is "
              + "\(checkpoints)/step-000000004.h5; free some space or mend the disk, and give the same command again"))
      #expect(
        history.entries == whole.history.entries && history.warnings.count == 1, "trained to the end all the same")
      #expect(try CheckpointDirectory(checkpoints).steps() == [4])
      let rest = try trainToEnd(configuration)
      #expect(rest.summary.digest == whole.summary.digest && rest.history.starts.first?.resumedStep == 4)
    }
  }

  // An observer that cannot record what has happened keeps the checkpoint from getting ahead of it.
  @Test func noCheckpointIsAheadOfTheHistory() throws {
    final class Forgetful: RunObserver {
      var failures = 2
      func observe(_ event: RunEvent) {}
      func prepareForSave() throws {
        failures -= 1
        if failures >= 0 { throw TrainerError(.usage, "the history is not written") }
      }
    }
    try withScratchDirectory { directory in
      let history = History()
      let outcome = try train(
        Self.softmax.configuration(output: "\(directory)/run", #"checkpoints={"keep": "all"}"#),
        options: RunOptions(workers: 1), observers: [Forgetful(), history])
      guard case .finished = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(try CheckpointDirectory("\(directory)/run/checkpoints").steps() == [12, 16, 20, 24])
      #expect(
        history.warnings.first == "the history is not written; training goes on, and there is no checkpoint yet")
    }
  }

  // MARK: Before and beside

  @Test func aDiskWithoutRoomIsRefusedBeforeTraining() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(
        output: "\(directory)/run", #"checkpoints={"every": {"steps": 1}, "keep": "all"}"#)
      let history = History()
      let small = options { event in
        if case .freeSpace = event { .free(100_000) } else { .proceed }
      }
      let error = try trainerError { try train(configuration, options: small, observers: [history]) }
      #expect(error?.code == .usage && history.starts.isEmpty)
      #expect(
        error?.message.hasPrefix(
          "\(directory)/run/checkpoints: there is no room for the run's checkpoints: found 100 kB free, expected ")
          == true)
      #expect(error?.message.contains("for 25 that stay") == true, "24 steps and one more")
    }
  }

  @Test func aRunStopsWhenItsTimeIsOver() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(output: "\(directory)/run")
      let history = History()
      let options = RunOptions(workers: 1, stopAfter: .zero)
      let outcome = try train(configuration, options: options, observers: [history])
      guard case .interrupted(let summary) = outcome, summary.step == 1, let path = summary.checkpoint else {
        Issue.record("the run went on")
        return
      }
      #expect(history.stops == ["1: time is over"] && history.saved == [path])
      #expect(try trainToEnd(configuration).history.starts.first?.resumedStep == 1)
    }
  }

  @Test func aSecondWriterIsRefused() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(output: "\(directory)/run")
      let history = History()
      var errors: [TrainerError?] = []
      history.reaction = { event in
        guard case .epoch = event else { return }
        errors.append(try trainerError { try train(configuration, options: RunOptions(workers: 1)) })
      }
      _ = try train(configuration, options: RunOptions(workers: 1), observers: [history])
      #expect(
        errors.first
          == TrainerError(
            .usage,
            "\(directory)/run: another process writes in the run directory: \(FileLock.Holder.current)",
            remedy: .init("output", "wait for it to end, stop it, or choose another directory")))
      #expect(errors.count == 6 && errors.allSatisfy { $0 == errors[0] })
      #expect(try !SystemFileSystem().list("\(directory)/run").contains(".lock"), "it goes with the run")
    }
  }

  // Nor need its directory be writable.
  @Test func theSummaryOfAFinishedRunNeedsNoLock() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(output: "\(directory)/run")
      let line = FinishedLine("\(directory)/run/metrics.jsonl")
      _ = try train(configuration, options: RunOptions(workers: 1), observers: [line])
      // No file can be made here.
      try SystemFileSystem().makeDirectory("\(directory)/run/.lock")
      guard case .alreadyFinished = try train(configuration, options: RunOptions(workers: 1)) else {
        Issue.record("the run was done again")
        return
      }
      let longer = try Self.softmax.configuration(output: "\(directory)/run", "training.epochs=7")
      #expect(
        try trainerError { try train(longer) }
          == TrainerError(.usage, "\(directory)/run: the run directory cannot be written to: Is a directory"))
    }
  }

  @Test func aLockThatWasLeftBehindHoldsNobodyUp() throws {
    try withScratchDirectory { directory in
      let run = "\(directory)/run"
      try SystemFileSystem().makeDirectory(run)
      for (text, warning) in [
        ("process 99999999 on \(FileLock.Holder.current.host)\n", []),
        (
          "process 17 on node-3\n",
          [
            "\(run)/.lock: process 17 on node-3 has not given its lock back, but does not hold it any more; the run goes "
              + "on here"
          ]
        ),
      ] {
        try text.write(toFile: "\(run)/.lock", atomically: true, encoding: .utf8)
        let trained = try trainToEnd(Self.softmax.configuration(output: run))
        #expect(trained.history.warnings == warning)
      }
    }
  }
}
