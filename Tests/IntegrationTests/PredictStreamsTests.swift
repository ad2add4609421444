import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// `predict` with rows and predictions that go through pipes, in memory that does not grow, and for a run in place of a
/// checkpoint.
@Suite struct PredictStreamsTests {
  /// A model of two inputs and three classes, and three rows of a table for it.
  private func withModel(_ body: (Workshop, _ checkpoint: String) throws -> Void) throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      try workshop.write("rows.csv", "a,b\n1,2\n0.5,-3\n1e-3,7\n")
      try body(workshop, workshop.makeCheckpoint())
    }
  }

  /// Runs a line of shell in which `trainer` is the program.
  private func shell(_ line: String, in directory: String) throws -> (output: String, status: Int32) {
    let program = URL(filePath: TrainerBinary.path).deletingLastPathComponent().path
    return try Tool.run("sh", ["-c", "cd '\(directory)' && PATH='\(program)':$PATH && \(line)"])
  }

  // MARK: Pipes

  @Test func standardInputAndOutput() throws {
    try withModel { workshop, checkpoint in
      let rows = workshop.path("rows.csv")
      let result = try TrainerBinary.run("predict", checkpoint, rows)
      #expect(result.status == 0 && result.errors == "")
      let lines = result.output.split(separator: "\n")
      #expect(lines.count == 4 && lines[0] == "prediction,probability_0,probability_1,probability_2")
      for command in ["cat rows.csv", "gzip -c rows.csv", "cat rows.csv | tr , '\\t'", "cat rows.csv | tr , ';'"] {
        let piped = try shell("\(command) | trainer predict '\(checkpoint)' -", in: workshop.directory)
        #expect(piped.output == result.output, "\(command)")
      }
      let json = try shell("trainer predict '\(checkpoint)' - --to jsonl < rows.csv", in: workshop.directory)
      #expect(json.output.split(separator: "\n").count == 3 && json.output.hasPrefix("{\"prediction\":"))
      // With a file, only a line about it is printed.
      let written = try shell("trainer predict '\(checkpoint)' - -o p.csv < rows.csv", in: workshop.directory)
      #expect(written.output == "p.csv: predictions and probabilities for 3 samples\n")
      #expect(try String(contentsOfFile: workshop.path("p.csv"), encoding: .utf8) == result.output)
      let hdf5 = try shell("trainer predict '\(checkpoint)' - < data.h5", in: workshop.directory)
      #expect(hdf5.status == 3 && hdf5.output.contains("standard input is an HDF5 file"), "\(hdf5.output)")
      let empty = try shell("trainer predict '\(checkpoint)' - < /dev/null", in: workshop.directory)
      #expect(empty.status == 3 && empty.output.contains("'standard input' holds no samples"), "\(empty.output)")
      try TrainerBinary.run("predict", checkpoint, rows, "--to", "hdf5").expectError(2, "name a file with --output")
      try TrainerBinary.run("predict", checkpoint, rows, "--group", "test").expectError(
        2, "only an HDF5 file and an archive of arrays have groups")
      try TrainerBinary.run("predict", checkpoint, rows, "-o", workshop.path("p")).expectError(2, "--to")
    }
  }

  // What a shell gives for the output of a command, a pipe by its name, and standard input by its name.
  @Test(.enabled(if: Tool.path(of: "bash") != nil, "bash is not installed")) func pipesAreReadByTheirNames() throws {
    try withModel { workshop, checkpoint in
      let expected = try TrainerBinary.run("predict", checkpoint, workshop.path("rows.csv")).output
      try workshop.write("rows.jsonl", "{\"a\":1,\"b\":2}\n{\"a\":0.5,\"b\":-3}\n{\"b\":7,\"a\":1e-3}\n")
      try workshop.write("rows.svm", "1 1:1 2:2\n1 1:0.5 2:-3\n1 1:1e-3 2:7\n")
      // numpy.savez("rows.npz", numpy.array([[1, 2], [0.5, -3], [1e-3, 7]]))
      let archive = try #require(Data(base64Encoded: Self.archive))
      try archive.write(to: URL(filePath: workshop.path("rows.npz")))
      #expect(mkfifo(workshop.path("pipe"), 0o600) == 0)
      let model = "trainer predict '\(checkpoint)'"
      for name in ["rows.csv", "rows.jsonl", "rows.svm", "rows.npz"] {
        for line in [
          "\(model) <(cat \(name))", "\(model) <(gzip -c \(name))", "cat \(name) | \(model) /dev/stdin",
          "\(model) /dev/stdin < \(name)", "\(model) /dev/fd/5 5< <(cat \(name))", "\(model) - < \(name)",
          "(cat \(name) > pipe & \(model) pipe; wait)",
        ] {
          let found = try shell("bash -c \"\(line)\"", in: workshop.directory)
          #expect(found.output == expected && found.status == 0, "\(line): \(found.output)")
        }
      }
      let refused = try shell("bash -c \"\(model) <(cat data.h5)\" 2>&1", in: workshop.directory)
      #expect(refused.status == 3 && refused.output.contains("is an HDF5 file, as it seems"), "\(refused.output)")
      let unknown = try shell("bash -c \"\(model) <(echo 1 1:2)\" 2>&1", in: workshop.directory)
      #expect(
        unknown.status == 3 && unknown.output.contains("with --first-index 0 or --first-index 1"), "\(unknown.output)")
      let device = try shell("\(model) /dev/stdin < /dev/null 2>&1", in: workshop.directory)
      #expect(device.status == 3 && device.output.contains("it is a device"), "\(device.output)")
    }
  }

  private static let archive = [
    "UEsDBC0AAAAAAAAAIQBogEEF//////////8JABQAYXJyXzAubnB5AQAQALAAAAAAAAAAsAAAAAAAAACTTlVNUFkBAHYAeydkZXNjcic6ICc8",
    "ZjgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMywgMiksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg",
    "ICAgICAgICAgICAgICAgICAgICAgICAgCgAAAAAAAPA/AAAAAAAAAEAAAAAAAADgPwAAAAAAAAjA/Knx0k1iUD8AAAAAAAAcQFBLAQItAy0A",
    "AAAAAAAAIQBogEEFsAAAALAAAAAJAAAAAAAAAAAAAACAAQAAAABhcnJfMC5ucHlQSwUGAAAAAAEAAQA3AAAA6wAAAAAA",
  ].joined()

  // Rows that come slowly are predicted as they come, and not when thousands of them are there.
  @Test func aRowIsPredictedWhenItComes() throws {
    try withModel { _, checkpoint in
      let process = Process()
      process.executableURL = URL(filePath: TrainerBinary.path)
      process.arguments = ["predict", checkpoint, "-"]
      let (input, output) = (Pipe(), Pipe())
      process.standardInput = input
      process.standardOutput = output
      try process.run()
      var text = ""
      func send(_ rows: String, untilLines count: Int) throws {
        try input.fileHandleForWriting.write(contentsOf: Data(rows.utf8))
        while text.count(where: { $0 == "\n" }) < count {
          let data = output.fileHandleForReading.availableData
          try #require(!data.isEmpty, "the program ended")
          text += String(decoding: data, as: UTF8.self)
        }
      }
      try send("a,b\n1,2\n", untilLines: 2)
      try send("3,4\n5,6\n7,", untilLines: 4)
      #expect(text.count { $0 == "\n" } == 4)
      try send("8\n", untilLines: 5)
      // Without a line break at its end, a row is complete at the end alone.
      try input.fileHandleForWriting.write(contentsOf: Data("9,10".utf8))
      try input.fileHandleForWriting.close()
      text += String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0 && text.count { $0 == "\n" } == 6, "\(text)")
    }
  }

  @Test func aReaderThatGoesAwayIsNoError() throws {
    try withModel { workshop, checkpoint in
      let result = try shell(
        "(yes 1,2 | trainer predict '\(checkpoint)' - --no-header 2>errors; echo $? >status) | head -2",
        in: workshop.directory)
      #expect(result.output.split(separator: "\n").count == 2)
      #expect(try String(contentsOfFile: workshop.path("status"), encoding: .utf8) == "0\n")
      #expect(try String(contentsOfFile: workshop.path("errors"), encoding: .utf8) == "")
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "the system has no /dev/full"))
  func aFullDeviceIsAnError() throws {
    try withModel { workshop, checkpoint in
      let result = try shell("trainer predict '\(checkpoint)' rows.csv 2>&1 >/dev/full", in: workshop.directory)
      #expect(result.status == 2)
      #expect(result.output == "error: standard output cannot be written: No space left on device\n")
    }
  }

  // MARK: Memory

  /// Runs the program and gives its largest memory in KiB, as the system counts it. A small program starts it: a process
  /// begins with the largest memory of the one that it comes from.
  private func peakMemory(_ arguments: [String], in directory: String) throws -> Int {
    let path = directory + "/peak"
    let result = try TrainerBinary.run(arguments, under: ["time", "-f", "%M", "-o", path])
    #expect(result.status == 0, "\(result.errors)")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return try #require(text.split(separator: "\n").last.flatMap { Int($0) }, "\(text)")
  }

  // Ten times as many rows, of which all at once would be 64 MB, take as much memory but for some buffers' chance.
  @Test(.enabled(if: Tool.path(of: "time") != nil, "GNU time is not installed"))
  func memoryDoesNotGrowWithTheRows() throws {
    try withScratchDirectory { directory in
      let width = 200
      let data = directory + "/train.h5"
      func writeRows(_ count: Int, to path: String, group: String) throws {
        let file = try HDF5.File.create(at: path)
        let dataset = try file.root.createDataset(
          group + "inputs", shape: [count, width], type: .number(.float64),
          properties: .datasetCreation(chunk: [100, width]))
        for row in stride(from: 0, to: count, by: 1000) {
          let rows = row..<min(count, row + 1000)
          try dataset.write((0..<rows.count * width).map { Double($0 % 9) }, selecting: .range(rows))
        }
        if !group.isEmpty {
          try file.root.createDataset(group + "targets", shape: [count], values: (0..<count).map { UInt8($0 % 3) })
            .close()
        }
        try file.close()
      }
      try writeRows(100, to: data, group: "train/")
      let config = """
        {"data": {"path": "\(data)"}, "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
         "training": {"epochs": 1, "batchSize": 50}, "output": "\(directory)/run"}
        """
      try config.write(toFile: directory + "/c.json", atomically: true, encoding: .utf8)
      #expect(try TrainerBinary.run("run", directory + "/c.json", "--quiet").status == 0)
      var peaks: [String: [Int]] = [:]
      for count in [4000, 40_000] {
        try writeRows(count, to: "\(directory)/\(count).h5", group: "")
        let line = (0..<width).map { "\($0 % 9)" }.joined(separator: ",") + "\n"
        let text = (0..<width).map { "x\($0)" }.joined(separator: ",") + "\n" + String(repeating: line, count: count)
        try text.write(toFile: "\(directory)/\(count).csv", atomically: true, encoding: .utf8)
        let object = "{" + (0..<width).map { "\"x\($0)\":\($0 % 9)" }.joined(separator: ",") + "}\n"
        try String(repeating: object, count: count)
          .write(toFile: "\(directory)/\(count).jsonl", atomically: true, encoding: .utf8)
        let sparse = "1 " + (1...width).map { "\($0):\($0 % 9)" }.joined(separator: " ") + "\n"
        try String(repeating: sparse, count: count)
          .write(toFile: "\(directory)/\(count).svm", atomically: true, encoding: .utf8)
        for (input, outputs) in [
          ("h5", ["csv", "jsonl", "h5"]), ("csv", ["csv", "jsonl", "h5"]), ("jsonl", ["csv"]), ("svm", ["csv"]),
        ] {
          for output in outputs {
            peaks["\(input) to \(output)", default: []].append(
              try peakMemory(
                [
                  "predict", directory + "/run", "\(directory)/\(count).\(input)", "-o",
                  "\(directory)/\(input)-\(count).\(output)", "--workers", "2",
                ], in: directory))
          }
        }
      }
      for (name, peak) in peaks { #expect(peak[1] - peak[0] < 24 << 10, "\(name): \(peak) KiB") }
    }
  }

  // MARK: Runs

  @Test func aRunStandsForItsBestOrItsLastCheckpoint() throws {
    try withWorkshop { workshop in
      // At such a rate the loss goes up again.
      let run = workshop.path("run")
      let trained = try TrainerBinary.run(
        "run", Repository.config("softmax"), "--output", run, "--quiet", "--set", "training.epochs=6", "--set",
        "optimizer.learningRate=8", "--set", "checkpoints.best.metric=test.loss", "--set", "checkpoints.keep=2")
      #expect(trained.status == 0, "\(trained.errors)")
      let text = try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8)
      let epochs = try text.split(separator: "\n").map { try JSONDocument(text: String($0), source: "metrics").root }
        .filter { $0["event"]?.text == "epoch" }
      let losses = epochs.map { $0["test"]?["loss"]?.double ?? .infinity }
      let place = try #require(losses.indices.min { losses[$0] < losses[$1] })
      try #require(place < losses.count - 1, "\(losses)")
      let path = { (epoch: JSONValue) in
        run + "/checkpoints/step-" + String(format: "%09d", epoch["step"]?.int ?? 0) + ".h5"
      }
      let (best, last) = (path(epochs[place]), path(epochs[losses.count - 1]))
      func predictions(_ model: String, _ options: String...) throws -> CommandResult {
        try TrainerBinary.run(["predict", model, Repository.data("digits"), "--group", "test"] + options)
      }
      let (ofBest, ofLast) = (try predictions(best), try predictions(last))
      #expect(ofBest.errors == "" && ofBest.output != ofLast.output)
      for options in [[], ["--best"]] {
        let found = try TrainerBinary.run(["predict", run, Repository.data("digits"), "--group", "test"] + options)
        #expect(found.output == ofBest.output && found.errors == "uses the best checkpoint, \(best)\n")
      }
      let found = try predictions(run, "--last")
      #expect(found.output == ofLast.output && found.errors == "uses the last checkpoint, \(last)\n")
      let evaluated = try TrainerBinary.run("evaluate", run, "--format", "json")
      let loss = try JSONDocument(text: evaluated.output, source: "output").root["metrics"]?["loss"]?.double
      #expect(loss == losses[place])
      #expect(try TrainerBinary.run("checkpoint", "digest", run, "--last").output == "\(try Run(run).digest)\n")
      #expect(try TrainerBinary.run("checkpoint", "info", run).status == 0)
      #expect(try TrainerBinary.run("checkpoint", "verify", run).output == "\(best): every byte is as it was written\n")
      #expect(try TrainerBinary.run("checkpoint", "diff", run, best).status == 0)
      #expect(try TrainerBinary.run("checkpoint", "diff", run, last).status == 1)
      try predictions(best, "--last").expectError(2, best, "is no run directory")
      try TrainerBinary.run("evaluate", workshop.directory).expectError(4, workshop.directory, "it is a directory")
    }
  }

  @Test func aRunWithoutABestCheckpointStandsForItsLast() throws {
    try withModel { workshop, checkpoint in
      let run = workshop.path("trained")
      let result = try TrainerBinary.run("predict", run, workshop.path("rows.csv"))
      #expect(result.status == 0 && result.errors == "uses the last checkpoint, \(checkpoint)\n")
      try TrainerBinary.run("predict", run, workshop.path("rows.csv"), "--best").expectError(2, run, "kept no best")
    }
  }

  // MARK: Files

  @Test func aLinkIsNotWrittenThroughInSilence() throws {
    try withModel { workshop, checkpoint in
      try workshop.write("target.csv", "precious")
      let (link, target) = (workshop.path("link.csv"), workshop.path("target.csv"))
      #expect(symlink("target.csv", link) == 0)
      let rows = workshop.path("rows.csv")
      try TrainerBinary.run("predict", checkpoint, rows, "-o", link)
        .expectError(2, "link.csv exists already, a symbolic link to ", "target.csv; choose another name")
      #expect(try String(contentsOfFile: target, encoding: .utf8) == "precious")
      let result = try TrainerBinary.run("predict", checkpoint, rows, "-o", link, "--overwrite")
      #expect(
        result.status == 0 && result.errors.hasPrefix("warning: \(link) is a symbolic link; the file behind it, "))
      #expect(try String(contentsOfFile: target, encoding: .utf8).hasPrefix("prediction,"))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "target.csv")
    }
  }

  @Test func textReplacesOnlyWhatItMay() throws {
    try withModel { workshop, checkpoint in
      let rows = workshop.path("rows.csv")
      let before = try String(contentsOfFile: rows, encoding: .utf8)
      #expect(link(rows, workshop.path("twin.csv")) == 0 && mkdir(workshop.path("folder.csv"), 0o777) == 0)
      for (path, part) in [
        (rows, "is an input"), (workshop.path("twin.csv"), "is an input"), (checkpoint, "is an input"),
        (workshop.path("folder.csv"), "a directory"), ("/dev/null", "a device"),
      ] {
        try TrainerBinary.run("predict", checkpoint, rows, "-o", path, "--overwrite", "--to", "csv").expectError(
          2, part)
      }
      // Of a run, too, it is its checkpoint that is an input.
      try TrainerBinary.run("predict", workshop.path("trained"), rows, "-o", checkpoint, "--overwrite")
        .expectError(2, "is an input")
      #expect(try String(contentsOfFile: rows, encoding: .utf8) == before)
      // What fails on the way leaves nothing.
      try workshop.write("bad.csv", before + String(repeating: "1,2\n", count: 100_000) + "1,x\n")
      let names = try files(in: workshop.directory)
      for name in ["p.csv", "p.jsonl", "p.h5"] {
        try TrainerBinary.run("predict", checkpoint, workshop.path("bad.csv"), "-o", workshop.path(name))
          .expectError(3, "line 100005, column 2 ('b'): 'x' is not a finite number")
      }
      #expect(try files(in: workshop.directory) == names)
    }
  }
}
