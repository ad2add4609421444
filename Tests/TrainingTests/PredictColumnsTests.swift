import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// How `predict` finds a model's inputs among the columns of a table of text, and what it says of other tables.
@Suite struct PredictColumnsTests {
  @Test func columnsAreMatchedByName() throws {
    try withModel { model in
      let expected = try model.predicted(model.table(), to: "p.csv").text
      #expect(try model.predicted(model.table("t.csv", order: [2, 0, 1]), to: "q.csv").text == expected)
      let identified = try model.table("id.csv", extra: ("id", { "row \($0)" }))
      #expect(
        try model.error(identified)
          == "3 'D/id.csv': the column 'id' is none that the model was trained with; ignore what is no input, or keep it beside the predictions"
      )
      #expect(try model.predicted(identified, to: "q.csv", settings: .init(ignored: [.name("id")])).text == expected)
      #expect(try model.predicted(identified, to: "q.csv", settings: .init(ignored: [.number(1)])).text == expected)
      let kept = fields(
        try model.predicted(identified, to: "q.csv", settings: .init(kept: [.name("id"), .number(2)])).text)
      #expect(kept[0].prefix(3) == ["id", "width", "prediction"])
      #expect(kept[5].prefix(2) == ["row 4", "\(model.rows[12])"])
      #expect(kept.map { $0.dropFirst(2).joined(separator: "|") } == fields(expected).map { $0.joined(separator: "|") })
      let json = try model.predicted(identified, to: "q.jsonl", settings: .init(kept: [.name("id")])).text
      #expect(json.hasPrefix(#"{"id":"row 0","prediction":""#))
      #expect(
        try model.error(identified, settings: .init(kept: [.name("id")]), to: "p.h5").hasPrefix("2 columns are kept"))
      #expect(
        try model.error(identified, settings: .init(ignored: [.name("Id")]))
          == "2 'D/id.csv' has no column 'Id'; is it 'id'?")
      let renamed = try model.write("renamed.csv", "width,hieght,\"a,\"\"b\"\"\"\n1,2,3\n")
      let error = try model.error(renamed)
      #expect(
        error.hasPrefix("3 'D/renamed.csv': there is no column 'height'") && error.contains("'hieght'"), "\(error)")
      let missing = try model.write("missing.csv", "width,height\n1,2\n")
      #expect(try model.error(missing).hasPrefix("3 'D/missing.csv': there is no column 'a,\"b\"'"))
      // A column that is no number may be anything as long as it is no input.
      let plain = try model.write("plain.csv", "1,2,3\n4,5,6\n")
      #expect(try model.error(plain).contains("line 1: a header was expected, and these are numbers"))
      #expect(
        try model.predicted(plain, to: "q.csv", settings: .init(table: .init(hasHeader: false))).report.samples == 2)
      #expect(
        try model.error(model.write("four.csv", "1,2,3,4\n"), settings: .init(table: .init(hasHeader: false)))
          .contains(
            "has 4 columns, but the model was made for 3, which go by their places, since the table has no names"))
    }
  }

  @Test func withoutNamesPlacesCount() throws {
    try withModel(named: false) { model in
      let expected = try model.predicted(model.table(), to: "p.csv").text
      let other = try model.table("t.csv", header: false)
      #expect(try model.predicted(other, to: "q.csv", settings: .init(table: .init(hasHeader: false))).text == expected)
      let four = try model.table("four.csv", extra: ("id", { "\($0)" }))
      #expect(try model.error(four).hasPrefix("3 'D/four.csv' has 4 columns, but the model was made for 3"))
      #expect(try model.predicted(four, to: "q.csv", settings: .init(ignored: [.name("id")])).text == expected)
    }
  }

  @Test func theTargetIsOptionalAndLeftOut() throws {
    try withScratchDirectory { directory in
      let table = "\(directory)/t.csv"
      let lines = (0..<60).map { "\($0 % 7),\(Double($0 % 11) / 4),\(["red", "green"][$0 * 3 % 5 % 2])" }
      try "a,b,colour\n\(lines.joined(separator: "\n"))\n".write(toFile: table, atomically: true, encoding: .utf8)
      try CSVImport(path: table, target: .name("colour")).write(to: "\(directory)/t.h5")
      // As an import of a named target stores it.
      let file = try HDF5.File.open(at: "\(directory)/t.h5", writable: true)
      for group in ["train", "test"] { try file.root.dataset("\(group)/targets").setAttribute("name", to: "colour") }
      try file.close()
      let configuration = try RunConfiguration(
        text: """
          {"data": {"path": "\(directory)/t.h5"}, "model": {"layers": [{"type": "dense", "units": 1}]},
           "loss": "binaryCrossEntropy", "training": {"epochs": 1, "batchSize": 8}, "output": "\(directory)/run"}
          """, source: "test.json", directory: "/")
      let checkpoint = try trainToEnd(configuration).checkpoint
      func text(_ input: String) throws -> String {
        _ = try predict(checkpoint: checkpoint, input: input, output: "\(directory)/p.csv", overwriting: true)
        return String(decoding: try SystemFileSystem().contents(of: "\(directory)/p.csv"), as: UTF8.self)
      }
      let with = try text(table)
      #expect(with.hasPrefix("prediction,probability_green,probability_red\n"))
      let without = "\(directory)/without.csv"
      let rest = lines.map { $0.split(separator: ",").prefix(2).reversed().joined(separator: ",") }
      try "b,a\n\(rest.joined(separator: "\n"))\n".write(toFile: without, atomically: true, encoding: .utf8)
      #expect(try text(without) == with)
    }
  }

  // Names that occur twice, empty ones and numbers are the same for both, whatever was left out.
  @Test(arguments: [
    ("x,x,t", "t", [1]), ("x,x,x_2", "x_2", []), ("x,x,x_2,t", "t", [3]), (",x,t,", "t", [1]), (",x,t,", "t", []),
    ("0,1,2,y", "y", []), ("2001,2002,y", "y", []),
  ]) func theTableOfTheTrainingIsTaken(header: String, target: String, drop: [Int]) throws {
    try withScratchDirectory { directory in
      let names = header.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      func table(_ name: String, _ header: String, besides extra: String = "") throws -> String {
        let rows = (0..<40).map { row in
          names.indices.map { place in
            if names[place] == target { return row * 5 % 7 > 3 ? "p" : "q" }
            return place == 3 && names[place].isEmpty ? "" : "\(Double((row * (place * 6 + 5)) % 17) / 4)"
          }.joined(separator: ",") + extra
        }
        let path = "\(directory)/\(name)"
        try "\(header)\(extra.isEmpty ? "" : ",9")\n\(rows.joined(separator: "\n"))\n".write(
          toFile: path, atomically: true, encoding: .utf8)
        return path
      }
      let path = try table("t.csv", header)
      try CSVImport(path: path, target: .name(target), drop: drop.map { .number($0) }).write(to: "\(directory)/t.h5")
      let configuration = try RunConfiguration(
        text: """
          {"data": {"path": "\(directory)/t.h5"}, "model": {"layers": [{"type": "dense", "units": 1}]},
           "loss": "binaryCrossEntropy", "training": {"epochs": 1, "batchSize": 8}, "output": "\(directory)/run"}
          """, source: "test.json", directory: "/")
      let checkpoint = try trainToEnd(configuration).checkpoint
      func predictions(_ input: String) throws -> [Substring] {
        let output = "\(directory)/p.csv"
        _ = try predict(checkpoint: checkpoint, input: input, output: output, overwriting: true)
        return String(decoding: try SystemFileSystem().contents(of: output), as: UTF8.self).split(separator: "\n")
          .sorted()
      }
      #expect(try predictions(path) == predictions("\(directory)/t.h5"))
      let wide = try table("w.csv", header, besides: ",1")
      let error = #expect(throws: TrainerError.self) { try predictions(wide) }
      #expect(error?.message.contains("the column '9' is none that the model was trained with") == true)
    }
  }

  @Test func faultsOfTablesNameTheirPlace() throws {
    try withModel { model in
      let header = "width,height,\"a,\"\"b\"\"\"\n"
      for (body, part) in [
        ("1,2,3\n4,x,6\n", "line 3, column 2 ('height'): 'x' is not a finite number"),
        (
          "1,2,3\n4,,6\n",
          "line 3, column 2 ('height'): the field is empty, and the model was trained without missing values"
        ),
        ("1,NA,3\n", "line 2, column 2 ('height'): 'NA' stands for a missing value"),
        ("1,2,3\n4,5\n", "line 3: it has 2 fields, and the first line has 3"),
        ("1,2,1e400\n", "'1e400' is not a finite"),
        ("1,2,\"3\n", "line 2, column 3: a quote is opened and never closed"),
        ("", "holds no samples behind its header"),
      ] {
        #expect(try model.error(model.write("t.csv", header + body)).contains(part), "\(body)")
      }
      #expect(try model.error(model.write("t.csv", header + "1,5,1e300\n")).hasPrefix("3 D/t.csv: the inputs have"))
      #expect(!FileManager.default.fileExists(atPath: model.path("p.csv")))
      let comma = try model.write("c.csv", "width;height;a,\"b\"\n# no data\n1,5;2;3\n")
      #expect(
        try model.predicted(
          comma, to: "q.csv", settings: .init(table: .init(delimiter: ";", comment: "#", decimalMark: .comma))
        ).report.samples == 1)
      let quoted = try model.write("u.csv", header + "\"1,5\",2,3\n")
      #expect(
        try model.predicted(
          quoted, to: "r.csv", settings: .init(table: .init(delimiter: ",", decimalMark: .comma))
        ).text
          == model.predicted(
            comma, to: "q.csv", settings: .init(table: .init(delimiter: ";", comment: "#", decimalMark: .comma))
          ).text)
      #expect(
        try model.predicted(model.write("sep.csv", "sep=|\r\nwidth|height|a,\"b\"\n1.5|2|3\n"), to: "q.csv").text
          == model.predicted(quoted, to: "r.csv", settings: .init(table: .init(delimiter: ",", decimalMark: .comma)))
          .text)
      #expect(
        try model.error(model.write("t.csv", header + "1,2,3\n# end\n"))
          .hasSuffix("it has 1 field, and the first line has 3; if lines that begin with # are comments, set comment"))
      #expect(try model.error(model.path("none.csv")).hasPrefix("3 cannot read 'D/none.csv': no such file"))
      #expect(try model.error(model.directory).contains("holds no images (PNG or JPEG)"))
      #expect(try model.error(model.write("t.json", "[{\"a\": 1}]\n")).contains("a JSON array"))
      let bytes = try SystemFileSystem().contents(of: model.table())
      try Data([0x1F, 0x8B] + bytes).write(to: URL(filePath: model.path("bad.csv.gz")))
      #expect(try model.error(model.path("bad.csv.gz")).contains("(gzip): it is damaged"))
      #expect(
        try Tool.run("sh", ["-c", "cd '\(model.directory)' && gzip -c rows.csv | head -c 3000 > cut.csv.gz"]).status
          == 0)
      #expect(try model.error(model.path("cut.csv.gz")).contains("(gzip): it ends too early"))
      #expect(!FileManager.default.fileExists(atPath: model.path("p.csv")))
    }
  }
}
