import Foundation
import Foundations
import TestSupport
import Testing

/// Convolutional networks through the program: the same promises as for all models.
@Suite struct ConvolutionTests {
  /// Digits as images, with all that keeps something from step to step.
  private func config(in directory: String, _ settings: String = "") throws -> String {
    let path = "\(directory)/digits-cnn.json"
    let text = """
      {"seed": 3, "data": {"path": "\(Repository.data("digits"))", "preprocessing": [{"type": "scale", "factor": 0.0625}]},
       "model": {"layers": [
         {"type": "reshape", "shape": [8, 8, 1]}, {"type": "randomShift", "most": 1},
         {"type": "convolution", "filters": 16, "kernel": 3, "padding": "same", "useBias": false},
         {"type": "batchNormalization"}, {"type": "activation", "activation": "relu"},
         {"type": "residual", "layers": [
           {"type": "convolution", "filters": 16, "kernel": 3, "padding": "same", "activation": "relu"}]},
         {"type": "maxPooling", "size": 2}, {"type": "dropout", "rate": 0.2}, {"type": "dense", "units": 10}]},
       "loss": "softmaxCrossEntropy", "metrics": ["accuracy"], "optimizer": {"type": "adam", "learningRate": 0.005},
       "training": {"epochs": 4, "batchSize": 48}\(settings)}
      """
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  @Test func neitherWorkersNorKillsChangeABit() throws {
    try withScratchDirectory { directory in
      let config = try config(in: directory)
      var digests: [String] = []
      for workers in ["1", "2", "7"] {
        let output = "\(directory)/\(workers)"
        let result = try TrainerBinary.run("run", config, "--workers", workers, "--output", output, "--quiet")
        #expect(result.status == 0, "\(result.errors)")
        digests.append(try Run(output).digest)
      }
      #expect(Set(digests).count == 1, "\(digests)")
      let kills = try TrainerBinary.run(
        "verify-resume", config, "--kills", "2", "--set", "checkpoints.every={\"steps\":5}", "--quiet")
      #expect(kills.status == 0, "\(kills.output)\(kills.errors)")
      // What a checkpoint keeps beside the parameters is part of the digest, and evaluation uses it.
      let run = "\(directory)/1"
      let summary = try TrainerBinary.run("evaluate", run, "--last", "--group", "test", "--format", "json")
      #expect(summary.status == 0, "\(summary.errors)")
      let evaluated = try JSONDocument(text: summary.output, source: "evaluate").root
      #expect(try #require(evaluated["metrics"]?["accuracy"]?.double) > 0.93, "\(summary.output)")
      let info = try TrainerBinary.run(
        "checkpoint", "info", "\(run)/checkpoints/\(try #require(checkpoints(of: run).last))")
      #expect(info.output.contains("batchNormalization1/variance"), "\(info.output)")
      let digest = try TrainerBinary.run(
        "checkpoint", "digest", "\(run)/checkpoints/\(try #require(checkpoints(of: run).last))")
      #expect(digest.output.contains(digests[0]), "\(digest.output)")
    }
  }

  private func checkpoints(of run: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: run + "/checkpoints").filter { $0.hasSuffix(".h5") }.sorted()
  }

  @Test func gradientsAreThoseOfDifferences() throws {
    try withScratchDirectory { directory in
      let result = try TrainerBinary.run("gradcheck", config(in: directory), "--samples", "12")
      #expect(result.status == 0, "\(result.output)\(result.errors)")
      #expect(result.output.contains("residual1/convolution1/weight"), "\(result.output)")
    }
  }

  @Test func whatDoesNotFitIsSaidBeforeDataAreRead() throws {
    try withScratchDirectory { directory in
      let config = try config(in: directory)
      try TrainerBinary.run(
        "run", config, "--set", "model.layers.2.kernel=[3,3,3]", "--output", "\(directory)/run"
      ).expectError(2, "layer 'convolution1'", "\"kernel\" has 3 numbers", "2 spatial axes")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run/config.json"))
      try TrainerBinary.run(
        "run", config, "--set", "optimizer={\"type\":\"lbfgs\"}", "--set", "training.batchSize=\"full\"", "--output",
        "\(directory)/run"
      ).expectError(2, "randomShift")
    }
  }
}
