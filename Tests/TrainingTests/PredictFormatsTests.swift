import Datasets
import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// `predict` of what `data import` reads beside tables of text: JSON lines, archives of NumPy's arrays and sparse tables.
@Suite struct PredictFormatsTests {
  /// Rows as JSON lines: every other line has its keys in another order.
  private func lines(_ model: SmallModel, extra: String = "") throws -> String {
    let keys = SmallModel.features.map { JSONValue.string($0).compactText }
    return (0..<SmallModel.rowCount).map { row in
      let members = (0..<3).map { "\(keys[$0]): \(model.rows[3 * row + $0])" }
      return "{" + extra + (row % 2 == 0 ? members : members.reversed()).joined(separator: " , ") + "}\r\n"
    }.joined()
  }

  private func json(_ model: SmallModel, _ text: String) throws -> String { try model.write("rows.jsonl", text) }

  private func error(
    _ model: SmallModel, _ text: String, _ name: String = "rows.jsonl", settings: PredictionSettings = .init()
  ) throws -> String { try model.error(model.write(name, text), settings: settings) }

  // MARK: JSON lines

  @Test(arguments: [true, false]) func jsonLinesGiveThePredictionsOfATable(named: Bool) throws {
    try withModel(named: named) { model in
      let expected = try model.predicted(model.table(), to: "p.csv").text
      let path = try json(model, "\u{FEFF}\n" + lines(model))
      #expect(try model.predicted(path, to: "q.csv").text == expected)
      #expect(try model.predicted(path, to: "q.csv", workers: 3).text == expected)
      #expect(try Tool.run("gzip", [path]).status == 0)
      #expect(try model.predicted(path + ".gz", to: "q.csv").text == expected)
      // Any other name does.
      try FileManager.default.moveItem(atPath: path + ".gz", toPath: model.path("rows.data"))
      #expect(try model.predicted(model.path("rows.data"), to: "q.csv").text == expected)
      let identified = try json(model, lines(model, extra: #""id": 7, "note": "a,\"b", "#))
      let kept: [CSVImport.Column] = [.name("note"), .name("id")]
      let found = try model.predicted(identified, to: "q.csv", settings: .init(kept: kept)).text
      #expect(found.split(separator: "\n")[9].hasPrefix(#""a,""b",7,"#))
      #expect(
        found.split(separator: "\n").dropFirst().map { $0.dropFirst(#""a,""b",7,"#.count) }
          == Array(expected.split(separator: "\n").dropFirst()))
      #expect(try model.predicted(identified, to: "q.csv", settings: .init(ignored: kept)).text == expected)
    }
  }

  @Test(arguments: [
    (
      #"{"width": 1, "hieght": 2, "a,\"b\"": 3}"#,
      "3 'D/rows.jsonl', line 1: the column 'hieght' is none that the model"
    ),
    (
      #"{"width": 1, "height": 2}"#,
      "3 'D/rows.jsonl', line 1: the key 'a,\"b\"' is not there, and the model was trained"
    ),
    (#"{"width": 1, "height": null, "a,\"b\"": 3}"#, "3 'D/rows.jsonl', line 1, the key 'height': it is null, and"),
    (#"{"width": 1, "height": "", "a,\"b\"": 3}"#, "the key 'height': it is an empty text, and"),
    (#"{"width": 1, "height": true, "a,\"b\"": 3}"#, "line 1, the key 'height': 'true' is not a finite number"),
    (#"{"width": 1, "height": 1e400, "a,\"b\"": 3}"#, "line 1, the key 'height': '1e400' is not a finite number"),
    (#"{"width": 1, "height": [2], "a,\"b\"": 3}"#, "line 1: the value of 'height' is an array"),
    (#"{"width": 1, "height": 2, "a,\"b\"": 3"#, "line 1: the object ends too early"),
    (#"{"width": 1, "height": 2, "height": 2, "a,\"b\"": 3}"#, "line 1: the key 'height' comes twice"),
  ]) func whatIsWrongIsSaidWithItsLine(line: String, expected: String) throws {
    try withModel { model in
      let found = try self.error(model, line + "\n")
      #expect(found.contains(expected), "\(found)")
      #expect(!FileManager.default.fileExists(atPath: model.path("p.csv")))
    }
  }

  @Test func rowsInFrontOfAFaultAreCountedAsTheyStand() throws {
    try withModel { model in
      let good = #"{"width": 1, "height": 2, "a,\"b\"": 3}"#
      let fault = try error(model, "\(good)\n\n\(good)\n{\"width\": \"x\", \"height\": 1}\n")
      #expect(
        fault
          == "3 'D/rows.jsonl', line 4, the key 'width': 'x' is not a finite number")
      #expect(
        try error(model, "\(good)\n", settings: .init(kept: [.name("id")]))
          == "2 'D/rows.jsonl' has no key 'id'; it has 'width', 'height', 'a,\"b\"'")
      #expect(
        try error(model, "\(good)\n", settings: .init(kept: [.number(1)]))
          == "2 column 1 cannot be kept by its place from JSON lines; give its name")
    }
    try withModel(named: false) { model in
      let fault = try error(model, #"{"a": 1, "b": 2}"#)
      #expect(
        fault
          == "3 'D/rows.jsonl', line 1: it has 2 keys that can be inputs, but the model was made for 3, which go by "
          + "their places, since the model knows no names")
      #expect(
        try error(model, "{\"a\": 1, \"b\": 2, \"c\": 3}\n{\"a\": 1, \"b\": 2, \"d\": 3}")
          .hasPrefix("3 'D/rows.jsonl', line 2: the key 'd' is in no line before"))
    }
  }

  // MARK: Archives

  private func archive(_ name: String, _ model: SmallModel) throws -> (path: String, values: [Double]) {
    let archive = try #require(
      try Fixture.read("arrays").member("archives").elements?.first { $0["name"]?.text == name })
    try Data(archive.member("bytes").hexadecimalBytes).write(to: URL(filePath: model.path("a.npz")))
    return (model.path("a.npz"), archive["x"]?.values ?? [])
  }

  @Test(arguments: ["stored", "deflated", "zip64"]) func archivesGiveAllGroupsOrOne(name: String) throws {
    try withModel { model in
      let (path, values) = try archive(name, model)
      let table = (0..<20).map { row in
        values[3 * row..<3 * row + 3].map { "\(Double(Float($0)))" }.joined(separator: ",")
      }
      let csv = try model.write("rows.csv", table.joined(separator: "\n") + "\n")
      let plain = PredictionSettings(table: .init(hasHeader: false))
      let expected = try model.predicted(csv, to: "p.csv", settings: plain).text.split(separator: "\n")
      func found(_ path: String, group: String? = nil, array: String? = nil) throws -> [Substring] {
        try model.predicted(path, to: "q.csv", group: group, settings: .init(array: array)).text
          .split(separator: "\n")
      }
      #expect(try found(path) == expected)
      #expect(try found(path, group: "test") == [expected[0]] + expected.suffix(8))
      #expect(try found(path, group: "train") == Array(expected.prefix(13)))
      #expect(try Tool.run("gzip", ["-k", path]).status == 0)
      #expect(try found(path + ".gz", group: "test") == [expected[0]] + expected.suffix(8))
      let error = try trainerError { _ = try found(path, group: "new") }
      #expect(error?.message == "'\(path)' has no group 'new', but 'train', 'test'" && error?.code == .usage)
      let absent = try trainerError { _ = try found(path, array: "z") }
      #expect(absent?.message.hasPrefix("'\(path)' has no array 'z', but ") == true, "\(String(describing: absent))")
    }
  }

  @Test func theOnlyArrayNeedsNoName() throws {
    try withModel { model in
      // numpy.savez(path, numpy.array([[1, 2, 3], [4, 5, 6.5]]))
      let bytes = try #require(Data(base64Encoded: Self.lone))
      try bytes.write(to: URL(filePath: model.path("a.npz")))
      let csv = try model.write("rows.csv", "1,2,3\n4,5,6.5\n")
      let expected = try model.predicted(csv, to: "p.csv", settings: .init(table: .init(hasHeader: false))).text
      #expect(try model.predicted(model.path("a.npz"), to: "q.csv").text == expected)
      #expect(try model.predicted(model.path("a.npz"), to: "q.csv", settings: .init(array: "arr_0")).text == expected)
      #expect(
        try model.error(model.path("a.npz"), settings: .init(kept: [.number(1)]))
          .hasPrefix("2 column 1 cannot be kept from an array"))
    }
  }

  private static let lone = [
    "UEsDBC0AAAAAAAAAIQC7Ez/o//////////8JABQAYXJyXzAubnB5AQAQALAAAAAAAAAAsAAAAAAAAACTTlVNUFkBAHYAeydkZXNjcic6ICc8",
    "ZjgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg",
    "ICAgICAgICAgICAgICAgICAgICAgICAgCgAAAAAAAPA/AAAAAAAAAEAAAAAAAAAIQAAAAAAAABBAAAAAAAAAFEAAAAAAAAAaQFBLAQItAy0A",
    "AAAAAAAAIQC7Ez/osAAAALAAAAAJAAAAAAAAAAAAAACAAQAAAABhcnJfMC5ucHlQSwUGAAAAAAEAAQA3AAAA6wAAAAAA",
  ].joined()

  // MARK: Sparse tables

  private func sparse(_ model: SmallModel, first: Int, label: String = "1 ") throws -> String {
    let text = (0..<SmallModel.rowCount).map { row in
      let inputs = (0..<3).filter { model.rows[3 * row + $0] != 0 }.reversed().map {
        "\($0 + first):\(model.rows[3 * row + $0])"
      }
      return label + inputs.joined(separator: " ") + " # row \(row)\n"
    }.joined()
    return try model.write("rows.svm", text)
  }

  @Test(arguments: [true, false]) func sparseRowsGiveThePredictionsOfATable(named: Bool) throws {
    try withModel(named: named) { model in
      let expected = try model.predicted(model.table(), to: "p.csv").text
      for (first, label) in [(0, "1 "), (1, "-1 "), (1, "")] {
        let path = try sparse(model, first: first, label: label)
        #expect(try model.predicted(path, to: "q.csv").text == expected, "from \(first)")
        #expect(try model.predicted(path, to: "q.csv", settings: .init(firstIndex: first)).text == expected)
      }
      #expect(try Tool.run("gzip", [model.path("rows.svm")]).status == 0)
      #expect(try model.predicted(model.path("rows.svm.gz"), to: "q.csv").text == expected)
    }
  }

  // Which index is the first is told by a line anywhere in the file, or has to be said: taken for the other one, all rows
  // would be wrong in silence.
  @Test func theFirstIndexIsKnownOrAskedFor() throws {
    try withModel { model in
      let csv = try model.write("rows.csv", "0,2,0\n0,3,0\n")
      let expected = try model.predicted(csv, to: "p.csv", settings: .init(table: .init(hasHeader: false))).text
      func text(_ rows: String, _ first: Int?) throws -> String {
        try model.predicted(model.write("rows.svm", rows), to: "q.csv", settings: .init(firstIndex: first)).text
      }
      #expect(try text("1 2:2\n1 2:3\n", 1) == expected && text("1 1:2\n1 1:3\n", 0) == expected)
      #expect(try text("1 2:2\n1 2:3 3:0\n", nil) == expected && text("1 1:2\n1 1:3 0:0\n", nil) == expected)
      #expect(
        try error(model, "1 2:2\n1 2:3\n", "rows.svm")
          == "3 'D/rows.svm': it has neither the index 0 nor 3, and without either nothing tells whether the model's 3 inputs "
          + "are counted from 0 or from 1; say which index is the first")
      #expect(
        try error(model, "1 3:2\n1 4:3\n", "rows.svm")
          == "3 'D/rows.svm', line 2: the index 4 is none of the model's 3 inputs, which are counted from 1")
      #expect(
        try error(model, "1 3:2\n1 3:1 3:3\n", "rows.svm")
          == "3 'D/rows.svm', line 2: the index 3 comes twice")
      #expect(
        try error(model, String(repeating: "1 3:2\n", count: 1000) + "1 a:1\n", "rows.svm").hasPrefix(
          "3 'D/rows.svm', line 1001: 'a:1' is no index"))
      #expect(
        try error(model, "1 3:2\n", "rows.svm", settings: .init(firstIndex: 2))
          == "2 the first index is 2, expected 0 or 1")
      #expect(
        try model.error(model.table(), settings: .init(firstIndex: 1)).hasPrefix("2 only a sparse table (LIBSVM) has"))
    }
  }
}
