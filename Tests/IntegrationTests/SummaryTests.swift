import TestSupport
import Testing

/// `trainer summary`: what it prints, and what it refuses.
@Suite struct SummaryTests {
  @Test func aSummaryIsATable() throws {
    let result = try TrainerBinary.run("summary", Repository.config("mlp"), "--workers", "2")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasPrefix("mlp: "))
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(result.output)")
    try TrainerBinary.run("summary", Repository.config("mlp"), "--best").expectError(2, "chooses a checkpoint of a run")
    try TrainerBinary.run("summary", Repository.path + "/runs-nowhere.json").expectError(2, "runs-nowhere.json")
  }
}
