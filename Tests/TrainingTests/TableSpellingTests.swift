import Datasets
import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// How the table was written that a model was trained on is how tables with new rows are read.
@Suite struct TableSpellingTests {
  /// A way to write the same rows.
  struct Way: Sendable, CustomTestStringConvertible {
    var delimiter: Character = ","
    var mark = "."
    var gap = ""
    var comment = ""
    var hasHeader = true

    var testDescription: String { "\(delimiter) \(mark) '\(gap)' '\(comment)' \(hasHeader)" }

    /// The rows, with or without the target behind the inputs.
    func table(target: Bool = true) -> String {
      func line(_ fields: [String]) -> String {
        fields.prefix(target ? 3 : 2).map { $0.contains(delimiter) ? "\"\($0)\"" : $0 }.joined(
          separator: String(delimiter))
          + "\n"
      }
      var text = comment.isEmpty ? "" : "\(comment) made by hand\n"
      if hasHeader { text += line(["width", "kind", "label"]) }
      for row in 0..<60 {
        text += line([
          row % 11 == 3 ? gap : "\(row * 7 % 23)\(mark)5", row % 7 == 2 ? gap : "k\(row % 3)", row % 4 < 2 ? "a" : "b",
        ])
      }
      return text
    }

    /// The import of such a table with the settings that it needs.
    func importer(_ path: String) -> CSVImport {
      var importer = CSVImport(
        path: path, hasHeader: hasHeader, delimiter: delimiter, comment: comment.first,
        decimalMark: mark == "," ? .comma : .point)
      if !gap.isEmpty { importer.missing.append(gap) }
      return importer
    }
  }

  /// A model that was trained on rows that were written so.
  private func checkpoint(_ way: Way, in directory: String) throws -> String {
    let table = "\(directory)/train.csv"
    try AtomicFile.replace(table, contents: Array(way.table().utf8))
    try way.importer(table).write(to: "\(directory)/train.h5")
    let text = """
      {"data": {"path": "train.h5"}, "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy",
       "training": {"epochs": 2, "batchSize": 20}, "output": "run"}
      """
    return try trainToEnd(RunConfiguration(text: text, source: "x.json", directory: directory)).checkpoint
  }

  private func predicted(
    _ text: String, _ checkpoint: String, in directory: String, name: String = "new.csv",
    _ settings: TextTableSettings = .init()
  ) throws -> String {
    try AtomicFile.replace("\(directory)/\(name)", contents: Array(text.utf8))
    let output = "\(directory)/predictions.csv"
    _ = try predict(
      checkpoint: checkpoint, input: "\(directory)/\(name)", output: output, overwriting: true,
      settings: PredictionSettings(table: settings))
    return String(decoding: try SystemFileSystem().contents(of: output), as: UTF8.self)
  }

  private static let ways = [
    Way(gap: "?"), Way(delimiter: ";", mark: ","), Way(delimiter: ";", mark: ",", gap: "k.A.", comment: "#"),
    Way(delimiter: "\t", comment: "%"), Way(delimiter: " ", gap: "-"), Way(delimiter: "^"), Way(mark: ","),
    Way(delimiter: "|", gap: "-999"),
  ]

