import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Mutated inputs of every kind that the program reads, from fixed seeds. `make fuzz` runs the long form; a case that
/// fails is run alone with `FUZZ_CASE=kind:seed`.
@Suite(.serialized) struct FuzzTests {
  /// The share of all cases that a kind has, of a hundred.
  private func count(_ share: Int) -> Int {
    let all = ProcessInfo.processInfo.environment["FUZZ"].flatMap { Int($0) } ?? 600
    return max(1, all * share / 100)
  }

  // MARK: Texts

  @Test func configs() throws {
    let texts = try ["iris", "mlp", "formula", "bowl"].map { try FuzzInputs.config($0) }
    try FuzzTrial.run("config", count: count(16)) { directory, random in
      let text = random.change(random.pick(texts), tokens: FuzzRandom.values + FuzzInputs.words)
      try Data(text.utf8).write(to: URL(filePath: directory + "/c.json"))
      let commands = [
        ["run", "c.json", "--output", "out", "--stop-after", "1s"], ["gradcheck", "c.json", "--coordinates", "2"],
        ["graph", "--config", "c.json", "--plan"],
      ]
      return .init(arguments: random.pick([commands[0]] + commands))
    }
  }

  @Test func overrides() throws {
    let text = try FuzzInputs.config("mlp")
    try FuzzTrial.run("set", count: count(12)) { directory, random in
      try Data(text.utf8).write(to: URL(filePath: directory + "/c.json"))
      var arguments = ["run", "c.json", "--output", "out", "--stop-after", "1s"]
      for _ in 0..<random.pick([1, 1, 2]) {
        arguments += [
          "--set", random.pick(FuzzInputs.keys) + "=" + random.pick(FuzzRandom.values).filter { $0 != "\0" },
        ]
      }
      return .init(arguments: arguments)
    }
  }

  @Test func options() throws {
    let text = try FuzzInputs.config("iris")
    try FuzzTrial.run("option", count: count(8)) { directory, random in
      try Data(text.utf8).write(to: URL(filePath: directory + "/c.json"))
      let value = random.pick(FuzzRandom.numbers)
      let calls = [
        ["run", "c.json", "--output", "out", "--workers", value],
        ["run", "c.json", "--output", "out", "--stop-after", value],
        ["run", "c.json", "--output", "out", "--stop-after", value + "s"],
        ["gradcheck", "c.json", "--samples", value], ["gradcheck", "c.json", "--coordinates", value, "--samples", "2"],
        ["gradcheck", "c.json", "--seed", value, "--samples", "2"],
        ["gradcheck", "c.json", "--tolerance", value, "--samples", "2"],
        ["gradient", "w^2", "--at", "w=" + value], ["gradient", "sum(w^2)", "--at", "w=\(value),1"],
        ["gradient", "w[\(value)]", "--at", "w=1,2"],
        ["gradient", "sum(broadcast_to(w, [\(value), 2]))", "--at", "w=1"],
        ["gradient", "sum(pad(w, \(value)))", "--at", "w=1,2"],
        ["gradient", "sum(one_hot(w, \(value)))", "--at", "w=1,2"],
        ["gradient", "sum(w, axis=\(value))", "--at", "w=1,2"], ["gradient", "w^\(value)", "--at", "w=2"],
        ["bench", "steps", "c.json", "--seconds", random.pick(["1e300", "-1", "0", "nan", "1e-9", "inf", "x"])],
        ["verify-resume", "c.json", "--kills", random.pick(["-1", "9223372036854775807", "x", "1e3"])],
        ["sweep", "c.json", "--over", "optimizer.learningRate=[\(value)]", "--output", "out"],
      ]
      return .init(arguments: random.pick(calls))
    }
  }

  @Test func formulas() throws {
    try FuzzTrial.run("formula", count: count(14)) { directory, random in
      let formula = random.change(
        random.pick(FuzzInputs.formulas), tokens: FuzzRandom.numbers + FuzzInputs.formulaWords
      )
      .filter { $0 != "\0" }
      let at = random.pick([
        "w=1,2", "w=1,2,3,4", "w=[[1,2],[3,4]]", "w=0", "w=-1e308", "w=" + random.pick(FuzzRandom.values),
      ])
      .filter { $0 != "\0" }
      let command = random.pick([
        ["gradient"], ["gradient"], ["gradient", "--format", "json"], ["gradient", "--hessian"], ["graph"],
      ])
      return .init(arguments: command + [formula, "--at", at])
    }
  }

