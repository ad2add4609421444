import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// `data check`, `stats`, `rechunk`, `shuffle`, `split` and `merge`, run as a user runs them: what one prints is what the next
/// takes, and training does not see the difference.
@Suite struct DataCommandTests {
  private static let rows = 3000

  /// Rows of four numbers in chunks of one row, sorted by class.
  private func write(_ path: String) throws {
    try writeFile(path) { root in
      let rows = Self.rows
      let inputs = try root.createDataset(
        "train/inputs", shape: [rows, 4], type: .number(.float32), properties: .datasetCreation(chunk: [1, 4]))
      try inputs.write((0..<rows * 4).map { Float($0 * 7919 % 1000) / 1000 })
      let targets = try root.createDataset(
        "train/targets", shape: [rows], values: (0..<rows).map { UInt8($0 * 3 / rows) })
      try targets.setAttribute("classes", to: ["low", "middle", "high"])
    }
  }

  private func digest(_ workshop: Workshop, of data: String, _ name: String) throws -> String? {
    try workshop.write(
      "\(name).json",
      """
      {"data": {"path": "\(data)"}, "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
       "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 2, "batchSize": 50}}
      """)
    let result = try TrainerBinary.run("run", workshop.path("\(name).json"), "--quiet", "--format", "json")
    #expect(result.status == 0, "\(result.errors)")
    return try JSONDocument(text: result.output, source: "run").root["digest"]?.text
  }

  @Test func whatCheckPrintsMendsTheLayout() throws {
    try withWorkshop { workshop in
      try write(workshop.path("x.h5"))
      let check = try TrainerBinary.run("data", "check", "x.h5", in: workshop.directory)
      #expect(check.status == 1 && check.errors == "error: x.h5: 1 thing costs more than it should; see above\n")
      let command = try #require(
        check.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.first {
          $0.hasPrefix("trainer data rechunk ")
        }, "\(check.output)")
      let words = command.split(separator: " ").dropFirst().map(String.init)
      let rechunked = try TrainerBinary.run(words, in: workshop.directory)
      #expect(rechunked.status == 0 && rechunked.errors == "", "\(rechunked.errors)")
      // The output is there, and is not replaced.
      try TrainerBinary.run(words, in: workshop.directory).expectError(2, "x-rechunked.h5")
      let again = try TrainerBinary.run("data", "check", "x-rechunked.h5", in: workshop.directory)
      #expect(again.status == 0 && again.output.hasSuffix("The layout suits training.\n"), "\(again.output)")
      #expect(try digest(workshop, of: "x.h5", "a") == digest(workshop, of: "x-rechunked.h5", "b"))
      let json = try TrainerBinary.run("data", "check", "x.h5", "--format", "json", in: workshop.directory)
      let mends = try JSONDocument(text: json.output, source: "check").root["findings"]?.elements?.first?["mends"]
      #expect(mends?.elements?.compactMap(\.text) == [command])
      let set = try TrainerBinary.run("data", "check", "x.h5", "--set", "seed=1", in: workshop.directory)
      #expect(set.status == 2 && set.errors.contains("--set changes a config; name it with --config"), "\(set.errors)")
    }
  }

  @Test func sortedRowsAreShuffledDividedAndJoined() throws {
    try withWorkshop { workshop in
      try write(workshop.path("x.h5"))
      let run = { (words: String) in
        let result = try TrainerBinary.run(words.split(separator: " ").map(String.init), in: workshop.directory)
        #expect(result.status == 0 && result.errors == "", "\(words): \(result.errors)")
      }
      try run("data shuffle x.h5 -o mixed.h5 --seed 3")
      try run("data split mixed.h5 -o parts.h5 --validation 0.1 --test 0.2")
      try FileManager.default.copyItem(atPath: workshop.path("parts.h5"), toPath: workshop.path("same.h5"))
      try run("data merge parts.h5 same.h5 -o twice.h5")
      func samples(_ name: String) throws -> [String: [Float]] {
        let file = try HDF5.File.open(at: workshop.path(name))
        var found: [String: [Float]] = [:]
        for group in ["train", "validation", "test"] where try file.root.exists(group) {
          let values: [Float] = try file.root.dataset("\(group)/inputs").read()
          found[group] = values
        }
        return found
      }
      func sorted(_ parts: [[Float]]) -> [[Float]] {
        let all = parts.flatMap { $0 }
        return stride(from: 0, to: all.count, by: 4).map { Array(all[$0..<$0 + 4]) }
          .sorted { $0.lexicographicallyPrecedes($1) }
      }
      let (whole, mixed, parts, twice) = (
        try samples("x.h5"), try samples("mixed.h5"), try samples("parts.h5"), try samples("twice.h5")
      )
      #expect(mixed["train"] != whole["train"] && sorted(Array(mixed.values)) == sorted(Array(whole.values)))
      #expect(parts.mapValues { $0.count / 4 } == ["train": 2100, "validation": 300, "test": 600])
      #expect(sorted(Array(parts.values)) == sorted(Array(whole.values)))
      #expect(twice["test"] == parts["test"].map { $0 + $0 })
      let check = try TrainerBinary.run("data", "check", "mixed.h5", in: workshop.directory)
      #expect(check.output.contains("well mixed"), "\(check.output)")
    }
  }

  @Test func statsPrintsWhatAFileHolds() throws {
    try withWorkshop { workshop in
      try write(workshop.path("x.h5"))
      let text = try TrainerBinary.run("data", "stats", "x.h5", in: workshop.directory)
      #expect(text.status == 0 && text.output.hasPrefix("x.h5\n\ntrain: 3000 samples\n  inputs\n"), "\(text)")
      #expect(text.output.contains("    middle     1000  33.3 %\n"), "\(text.output)")
      let json = try TrainerBinary.run(
        "data", "stats", "x.h5", "--format", "json", "--group", "train", in: workshop.directory)
      let group = try JSONDocument(text: json.output, source: "stats").root["groups"]?.elements?.first
      // 7919 and 1000 have no common factor: each column of four has each fourth of the 1000 values, twelve times.
      let means = group?["inputs"]?["columns"]?.elements?.compactMap { $0["mean"]?.double } ?? []
      #expect(
        means.count == 4 && zip(means, [0.498, 0.501, 0.500, 0.499]).allSatisfy { abs($0 - $1) < 1e-6 }, "\(means)")
      try TrainerBinary.run("data", "stats", "x.h5", "--group", "tset", in: workshop.directory).expectError(
        2, "x.h5 has no group 'tset'; it has train")
      try TrainerBinary.run("data", "stats", "none.h5", in: workshop.directory).expectError(3, "none.h5")
    }
  }
}
