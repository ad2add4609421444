import Foundation
import HDF5
import TestSupport
import Testing

/// Files that are made to take time and memory, and damaged ones of Tests/Fixtures/faults: every command that reads data
/// ends soon, in little memory, with one sentence. A row a kind of file.
@Suite(.enabled(if: Tool.path(of: "time") != nil, "GNU time is not installed"))
struct CostlyFilesTests {
  /// What a command makes of a file.
  enum Outcome: Sendable {
    /// It goes well.
    case done
    /// Exit code 3, with one sentence that has these parts.
    case refused([String])
  }

  /// A file and what is done with it.
  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    /// Writes the file; `nil` for a fixture of that name.
    var write: (@Sendable (String) throws -> Void)?
    /// What `data info` lists.
    var listed: String
    /// What comes of training on it, and so of its gradient, its graph, evaluating and predicting.
    var trains: Outcome
    /// Commands to which the fault is no matter, since they do not read where it is.
    var unharmed: Set<String> = []

    var testDescription: String { name }
  }

  private static let mostMegabytes = 200
  /// Seconds of computing, its own and its helpers'; what others do on the machine counts not.
  private static let mostSeconds = 1.0

  private static func dataset(_ root: Group) throws -> Group {
    try root.createDataset("train/inputs", shape: [32, 4], values: (0..<128).map { Float($0 % 11) })
    try root.createDataset("train/targets", shape: [32], values: (0..<32).map { UInt8($0 % 3) })
    return try root.group("train")
  }

  private static func writeLarge(_ path: String, _ body: (Group) throws -> Void) throws {
    let file = try HDF5.File.create(at: path, largeAttributes: true)
    try body(file.root)
    try file.close()
  }

  static let rows = [
    Row(
      name: "an attribute of 240 MB",
      write: { path in
        try writeLarge(path) { root in
          let inputs = try dataset(root).dataset("inputs")
          try inputs.setAttribute("large", to: [Double](repeating: 1, count: 30_000_000))
        }
      }, listed: "inputs  ", trains: .done),
    Row(
      name: "a text of 200 MB in an attribute",
      write: { path in
        try writeFile(path) { root in
          try dataset(root).dataset("inputs").setAttribute("t", to: String(repeating: "x", count: 200_000_000))
        }
      }, listed: "@t  cannot be read", trains: .done),
    Row(
      name: "class names of 70 MB",
      write: { path in
        try writeFile(path) { root in
          let name = String(repeating: "y", count: 70_000_000)
          try dataset(root).dataset("targets").setAttribute("classes", to: [name + "a", name + "b", name + "c"])
        }
      }, listed: "@classes  cannot be read", trains: .refused(["attribute 'classes'", "more memory"]),
      unharmed: ["predict"]),
    Row(
      name: "one text for 20 000 rows",
      write: { path in
        try writeFile(path) { root in
          try root.createDataset("train/inputs", shape: [20_000, 1], values: [Float](repeating: 1, count: 20_000))
          let targets = try root.createDataset("train/targets", shape: [20_000], type: .variableLengthString())
          try targets.writeStrings((0..<20_000).map { $0 == 0 ? String(repeating: "q", count: 60_000) : "t\($0 % 3)" })
        }
        // Each row refers to the first text.
        var data = try Data(contentsOf: URL(filePath: path))
        let offset = try #require(try HDF5.File.open(at: path).root.dataset("train/targets").offset)
        let first = data[offset..<offset + 16]
        for row in 0..<20_000 { data.replaceSubrange(offset + 16 * row..<offset + 16 * row + 16, with: first) }
        try data.write(to: URL(filePath: path))
      }, listed: "train/", trains: .refused(["'/train/targets'"])),
  ]

  private static let isBefore114 = File.libraryVersion.lexicographicallyPrecedes([1, 14])

  /// Files of a few kilobytes.
  static let fixtures = [
    Row(
      name: "szip-length", listed: "inputs  ",
      trains: .refused(["'/train/inputs'", "damaged"] + (isBefore114 ? ["more memory"] : []))),
    Row(name: "deflate-length", listed: "inputs  ", trains: .refused(["'/train/inputs'", "damaged"])),
    Row(
      name: "deflate-bomb", listed: "inputs  ",
      trains: .refused(["'/train/inputs'", "unpacks", "1.60 GB", "h5repack"])),
    // The newer library reads nothing of it.
    Row(
      name: "float-size-segv", listed: "131080 bytes", trains: .refused(["inputs"]),
      unharmed: isBefore114 ? ["evaluate"] : []),
    Row(name: "heap-segv", listed: "@s  cannot be read", trains: .refused(["targets"]), unharmed: ["predict"]),
    Row(name: "hard_cycle", listed: "the group '/train' again", trains: .done),
    Row(
      name: "ext_passwd", listed: "in another file: '/etc/passwd'",
      trains: .refused(["'/etc/passwd'", "externalFiles"])),
    Row(name: "filt_unknown", listed: #"e\u{1b}[31m\n"#, trains: .refused([#"e\u{1b}[31m\n"#, "HDF5_PLUGIN_PATH"])),
    Row(name: "inject", listed: #"@ev\u{1b}[31mil\nname"#, trains: .done),
    Row(name: "inject_in", listed: #"in\u{1b}[2Jputs\nerror: second"#, trains: .refused([#"in\u{1b}[2Jputs"#])),
    Row(name: "committed", listed: "named datatype", trains: .refused(["named datatype"])),
  ]

  static let deep = [
    Row(
      name: "1000 groups in each other",
      write: { path in
        try writeFile(path) { root in
          _ = try dataset(root)
          var group = root
          for _ in 0..<1000 { group = try group.createGroup("g") }
        }
      }, listed: "what is below", trains: .done),
    Row(
      name: "10 000 attributes",
      write: { path in
        try writeFile(path) { root in
          let inputs = try dataset(root).dataset("inputs")
          for index in 0..<10_000 { try inputs.setAttribute("a\(index)", to: index) }
        }
      }, listed: "more attributes", trains: .done),
    Row(
      name: "names of 60 kB",
      write: { path in
        try writeFile(path) { root in
          let group = try dataset(root)
          for index in 0..<300 { _ = try group.createGroup("\(1000 + index)" + String(repeating: "n", count: 60_000)) }
        }
      }, listed: "has a name of", trains: .done),
  ]

  /// Runs the program; gives what came of it, the seconds that it and its helpers computed, and the largest memory in MB.
  private func measure(_ arguments: [String], in workshop: Workshop) throws -> (CommandResult, Double, Int) {
    let path = workshop.path("measure")
    let result = try TrainerBinary.run(arguments, under: ["time", "-f", "%U %S %M", "-o", path])
    let last = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").last ?? ""
    let numbers = last.split(separator: " ").compactMap { Double($0) }
    try #require(numbers.count == 3, "\(last)")
    return (result, numbers[0] + numbers[1], Int(numbers[2] / 1000))
  }

  @Test(arguments: rows + fixtures + deep) func costsLittle(_ row: Row) throws {
    try withWorkshop { workshop in
      try writeFile(workshop.dataset) { _ = try Self.dataset($0) }
      let model = workshop.path("good")
      let settings = #"""
        {"data": {"path": "data.h5"}, "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
         "training": {"epochs": 1, "batchSize": 8}}
        """#
      try workshop.write("config.json", settings)
      let config = workshop.path("config.json")
      try #require(try TrainerBinary.run("run", config, "--quiet", "--output", model).status == 0)
      try FileManager.default.removeItem(atPath: workshop.dataset)
      if let write = row.write {
        try write(workshop.dataset)
      } else {
        try FileManager.default.copyItem(
          atPath: "\(Fixture.directory)/faults/\(row.name).h5", toPath: workshop.dataset)
      }
      let commands = [
        ["data", "info", workshop.dataset], ["data", "info", "--format", "json", workshop.dataset],
        ["run", config, "--quiet", "--output", workshop.path("run")], ["gradcheck", config, "--coordinates", "2"],
        ["graph", "--config", config, "--plan"],
        ["evaluate", model, "--group", "train", "--data", workshop.dataset],
        ["predict", model, workshop.dataset, "-o", workshop.path("out.csv")],
      ]
      for command in commands {
        let (result, seconds, megabytes) = try measure(command, in: workshop)
        let what = "\(command.prefix(2)) of \(row.name): \(result.errors.prefix(2000))"
        #expect(seconds < Self.mostSeconds && megabytes < Self.mostMegabytes, "\(seconds) s, \(megabytes) MB: \(what)")
        #expect(result.errors.utf8.count < 8000)
        if command[0] == "data" {
          #expect(result.status == 0 && result.errors == "", "\(what)")
          if command.count == 3 { #expect(result.output.contains(row.listed), "\(result.output.prefix(3000))") }
          continue
        }
        switch row.unharmed.contains(command[0]) ? .done : row.trains {
        case .done: #expect(result.status == 0, "\(what)")
        case .refused(let parts):
          // Before it evaluate and predict may say which checkpoint they use.
          let lines = result.errors.split(separator: "\n", omittingEmptySubsequences: false)
          #expect(result.status == 3 && lines.dropLast().last?.hasPrefix("error: ") == true, "\(what)")
          #expect(lines.count { $0.hasPrefix("error: ") } == 1 && lines.count <= 3, "\(what)")
          // The words differ where another reading comes first.
          if command[0] == "run" { for part in parts { #expect(result.errors.contains(part), "\(part) in \(what)") } }
        }
      }
      if case .refused = row.trains {
        #expect(!FileManager.default.fileExists(atPath: workshop.path("run")))
        #expect(
          row.unharmed.contains("predict") || !FileManager.default.fileExists(atPath: workshop.path("out.csv")))
      }
    }
  }
}
