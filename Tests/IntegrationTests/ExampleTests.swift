import Foundation
import Foundations
import TestSupport
import Testing

/// The example configs reach the figures that the README gives, in the hands of the real program.
@Suite struct ExampleTests {
  @Test(arguments: [
    ("softmax", "accuracy", 0.95), ("mlp", "accuracy", 0.97), ("logistic", "accuracy", 0.96),
    ("fashion-softmax", "accuracy", 0.84), ("fashion-mlp", "accuracy", 0.885),
    ("fashion-cnn", "accuracy", 0.91), ("signals", "accuracy", 0.97),
  ])
  func examplesReachTheirFigures(config: String, metric: String, least: Double) throws {
    guard try isRunnable(config) else { return }
    try withScratchDirectory { directory in
      let result = try TrainerBinary.run("run", Repository.config(config), "--output", directory + "/run")
      #expect(result.status == 0 && result.errors == "", "\(result.errors)")
      let run = try Run(directory + "/run")
      let reached = try #require(run.lastEpoch["test"]?[metric]?.double)
      #expect(reached >= least)
      #expect(result.output.hasSuffix("  digest      \(run.digest)\n"))
      #expect(
        result.output.contains("  test        ") && result.output.contains(/epoch +1\//), "\(result.output)")
      if config == "softmax" { #expect(run.seconds < 3) }
    }
  }

  @Test func linearRegressionComesNearLeastSquares() throws {
    let reference = try Fixture.read("linear").member("leastSquares")
    let best = try #require(try reference.member("test").member("r2").double)
    try withScratchDirectory { directory in
      let result = try TrainerBinary.run("run", Repository.config("linear"), "--output", directory + "/run")
      #expect(result.status == 0, "\(result.errors)")
      let reached = try #require(Run(directory + "/run").lastEpoch["test"]?["r2"]?.double)
      #expect(abs(reached - best) <= 0.01)
    }
  }

  /// Whether the config's data is here: Fashion-MNIST and the series are too large to be in the repository.
  private func isRunnable(_ config: String) throws -> Bool {
    let name = config.hasPrefix("fashion") ? "fashion-mnist" : config
    guard name == "fashion-mnist" || name == "signals",
      !FileManager.default.fileExists(atPath: Repository.data(name))
    else { return true }
    print("SKIPPED: \(config), because data/\(name).h5 is absent (make data/\(name).h5)")
    return false
  }
}

/// The files of a run directory, read without the trainer's own readers of them.
struct Run {
  let directory: String
  /// The lines of `metrics.jsonl`.
  let lines: [JSONValue]

  init(_ directory: String) throws {
    self.directory = directory
    let path = directory + "/metrics.jsonl"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasSuffix("\n"), "the last line of \(path) is torn")
    lines = try text.split(separator: "\n").map { try JSONDocument(text: String($0), source: path).root }
  }

  /// The digest in the last line.
  var digest: String { lines.last?["digest"]?.text ?? "none" }
  /// The line of the last epoch.
  var lastEpoch: JSONValue { lines.last { $0["event"]?.text == "epoch" } ?? .null }
  /// Seconds of training.
  var seconds: Double { lines.reduce(0) { $0 + ($1["seconds"]?.double ?? 0) } }

  /// The lines without what depends on the clock.
  var timeless: [JSONValue] {
    lines.map { line in
      guard case .object(var object) = line else { return line }
      object["seconds"] = nil
      object["samplesPerSecond"] = nil
      object["stallSeconds"] = nil
      return .object(object)
    }
  }

  /// The names of the checkpoints in order.
  var checkpoints: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: directory + "/checkpoints").filter { $0.hasSuffix(".h5") }
        .sorted()
    }
  }

  /// The newest checkpoint.
  var newestCheckpoint: String { get throws { directory + "/checkpoints/" + (try checkpoints.last ?? "none") } }
}
