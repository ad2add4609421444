import Checkpoints
import DataParallel
import Datasets
import Foundation
import Foundations
import Reporting
import Synchronization
import TestSupport
import Testing
import Training

/// What becomes of a run where one rank fails, or differs from the others.
@Suite struct RankFailureTests {
  private static func training(epochs: Int = 3, shards: Int = 7) -> TrainingCase {
    TrainingCase(
      name: "iris", data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
        "optimizer": {"type": "sgd", "learningRate": 0.05, "momentum": 0.9},
        "training": {"epochs": \(epochs), "batchSize": 26, "shards": \(shards)}, "checkpoints": {"every": {"epochs": 1}}
        """)
  }

  /// Starts workers, and breaks a rank's connections before a region.
  private final class BreakingStarter: Sendable {
    private let regionsLeft: Atomic<Int>
    private let action: @Sendable () -> Void

    init(beforeRegion count: Int, _ action: @escaping @Sendable () -> Void) {
      regionsLeft = Atomic(count)
      self.action = action
    }

    @Sendable func start(count: Int, body: @escaping @Sendable (Int) -> Void) {
      if regionsLeft.wrappingSubtract(1, ordering: .relaxed).newValue == 0 { action() }
      sequentialStarter(count: count, body: body)
    }
  }

  @Test(arguments: [0, 1, 2]) func aLostRankEndsAllAndTheRunGoesOn(lost: Int) throws {
    try withScratchDirectory { directory in
      let training = Self.training()
      _ = try train(training.configuration(output: "\(directory)/alone"), observers: [MetricsFile()])
      let output = "\(directory)/run"
      let network = MemoryNetwork(3, seed: 5)
      // A rank measures and saves between; its connections break some regions after the first epoch.
      let breaking = BreakingStarter(beforeRegion: 9) { network.breakConnections(of: lost) }
      let results = try trainOnRanks(
        3, deadline: 3, over: network,
        part: { $0 == lost ? RankPart(starter: breaking.start) : RankPart() }
      ) { _ in try training.configuration(output: output) }
      for (rank, result) in results.enumerated() {
        guard case .failure(let error) = result, let loss = error as? RankLoss else {
          Issue.record("rank \(rank): \(result)")
          continue
        }
        #expect(loss.error.code == .interruptedAfterSave && loss.directory == output)
        if rank == loss.failure.reporter, rank != lost {
          let checkpoint = try #require(loss.checkpoint, "\(loss)")
          #expect(loss.error.message.contains("the last good checkpoint is \(output)/checkpoints/step-"))
          #expect(try CheckpointFile.damage(in: checkpoint) == nil)
        }
      }
      #expect(!FileManager.default.fileExists(atPath: "\(output)/.lock"))
      for result in try trainOnRanks(2, { _ in try training.configuration(output: output) }) { _ = try result.get() }
      try LeftByRun(output).expectSame(as: LeftByRun("\(directory)/alone"), "after rank \(lost) was lost")
    }
  }

  /// Rank 0's own error, of which the others know nothing: they are told that it has left, and the run goes on.
  @Test func anErrorOfRankZeroAmongTheStepsEndsAll() throws {
    try withScratchDirectory { directory in
      let training = Self.training()
      _ = try train(training.configuration(output: "\(directory)/alone"), observers: [MetricsFile()])
      let output = "\(directory)/run"
      let results = try onRanks(3) { ranks in
        var options = RunOptions(workers: 1)
        options.communicator = ranks
        let failing = History()
        failing.reaction = { event in
          if case .epoch(let report) = event, report.epoch == 2 { throw TrainerError(.usage, "no room for metrics") }
        }
        return try train(
          training.configuration(output: output), options: options,
          observers: ranks.isFirst ? [MetricsFile(), failing] : [])
      }
      for (rank, result) in results.enumerated() {
        guard case .failure(let error) = result else {
          Issue.record("rank \(rank): \(result)")
          continue
        }
        guard rank > 0 else {
          #expect(error as? TrainerError == TrainerError(.usage, "no room for metrics"))
          continue
        }
        let loss = try #require(error as? RankLoss, "\(error)")
        #expect(loss.failure.rank == 0 && loss.failure.kind == .left && loss.failure.reporter == 1)
        #expect(loss.error.message.hasPrefix("rank 0 on host host0 ended with an error of its own; "), "\(loss.error)")
      }
      for result in try trainOnRanks(2, { _ in try training.configuration(output: output) }) { _ = try result.get() }
      try LeftByRun(output).expectSame(as: LeftByRun("\(directory)/alone"), "after rank 0 has left")
    }
  }

  @Test func anErrorOnOneRankBeforeTheFirstStepIsAllRanks() throws {
    try withScratchDirectory { directory in
      let training = Self.training()
      let output = "\(directory)/run"
      let error = try sharedError(
        trainOnRanks(3) { rank in
          try rank == 1
            ? training.configuration(output: output, "data.path=\"/nowhere/iris.h5\"")
            : training.configuration(output: output)
        })
      #expect(error.code == .data)
      #expect(error.message.hasPrefix("rank 1 on host host1: cannot open '/nowhere/iris.h5'"), "\(error)")
      #expect(!FileManager.default.fileExists(atPath: output))
      // What all say is said once, without a rank.
      let alike = try sharedError(
        trainOnRanks(3) { _ in try training.configuration(output: output, "data.path=\"/nowhere/iris.h5\"") })
      #expect(alike.message.hasPrefix("cannot open '/nowhere/iris.h5'"), "\(alike)")
      // What only rank 0 can find out, too.
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try Data("no directory".utf8).write(to: URL(filePath: output))
      let place = try sharedError(trainOnRanks(2) { _ in try training.configuration(output: output) })
      #expect(place.code == .usage && place.message.hasPrefix(output), "\(place)")
    }
  }

  @Test func ranksThatDifferAreRefused() throws {
    try withScratchDirectory { directory in
      let training = Self.training()
      let config = try sharedError(
        trainOnRanks(3) { rank in
          try rank == 2
            ? training.configuration(output: "\(directory)/other", "optimizer.momentum=0.5")
            : training.configuration(output: "\(directory)/run")
        })
      #expect(config.code == .usage)
      #expect(
        config.message
          == "the configs of rank 2 on host host2 and rank 0 on host host0 differ "
          + "(optimizer.momentum: 0.5 on rank 2, 0.9 on rank 0); give all ranks the same one", "\(config)")
      // The same in all but one number.
      let files = ["\(directory)/0.h5", "\(directory)/1.h5"]
      for (rank, file) in files.enumerated() { try Self.writeData(file, first: Double(rank)) }
      let data = try sharedError(
        trainOnRanks(2) { rank in
          try training.configuration(
            output: "\(directory)/run\(rank)", "data.path=\"\(files[rank])\"", "output=\"\(directory)/run\"")
        })
      #expect(data.code == .data)
      #expect(
        data.message.contains("rank 1 on host host1 has data with the fingerprint sha256:")
          && data.message.hasSuffix("; give all hosts the same file"), "\(data)")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run"))
    }
  }

  /// A dataset of 40 rows, one number of which is given.
  private static func writeData(_ path: String, first: Double) throws {
    let inputs = [first] + (1..<120).map { Double($0 % 17) }
    try DatasetWriter().write(
      groups: [
        .init(
          name: "train", inputs: NumberTable(shape: [40, 3], values: inputs),
          targets: NumberTable(shape: [40], values: (0..<40).map { UInt8($0 % 3) }))
      ], to: path)
  }

  @Test func moreRanksThanShardsAreRefused() throws {
    try withScratchDirectory { directory in
      let error = try sharedError(
        trainOnRanks(3) { _ in try Self.training(shards: 2).configuration(output: "\(directory)/run") })
      #expect(error.code == .usage)
      #expect(
        error.message
          == "training.shards: found 2, but there are 3 ranks, each of which needs a shard; set it to 3 or more, which "
          + "changes the trained bits, or start at most 2 ranks")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run"))
    }
  }

  @Test func aRunThatDivergesEndsAllRanksAlike() throws {
    try withScratchDirectory { directory in
      let error = try sharedError(
        trainOnRanks(3) { _ in
          try Self.training().configuration(output: "\(directory)/run", "optimizer.learningRate=1e30")
        })
      #expect(error.code == .diverged, "\(error)")
    }
  }
}
