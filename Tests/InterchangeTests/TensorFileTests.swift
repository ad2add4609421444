import Checkpoints
import Datasets
import Foundation
import Foundations
import Interchange
import TestSupport
import Testing
import Training

/// Parameters in safetensors and NPZ files are the checkpoint's, to the bit.
@Suite struct TensorFileTests {
  /// Trains a model with state, in a precision; with a moving average of the parameters if asked.
  private func checkpoint(_ precision: String, averaging: Bool = false, in directory: String) throws -> String {
    try SmallRuns.checkpoint(
      """
      {"precision": "\(precision)", "name": "small", "model": {"layers": [{"type": "dense", "units": 3},
      {"type": "batchNormalization"}, {"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
      "optimizer": {"type": "adam"\(averaging ? ", \"averaging\": {\"decay\": 0.5}" : "")},
      "training": {"epochs": 2, "batchSize": 8, "shards": 2}}
      """, inputShape: [5], in: directory)
  }

  /// What a safetensors file holds, read by its description.
  private func safetensors(_ path: String) throws -> (header: JSONValue, tensors: [String: [UInt8]]) {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect((8 + length) % 8 == 0)
    let header = try JSONDocument(
      text: String(decoding: bytes[8..<8 + length], as: UTF8.self), source: "safetensors"
    ).root
    guard case .object(let members) = header else { return (header, [:]) }
    var tensors: [String: [UInt8]] = [:]
    for member in members.members where member.key != "__metadata__" {
      let places = (member.value["data_offsets"]?.elements ?? []).compactMap(\.int)
      try #require(places.count == 2)
      tensors[member.key] = Array(bytes[8 + length + places[0]..<8 + length + places[1]])
    }
    return (header, tensors)
  }

  private func bytes(_ tensor: CheckpointTensor) -> [UInt8] {
    tensor.withBytes { $0.withUnsafeBytes { Array($0) } }
  }

