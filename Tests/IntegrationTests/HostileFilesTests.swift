import Foundation
import HDF5
import TestSupport
import Testing

/// Files from elsewhere, damaged or made to do harm: the program ends by itself, with one sentence.
@Suite struct HostileFilesTests {
  private func hostile(_ name: String) -> String { "\(Fixture.directory)/hostile/\(name).h5" }

  /// Runs `data info` on bytes and expects that it ends well, or with one sentence: the same from the helper that is a copy
  /// of the program and from one that is started anew.
  private func expectEnd(_ bytes: [UInt8], _ what: String, in workshop: Workshop) throws {
    try Data(bytes).write(to: URL(filePath: workshop.dataset))
    let result = try TrainerBinary.run("data", "info", workshop.dataset)
    #expect(result.status == 0 || result.status == 3, "\(what): \(result.errors)")
    #expect(result.errors.count { $0 == "\n" } == (result.status == 0 ? 0 : 1), "\(what): \(result.errors)")
    let other = try TrainerBinary.run(["data", "info", workshop.dataset], under: ["env", "TRAINER_TRIALS=anew"])
    #expect(other.status == result.status && other.errors == result.errors, "\(what): \(result) \(other)")
    #expect(other.output == result.output, "\(what)")
  }

  @Test(arguments: [nil, "anew"])
  func theFirstFileIsTriedByACopyOfTheProgram(trials: String?) throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      let arguments = [
        "run", config, "--quiet", "--set", "training.epochs=10000000", "--output", workshop.path("long"),
      ]
      let process = try TrainerBinary.start(arguments, under: trials.map { ["env", "TRAINER_TRIALS=\($0)"] } ?? [])
      defer {
        process.terminate()
        process.waitUntilExit()
      }
      let begun = { FileManager.default.fileExists(atPath: workshop.path("long/metrics.jsonl")) }
      while process.isRunning, !begun() { usleep(1000) }
      let own = "/proc/\(process.processIdentifier)"
      let children = try String(contentsOfFile: "\(own)/task/\(process.processIdentifier)/children", encoding: .utf8)
      let helpers = children.split(separator: " ")
      try #require(helpers.count == 1)
      let title = try String(contentsOfFile: "/proc/\(helpers[0])/comm", encoding: .utf8)
      #expect(title == (trials == nil ? "read-in-trial\n" : "exe\n"))
    }
  }

  // libhdf5 crashes on some of these, and goes round in circles on others.
  @Test func damagedVariableLengthTextsEndNothing() throws {
    try withWorkshop { workshop in
      let file = try HDF5.File.inMemory()
      let targets = try file.root.createDataset("train/targets", shape: [3], values: [0, 1, 2])
      try targets.setAttribute("classes", to: ["setosa", "versicolor", "virginica"])
      try targets.setAttribute("unit", to: "none")
      let image = try file.image()
      let heap = try #require(image.firstRange(of: Array("GCOL".utf8))).lowerBound
      // The collection's size, and the first two objects' numbers, references and sizes.
      let places = Torture.isOn ? Array(8..<64) : [16, 24, 25, 48]
      for place in places {
        for value in [0, 0xFF] as [UInt8] {
          var damaged = image
          damaged[heap + place] = value
          try expectEnd(damaged, "byte \(place) = \(value)", in: workshop)
        }
      }
    }
  }

  // Like the mutations of `Proof`: a few bytes of a file with every kind of content, by fixed seeds.
  @Test func damagedFilesEndNothing() throws {
    try withWorkshop { workshop in
      let file = try HDF5.File.inMemory()
      let root = try file.root
      let inputs = try root.createDataset(
        "train/inputs", shape: [24, 4], values: (0..<96).map(Float.init),
        properties: .datasetCreation(chunk: [5, 4], deflate: 4, shuffle: true, fletcher32: true))
      try inputs.setAttribute("features", to: ["a", "b", "c", "d"])
      try root.createDataset("train/targets", shape: [24], values: (0..<24).map { UInt8($0 % 3) })
      try root.createDataset("note", text: "Grüße")
      let image = try file.image()
      let config = try workshop.makeConfig()
      for seed in 0..<Torture.count(60, 3000) {
        var generator = SeededGenerator(UInt64(seed))
        var damaged = image
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          damaged[Int.random(in: 96..<damaged.count, using: &generator)] =
            [0, 1, 0x80, 0xFF].randomElement(using: &generator) ?? 0
        }
        try expectEnd(damaged, "seed \(seed)", in: workshop)
        let result = try TrainerBinary.run("run", config, "--quiet", "--output", workshop.path("run"))
        #expect([0, 2, 3, 5].contains(result.status), "seed \(seed): \(result.errors)")
        if result.status != 0 { #expect(result.errors.hasPrefix("error: ") && result.errors.count { $0 == "\n" } == 1) }
        if FileManager.default.fileExists(atPath: workshop.path("run")) {
          try FileManager.default.removeItem(atPath: workshop.path("run"))
        }
      }
    }
  }

  @Test func namesAddNoLineAndNoControls() throws {
    try withWorkshop { workshop in
      let config = try workshop.makeConfig()
      try FileManager.default.copyItem(atPath: hostile("names"), toPath: workshop.dataset)
      let result = try TrainerBinary.run("run", config)
      result.expectError(3, #"'tar\u{1b}[2Jgets\nerror: second'"#)
      let listing = try TrainerBinary.run("data", "info", workshop.dataset)
      #expect(listing.status == 0 && listing.errors == "")
      for text in [result.errors, listing.output] {
        #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" }, "\(text)")
      }
      try TrainerBinary.run("run", config, "--set", "data.inputs=a\nerror: b\u{1B}[2J").expectError(
        3, #"a\nerror: b\u{1b}"#)
      try TrainerBinary.run("data", "info", workshop.path("no\nfile\u{1B}")).expectError(3, #"no\nfile\u{1b}"#)
    }
  }

  @Test func otherFilesAreReadOnRequest() throws {
    try withWorkshop { workshop in
      let config = try workshop.makeConfig()
      for name in ["external-link", "virtual", "plain"] {
        let path = workshop.path(name == "external-link" ? "data.h5" : "\(name).h5")
        try FileManager.default.copyItem(atPath: hostile(name), toPath: path)
      }
      let small = ["--set", "training.batchSize=3", "--quiet"]
      try TrainerBinary.run(["run", config] + small).expectError(3, "'plain.h5'", "data.externalFiles")
      let linked = try TrainerBinary.run(["run", config, "--set", "data.externalFiles=true"] + small)
      #expect(linked.status == 0, "\(linked.errors)")
      let checkpoint = try Run(workshop.path("runs/config")).newestCheckpoint
      let evaluate = ["evaluate", checkpoint, "--group", "train", "--data"]
      #expect(try TrainerBinary.run(evaluate + [workshop.path("virtual.h5")]).status == 0)
      try TrainerBinary.run(
        ["run", config, "--set", "data.path=plain.h5", "--output", workshop.path("plain")] + small,
        in: workshop.directory)
      let plain = try Run(workshop.path("plain")).newestCheckpoint
      let other = ["evaluate", plain, "--group", "train", "--data", workshop.path("virtual.h5")]
      try TrainerBinary.run(other).expectError(3, "external files are not allowed")
      #expect(try TrainerBinary.run(other + ["--external-files"]).status == 0)
    }
  }

  @Test func aRunThatMovedFindsItsDataOrAsksForThem() throws {
    try withWorkshop { workshop in
      try FileManager.default.createDirectory(atPath: workshop.path("old"), withIntermediateDirectories: true)
      let old = Workshop(directory: workshop.path("old"))
      try old.makeDataset()
      let config = try old.makeConfig("\"training\": {\"epochs\": 2, \"batchSize\": 5}")
      try TrainerBinary.run("run", config, "--quiet")
      try FileManager.default.moveItem(atPath: old.directory, toPath: workshop.path("new"))
      let longer = ["--quiet", "--set", "training.epochs=3"]
      let run = workshop.path("new/runs/config")
      #expect(try TrainerBinary.run(["resume", run] + longer).status == 0)
      #expect(try TrainerBinary.run("run", workshop.path("new/config.json"), "--set", "training.epochs=3").status == 0)
      try FileManager.default.moveItem(atPath: workshop.path("new/data.h5"), toPath: workshop.path("d.h5"))
      let longest = ["--quiet", "--set", "training.epochs=4"]
      try TrainerBinary.run(["resume", run] + longest).expectError(3, "new/data.h5", "--data FILE")
      let result = try TrainerBinary.run(["resume", run, "--data", "d.h5"] + longest, in: workshop.directory)
      #expect(result.status == 0, "\(result.errors)")
      try Workshop(directory: workshop.directory).makeDataset(firstInput: 0.5)
      try TrainerBinary.run("resume", run, "--set", "data.path=\(workshop.dataset)", "--set", "training.epochs=5")
        .expectError(2, "other data", workshop.dataset)
    }
  }

  @Test func tablesThatCannotBeImportedSayWhatToDo() throws {
    try withWorkshop { workshop in
      let output = workshop.path("out.h5")
      func importing(_ name: String, _ bytes: [UInt8], _ options: String...) throws -> CommandResult {
        try Data(bytes).write(to: URL(filePath: workshop.path(name)))
        return try TrainerBinary.run(["data", "import", workshop.path(name), "-o", output] + options)
      }
      try importing("t.csv.gz", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0]).expectError(3, "t.csv.gz", "cannot unpack", "gzip")
      try importing("t.csv", [0x50, 0x4B, 3, 4]).expectError(3, "zip")
      try importing("one.csv", Array("a~b\n1~2\n".utf8)).expectError(
        3, "no column left", "one field", "comma", "--delimiter")
      try importing("n.csv", Array("1,2\n3,4\n".utf8)).expectError(3, "a header was expected", "--no-header")
      // Labels of 32 bits: one image of one byte, and a class 2^27.
      try Data([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7]).write(to: URL(filePath: workshop.path("i.idx")))
      try Data([0, 0, 0x0C, 1, 0, 0, 0, 1, 8, 0, 0, 0]).write(to: URL(filePath: workshop.path("l.idx")))
      try TrainerBinary.run(
        "data", "import", workshop.path("i.idx"), "--labels", workshop.path("l.idx"), "-o", output
      ).expectError(3, "label 1 of", "l.idx", "134217728", "below 1000000")
      // A header that says 2^40 bytes.
      try Data([0, 0, 8, 2, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 7]).write(to: URL(filePath: workshop.path("i.idx")))
      try TrainerBinary.run(
        "data", "import", workshop.path("i.idx"), "--labels", workshop.path("l.idx"), "-o", output
      ).expectError(3, "i.idx", "truncated")
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }

  @Test(.enabled(if: Tool.path(of: "prlimit") != nil, "prlimit (util-linux) is not installed"))
  func aLimitOfMemoryIsAnErrorAndNoCrash() throws {
    try withWorkshop { workshop in
      let file = try HDF5.File.create(at: workshop.dataset)
      for name in ["inputs", "targets"] {
        _ = try file.root.createDataset(
          "train/\(name)", shape: [1 << 30, 1], type: .number(.float64), properties: .datasetCreation(chunk: [4096, 1]))
      }
      try file.close()
      let config = try workshop.makeConfig(units: 1, loss: "meanSquaredError")
      let result = try Tool.run("prlimit", ["--as=2000000000", TrainerBinary.path, "run", config])
      #expect(result.status == 3, "\(result.output)")
      #expect(result.output.contains(" GB of memory, but only ") && result.output.contains("ulimit -v"))
    }
  }
}
