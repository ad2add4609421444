import Checkpoints
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Runs that begin with parameters from a file, and runs that leave some as they are.
@Suite struct InitialTests {
  /// A small model with running averages on rows of five numbers in three classes.
  private static func config(
    _ initial: String = "", units: Int = 3, precision: String = "float32", optimizer: String = #"{"type": "adam"}"#,
    rest: String = ""
  ) -> String {
    """
    {"seed": 3, "precision": "\(precision)", "model": {"layers": [{"type": "dense", "units": 4, "activation": "tanh"},
    {"type": "batchNormalization"}, {"type": "dense", "units": 4}, {"type": "dense", "units": \(units), "name": "head"}]},
    "loss": "softmaxCrossEntropy", "optimizer": \(optimizer), "training": {"epochs": 3, "batchSize": 8, "shards": 2}
    \(initial.isEmpty ? "" : ", \"initial\": \(initial)")\(rest.isEmpty ? "" : ", \(rest)")}
    """
  }

  private func arrays() throws -> TrainingArrays {
    var (inputs, targets): ([[Float]], [Int]) = ([], [])
    for row in 0..<24 {
      inputs.append((0..<5).map { column -> Float in Float(sin(1.7 * Double(5 * row + column))) })
      targets.append(row * row % 3)
    }
    return try TrainingArrays(inputs: inputs, targets: targets)
  }