  @Test(arguments: ways) func aTableOfTheSameKindNeedsNoSettings(way: Way) throws {
    try withScratchDirectory { directory in
      let checkpoint = try checkpoint(way, in: directory)
      // Where the comma divides fields as in training, it stays the mark in front of fractions.
      let mark = way.delimiter == "," ? CSVImport.DecimalMark.point : nil
      let expected = try predicted(Way().table(), checkpoint, in: directory, .init(decimalMark: mark))
      #expect(expected.split(separator: "\n").count == 61)
      for target in [true, false] {
        #expect(try predicted(way.table(target: target), checkpoint, in: directory) == expected)
      }
      // Tables that are plainly written another way are read as they are.
      for other in [Way(delimiter: ";"), Way(delimiter: "\t"), Way(delimiter: "|")] {
        #expect(try predicted(other.table(), checkpoint, in: directory, .init(decimalMark: .point)) == expected)
      }
      #expect(
        try predicted(
          Way(delimiter: "\t").table(), checkpoint, in: directory, name: "new.tsv", .init(decimalMark: .point))
          == expected)
    }
  }

  @Test func withoutAHeaderPlacesCountAsInTraining() throws {
    try withScratchDirectory { directory in
      let way = Way(delimiter: ";", mark: ",", gap: "?", hasHeader: false)
      let checkpoint = try checkpoint(way, in: directory)
      let expected = try predicted(way.table(target: false), checkpoint, in: directory)
      #expect(expected.split(separator: "\n").count == 61)
      // The target's column may be there, in its place.
      #expect(try predicted(way.table(), checkpoint, in: directory) == expected)
      var named = way
      named.hasHeader = true
      // Settings win.
      #expect(
        try predicted(named.table(target: false), checkpoint, in: directory, .init(hasHeader: true)) == expected)
      let error = try trainerError { try predicted(named.table(target: false), checkpoint, in: directory) }
      #expect(
        error?.message.contains(
          "line 1, column 1: 'width' is not a finite number, and the table that the model was trained on had no header")
          == true, "\(error?.message ?? "none")")
      #expect(error?.remedy?.name == "header")
    }
  }

  @Test func datesAndThousandsAreReadAsInTraining() throws {
    try withScratchDirectory { directory in
      func table(_ date: (Int, Int) -> String, _ number: (Int) -> String) -> String {
        "when;amount;label\n"
          + (0..<60).map { row in
            "\(date(1 + row % 28, 1 + row % 12));\(number(row));\(row % 4 < 2 ? "a" : "b")\n"
          }.joined()
      }
      func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
      let theirs = table({ "\($0).\($1).2024" }, { "\($0 + 1).500,25" })
      let plain = table({ "2024-\(padded($1))-\(padded($0))" }, { "\($0 + 1)500,25" })
      try AtomicFile.replace("\(directory)/train.csv", contents: Array(theirs.utf8))
      var importer = CSVImport(path: "\(directory)/train.csv", decimalMark: .comma)
      (importer.thousandsMark, importer.dateOrder) = (".", .dayFirst)
      try importer.write(to: "\(directory)/train.h5")
      let text = """
        {"data": {"path": "train.h5"}, "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy",
         "training": {"epochs": 2, "batchSize": 20}, "output": "run"}
        """
      let checkpoint = try trainToEnd(RunConfiguration(text: text, source: "x.json", directory: directory)).checkpoint
      let expected = try predicted(plain, checkpoint, in: directory)
      #expect(try predicted(theirs, checkpoint, in: directory) == expected)
      let months = table({ "\($1)/\($0)/2024" }, { "\($0 + 1)'500,25" })
      #expect(
        try predicted(months, checkpoint, in: directory, .init(thousandsMark: "'", dateOrder: .monthFirst)) == expected)
    }
  }

  @Test func settingsWin() throws {
    try withScratchDirectory { directory in
      let checkpoint = try checkpoint(Way(delimiter: ";", mark: ",", comment: "#"), in: directory)
      let expected = try predicted(Way().table(), checkpoint, in: directory)
      let other = Way(delimiter: "_", mark: ".", gap: "none", comment: "%")
      #expect(
        try predicted(
          other.table(), checkpoint, in: directory,
          .init(delimiter: "_", comment: "%", decimalMark: .point, missing: ["none"])) == expected)
      // A mark that training did not have is no number.
      let error = try trainerError { try predicted(Way(delimiter: ";").table(), checkpoint, in: directory) }
      #expect(error?.message.contains("line 2, column 1 ('width'): '0.5' is not a finite number") == true)
    }
  }

  @Test func whatIsNotAsUsualIsKeptAndReadAgain() throws {
    let whole = TableSpelling(
      hasHeader: false, delimiter: "\t", comment: "%", decimalMark: .comma, missing: ["?", "-9"],
      usesUsualMissing: false, thousandsMark: ".", dateOrder: .dayFirst,
      places: .init(columnCount: 4, inputs: [0, 2]))
    let json = try #require(whole.json)
    #expect(TableSpelling(json: .object(json)) == whole)
    #expect(TableSpelling().json == nil && TableSpelling(delimiter: ",").json == nil)
    for text in [
      #"{"delimiter": ""}"#, #"{"delimiter": "\n"}"#, #"{"delimiter": "ab"}"#, #"{"decimal": "x"}"#, #"{"header": 1}"#,
      #"{"missing": [1]}"#, #"{"dates": "x"}"#, #"{"thousands": "."}"#, #"{"thousands": "1"}"#, #"{"columns": 2}"#,
      #"{"columns": 2, "inputs": [2]}"#, #"{"columns": 2, "inputs": [0, 0]}"#, #"{"comment": ";", "delimiter": ";"}"#,
      "[]", "1",
    ] {
      #expect(TableSpelling(json: try JSONDocument(text: text, source: "x").root) == nil, "\(text)")
    }
    // A later version may say more.
    #expect(TableSpelling(json: ["quote": "'"]) == TableSpelling())
  }

  @Test func anAttributeThatIsNoneIsAnError() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/x.h5") { root in
        let train = try root.createGroup("train")
        try train.createDataset("inputs", shape: [20, 1], values: (0..<20).map(Double.init))
          .setAttribute("spelling", to: #"{"delimiter": "ab"}"#)
        try train.createDataset("targets", shape: [20], values: (0..<20).map { UInt8($0 % 2) })
      }
      let text = """
        {"data": {"path": "x.h5"}, "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy",
         "training": {"epochs": 2, "batchSize": 20}, "output": "run"}
        """
      let error = try trainerError {
        try trainToEnd(RunConfiguration(text: text, source: "x.json", directory: directory))
      }
      #expect(error?.code == .data)
      #expect(error?.message.contains("the attribute 'spelling'") == true, "\(error?.message ?? "none")")
    }
  }
}