  // MARK: Tables

  @Test func csvTables() throws {
    try FuzzTrial.run("csv", count: count(10)) { directory, random in
      let table = random.damage(Array(random.pick(FuzzInputs.tables).utf8))
      try Data(table).write(to: URL(filePath: directory + "/t.csv"))
      return .init(arguments: [
        "data", "import", "t.csv", "--target", random.pick(["kind", "y", "x"]), "--output", "out.h5",
      ])
    }
  }

  @Test func arrayFiles() throws {
    let fixture = try Fixture.read("arrays")
    let (arrays, archives) = (
      try fixture.member("arrays").elements ?? [], try fixture.member("archives").elements ?? []
    )
    for (kind, cases) in [("npy", arrays.map { $0["bytes"] }), ("npz", archives.map { $0["bytes"] })] {
      let files = cases.compactMap { $0?.hexadecimalBytes }
      try FuzzTrial.run(kind, count: count(3)) { directory, random in
        try Data(random.damage(random.pick(files))).write(to: URL(filePath: directory + "/a." + kind))
        let options = random.pick([[], ["--task", "regression"], ["--split", "none"], ["--format", kind]])
        return .init(arguments: ["data", "import", "a." + kind, "--output", "out.h5"] + options)
      }
    }
  }

  @Test func linesOfText() throws {
    let tables = try Fixture.read("sparse").member("tables").elements?.compactMap { $0["text"]?.text } ?? []
    for (kind, texts) in [("libsvm", tables), ("jsonl", FuzzInputs.jsonLines)] {
      try FuzzTrial.run(kind, count: count(3)) { directory, random in
        let text = random.pick(texts)
        let bytes =
          random.chance(2)
          ? random.damage(Array(text.utf8)) : Array(random.change(text, tokens: FuzzRandom.values).utf8)
        try Data(bytes).write(to: URL(filePath: directory + "/t." + kind))
        return .init(arguments: ["data", "import", "t." + kind, "--output", "out.h5"])
      }
    }
  }

