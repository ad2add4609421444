import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Writes down what a parser hands on.
private struct Record: JSONLinesConsumer {
  var found: [String] = []

  mutating func addColumn(_ name: String, line: Int) { found.append("+\(name)") }
  mutating func take(_ value: JSONLinesValue, column: Int, line: Int) {
    switch value {
    case .missing: found.append("\(column)")
    case .boolean(let value): found.append("\(column) \(value)")
    case .number(let text): found.append("\(column) #\(String(decoding: text, as: UTF8.self))")
    case .text(let text): found.append("\(column) '\(String(decoding: text, as: UTF8.self))'")
    }
  }
  mutating func endRecord(line: Int) { found.append("end \(line)") }
}

@Suite struct JSONLinesImportTests {
  private func records(_ text: String, size: Int? = nil) throws -> [String] {
    var (parser, record) = (JSONLinesParser(), Record())
    var rest = Array(text.utf8)
    var block: [UInt8] = []
    repeat {
      let part = rest.prefix(size ?? rest.count)
      block += part
      rest.removeFirst(part.count)
      let used = try block.withUnsafeBytes { try parser.read($0, isLast: rest.isEmpty, into: &record) }
      block.removeFirst(used)
    } while !rest.isEmpty
    return record.found
  }

  private func read(_ text: String, _ change: (inout JSONLinesImport) -> Void = { _ in }) throws -> ImportedSamples {
    try withScratchDirectory { directory in
      let path = directory + "/t.jsonl"
      try Data(text.utf8).write(to: URL(filePath: path))
      var importer = JSONLinesImport(path: path)
      importer.split = .none
      change(&importer)
      return try importer.read()
    }
  }