  private func run(
    _ config: String, _ directory: String, workers: Int = 1, stopAtFirst: Bool = false
  ) throws -> Checkpoint {
    let control = RunControl()
    if stopAtFirst { control.stop() }
    let outcome = try train(
      RunConfiguration(json: config, output: directory), on: arrays(),
      options: RunOptions(workers: workers, control: control))
    return try CheckpointFile.read(#require(outcome.summary.checkpoint))
  }

  private func bytes(_ checkpoint: Checkpoint, _ name: String) -> [UInt8]? {
    (checkpoint.parameters + checkpoint.state).first { $0.name == name }?
      .withBytes { $0.withUnsafeBytes { Array($0) } }
  }

  /// Tensors of single precision in a safetensors file.
  private func write(_ tensors: [(name: String, shape: [Int], values: [Float])], to path: String) throws {
    var (members, data): ([String], [UInt8]) = ([], [])
    for tensor in tensors {
      let start = data.count
      data += tensor.values.withUnsafeBytes { Array($0) }
      members.append(
        #""\#(tensor.name)":{"dtype":"F32","shape":\#(tensor.shape),"data_offsets":[\#(start),\#(data.count)]}"#)
    }
    let header = Array("{\(members.joined(separator: ","))}".utf8)
    let length: [UInt8] = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    try Data(length + header + data).write(to: URL(filePath: path))
  }

  private func initial(_ path: String, _ rest: String = "") -> String {
    #"{"path": "\#(path)"\#(rest.isEmpty ? "" : ", \(rest)")}"#
  }

  @Test func aRunBeginsWhereAnotherEnded() throws {
    try withScratchDirectory { directory in
      let first = try run(Self.config(), "\(directory)/first")
      // No step is done: the rate is 0.
      let still = #"{"type": "sgd", "learningRate": 1e-300}"#
      for path in ["\(directory)/first", "\(directory)/first/checkpoints/step-000000009.h5"] {
        let copy = try run(
          Self.config(initial(path, #""freeze": ["batchNormalization1"]"#), optimizer: still),
          "\(directory)/\(path.count)")
        #expect(copy.digest == first.digest)
      }
      let other = try run(
        Self.config(
          initial("\(directory)/first", #""match": ["dense*", "batchNormalization1"]"#), units: 5, optimizer: still),
        "\(directory)/other")
      for name in ["dense1/weight", "dense1/bias", "dense2/weight", "batchNormalization1/scale"] {
        #expect(bytes(other, name) == bytes(first, name), "\(name)")
      }
      #expect(other.parameters.first { $0.name == "head/weight" }?.shape == [4, 5])
    }
  }

  @Test func namesAreMatchedRenamedAndTransposed() throws {
    try withScratchDirectory { directory in
      let weight: [Float] = (0..<20).map { number -> Float in Float(number) * 0.1 }
      try write(
        [("fc1.weight", [4, 5], weight), ("fc1.bias", [4], [1, 2, 3, 4]), ("other", [2], [0, 0])],
        to: "\(directory)/theirs.safetensors")
      let config = Self.config(
        initial(
          "\(directory)/theirs.safetensors",
          #""match": "dense1", "rename": {"fc1": "dense1"}, "transpose": "dense1/weight""#),
        optimizer: #"{"type": "sgd", "learningRate": 1e-300}"#)
      let checkpoint = try run(config, "\(directory)/run")
      var ours: [Float] = []
      for input in 0..<5 {
        for unit in 0..<4 { ours.append(weight[unit * 5 + input]) }
      }
      #expect(bytes(checkpoint, "dense1/weight") == ours.withUnsafeBytes { Array($0) })
      let bias: [Float] = [1, 2, 3, 4]
      #expect(bytes(checkpoint, "dense1/bias") == bias.withUnsafeBytes { Array($0) })
      let without = try run(Self.config(optimizer: #"{"type": "sgd", "learningRate": 1e-300}"#), "\(directory)/without")
      #expect(bytes(checkpoint, "dense2/weight") == bytes(without, "dense2/weight"))
    }
  }

  @Test func whatDoesNotFitIsNamed() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/a.safetensors"
      try write(
        [
          ("dense1/weight", [4, 5], Array(repeating: 1, count: 20)), ("dense1/biass", [4], [1, 2, 3, 4]),
          ("dense2/bias", [4], [1, .nan, 3, 4]),
        ], to: path)
      try Data("no tensors".utf8).write(to: URL(filePath: "\(directory)/text"))
      let cases: [(String, [String])] = [
        (initial(path, #""match": "dense1/weight""#), ["[4, 5]", "[5, 4]", "transpose", path]),
        (initial(path, #""match": "dense1/bias""#), ["no tensor 'dense1/bias'", "the nearest is 'dense1/biass'"]),
        (initial(path, #""match": "dense2/bias""#), ["'dense2/bias'", "nan"]),
        (initial(path, #""match": "dens1""#), ["initial.match", "\"dens1\"", "did you mean \"dense1\""]),
        (initial(path, #""freeze": "hed""#), ["initial.freeze", "did you mean \"head\""]),
        (initial("\(directory)/none.npz"), ["there is no file", "none.npz"]),
        (initial("\(directory)/text"), ["no file of parameters", "text"]),
        (#"{"freeze": "*"}"#, ["initial.freeze", "nothing to train"]),
        (#"{"match": "*"}"#, ["neither \"path\" nor \"freeze\""]),
        (#"{"freeze": "head", "match": "*"}"#, ["initial.match", "no \"path\""]),
        (#"{"freeze": 3}"#, ["initial.freeze", "expected a name or pattern"]),
        (#"{"path": "x", "froze": "head"}"#, ["initial.froze", "freeze"]),
      ]
      for (text, parts) in cases {
        let output = "\(directory)/run"
        let error = try trainerError { try run(Self.config(text), output) }
        #expect(error?.code == .usage, "\(text)")
        for part in parts { #expect(error?.message.contains(part) == true, "\(text): \(error?.message ?? "none")") }
        #expect(!FileManager.default.fileExists(atPath: output), "\(text)")
      }
    }
  }

  /// Decay, penalties, momentum, norms and averages change no bit of what is frozen, and gradients go through it.
  @Test(arguments: [
    #"{"type": "sgd", "learningRate": 0.1, "momentum": 0.9}"#,
    #"{"type": "adamw", "weightDecay": 0.1, "clipNorm": 0.5, "averaging": {"decay": 0.9}}"#,
    #"{"type": "lamb", "weightDecay": 0.1}"#,
    #"{"type": "adam", "groups": [{"match": "dense2/*", "learningRate": 1}]}"#,
  ])
  func whatIsFrozenStays(optimizer: String) throws {
    try withScratchDirectory { directory in
      let first = try run(Self.config(), "\(directory)/first")
      func tuned(_ freeze: String, _ name: String, workers: Int = 1) throws -> Checkpoint {
        try run(
          Self.config(
            initial("\(directory)/first", #""freeze": \#(freeze)"#), optimizer: optimizer,
            rest: #""penalties": {"l2": 0.1, "l1": 0.01}"#), "\(directory)/\(name)", workers: workers)
      }
      let middle = try tuned(#"["dense2", "batchNormalization1"]"#, "middle")
      for name in [
        "dense2/weight", "dense2/bias", "batchNormalization1/scale", "batchNormalization1/shift",
        "batchNormalization1/mean", "batchNormalization1/variance",
      ] {
        #expect(bytes(middle, name) == bytes(first, name), "\(name)")
      }
      // What is in front learns through it.
      for name in ["dense1/weight", "dense1/bias", "head/weight", "head/bias"] {
        #expect(bytes(middle, name) != bytes(first, name), "\(name)")
      }
      if let average = middle.optimizer.first(where: { $0.name == "average" })?.doubles {
        for tensor in middle.parameters where tensor.name.hasPrefix("dense2") {
          #expect(Array(average[tensor.offset..<tensor.offset + tensor.count]) == tensor.doubles, "\(tensor.name)")
        }
      }
      let many = try tuned(#"["dense2", "batchNormalization1"]"#, "many", workers: 3)
      #expect(many.digest == middle.digest)

      let patterned = try tuned(#""*/weight""#, "patterned")
      for name in ["dense1/weight", "dense2/weight", "head/weight"] {
        #expect(bytes(patterned, name) == bytes(first, name))
      }
      for name in ["dense1/bias", "head/bias", "batchNormalization1/mean"] {
        #expect(bytes(patterned, name) != bytes(first, name), "\(name)")
      }
    }
  }

  /// A matrix that is large enough for its gradient to be a product, and so has no place for one where it is frozen.
  private static func wide(_ initial: String, _ directory: String) -> TrainingCase {
    TrainingCase(
      name: "frozen", data: "iris", preprocessing: #"["standardize"]"#,
      settings: #"""
        "model": {"layers": [{"type": "dense", "units": 128, "activation": "tanh"}, {"type": "batchNormalization"},
          {"type": "dense", "units": 256, "activation": "relu"}, {"type": "dense", "units": 3}]},
        "loss": "softmaxCrossEntropy", "optimizer": {"type": "adam", "learningRate": 0.01, "averaging": {"decay": 0.9}},
        "training": {"epochs": 2, "batchSize": 26, "shards": 5}\#(initial)
        """#)
  }

  @Test func ranksAndShortcutsChangeNoBit() throws {
    try withScratchDirectory { directory in
      _ = try train(Self.wide("", directory).configuration(output: "\(directory)/first"))
      let initial = #", "initial": {"path": "\#(directory)/first", "freeze": ["dense2", "batchNormalization1"]}"#
      let tuned = Self.wide(initial, directory)
      let alone = try train(tuned.configuration(output: "\(directory)/alone"), options: RunOptions(workers: 2))
      let first = try CheckpointFile.read(RunDirectory("\(directory)/first").checkpoints.path(ofStep: 10))
      let last = try CheckpointFile.read(RunDirectory("\(directory)/alone").checkpoints.path(ofStep: 10))
      // What a run takes is what the other evaluates with, its average.
      let average = try #require(first.optimizer.first { $0.name == "average" }?.doubles)
      for tensor in last.parameters + last.state where tensor.name.hasPrefix("dense2") || tensor.name.hasPrefix("batch")
      {
        #expect(tensor.doubles == Array(average[tensor.offset..<tensor.offset + tensor.count]), "\(tensor.name)")
      }
      for count in [2, 3] {
        let output = "\(directory)/\(count)"
        for result in try trainOnRanks(count, seed: UInt64(count), { _ in try tuned.configuration(output: output) }) {
          #expect(try result.get().summary.digest == alone.summary.digest, "\(count) ranks")
        }
      }
    }
  }

  @Test func reproducingSeesOtherParameters() throws {
    try withScratchDirectory { directory in
      let first = Self.wide("", directory)
      _ = try train(first.configuration(output: "\(directory)/first"))
      let initial = #", "initial": {"path": "\#(directory)/first", "freeze": "dense2"}"#
      _ = try train(Self.wide(initial, directory).configuration(output: "\(directory)/tuned"))
      let path = RunDirectory("\(directory)/tuned").checkpoints.path(ofStep: 10)
      #expect(try Reproduction.run(checkpoint: path, in: "\(directory)/again")?.isEqual == true)

      _ = try train(first.configuration(output: "\(directory)/other", "seed=9"))
      try FileManager.default.removeItem(atPath: "\(directory)/first")
      try FileManager.default.moveItem(atPath: "\(directory)/other", toPath: "\(directory)/first")
      let other = try #require(try Reproduction.run(checkpoint: path, in: "\(directory)/twice"))
      #expect(!other.isEqual && other.found == nil)
      #expect(other.circumstances.contains { $0.contains("began with are others") }, "\(other.circumstances)")
    }
  }

  /// A step changes what is not frozen as it does where nothing is.
  @Test func theOthersGradientsAreTheSame() throws {
    try withScratchDirectory { directory in
      func step(_ initial: String) throws -> Checkpoint {
        try run(
          Self.config(initial, optimizer: #"{"type": "sgd", "learningRate": 0.1}"#), "\(directory)/\(initial.count)",
          stopAtFirst: true)
      }
      let (all, some) = (try step(""), try step(#"{"freeze": ["dense2", "batchNormalization1/scale"]}"#))
      #expect(all.step == 1 && some.step == 1)
      for tensor in all.parameters + all.state {
        let isFrozen = tensor.name.hasPrefix("dense2") || tensor.name == "batchNormalization1/scale"
        #expect((bytes(some, tensor.name) == bytes(all, tensor.name)) == !isFrozen, "\(tensor.name)")
      }
    }
  }

  @Test func aFrozenFormulaParameterStays() throws {
    try withScratchDirectory { directory in
      let outcome = try train(
        RunConfiguration(
          json: """
            {"parameters": {"w": [2, 3], "b": 1.5, "c": 4}, "objective": "(w[0]*b)^2 + (w[1] - c)^2",
            "initial": {"freeze": ["b", "c"]}, "training": {"steps": 20}}
            """, output: "\(directory)/run"))
      let checkpoint = try CheckpointFile.read(#require(outcome.summary.checkpoint))
      let values = Dictionary(uniqueKeysWithValues: checkpoint.parameters.map { ($0.name, $0.doubles) })
      #expect(values["b"] == [1.5] && values["c"] == [4] && values["w"] != [2, 3])
    }
  }

  @Test func aResumeNeedsNoFileAndSeesOtherContents() throws {
    try withScratchDirectory { directory in
      let first = try run(Self.config(), "\(directory)/first")
      try FileManager.default.copyItem(
        atPath: "\(directory)/first/checkpoints/step-000000009.h5", toPath: "\(directory)/a.h5")
      let config = Self.config(initial("\(directory)/a.h5", #""freeze": "dense2""#))
      let whole = try run(config, "\(directory)/whole")
      #expect(whole.provenance["initialContents"]?.hasPrefix("sha256:") == true)
      _ = try run(config, "\(directory)/part", stopAtFirst: true)
      try FileManager.default.moveItem(atPath: "\(directory)/a.h5", toPath: "\(directory)/b.h5")
      let resumed = try run(config, "\(directory)/part")
      #expect(resumed.digest == whole.digest && resumed.step == whole.step)
      #expect(resumed.provenance["initialContents"] == whole.provenance["initialContents"])
      // The same parameters in another place are the same run; others are not.
      let moved = Self.config(initial("\(directory)/b.h5", #""freeze": "dense2""#))
      #expect(try run(moved, "\(directory)/part").digest == whole.digest)
      let other = try run(Self.config(optimizer: #"{"type": "sgd", "learningRate": 0.2}"#), "\(directory)/other")
      #expect(other.digest != first.digest)
      let changed = Self.config(initial("\(directory)/other", #""freeze": "dense2""#))
      let error = try trainerError { try run(changed, "\(directory)/part") }
      #expect(
        error?.code == .usage && error?.message.contains("began with other parameters") == true,
        "\(error?.message ?? "none")")
      let freed = Self.config(initial("\(directory)/b.h5"))
      let difference = try trainerError { try run(freed, "\(directory)/part") }
      #expect(difference?.message.contains("initial.freeze") == true, "\(difference?.message ?? "none")")
    }
  }
}
