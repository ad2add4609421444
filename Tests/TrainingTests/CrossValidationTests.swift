import Foundation
import Foundations
import HDF5
import Reporting
import Synchronization
import TestSupport
import Testing
import Training

/// Cross-validation: which rows are held out, what is written, and what does not depend on how it was done.
@Suite struct CrossValidationTests {
  private func config(_ directory: String, data: String? = nil, _ settings: String = "", split: String? = nil) throws
    -> String
  {
    let path = "\(directory)/config.json"
    let split = split.map { #", "split": \#($0)"# } ?? ""
    let rest =
      settings.isEmpty
      ? """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
      "optimizer": {"type": "sgd", "learningRate": 0.3}, "training": {"epochs": 4, "batchSize": 16}
      """ : settings
    let text = """
      {"seed": 2, "data": {"path": "\(data ?? Repository.data("iris"))", "preprocessing": ["standardize"]\(split)}, \(rest)}
      """
    try AtomicFile.replace(path, contents: Array(text.utf8))
    return path
  }

  private func run(
    _ config: String, folds: Int = 4, output: String, jobs: Int = 1, control: RunControl = RunControl(),
    progress: @escaping @Sendable (Int, CrossValidation.Progress) -> Void = { _, _ in }
  ) throws -> CrossValidationReport? {
    try CrossValidation(file: config, folds: folds, output: output).run(
      jobs: jobs, options: RunOptions(workers: 2, starter: ThreadStarter(seed: 1).start, control: control),
      makeObservers: { [MetricsFile()] }, progress: progress)
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try SystemFileSystem().contents(of: path), as: UTF8.self)
  }

  /// A file that is written anew has another.
  private func number(of path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
  }

