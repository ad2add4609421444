import Foundation
import TestSupport
import Testing

@Suite struct GradcheckTests {
  @Test func aModelPassesOnASampleThatIsStated() throws {
    let result = try TrainerBinary.run("gradcheck", Repository.config("mlp"))
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(
      lines.prefix(3) == [
        "gradient of mlp as a run computes it, in float64, against central differences",
        "  64 samples in 4 shards of 16", "  34 samples in 4 shards of 8 and 9",
      ])
    #expect(lines[3].split(separator: " ").suffix(3) == ["shortcuts", "off", "float32"])
    #expect(lines.contains { $0.hasPrefix("dense1/weight  slots, packed             64 of 8192  ") })
    #expect(lines.contains { $0.hasPrefix("dense2/weight  transposed slots, packed  64 of 1280  ") })
    #expect(lines.contains { $0.hasPrefix("dense2/bias    slots                     all 10 ") })
    #expect(lines.contains { $0.hasPrefix("coordinates drawn with the seed ") })
    #expect(lines.contains { $0.hasPrefix("worst: dense") && $0.contains("] is ") && $0.contains(" in the run, ") })
    #expect(lines.last == "all within 1e-06")
    // The seed settles the sample.
    let runs = try ["3", "3", "4"].map { try TrainerBinary.run("gradcheck", Repository.config("mlp"), "--seed", $0) }
    #expect(runs[0].output == runs[1].output && runs[0].output != runs[2].output)
    #expect(runs[0].output.contains("coordinates drawn with the seed 3\n"))
  }

  @Test func everyCoordinate() throws {
    let result = try TrainerBinary.run("gradcheck", Repository.config("softmax"), "--all", "--samples", "3")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("\n  3 samples in 3 shards of 1\n  2 samples in 2 shards of 1\n"))
    #expect(result.output.contains("dense1/weight  transposed slots, packed  all 640  "))
    #expect(!result.output.contains("seed"))
  }

  @Test func aFormulaPasses() throws {
    let result = try TrainerBinary.run("gradcheck", Repository.path + "/configs/notes/bowl.json")
    #expect(result.status == 0 && result.output.contains("\n  1 sample in one shard\n"))
    #expect(result.output.contains("\nw          slots              all 2  "))
    #expect(result.output.contains("worst: w["))
  }

  @Test func aGradientAboveTheToleranceFails() throws {
    let result = try TrainerBinary.run("gradcheck", Repository.config("softmax"), "--tolerance", "1e-16")
    #expect(result.status == 1 && result.output.contains("worst: dense1/") && !result.output.contains("all within"))
    #expect(result.errors == "error: the gradient of softmax is off by more than the tolerance 1e-16\n")
    for option in [["--samples", "0"], ["--coordinates", "0"], ["--tolerance", "0"], ["--seed", "x"]] {
      #expect(try TrainerBinary.run(["gradcheck", Repository.config("softmax")] + option).status == 2)
    }
    try TrainerBinary.run("gradcheck", "none.json").expectError(2, "none.json")
  }
}