  @Test(arguments: ["float32", "float64"]) func safetensorsHoldTheBits(precision: String) throws {
    try withScratchDirectory { directory in
      let path = try checkpoint(precision, in: "\(directory)/run")
      let output = "\(directory)/a.safetensors"
      let report = try export(checkpoint: path, to: output, as: .safetensors)
      let stored = try CheckpointFile.read(path)
      #expect(report.tensors == 8 && report.numbers == 5 * 3 + 3 + 6 + 9 + 3 + 6 && report.inputs.isEmpty)
      let (header, tensors) = try safetensors(output)
      #expect(tensors.count == 8)
      for tensor in stored.parameters { #expect(tensors[tensor.name] == bytes(tensor), "\(tensor.name)") }
      for tensor in stored.state { #expect(tensors["state/\(tensor.name)"] == bytes(tensor), "\(tensor.name)") }
      #expect(header["dense1/weight"]?["dtype"]?.text == (precision == "float32" ? "F32" : "F64"))
      #expect(header["dense1/weight"]?["shape"]?.elements?.compactMap(\.int) == [5, 3])
      let metadata = try #require(header["__metadata__"])
      #expect(metadata["digest"]?.text == stored.digest.description && metadata["name"]?.text == "small")
      #expect(metadata["config"]?.text == stored.config && metadata["step"]?.text == "4")
      #expect(metadata["preprocessing"]?.text?.contains("\"inputShape\":[5]") == true)
    }
  }

  @Test func theMovingAverageIsWhatIsExported() throws {
    try withScratchDirectory { directory in
      let path = try checkpoint("float32", averaging: true, in: "\(directory)/run")
      let report = try export(checkpoint: path, to: "\(directory)/a.safetensors", as: .safetensors)
      #expect(report.notes.count == 1 && report.notes[0].contains("average"))
      let stored = try CheckpointFile.read(path)
      let average = try #require(stored.optimizer.first { $0.name == "average" })
      let tensors = try safetensors("\(directory)/a.safetensors").tensors
      for tensor in stored.parameters + stored.state {
        let place = stored.state.contains { $0.name == tensor.name } ? "state/\(tensor.name)" : tensor.name
        #expect(tensors[place] == Array(bytes(average)[4 * tensor.offset..<4 * (tensor.offset + tensor.count)]))
      }
      #expect(tensors["dense1/weight"] != stored.parameters.first.map(bytes))
    }
  }

  @Test(
    .enabled(if: Tool.pythonHas("numpy, safetensors"), "Python has no safetensors"), arguments: ["float32", "float64"])
  func pythonReadsBothFormats(precision: String) throws {
    try withScratchDirectory { directory in
      let path = try checkpoint(precision, in: "\(directory)/run")
      for format in [ExportFormat.safetensors, .npz] {
        _ = try export(checkpoint: path, to: "\(directory)/a.\(format.rawValue)", as: format)
      }
      let script = """
        import sys, json, numpy
        from safetensors.numpy import load_file
        a, b = load_file(sys.argv[1]), numpy.load(sys.argv[2])
        assert sorted(a) == sorted(b.files)
        print(json.dumps({k: [str(v.dtype), list(v.shape), v.tobytes().hex(), b[k].tobytes().hex(), list(b[k].shape)] for k, v in a.items()}))
        """
      let printed = try Tool.run(
        "python3", ["-c", script, "\(directory)/a.safetensors", "\(directory)/a.npz"])
      try #require(printed.status == 0, "\(printed.output)")
      let found = try JSONDocument(text: printed.output, source: "python").root
      let stored = try CheckpointFile.read(path)
      for (name, tensor) in stored.parameters.map({ ($0.name, $0) }) + stored.state.map({ ("state/\($0.name)", $0) }) {
        let row = try #require(found[name]?.elements)
        let digits = bytes(tensor).map { String(format: "%02x", $0) }.joined()
        #expect(row[0].text == precision && row[2].text == digits && row[3].text == digits, "\(name)")
        #expect(row[1].elements?.compactMap(\.int) == tensor.shape && row[4] == row[1], "\(name)")
      }
    }
  }

  @Test func archivesAreReadBack() throws {
    try withScratchDirectory { directory in
      let path = try checkpoint("float64", in: "\(directory)/run")
      let output = "\(directory)/a.npz"
      _ = try export(checkpoint: path, to: output, as: .npz)
      let archive = try ZIPArchive(StreamedBytes(path: output))
      let stored = try CheckpointFile.read(path)
      let tensors = stored.parameters + stored.state
      #expect(
        archive.members.map(\.name)
          == stored.parameters.map { "\($0.name).npy" } + stored.state.map { "state/\($0.name).npy" })
      for (member, tensor) in zip(archive.members, tensors) {
        // The checksum is compared where a member is read to its end.
        let file = try NPYFile(archive.open(member, name: member.name))
        #expect(file.header.shape == tensor.shape && !file.header.isColumnMajor, "\(member.name)")
        guard case .numbers(let table) = try file.values() else {
          Issue.record("\(member.name) holds no numbers")
          continue
        }
        #expect(table.bytes == bytes(tensor) && table.type == .float64, "\(member.name)")
      }
      // The same parameters give the same file.
      _ = try export(checkpoint: path, to: "\(directory)/b.npz", as: .npz)
      #expect(try Data(contentsOf: URL(filePath: output)) == Data(contentsOf: URL(filePath: "\(directory)/b.npz")))
    }
  }

  @Test func aFormulaHasParametersAndNoPredictions() throws {
    try withScratchDirectory { directory in
      let configuration = try RunConfiguration(
        json:
          #"{"parameters": {"w": [-5, 5], "b": 0.5}, "objective": "w[0]^2 + w[1]^2 + b^2", "training": {"steps": 3}}"#,
        output: "\(directory)/run")
      let path = try #require(try train(configuration).summary.checkpoint)
      _ = try export(checkpoint: path, to: "\(directory)/a.safetensors", as: .safetensors)
      let (header, tensors) = try safetensors("\(directory)/a.safetensors")
      #expect(Set(tensors.keys) == ["w", "b"] && header["b"]?["shape"]?.elements?.isEmpty == true)
      let error = try trainerError { try export(checkpoint: path, to: "\(directory)/a.onnx", as: .onnx) }
      #expect(error?.message.contains("of a formula, which has no predictions") == true)
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/a.onnx"))
    }
  }
}