  @Test func eachRowIsPredictedOnceByAModelThatDidNotSeeIt() throws {
    try withScratchDirectory { directory in
      let report = try #require(try run(config(directory), output: "\(directory)/cv"))
      let lines = try text(report.predictionsPath).split(separator: "\n").map {
        $0.split(separator: ",").map(String.init)
      }
      #expect(
        lines[0] == ["row", "fold", "target", "prediction"]
          + ["setosa", "versicolor", "virginica"].map { "probability_\($0)" })
      let rows = lines.dropFirst()
      #expect(rows.map { $0[0] } == (0..<120).map(String.init))
      let file = try HDF5.File.open(at: Repository.data("iris"))
      let names = try file.root.dataset("train/targets").attribute("classes").readStrings()
      let targets = try file.root.dataset("train/targets").read(as: Int64.self).map { names[Int($0)] }
      try file.close()
      #expect(rows.map { $0[2] } == targets)
      for fold in report.folds {
        let own = rows.filter { $0[1] == String(fold.number) }
        let result = try #require(fold.result)
        #expect(own.count == 30 && result.rowCount == 30)
        // Each class in equal parts, measured as the table says.
        #expect(Set(names.map { name in own.count { $0[2] == name } }) == [10])
        let hits = own.count { $0[2] == $0[3] }
        #expect(result.measurement["accuracy"] == Double(hits) / 30)
        for row in own {
          let probabilities = row[4...].compactMap { Double($0) }
          #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5)
          #expect(names[probabilities.firstIndex(of: probabilities.max() ?? 0) ?? 0] == row[3])
        }
        // As `evaluate` measures the run.
        let measured = try evaluate(checkpoint: result.checkpoint, group: "validation")
        #expect(measured.measurement.loss == result.measurement.loss && measured.samples == 30)
      }
      // The mean and the deviation with n − 1, the naive way.
      let losses = report.folds.compactMap { $0.result?.measurement.loss }
      let mean = losses.reduce(0, +) / 4
      let deviation = (losses.map { pow($0 - mean, 2) }.reduce(0, +) / 3).squareRoot()
      #expect(report.mean(of: "loss").isClose(to: mean, within: 1e-15))
      #expect(report.deviation(of: "loss").isClose(to: deviation, within: 1e-15))
      let json = try JSONDocument(text: text(report.resultPath), source: "result").root
      #expect(json["mean"]?["loss"]?.double == report.mean(of: "loss"))
      #expect(json["folds"]?.elements?.map { $0["digest"]?.text } == report.folds.map { $0.result?.digest })
      #expect(report.text.contains("deviation"))
    }
  }

  // To the letter, of two classes with the probability of the first where it is small, and with names that need quotes.
  @Test func theTableIsWhatPredictWritesOfTheSameRows() throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/data.h5"
      let inputs = (0..<40).map { Double($0 * 7 % 40) - 20 }
      let targets = inputs.map { UInt8($0 > 1 ? 1 : 0) }
      try writeFile(data) { root in
        let group = try root.createGroup("train")
        try group.createDataset("inputs", shape: [40, 1], values: inputs)
        try group.createDataset("targets", shape: [40], values: targets)
          .setAttribute("classes", to: ["no, never", "yes"])
      }
      let config = try config(
        directory, data: data,
        """
        "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy",
        "optimizer": {"type": "sgd", "learningRate": 2}, "training": {"epochs": 20, "batchSize": 5}
        """, split: #"{"validation": 0.1, "by": "order"}"#)
      let report = try #require(try run(config, folds: 2, output: "\(directory)/cv"))
      let lines = try text(report.predictionsPath).split(separator: "\n")
      #expect(lines.count == 41)
      #expect(lines[0] == #"row,fold,target,prediction,"probability_no, never",probability_yes"#)
      let rows = "\(directory)/rows.csv"
      try AtomicFile.replace(rows, contents: Array((["x"] + inputs.map { "\($0)" }).joined(separator: "\n").utf8))
      for fold in report.folds {
        let checkpoint = try #require(fold.result?.checkpoint)
        _ = try predict(
          checkpoint: checkpoint, input: rows, output: "\(directory)/p.csv", overwriting: true)
        let predicted = try text("\(directory)/p.csv").split(separator: "\n")
        for (row, line) in lines.dropFirst().enumerated() where line.hasPrefix("\(row),\(fold.number),") {
          let target = targets[row] == 1 ? "yes" : #""no, never""#
          #expect(line == "\(row),\(fold.number),\(target),\(predicted[row + 1])")
        }
      }
      // 1 - p would be 0, or have few digits.
      #expect(
        lines.contains { Float($0.split(separator: ",").dropLast().last ?? "").map { $0 > 0 && $0 < 1e-3 } == true })
    }
  }

  // Several targets are called by their numbers, as `predict` calls them.
  @Test func severalTargetsHaveAColumnEach() throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/data.h5"
      try writeFile(data) { root in
        let group = try root.createGroup("train")
        try group.createDataset("inputs", shape: [12, 1], values: (0..<12).map { Double($0) / 12 })
        try group.createDataset("targets", shape: [12, 2], values: (0..<24).map { Double($0) / 8 })
      }
      let config = try config(
        directory, data: data,
        """
        "model": {"layers": [{"type": "dense", "units": 2}]}, "loss": "meanSquaredError",
        "training": {"epochs": 1, "batchSize": 4}
        """, split: #"{"validation": 0.1, "by": "order"}"#)
      let report = try #require(try run(config, folds: 3, output: "\(directory)/cv"))
      let lines = try text(report.predictionsPath).split(separator: "\n")
      #expect(lines[0] == "row,fold,target_0,target_1,prediction_0,prediction_1" && lines.count == 13)
      #expect(lines[12].hasPrefix("11,3,2.75,2.875,"))
    }
  }

  @Test func jobsAndInterruptionsChangeNothing() throws {
    try withScratchDirectory { directory in
      let config = try config(directory)
      let once = try #require(try run(config, output: "\(directory)/once"))
      let jobs = try #require(try run(config, output: "\(directory)/jobs", jobs: 3))
      // Stopped when the second fold has ended, and gone on with.
      let control = RunControl()
      let stopped = try run(config, output: "\(directory)/stopped", control: control) { fold, _ in
        if fold == 2 { control.stop() }
      }
      #expect(stopped == nil)
      #expect(try SystemFileSystem().status(of: "\(directory)/stopped/\(CrossValidation.resultName)") == nil)
      let progress = Mutex<[Int]>([])
      let goneOn = try #require(
        try run(config, output: "\(directory)/stopped") { fold, _ in progress.withLock { $0.append(fold) } })
      #expect(progress.withLock { $0 } == [1, 2, 3, 4])
      for other in [jobs, goneOn] {
        #expect(other.folds.map { $0.result?.digest } == once.folds.map { $0.result?.digest })
        #expect(try text(other.predictionsPath) == text(once.predictionsPath))
        #expect(other.folds.map { $0.result?.measurement } == once.folds.map { $0.result?.measurement })
      }
      #expect(Set(once.folds.compactMap { $0.result?.digest }).count == 4)
      // Again, all is read: the checkpoints are those that there were.
      let file = try #require(once.folds[0].result?.checkpoint)
      let before = try number(of: file)
      _ = try run(config, output: "\(directory)/once")
      #expect(try number(of: file) == before)
      // Other folds are another config.
      let error = #expect(throws: TrainerError.self) { try run(config, folds: 3, output: "\(directory)/once") }
      #expect(error?.code == .usage && error?.message.contains("data.split.folds: 4 in the directory, 3 now") == true)
    }
  }

  @Test func theSplitOfTheConfigGivesItsMethod() throws {
    try withScratchDirectory { directory in
      let config = try config(directory, split: #"{"validation": 0.1, "by": "order", "seed": 9}"#)
      let validation = try CrossValidation(file: config, folds: 3, output: "\(directory)/cv")
      let expected: JSONValue = ["folds": 3, "fold": 2, "by": "order", "stratify": false, "seed": 9]
      #expect(validation.configurations[1].resolved["data"]?["split"] == expected)
      #expect(validation.configurations[1].output == "\(directory)/cv/fold-2")
      #expect(try CrossValidation(file: config, folds: 2).directory.hasSuffix("/runs/config-folds"))
      let error = #expect(throws: TrainerError.self) { try CrossValidation(file: config, folds: 1) }
      #expect(error?.code == .usage)
    }
  }

  @Test func aSplitThatOnlySaysHowToFoldIsFolded() throws {
    try withScratchDirectory { directory in
      let expected: JSONValue = ["folds": 3, "fold": 3, "by": ["column": "c"], "stratify": false, "seed": 9]
      let splits = [#"{"by": {"column": "c"}, "seed": 9}"#, #"{"folds": 5, "by": {"column": "c"}, "seed": 9}"#]
      for split in splits {
        let config = try config(directory, split: split)
        let validation = try CrossValidation(file: config, folds: 3, output: "\(directory)/cv")
        #expect(validation.configurations[2].resolved["data"]?["split"] == expected)
      }
      let override = try SettingsOverride(#"data.split.by={"column":"c"}"#)
      let validation = try CrossValidation(
        file: config(directory), folds: 3, overrides: [override, SettingsOverride("data.split.seed=9")])
      #expect(validation.configurations[2].resolved["data"]?["split"] == expected)
      // A misspelt share is none that is missing.
      let config = try config(directory, split: #"{"tset": 0.1}"#)
      let error = #expect(throws: TrainerError.self) { try CrossValidation(file: config, folds: 3) }
      #expect(error?.message.contains("data.split.tset: unknown key; did you mean \"test\"?") == true)
    }
  }

  /// In the first fold a value that is held out elsewhere makes the loss overflow.
  @Test func aFoldThatDivergesIsAMarkedRow() throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/data.h5"
      try writeFile(data) { root in
        let group = try root.createGroup("train")
        try group.createDataset("inputs", shape: [12], values: (0..<12).map { Double($0 % 5) })
        try group.createDataset("targets", shape: [12], values: (0..<12).map { $0 == 11 ? 1e200 : Double($0) })
      }
      let config = try config(
        directory, data: data,
        """
        "precision": "float64", "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError",
        "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 2, "batchSize": 4}
        """, split: #"{"validation": 0.1, "by": "order"}"#)
      // The last fold holds the value out: its run is the only one that does not diverge.
      let report = try #require(try run(config, folds: 3, output: "\(directory)/cv"))
      #expect(report.folds.map { $0.result == nil } == [true, true, false])
      #expect(report.folds[0].reason?.contains("diverged") == true)
      #expect(report.text.contains("DIVERGED"))
      let json = try JSONDocument(text: text(report.resultPath), source: "result").root
      #expect(json["folds"]?.elements?.map { $0["status"]?.text } == ["diverged", "diverged", "finished"])
      let lines = try text(report.predictionsPath).split(separator: "\n")
      #expect(lines[0] == "row,fold,target,prediction" && lines.count == 5 && lines[4].hasPrefix("11,3,1e+200,"))
    }
  }

  @Test func aConfigOfAFormulaIsRefused() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/formula.json"
      try AtomicFile.replace(path, contents: Array(#"{"parameters": {"x": 1}, "objective": "x^2"}"#.utf8))
      let error = #expect(throws: TrainerError.self) { try CrossValidation(file: path, folds: 3) }
      #expect(error?.code == .usage && error?.message.contains("expected one of a model") == true)
    }
  }
}
