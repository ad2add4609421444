import Foundation
import Foundations
import TestSupport
import Testing

/// `trainer bench`: that it measures and says what it is asked to. What it measures is no matter of a test.
@Suite struct BenchTests {
  private static let config = Repository.config("softmax")

  @Test func stepsAreMeasuredAsTextAndJSON() throws {
    let text = try TrainerBinary.run("bench", "steps", Self.config, "--seconds", "0.1", "--workers", "2")
    #expect(text.status == 0 && text.errors == "", "\(text.errors)")
    for line in ["softmax: 650 parameters, float32", "speed ", "time ", "arithmetic ", "memory "] {
      #expect(text.output.split(separator: "\n").contains { $0.hasPrefix(line) }, "\(line) in \(text.output)")
    }

    let json = try TrainerBinary.run(
      "bench", "steps", Self.config, "--seconds", "0.1", "--format", "json", "--set", "training.batchSize=64")
    #expect(json.status == 0)
    let root = try JSONDocument(text: json.output, source: "bench").root
    #expect(root["batchSize"]?.int == 64 && root["shards"]?.int == 4)
    #expect(try #require(root["samplesPerSecond"]?["median"]?.double) > 0)
    let shares = try ["gradient", "reduceAndUpdate", "wait", "data"].map { key in
      try #require(root["shares"]?[key]?.double)
    }
    #expect(shares.allSatisfy { (0...1).contains($0) })
    #expect(abs(shares.reduce(0, +) - 1) < 0.02, "the shares are of all the time")
  }

  @Test func scalingComparesDigestsAndFitsLawsWhereItCan() throws {
    try withScratchDirectory { directory in
      let picture = directory + "/scaling.svg"
      let result = try TrainerBinary.run(
        "bench", "scaling", Self.config, "--workers", "1,2,3,5", "--rounds", "2", "--seconds", "0.02", "--output",
        picture)
      #expect(result.status == 0 && result.errors == "", "\(result.errors)")
      #expect(result.output.contains("same bits: all 4 numbers of workers ended with sha256:"))
      #expect(result.output.contains("Amdahl's law: "))
      #expect(result.output.contains("Universal Scalability Law: "))
      #expect(result.output.contains("predicted, not measured: 10 workers "))
      if ProcessInfo.processInfo.activeProcessorCount < 5 { #expect(result.output.contains("took turns on them")) }
      #expect(try String(contentsOfFile: picture, encoding: .utf8).contains("</svg>"))
    }

    let few = try TrainerBinary.run(
      "bench", "scaling", Self.config, "--workers", "2,1", "--rounds", "1", "--seconds", "0.02", "--format", "json")
    let root = try JSONDocument(text: few.output, source: "bench").root
    #expect(root["rows"]?.elements?.compactMap { $0["workers"]?.int } == [1, 2])
    #expect(root["digestsAgree"] == .boolean(true))
    #expect(root["amdahl"] == .null, "two numbers of workers make no law")
  }

  @Test func nothingIsWritten() throws {
    try withScratchDirectory { directory in
      try FileManager.default.copyItem(atPath: Self.config, toPath: directory + "/own.json")
      let result = try TrainerBinary.run(
        "bench", "steps", directory + "/own.json", "--seconds", "0.05", "--set",
        "data.path=\(Repository.data("digits"))")
      #expect(result.status == 0, "\(result.errors)")
      #expect(try files(in: directory) == ["own.json"])
    }
  }

  @Test func badInputIsOneSentence() throws {
    for arguments in [["--workers", "0"], ["--workers", "1,x"], ["--rounds", "0"], ["--seconds", "0"]] {
      let result = try TrainerBinary.run(["bench", "scaling", Self.config] + arguments)
      #expect(result.status == 2 && result.errors.hasPrefix("error: "), "\(arguments): \(result.errors)")
    }
    try TrainerBinary.run("bench", "steps", "nowhere.json").expectError(2, "nowhere.json")
    try TrainerBinary.run(
      "bench", "steps", Self.config, "--seconds", "0.2", "--set", "optimizer.learningRate=1e30"
    ).expectError(5, "diverged", "optimizer.learningRate")
  }
}
