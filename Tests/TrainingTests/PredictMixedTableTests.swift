import Datasets
import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// Rows of a table with words, gaps and dates, predicted from text and from a dataset file.
@Suite struct PredictMixedTableTests {
  private static let header = "sex,age,alive,born,fare,out"

  private static func line(_ row: Int) -> String {
    let sex = ["male", "female", ""][row * 7 % 3]
    let age = row % 5 == 0 ? "" : "\(row * 13 % 80)"
    let alive = ["yes", "no", "NA"][row * 11 % 3]
    let born = "19\(10 + row * 17 % 90)-0\(1 + row % 9)-1\(row * 3 % 10)"
    return "\(sex),\(age),\(alive),\(born),\(Double(row * 31 % 97) / 8),\(sex == "female" ? "up" : "down")"
  }

  @Test func rowsAreTheSameFromTextAndFromADataset() throws {
    try withScratchDirectory { directory in
      func write(_ name: String, _ lines: [String]) throws -> String {
        let path = "\(directory)/\(name)"
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return path
      }
      let lines = (0..<200).map(Self.line)
      let data = "\(directory)/t.h5"
      try CSVImport(path: write("t.csv", [Self.header] + lines), target: .name("out")).write(to: data)
      let configuration = try RunConfiguration(
        text: """
          {"data": {"path": "\(data)"}, "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy",
           "training": {"epochs": 3, "batchSize": 20}, "output": "\(directory)/run"}
          """, source: "test.json", directory: "/")
      let checkpoint = try trainToEnd(configuration).checkpoint
      func predictions(_ input: String, _ settings: PredictionSettings = PredictionSettings()) throws -> [Substring] {
        let output = "\(directory)/p.csv"
        _ = try predict(checkpoint: checkpoint, input: input, output: output, overwriting: true, settings: settings)
        return String(decoding: try SystemFileSystem().contents(of: output), as: UTF8.self).split(separator: "\n")
      }
      // The target is there, and left out.
      let settings = PredictionSettings(ignored: [.name("out")])
      let fromText = try predictions("\(directory)/t.csv", settings)
      #expect(fromText[0] == "prediction,probability_down,probability_up")
      #expect(fromText.count == 201 && Set(fromText).count > 100)
      // Groups lie one behind the other there, so the order is another.
      #expect(try predictions(data).sorted() == fromText.sorted())
      // Columns in another order, and a category that the training rows did not have.
      func turned(_ line: String) -> String {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        return [4, 0, 3, 2, 1].map { String(fields[$0]) }.joined(separator: ",")
      }
      let other = try write("other.csv", [turned(Self.header)] + lines.map(turned) + ["3,nobody,1950-01-01,yes,7"])
      let found = try predictions(other)
      #expect(found.prefix(201) == fromText[...] && found.count == 202)
      // JSON lines without what is missing, or with null.
      func object(_ line: String, nulls: Bool, keys: [Substring]) -> String {
        let fields = zip(keys, line.split(separator: ",", omittingEmptySubsequences: false))
        let members = fields.compactMap { key, text -> String? in
          if ["", "NA"].contains(text) { return nulls ? "\"\(key)\": null" : nil }
          let value =
            ["yes", "no"].contains(text) ? "\(text == "yes")" : Double(text) == nil ? "\"\(text)\"" : "\(text)"
          return "\"\(key)\": \(value)"
        }
        return "{" + members.joined(separator: ", ") + "}"
      }
      for nulls in [true, false] {
        let objects = lines.map { object($0, nulls: nulls, keys: Self.header.split(separator: ",")) }
        let last = #"{"fare": 3, "sex": "nobody", "born": "1950-01-01", "alive": true, "age": 7}"#
        #expect(try predictions(write("rows.jsonl", objects + [last]), settings) == found)
      }
      let lost = try write("lost.jsonl", [#"{"fare": 3, "sex": "nobody", "alive": true, "age": null}"#])
      let loss = try trainerError { try predictions(lost) }
      #expect(
        loss?.message
          == "'\(lost)': no line has the key 'born', which the model was trained with; it has 'fare', 'sex', 'alive', 'age'; "
          + "give it that name if it is one of these, or null where it is missing")
      // Missing values by another spelling.
      let gaps = try write("gaps.csv", ["sex,age,alive,born,fare", "male,-999,?,1950-01-01,1", "male,,,1950-01-01,1"])
      let rows = try predictions(gaps, .init(table: .init(missing: ["-999", "?"])))
      #expect(rows[1] == rows[2])
      for (line, part) in [
        ("male,x,yes,1950-01-01,1", "column 2 ('age'): 'x' is not a finite number; if it stands for a missing value"),
        ("male,1,perhaps,1950-01-01,1", "column 3 ('alive'): 'perhaps' is not yes or no"),
        ("male,1,yes,1950-02-30,1", "column 4 ('born'): '1950-02-30' is not a date"),
      ] {
        let error = try trainerError { try predictions(write("bad.csv", ["sex,age,alive,born,fare", line])) }
        #expect(error?.message.contains("line 2, \(part)") == true, "\(String(describing: error))")
      }
    }
  }

  /// What a transform refuses is where it stands in the table, in whichever block and of whichever worker.
  @Test func whatATransformRefusesHasItsLine() throws {
    try withScratchDirectory { directory in
      func write(_ name: String, _ lines: [String]) throws -> String {
        let path = "\(directory)/\(name)"
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return path
      }
      let train = (0..<40).map { "\(["u", "v"][$0 % 2]),\($0 * 7 % 13),\(["no", "yes"][$0 / 3 % 2])" }
      let data = "\(directory)/t.h5"
      try CSVImport(path: write("t.csv", ["word,x,out"] + train), target: .name("out")).write(to: data)
      let configuration = try RunConfiguration(
        text: """
          {"data": {"path": "\(data)", "features": [
             {"name": "word", "transform": [{"type": "oneHot", "unknown": "error"}]}, {"name": "x", "transform": ["log1p"]}]},
           "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy",
           "training": {"epochs": 1, "batchSize": 20}, "output": "\(directory)/run"}
          """, source: "test.json", directory: "/")
      let checkpoint = try trainToEnd(configuration).checkpoint
      // The blank lines and the field of two lines are no rows.
      let lines = ["x,word", "", "1,u"] + Array(repeating: "2,v", count: 20_000)
      for (line, what) in [
        ("3,w", "column 2 ('word') has the category 'w', which the training rows lack; set "),
        (",u", "column 1 ('x') has no value, and nothing fills it in; "), ("-1,u", "column 1 ('x') has -1, but log1p"),
      ] {
        let input = try write("new.csv", lines + [line, "4,u"])
        let error = try trainerError {
          _ = try predict(checkpoint: checkpoint, input: input, output: "\(directory)/p.csv")
        }
        #expect(
          error?.message.hasPrefix("'\(input)', line 20004, \(what)") == true, "\(String(describing: error?.message))")
      }
      let rows = [#"{"x": 1, "word": "u"}"#] + Array(repeating: #"{"x": 2, "word": "v"}"#, count: 20_000)
      let input = try write("new.jsonl", rows + ["", #"{"word": "w", "x": 3}"#])
      let error = try trainerError {
        _ = try predict(checkpoint: checkpoint, input: input, output: "\(directory)/p.csv")
      }
      #expect(
        error?.message.hasPrefix("'\(input)', line 20003, the key 'word' has the category 'w', which") == true,
        "\(String(describing: error?.message))")
    }
  }
}
