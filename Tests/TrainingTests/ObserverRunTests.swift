import Checkpoints
import Foundation
import Foundations
import Synchronization
import TestSupport
import Testing
import Training

/// Counts events, and asks for what a config says.
private struct CounterSettings: ObserverSettings {
  static let type = "counter"
  /// What the last observer has seen; a test reads it.
  static let seen = Mutex<[String]>([])
  var name = "x"
  static let settings: [Setting<CounterSettings>] = []
  init() {}
  init(from settings: Settings) throws { name = try settings.string("name", default: "x", help: "What is noted.") }
  var json: JSONObject { ["name": .string(name)] }
  func makeObserver() -> any RunObserver { Counter(name: name) }

  private final class Counter: RunObserver {
    let name: String
    init(name: String) { self.name = name }
    func observe(_ event: RunEvent) {
      if case .epoch(let report) = event { seen.withLock { $0.append("\(name) \(report.epoch)") } }
    }
  }
}

/// Keeps the parameters that it is given.
private final class ParameterKeeper: RunObserver {
  let interests: ObserverInterests
  private(set) var values: [(step: Int, isBefore: Bool, elements: [Float])] = []
  private(set) var confusions: [Double] = []

  init(_ period: ObserverInterests.Period, confusion: Bool = false) {
    interests = ObserverInterests(parameters: period, confusion: confusion)
  }

  func observe(_ event: RunEvent) {
    guard case .epoch(let report) = event else { return }
    confusions += report.evaluations.compactMap { $0.measurement.confusion?.counts.reduce(0, +) }
  }

  func observe(_ parameters: ParameterValues) throws {
    guard case .float32(let elements) = parameters.elements else {
      throw TrainerError(.usage, "the run computes in float32")
    }
    values.append((parameters.step, parameters.isBefore, Array(elements)))
  }
}