  @Test func idxFiles() throws {
    try FuzzTrial.run("idx", count: count(6)) { directory, random in
      func idx(_ type: UInt8, _ extents: [UInt32], _ data: [UInt8]) -> [UInt8] {
        [0, 0, type, UInt8(extents.count)]
          + extents.flatMap { [UInt8($0 >> 24), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)] } + data
      }
      let images = idx(8, [10, 2, 3], (0..<60).map { UInt8($0) })
      let type: UInt8 = random.pick([8, 8, 0x0C])
      let labels = idx(
        type, [10], type == 8 ? (0..<10).map { UInt8($0 % 3) } : (0..<40).map { $0 % 4 == 3 ? UInt8($0 % 3) : 0 })
      let damagesLabels = random.chance(2)
      try Data(damagesLabels ? images : random.damage(images)).write(
        to: URL(filePath: directory + "/i-images-idx3-ubyte"))
      try Data(damagesLabels ? random.damage(labels) : labels).write(
        to: URL(filePath: directory + "/i-labels-idx1-ubyte"))
      return .init(arguments: [
        "data", "import", "i-images-idx3-ubyte", "--labels", "i-labels-idx1-ubyte", "--output", "out.h5",
      ])
    }
  }

  // MARK: HDF5

  @Test func datasets() throws {
    let config = try FuzzInputs.config("iris")
    try withMemoryDirectory { shared in
      let files = try FuzzInputs.datasets(in: shared)
      let trained = shared + "/run"
      try FuzzInputs.train(config, data: files[0].path, into: trained)
      let checkpoint = try FuzzInputs.newest(in: trained)
      try FuzzTrial.run("hdf5", count: count(16)) { directory, random in
        let file = random.pick(files)
        try Data(random.damage(file.bytes)).write(to: URL(filePath: directory + "/d.h5"))
        try Data(config.replacing(Repository.data("iris"), with: "d.h5").utf8).write(
          to: URL(filePath: directory + "/c.json"))
        return .init(
          arguments: random.pick([
            ["data", "info", "d.h5"], ["run", "c.json", "--output", "out", "--stop-after", "1s"],
            ["evaluate", checkpoint, "--data", "d.h5"], ["predict", checkpoint, "d.h5", "--output", "p.h5"],
          ]))
      }
    }
  }

  // Files of others, whose parts the config names: columns of compound tables, sparse rows, ranges that the file itself says.
  @Test func mappedDatasets() throws {
    let config = try FuzzInputs.config("iris")
    let files = try FuzzInputs.foreign()
    try FuzzTrial.run("mapped", count: count(12)) { directory, random in
      let file = random.pick(files)
      try Data(random.chance(12) ? file.bytes : random.damage(file.bytes)).write(to: URL(filePath: directory + "/d.h5"))
      try Data(config.replacing(Repository.data("iris"), with: "d.h5").utf8).write(
        to: URL(filePath: directory + "/c.json"))
      let settings = (file.settings + ["data.preprocessing=[]"]).flatMap { ["--set", $0] }
      let run = ["run", "c.json", "--output", "out", "--stop-after", "1s"] + settings
      return .init(arguments: random.pick([run, run, ["data", "info", "d.h5"]]))
    }
  }

  @Test func checkpoints() throws {
    let config = try FuzzInputs.config("iris")
    try withMemoryDirectory { shared in
      let data = try FuzzInputs.datasets(in: shared)[0].path
      let trained = shared + "/run"
      try FuzzInputs.train(config, data: data, into: trained)
      let whole = [UInt8](try Data(contentsOf: URL(filePath: FuzzInputs.newest(in: trained))))
      for (kind, isRepaired) in [("checkpoint", false), ("resealed", true)] {
        try FuzzTrial.run(kind, count: count(6)) { directory, random in
          let path = directory + "/k.h5"
          var bytes = random.damage(whole, from: isRepaired && !random.chance(6) ? 512 : 0)
          if isRepaired { FuzzInputs.reseal(&bytes, &random) }
          try Data(bytes).write(to: URL(filePath: path))
          return .init(
            arguments: random.pick([
              ["checkpoint", "info", "k.h5"], ["checkpoint", "verify", "k.h5"], ["checkpoint", "digest", "k.h5"],
              ["checkpoint", "diff", "k.h5", "k.h5"], ["evaluate", "k.h5"],
              ["predict", "k.h5", data, "--output", "p.h5"],
            ]))
        }
      }
    }
  }

  @Test func resumedDirectories() throws {
    let config = try FuzzInputs.config("iris")
    try withMemoryDirectory { shared in
      let data = try FuzzInputs.datasets(in: shared)[0].path
      let trained = shared + "/run"
      try FuzzInputs.train(config, data: data, into: trained)
      let kept = try files(in: trained).sorted()
      try FuzzTrial.run("resume", count: count(12)) { directory, random in
        try FileManager.default.copyItem(atPath: trained, toPath: directory + "/run")
        let victims = kept.filter {
          $0.hasSuffix(".h5") || $0.hasSuffix(".json") || $0.hasSuffix(".jsonl") || $0 == ".lock"
        }
        for _ in 0..<random.pick([1, 1, 2, 3]) {
          let path = directory + "/run/" + random.pick(victims)
          guard FileManager.default.fileExists(atPath: path) else { continue }
          switch random.number(0..<6) {
          case 0: try FileManager.default.removeItem(atPath: path)
          case 1: try Data().write(to: URL(filePath: path))
          case 2 where !path.hasSuffix(".h5"):
            let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
            try Data(random.change(text, tokens: FuzzRandom.values).utf8).write(to: URL(filePath: path))
          default:
            var bytes = random.damage([UInt8](try Data(contentsOf: URL(filePath: path))))
            if path.hasSuffix(".h5"), random.chance(2) { FuzzInputs.reseal(&bytes, &random) }
            try Data(bytes).write(to: URL(filePath: path))
          }
        }
        let set = random.pick([[], [], ["--set", "training.epochs=" + random.pick(["3", "4", "9"])]])
        return .init(
          arguments: random.pick([
            ["resume", "run", "--stop-after", "1s"] + set, ["plot", "run"],
            ["evaluate", "run/checkpoints/" + "step-000000008.h5"],
          ]), leavesNothing: false)
      }
    }
  }
}
