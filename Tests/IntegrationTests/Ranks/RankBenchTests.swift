import Foundation
import Foundations
import TestSupport
import Testing

/// `trainer bench` with ranks, where an MPI is installed: what is sent, and that the bits are those of one process.
@Suite(.serialized) struct RankBenchTests {
  private static let config = Repository.config("softmax")
  static let launchers = ["mpirun", "mpiexec", "mpirun.openmpi", "mpirun.mpich"]
  static let isInstalled = launchers.contains { Tool.path(of: $0) != nil }
  static let isMissing: Comment = "no mpirun is on the PATH (scripts/setup --for ranks)"

  @Test(.enabled(if: isInstalled, isMissing)) func ranksAreStartedAndCompared() throws {
    let result = try TrainerBinary.run(
      "bench", "scaling", Self.config, "--ranks", "2,1", "--rounds", "1", "--seconds", "0.05", "--format", "json")
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let root = try JSONDocument(text: result.output, source: "bench").root
    let rows = try #require(root["rows"]?.elements)
    #expect(rows.compactMap { $0["ranks"]?.int } == [1, 2])
    #expect(root["digestsAgree"] == .boolean(true))
    #expect(rows.compactMap { $0["weakSamplesPerSecond"]?["median"]?.double }.allSatisfy { $0 > 0 })
    // Sums of half the parameters to the other rank, and the parameters of the own half: 2600 bytes in all; beside them the
    // statistics of two shards.
    let sent = rows.compactMap { $0["bytesSentPerStep"]?.int }
    #expect(sent.count == 2 && sent[0] == 0 && sent[1] > 1300 && sent[1] < 5200, "\(sent)")
  }

  @Test(.enabled(if: isInstalled, isMissing)) func textNamesRanks() throws {
    let result = try TrainerBinary.run(
      "bench", "scaling", Self.config, "--ranks", "1,2,3", "--workers", "1", "--rounds", "1", "--seconds", "0.05")
    #expect(result.status == 0, "\(result.errors)")
    for part in ["ranks  ", "sent a step", "all 3 numbers of ranks ended with sha256:", "Amdahl's law: "] {
      #expect(result.output.contains(part), "\(part) in \(result.output)")
    }
  }

  @Test func badInputIsOneSentence() throws {
    try TrainerBinary.run("bench", "scaling", Self.config, "--ranks", "1,8")
      .expectError(2, "8 ranks are more than the 4 shards", "training.shards to 8 or more")
    try TrainerBinary.run("bench", "scaling", Self.config, "--ranks", "0").expectError(2, "--ranks")
    try TrainerBinary.run("bench", "scaling", Self.config, "--ranks", "1,2", "--workers", "1,2")
      .expectError(2, "--ranks", "--workers")
  }

  @Test func aMachineWithoutMPIIsToldWhatToInstall() throws {
    let result = try TrainerBinary.run(
      ["bench", "scaling", Self.config, "--ranks", "1,2"], under: ["env", "PATH=/nowhere"])
    result.expectError(2, "mpirun, which is not on the PATH", "apt-get install openmpi-bin or mpich")
  }
}