/// What observers of a config write, and what they ask for.
@Suite struct ObserverRunTests {
  // 120 samples in batches of 13: ten steps an epoch.
  private static func iris(_ more: String = "") -> TrainingCase {
    TrainingCase(
      name: "iris", data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 8, "activation": "relu"}, {"type": "dense", "units": 3}]},
        "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
        "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9},
        "training": {"epochs": 4, "batchSize": 13, "shards": 3} \(more)
        """)
  }
  private static let observed = iris(#", "observers": ["tensorboard", "csv"]"#)

  // MARK: The setting

  @Test func aConfigSaysAllOfItsObservers() throws {
    let read = try Self.observed.configuration(output: "/o")
    #expect(read.observers.map { type(of: $0).type } == ["tensorboard", "csv"])
    let all: JSONValue = [["type": "tensorboard", "histograms": ["epochs": 1]], ["type": "csv"]]
    #expect(read.resolved["observers"] == all)
    #expect(try Self.iris().configuration(output: "/o").resolved["observers"] == [])
    // What is resolved is read again to the same.
    let again = try RunConfiguration(text: read.resolved.prettyText, source: "again.json", directory: "/")
    #expect(again.resolved == read.resolved)
    let steps = try Self.iris(#", "observers": [{"type": "tensorboard", "histograms": {"steps": 7.0}}]"#)
      .configuration(output: "/o")
    #expect((steps.observers.first as? TensorBoardSettings)?.histograms == .steps(7))
    let never = try Self.iris(#", "observers": [{"type": "tensorboard", "histograms": "never"}]"#)
      .configuration(output: "/o")
    #expect((never.observers.first as? TensorBoardSettings)?.histograms == .some(nil))
    #expect(never.resolved["observers"] == [["type": "tensorboard", "histograms": "never"]])
  }

  private static let faults: [(setting: String, message: String)] = [
    (
      #"["tensorbord"]"#,
      #"observers[0]: found the string "tensorbord", expected one of "tensorboard", "csv"; did you mean "tensorboard"?"#
    ),
    (#"["csv", "csv"]"#, #"observers: "csv" comes twice, name each observer once"#),
    (#"[{"type": "csv", "every": 1}]"#, #"observers[0].every: unknown key"#),
    (#""csv""#, "observers: found the string \"csv\", expected an array of objects"),
    (
      #"[{"type": "tensorboard", "histograms": {}}]"#,
      #"observers[0].histograms: found none of "epochs" and "steps", expected one"#
    ),
    (
      #"[{"type": "tensorboard", "histograms": {"epochs": 1, "steps": 1}}]"#,
      #"observers[0].histograms: found both of "epochs" and "steps", expected one"#
    ),
    (
      #"[{"type": "tensorboard", "histograms": "newer"}]"#,
      #"observers[0].histograms: found "newer", expected "never", or an object with "epochs" or "steps"; did you mean "never"?"#
    ),
    (#"[{"type": "tensorboard", "histograms": {"epochs": 0}}]"#, "observers[0].histograms.epochs: found 0"),
    (#"[{"type": "tensorboard", "histograms": 3}]"#, "observers[0].histograms: found 3"),
    (#"[{"type": "tensorboard", "histogram": "never"}]"#, #"did you mean "histograms"?"#),
  ]

  @Test(arguments: faults) func aFaultIsSaidWithItsPlace(fault: (setting: String, message: String)) throws {
    let error = #expect(throws: TrainerError.self) {
      try Self.iris(", \"observers\": \(fault.setting)").configuration(output: "/o")
    }
    #expect(error?.code == .usage)
    #expect(error?.message.contains(fault.message) == true, "\(error?.message ?? "")")
  }

  @Test func observersChangeNoBitAndNoRun() throws {
    try withScratchDirectory { directory in
      let plain = try trainToEnd(Self.iris().configuration(output: "\(directory)/run"))
      let observed = try trainToEnd(Self.observed.configuration(output: "\(directory)/observed"), workers: 3)
      #expect(plain.summary.digest == observed.summary.digest)
      // The checkpoint says nothing of them, so that whoever reads it need not know them.
      let checkpoint = try CheckpointFile.read(observed.checkpoint)
      #expect(try JSONDocument(text: checkpoint.config, source: "config").root["observers"] == [])
      #expect(CheckpointDifference(checkpoint, try CheckpointFile.read(plain.checkpoint)).isEmpty)
      // A run goes on with others than it began with: here the finished one is found to be it.
      let outcome = try train(Self.observed.configuration(output: "\(directory)/run"))
      guard case .finished = outcome else {
        if case .alreadyFinished = outcome { return }
        Issue.record("the run ended as \(outcome)")
        return
      }
    }
  }

  @Test func anObserverFromOutsideIsNamedLikeTheOthers() throws {
    try withScratchDirectory { directory in
      var registries = Registries.standard
      try registries.observers.add(CounterSettings.self)
      #expect(throws: TrainerError.self) { try registries.observers.add(CounterSettings.self) }
      CounterSettings.seen.withLock { $0 = [] }
      let text = """
        {"name": "own", "data": {"path": "\(Repository.data("iris"))"}, "model": {"layers": [{"type": "dense", "units": 3}]},
         "loss": "softmaxCrossEntropy", "training": {"epochs": 2}, "output": "\(directory)/run",
         "observers": [{"type": "counter", "name": "y"}]}
        """
      let configuration = try RunConfiguration(text: text, source: "x.json", directory: "/", registries: registries)
      let outcome = try train(configuration)
      #expect(CounterSettings.seen.withLock { $0 } == ["y 1", "y 2"])
      // Evaluating needs none of it.
      _ = try evaluate(checkpoint: outcome.summary.checkpoint ?? "")
    }
  }

  @Test(arguments: ["tensorboard", "csv"]) func aRunWithoutADirectoryCannotHaveThem(type: String) throws {
    let configuration = try RunConfiguration(
      json: """
        {"parameters": {"w": 1.0}, "objective": "w^2", "training": {"steps": 2}, "observers": ["\(type)"]}
        """)
    let error = #expect(throws: TrainerError.self) { try train(configuration) }
    #expect(error?.code == .usage && error?.message.hasPrefix("observers: found \"\(type)\", but run has no") == true)
  }

  // MARK: What is told besides

  @Test(arguments: [ObserverInterests.Period.epochs(2), .steps(7), .steps(1)])
  func parametersComeWithThoseBeforeTheStep(period: ObserverInterests.Period) throws {
    try withScratchDirectory { directory in
      let keeper = ParameterKeeper(period)
      let configuration = try Self.iris(#", "checkpoints": {"every": {"steps": 1}, "keep": "all"}"#)
        .configuration(output: "\(directory)/run")
      _ = try train(configuration, options: RunOptions(workers: 2), observers: [keeper])
      let unit =
        switch period {
        case .epochs(let count): 10 * count
        case .steps(let count): count
        }
      let due = Array(stride(from: unit, through: 40, by: unit))
      #expect(keeper.values.filter { !$0.isBefore }.map(\.step) == due)
      #expect(keeper.values.filter(\.isBefore).map(\.step) == due.map { $0 - 1 })
      for value in keeper.values where value.step > 0 {
        let path = String(format: "\(directory)/run/checkpoints/step-%09d.h5", value.step)
        let saved = try CheckpointFile.read(path).parameters.flatMap(\.doubles)
        #expect(saved == value.elements.map(Double.init), "step \(value.step)")
      }
    }
  }

  @Test func confusionIsCountedWhereItIsWanted() throws {
    try withScratchDirectory { directory in
      let (with, without) = (ParameterKeeper(.epochs(1), confusion: true), ParameterKeeper(.epochs(1)))
      let configuration = { (name: String) in try Self.iris().configuration(output: "\(directory)/\(name)") }
      let counted = try train(configuration("with"), observers: [with]).summary
      let plain = try train(configuration("without"), observers: [without]).summary
      // Four epochs; the test group has 30 samples.
      #expect(with.confusions == [30, 30, 30, 30] && without.confusions.isEmpty)
      #expect(counted.measures == plain.measures && counted.digest == plain.digest)
    }
  }

  // MARK: The files

  @Test func theTableIsThatOfTheHistory() throws {
    try withScratchDirectory { directory in
      let trained = try trainToEnd(Self.observed.configuration(output: "\(directory)/run"))
      let lines = try String(contentsOfFile: "\(directory)/run/metrics.csv", encoding: .utf8)
        .split(separator: "\n", omittingEmptySubsequences: false)
      #expect(
        lines.first
          == "step,epoch,train.loss,train.accuracy,test.loss,test.accuracy,learningRate,samplesPerSecond,seconds")
      #expect(lines.count == 6 && lines.last == "")
      for (line, entry) in zip(lines.dropFirst(), trained.history.entries) {
        let fields = line.split(separator: ",").compactMap { Double($0) }
        let measures = ([entry.train] + entry.measurements).flatMap { [$0.loss, $0["accuracy"] ?? .nan] }
        #expect(Array(fields.dropLast(2)) == [Double(entry.step), Double(entry.epoch ?? 0)] + measures + [0.1])
        #expect(fields.count == 9)
      }
    }
  }

  @Test func theEventsAreThoseOfTheHistory() throws {
    try withScratchDirectory { directory in
      let trained = try trainToEnd(Self.observed.configuration(output: "\(directory)/run"))
      let files = try EventFiles("\(directory)/run/tensorboard")
      #expect(files.names.count == 1 && files.restarts.isEmpty)
      for tag in ["train/loss", "train/accuracy", "test/loss", "test/accuracy", "learningRate", "samplesPerSecond"] {
        #expect(files.values.filter { $0.tag == tag }.map(\.step) == [10, 20, 30, 40], "\(tag)")
      }
      for entry in trained.history.entries {
        let own = files.values.filter { $0.step == entry.step }
        #expect(own.first { $0.tag == "train/loss" }?.scalar == Float(entry.train.loss))
        #expect(own.first { $0.tag == "test/accuracy" }?.scalar == Float(entry.measurements[0]["accuracy"] ?? .nan))
        let names = ["dense1/weight", "dense1/bias", "dense2/weight", "dense2/bias"]
        #expect(own.map(\.tag).filter { $0.hasPrefix("parameters/") } == names.map { "parameters/\($0)" })
        #expect(own.map(\.tag).filter { $0.hasPrefix("updates/") } == names.map { "updates/\($0)" })
        #expect(own.contains { $0.tag == "test/confusion" })
      }
      let first = files.values.filter { $0.step == 0 }.map(\.tag)
      #expect(first == ["_hparams_/session_start_info", "custom_scalars__config__", "graph"])
      #expect(files.values.last?.tag == "_hparams_/session_end_info")
    }
  }

  // Stopped anywhere and gone on with, the files hold what those of the uninterrupted run hold, each step once.
  @Test(arguments: [#"{"epochs": 1}"#, #"{"steps": 3}"#]) func aRunInPiecesWritesTheSame(period: String) throws {
    try withScratchDirectory { directory in
      let training = Self.iris(#", "observers": ["csv", {"type": "tensorboard", "histograms": \#(period)}]"#)
      let whole = try trainToEnd(training.configuration(output: "\(directory)/whole"))
      let pieces = try trainInPieces(training.configuration(output: "\(directory)/pieces")) { 1 + $0 % 3 }
      #expect(pieces.stops.count > 2 && pieces.summary.digest == whole.summary.digest)
      let expected = try EventFiles("\(directory)/whole/tensorboard")
      let files = try EventFiles("\(directory)/pieces/tensorboard")
      #expect(files.timeless == expected.timeless)
      #expect(files.values.count { $0.tag == "samplesPerSecond" } == 4)
      #expect(try Self.timelessTable("\(directory)/pieces") == Self.timelessTable("\(directory)/whole"))
    }
  }

  /// The rows of a run's `metrics.csv` without the two columns of times.
  private static func timelessTable(_ run: String) throws -> [[Substring]] {
    try String(contentsOfFile: "\(run)/metrics.csv", encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: ",").dropLast(2).map { $0 } }
  }

  @Test func aRunThatBeginsAnewHasNothingOfTheOldOne() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.observed.configuration(output: "\(directory)/run")
      let whole = try trainToEnd(configuration)
      let old = try EventFiles("\(directory)/run/tensorboard")
      // As if it had been killed before its first checkpoint; what is torn is at the end, too.
      try FileManager.default.removeItem(atPath: "\(directory)/run/checkpoints")
      try "kept".write(
        toFile: "\(directory)/run/tensorboard/events.out.tfevents.1.host", atomically: true, encoding: .utf8)
      let again = try trainToEnd(configuration)
      #expect(again.summary.digest == whole.summary.digest)
      // What is not ours stays.
      try FileManager.default.removeItem(atPath: "\(directory)/run/tensorboard/events.out.tfevents.1.host")
      let new = try EventFiles("\(directory)/run/tensorboard")
      #expect(new.names.count == 1 && new.names != old.names && new.timeless == old.timeless)
      #expect(try Self.timelessTable("\(directory)/run").count == 5)
    }
  }

  @Test func aTableOfSomebodyElseIsNotCut() throws {
    try withScratchDirectory { directory in
      let run = "\(directory)/run"
      try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
      for text in ["a,b\n1,2\n", "no line break"] {
        try text.write(toFile: "\(run)/metrics.csv", atomically: true, encoding: .utf8)
        let error = #expect(throws: TrainerError.self) { try train(Self.observed.configuration(output: run)) }
        #expect(error?.message.contains("metrics.csv: its first line is not that of this run's metrics") == true)
        #expect(try String(contentsOfFile: "\(run)/metrics.csv", encoding: .utf8) == text)
      }
    }
  }

  @Test func aFormulaHasItsParametersInColumns() throws {
    try withScratchDirectory { directory in
      let configuration = try RunConfiguration(
        json: """
          {"parameters": {"w": [2, -1], "b": 1}, "objective": "w[0]^2 + 3*w[1]^2 + b^2", "training": {"steps": 5},
           "optimizer": {"type": "sgd", "learningRate": 0.1}, "observers": ["csv", "tensorboard"]}
          """, output: "\(directory)/run")
      _ = try train(configuration)
      let lines = try String(contentsOfFile: "\(directory)/run/metrics.csv", encoding: .utf8).split(separator: "\n")
      #expect(
        lines.first
          == "step,epoch,train.loss,learningRate,samplesPerSecond,seconds,parameters.w[0],parameters.w[1],parameters.b")
      #expect(lines.count == 7 && lines[1].hasPrefix("0,0,8.0,0.1,,,2.0,-1.0,1.0"))
      let files = try EventFiles("\(directory)/run/tensorboard")
      #expect(files.values.filter { $0.tag == "parameters/w[0]" }.map(\.step) == [0, 1, 2, 3, 4, 5])
      #expect(files.values.first { $0.tag == "parameters/w[1]" && $0.step == 1 }?.scalar == -0.4)
    }
  }
}
