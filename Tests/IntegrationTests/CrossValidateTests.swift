import Foundation
import Foundations
import TestSupport
import Testing

/// `trainer cross-validate` as a user runs it.
@Suite struct CrossValidateTests {
  @Test func foldsOfOneConfigGiveOneTable() throws {
    try withScratchDirectory { directory in
      let softmax = Repository.path + "/configs/softmax.json"
      let command = ["cross-validate", softmax, "--folds", "3", "--set", "training.epochs=2"]
      let text = try TrainerBinary.run(command + ["--jobs", "3", "--output", "jobs", "--quiet"], in: directory)
      let lines = text.output.split(separator: "\n")
      #expect(text.status == 0 && text.errors == "", "\(text.errors)")
      #expect(lines[0].split(separator: " ") == ["fold", "samples", "step", "loss", "accuracy", "status"])
      #expect(lines.dropFirst().prefix(3).allSatisfy { $0.hasSuffix("finished") })
      #expect(lines[4].hasPrefix("mean ") && lines[5].hasPrefix("deviation "))
      let json = try TrainerBinary.run(command + ["--format", "json", "--output", "one"], in: directory)
      #expect(json.status == 0 && json.errors == "", "\(json.errors)")
      let result = try JSONDocument(text: json.output, source: "the output").root
      let digests = try #require(result["folds"]?.elements).compactMap { $0["digest"]?.text }
      // Of one run and of three at once.
      #expect(digests.count == 3 && digests.allSatisfy(text.output.contains))
      #expect(result["folds"]?.elements?.compactMap { $0["samples"]?.int } == [481, 481, 480])
      let files = try ["jobs", "one"].map {
        String(decoding: try SystemFileSystem().contents(of: "\(directory)/\($0)/predictions.csv"), as: UTF8.self)
      }
      #expect(files[0] == files[1] && files[0].split(separator: "\n").count == 1443)
    }
  }

  /// An interruption saves all folds that train at the moment, and the same command goes on from there.
  @Test func anInterruptionSavesEachFold() throws {
    try withScratchDirectory { directory in
      let softmax = Repository.path + "/configs/softmax.json"
      let process = try TrainerBinary.start([
        "cross-validate", softmax, "--folds", "3", "--jobs", "2", "--set", "training.epochs=1000000", "--set",
        "checkpoints.every={\"seconds\": 3600}", "--output", directory + "/cv", "--quiet",
      ])
      let folds = [1, 2].map { "\(directory)/cv/fold-\($0)" }
      let deadline = Date(timeIntervalSinceNow: 60)
      while Date() < deadline, try !folds.allSatisfy(hasEpoch) { usleep(20_000) }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 75)
      for fold in folds {
        let last = try #require(try Run(fold).lines.last)
        #expect(last["event"]?.text == "stopped" && last["reason"]?.text == "interrupted")
        let step = try #require(last["step"]?.int)
        #expect(try files(in: fold).contains("checkpoints/step-" + String(format: "%09d", step) + ".h5"))
      }
      #expect(try !files(in: "\(directory)/cv").contains("cross-validation.json"))
    }
  }

  private func hasEpoch(_ directory: String) throws -> Bool {
    let path = "\(directory)/metrics.jsonl"
    guard FileManager.default.fileExists(atPath: path) else { return false }
    return try String(contentsOfFile: path, encoding: .utf8).contains("{\"event\":\"epoch\"")
  }

  @Test func whatCannotBeDividedIsOneSentence() throws {
    try withScratchDirectory { directory in
      let softmax = Repository.path + "/configs/softmax.json"
      try TrainerBinary.run("cross-validate", softmax, "--folds", "1").expectError(
        2, "--folds is 1, expected 2 to 10000")
      try TrainerBinary.run("cross-validate", softmax, "--folds", "2000", "--output", directory + "/cv")
        .expectError(3, "fold 1: ", "2000 folds of 1442 rows")
      try TrainerBinary.run("cross-validate", Repository.path + "/configs/notes/bowl.json", "--folds", "2")
        .expectError(2, "the config is of a formula")
      try TrainerBinary.run("run", softmax, "--set", "data.split={\"test\": 0.2}", "--output", directory + "/run")
        .expectError(2, "data.split.test: ", "has a group 'test' already")
      #expect(try files(in: directory).isEmpty)
    }
  }
}