  @Test func valuesAreHandedOnAsTheyAre() throws {
    let text = """
      \u{FEFF}{"a": -0.5e+3, "b\\n": "x \\"q\\" \\u00e9\\uD83C\\uDF0D\\/\\b\\f\\r\\t\\\\"}\r

        {"b\\n" : null ,"c":true,"a":NaN }
      {}
      {"c": false, "a": 0}
      """
    let expected = [
      "+a", "0 #-0.5e+3", "+b\n", "1 'x \"q\" é🌍/\u{8}\u{C}\r\t\\'", "end 1", "1", "+c", "2 true", "0", "end 3",
      "end 4",
      "2 false", "0 #0", "end 5",
    ]
    #expect(try records(text) == expected)
    for size in 1...40 { #expect(try records(text, size: size) == expected) }
  }

  @Test(arguments: [
    (#"{"a": {"b": 1}}"#, "the value of 'a' is an object"), (#"{"a": [1]}"#, "the value of 'a' is an array"),
    (#"{"a": 1, "a": 2}"#, "the key 'a' comes twice"),
    (#"{"a": 01}"#, "'1}' is not what JSON has there, expected a comma"),
    (#"{"a": .5}"#, "'.5}' is not what JSON has there, expected a value"), (#"{"a": -}"#, "expected a number"),
    (#"{"a": 1.}"#, "expected a number"), (#"{"a": 1e}"#, "expected a number"),
    (#"{"a": Infinity}"#, "'Infinity}' is not"),
    (#"{"a": tru}"#, "'tru}' is not"), (#"{"a" 1}"#, "expected a colon"), (#"{a: 1}"#, "expected a key in quotes"),
    (#"{"a": 1,}"#, "expected a key in quotes"), (#"{"a": 1"#, "the object ends too early, expected a comma"),
    (#"{"a":"#, "the object ends too early, expected a value"), (#"{"a": "x"#, "a quote is opened and never closed"),
    (#"{"a": "\x"}"#, "is no escape"), (#"{"a": "\u12"}"#, "is no escape"),
    (#"{"a": "\ud800"}"#, "is half a character"),
    (#"{"a": "\udc00"}"#, "is half a character"), (#"{"a": "\ud800\u0041"}"#, "is half a character"),
    (#"{"a": "\u0000"}"#, "a text has a NUL"), ("{\"a\": \"\u{1}\"}", "the control character 1"),
    (#"{"a": 1} {"a": 2}"#, "'{\"a\": 2}' follows the object"), ("[1]", "it begins with '[1]'"),
    ("{", "the object ends"),
  ])
  func eachFaultIsOneSentence(line: String, phrase: String) throws {
    let text = "{\"a\": 1}\n" + line
    let error = #expect(throws: JSONLinesError.self) { try records(text) }
    #expect(error?.line == 2 && error?.fault.contains(phrase) == true, "\(error?.fault ?? "")")
    for size in [1, 3, 7] {
      #expect(throws: JSONLinesError(line: 2, fault: error?.fault ?? "")) { try records(text, size: size) }
    }
    let told = #expect(throws: TrainerError.self) { try read(text) }
    #expect(told?.code == .data && told?.message.contains("t.jsonl', line 2: \(error?.fault ?? "?")") == true)
  }

  @Test func bytesThatAreNoTextAreRefused() throws {
    try withScratchDirectory { directory in
      let path = directory + "/t"
      try Data(Array("{\"a\": \"".utf8) + [0xE9] + Array("\"}".utf8)).write(to: URL(filePath: path))
      let error = #expect(throws: TrainerError.self) { try JSONLinesImport(path: path).read() }
      #expect(error?.message == "'\(path)', line 1: it is not text in UTF-8")
    }
  }

  @Test func aTableIsTheSameAsOfFields() throws {
    // A column that comes late, a key that is missing, and values of each kind.
    let lines = """
      {"age": 22, "sex": "male", "alive": false, "y": "a"}
      {"sex": "female", "alive": true, "fare": 7.25, "y": "b"}
      {"age": 1.5, "sex": null, "alive": null, "fare": 8, "when": "2024-02-29", "y": "a"}
      {"y": "b", "when": "2024-03-01", "sex": "male", "age": 30}

      """
    let fields = """
      age,sex,alive,fare,when,y
      22,male,false,,,a
      ,female,true,7.25,,b
      1.5,,,8,2024-02-29,a
      30,male,,,2024-03-01,b

      """
    let found = try read(lines) { $0.target = .name("y") }
    let expected = try withScratchDirectory { directory in
      try Data(fields.utf8).write(to: URL(filePath: directory + "/t.csv"))
      return try CSVImport(path: directory + "/t.csv", target: .name("y"), split: .none).read()
    }
    // The keys come in the order of their first lines.
    guard case .table(let table) = found.groups[0].inputs, case .table(let other) = expected.groups[0].inputs else {
      Issue.record("no tables")
      return
    }
    #expect(table.features == other.features && table.features.map(\.name) == ["age", "sex", "alive", "fare", "when"])
    for kind in FeatureKind.allCases {
      #expect(table.blocks[kind]?.bytes == other.blocks[kind]?.bytes, "\(kind)")
    }
    #expect(found.groups[0].targets == expected.groups[0].targets && found.classes == ["a", "b"])
    #expect(found.delimiter == nil && found.columns == expected.columns)
  }

  @Test func numbersAloneAreAnArray() throws {
    let samples = try read("{\"a\": 1, \"b\": 2.5, \"y\": 3}\n{\"y\": 4, \"b\": 1e-3, \"a\": \"7\"}\n") {
      $0.task = .regression
    }
    guard case .array(let table) = samples.groups[0].inputs else {
      Issue.record("no array")
      return
    }
    #expect(table == NumberTable(shape: [2, 2], values: [1, 2.5, 7, 1e-3] as [Double]))
    #expect(
      samples.features == ["a", "b"]
        && samples.groups[0].targets == NumberTable(shape: [2], values: [3, 4] as [Double]))
  }

  private static func array(_ inputs: DatasetInputs) -> NumberTable? {
    if case .array(let table) = inputs { table } else { nil }
  }

  // The order of keys plays no part, and a key can be in no line of one file.
  @Test func keysOfATestFile() throws {
    try withScratchDirectory { directory in
      let (train, test) = ("\(directory)/x.jsonl", "\(directory)/t.jsonl")
      try Data("{\"a\": 1, \"1\": 2, \"y\": \"p\"}\n{\"a\": 3, \"1\": 4, \"y\": \"q\"}\n".utf8).write(
        to: URL(filePath: train))
      func read(_ text: String) throws -> ImportedSamples {
        try Data(text.utf8).write(to: URL(filePath: test))
        return try JSONLinesImport(path: train, target: .number(-1), testPath: test).read()
      }
      let samples = try read("{\"y\": \"q\", \"1\": 6, \"a\": 5}\n")
      #expect(Self.array(samples.groups[1].inputs) == NumberTable(shape: [1, 2], values: [5, 6] as [UInt8]))
      let gap = try read("{\"y\": \"q\", \"a\": 5}\n")
      #expect(gap.columns.map(\.missingCount) == [0, 1])
      let additional = #expect(throws: TrainerError.self) { try read("{\"y\": \"q\", \"a\": 5, \"b\": 1}\n") }
      #expect(additional?.message.contains("the column 'b' is none that '\(train)' has") == true)
      let target = #expect(throws: TrainerError.self) { try read("{\"z\": \"q\", \"a\": 5}\n") }
      #expect(target?.message.contains("has no column 'y', the target of") == true)
    }
  }

  @Test func emptyFilesAreRefused() {
    for text in ["", "\n\n", "{}\n{}\n"] { #expect(throws: TrainerError.self) { try read(text) } }
  }

  @Test(arguments: [
    ("{\"a\": 1}\n", "jsonl"), ("\n  { \"a\": 1}", "jsonl"), ("{}", "jsonl"), ("{a},b\n1,2\n", "csv"),
  ])
  func theContentsTell(text: String, format: String) throws {
    try withScratchDirectory { directory in
      try Data(text.utf8).write(to: URL(filePath: directory + "/x"))
      #expect(try ImporterRegistry.standard.format(of: directory + "/x") == format)
    }
  }

  @Test func manyKeysOfWhichALineHasFewAreThoseOfATable() throws {
    try withScratchDirectory { directory in
      let (rows, keys) = (700, 1500)
      var (lines, table) = ("", (0..<keys).map { "k\($0)" }.joined(separator: ",") + ",label\n")
      for row in 0..<rows {
        // All keys stand in the first line, so that columns have one order.
        var fields: [Int: String] = row == 0 ? Dictionary(uniqueKeysWithValues: (0..<keys).map { ($0, "null") }) : [:]
        for step in 0..<4 { fields[(row * 31 + step * 397) % (keys - 2)] = "\(row % 13).5" }
        fields[keys - 2] = "\"w\(row % 3)\""
        if row % 5 == 1 { fields[keys - 1] = row % 2 == 0 ? "true" : "false" }
        let label = row % 2 == 0 ? "p" : "q"
        let members = fields.sorted { $0.key < $1.key }.map { "\"k\($0.key)\": \($0.value)" }
        lines += "{" + members.joined(separator: ", ") + ", \"label\": \"\(label)\"}\n"
        let cells = (0..<keys).map { key in fields[key].map { $0 == "null" ? "" : $0 } ?? "" }
        table += cells.joined(separator: ",") + ",\(label)\n"
      }
      try Data(lines.utf8).write(to: URL(filePath: "\(directory)/x.jsonl"))
      try Data(table.utf8).write(to: URL(filePath: "\(directory)/x.csv"))
      let json = try JSONLinesImport(path: "\(directory)/x.jsonl").read()
      let text = try CSVImport(path: "\(directory)/x.csv").read()
      #expect(json.columns == text.columns && json.groups.count == 2)
      for (one, other) in zip(json.groups, text.groups) {
        guard case .table(let one) = one.inputs, case .table(let other) = other.inputs else {
          Issue.record("no table")
          continue
        }
        #expect(one.features == other.features && one.rowCount == other.rowCount)
        for (kind, block) in one.blocks {
          #expect(block.shape == other.blocks[kind]?.shape && block.bytes == other.blocks[kind]?.bytes, "\(kind)")
        }
      }
    }
  }

  @Test func keysThatAreDataAreRefused() throws {
    try withScratchDirectory { directory in
      // 30 000 lines of 30 000 keys are 7.2 GB of gaps.
      let lines = (0..<30_000).map { "{\"k\($0)\": 1, \"label\": \($0 % 2)}\n" }.joined()
      try Data(lines.utf8).write(to: URL(filePath: "\(directory)/x.jsonl"))
      let error = try trainerError { try JSONLinesImport(path: "\(directory)/x.jsonl").read() }
      #expect(error?.code == .data)
      #expect(
        error?.message.contains("has 30001 different keys in 30000 lines, of which a line has 2 on average") == true,
        "\(error?.message ?? "none")")
    }
  }
}
