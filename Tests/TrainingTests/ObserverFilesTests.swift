import DataParallel
import Foundation
import Foundations
import Synchronization
import TestSupport
import Testing
import Training

/// Files that a config's observers write beside the training: nothing waits for them, and nothing of them is lost.
@Suite struct ObserverFilesTests {
  // 120 samples in batches of 13: ten steps an epoch.
  private static func iris(_ more: String) -> TrainingCase {
    TrainingCase(
      name: "iris", data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
        "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 6, "batchSize": 13, "shards": 4},
        \(more)
        """)
  }
  private static let saved = iris(#""checkpoints": {"every": {"epochs": 1}}"#)

  private static func rows(_ run: String) throws -> [Substring] {
    try String(contentsOfFile: "\(run)/metrics.csv", encoding: .utf8).split(separator: "\n")
  }

  // The row of epoch 1 is written only when epoch 3 has been reported: training does not wait for it.
  @Test func trainingGoesOnWhileARowIsWritten() throws {
    try withScratchDirectory { directory in
      let thirdEpoch = DispatchSemaphore(value: 0)
      let isLate = Atomic<Bool>(false)
      let table = CSVObserver(
        fileSystem: InstrumentedFileSystem { event in
          if case .write(_, let bytes) = event, bytes.starts(with: Array("10,1,".utf8)),
            thirdEpoch.wait(timeout: .now() + 60) == .timedOut
          {
            isLate.store(true, ordering: .relaxed)
          }
          return .proceed
        })
      let history = History()
      history.reaction = { event in
        if case .epoch(let report) = event, report.epoch == 3 { thirdEpoch.signal() }
      }
      let training = Self.iris(#""checkpoints": {"every": {"epochs": 100}}"#)
      _ = try train(training.configuration(output: "\(directory)/run"), observers: [table, history])
      let hasWaited = isLate.load(ordering: .relaxed)
      #expect(!hasWaited, "training waited for the row")
      #expect(try Self.rows("\(directory)/run").count == 7)
    }
  }

  // What a full disk refuses is kept, and no checkpoint is saved until it is written.
  @Test(arguments: ["create", "openForAppending", "write", "synchronize", "synchronizeDirectory"])
  func whatADiskRefusesIsWrittenLater(call: String) throws {
    try withScratchDirectory { directory in
      let isFull = Atomic<Bool>(true)
      let table = CSVObserver(
        fileSystem: InstrumentedFileSystem { event in
          guard isFull.load(ordering: .relaxed), event.name == call else { return .proceed }
          throw FileError(operation: call, path: "", number: ENOSPC)
        })
      let history = History()
      history.reaction = { event in
        if case .epoch(let report) = event, report.epoch == 4 { isFull.store(false, ordering: .relaxed) }
      }
      let run = "\(directory)/run"
      let outcome = try train(Self.saved.configuration(output: run), observers: [table, history])
      guard case .finished = outcome else {
        Issue.record("the run ended as \(outcome)")
        return
      }
      #expect(try Self.rows(run).count == 7)
      #expect(try Self.rows(run).dropFirst().map { $0.prefix { $0 != "," } } == ["10", "20", "30", "40", "50", "60"])
      #expect(
        history.warnings.first?.hasPrefix(
          "\(run)/metrics.csv: the metrics cannot be written: No space left on device; ")
          == true, "\(history.warnings)")
      #expect(!history.saved.contains { $0.hasSuffix("000000010.h5") })
    }
  }

  @Test func aTableThatCannotBeWrittenEndsTheRunWithASentence() throws {
    try withScratchDirectory { directory in
      let table = CSVObserver(
        fileSystem: InstrumentedFileSystem { event in
          guard event.name == "write" else { return .proceed }
          throw FileError(operation: "write", path: "", number: ENOSPC)
        })
      let error = #expect(throws: TrainerError.self) {
        try train(Self.saved.configuration(output: "\(directory)/run"), observers: [table])
      }
      #expect(error?.message.contains("metrics.csv: the metrics cannot be written: No space left on device") == true)
    }
  }

  @Test func aFileInPlaceOfTheFolderIsSaidBeforeTheFirstStep() throws {
    try withScratchDirectory { directory in
      let run = "\(directory)/run"
      try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
      try "mine".write(toFile: "\(run)/tensorboard", atomically: true, encoding: .utf8)
      let error = #expect(throws: TrainerError.self) {
        try train(Self.iris(#""observers": ["tensorboard"]"#).configuration(output: run))
      }
      #expect(error?.code == .usage && error?.message.contains("it is a regular file; move it away") == true)
      // The refused start has left nothing behind.
      #expect(try FileManager.default.contentsOfDirectory(atPath: run) == ["tensorboard"])
    }
  }

  // Each rank has the config, and one of them writes; where regions end is the same for all.
  @Test(arguments: [#"{"epochs": 2}"#, #"{"steps": 7}"#]) func oneRankWrites(period: String) throws {
    try withScratchDirectory { directory in
      let training = Self.iris(#""observers": ["csv", {"type": "tensorboard", "histograms": \#(period)}]"#)
      let alone = try train(training.configuration(output: "\(directory)/alone")).summary
      let results = try trainOnRanks(3) { _ in try training.configuration(output: "\(directory)/ranks") }
      for result in results {
        guard case .finished(let summary) = try result.get() else {
          Issue.record("a rank did not finish")
          continue
        }
        #expect(summary.digest == alone.digest)
      }
      let expected = try EventFiles("\(directory)/alone/tensorboard")
      let files = try EventFiles("\(directory)/ranks/tensorboard")
      #expect(files.names.count == 1 && files.timeless == expected.timeless)
      let tables = try ["alone", "ranks"].map { run in
        try Self.rows("\(directory)/\(run)").map { $0.split(separator: ",").dropLast(2).joined(separator: ",") }
      }
      #expect(tables[0] == tables[1] && tables[0].count == 7)
    }
  }
}
