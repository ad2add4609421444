import DataParallel
import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// How cores are divided among ranks, and how errors of one rank become those of all.
@Suite struct RankRulesTests {
  private typealias Grant = RankCores.Grant

  @Test(
    arguments: [
      ("0-3", [0, 1, 2, 3]), ("5", [5]), ("0-1,4,8-9", [0, 1, 4, 8, 9]), ("\t0-1\n", [0, 1]), ("", []),
    ] as [(String, [Int])])
  func listsOfCoresAreRead(text: String, cores: [Int]) { #expect(Grant.cores(in: text) == cores) }

  @Test func coresAreDividedAmongTheRanksThatMayUseThem() {
    let eight = Grant(cores: Array(0..<8), hostCores: 8)
    func workers(_ hosts: [String], _ grants: [Grant]) -> [Int] { RankCores(hosts: hosts, grants: grants).workers }
    // Three ranks of one host, and one that has its host for itself.
    #expect(workers(["a", "a", "b", "a"], [eight, eight, eight, eight]) == [3, 3, 8, 2])
    // Bound to cores of their own.
    #expect(
      workers(["a", "a"], [Grant(cores: [0, 1], hostCores: 8), Grant(cores: [2, 3, 4], hostCores: 8)]) == [2, 3])
    // One of both may use all: it gets those that the other may not use.
    #expect(
      workers(["a", "a"], [Grant(cores: [0, 1], hostCores: 4), Grant(cores: [0, 1, 2, 3], hostCores: 4)]) == [2, 2])
    // More ranks than cores.
    #expect(workers(["a", "a", "a"], [Grant](repeating: Grant(cores: [0, 1], hostCores: 2), count: 3)) == [1, 1, 1])
    // A container of three cores' time on a large machine, for two ranks.
    let limited = Grant(cores: Array(0..<8), hostCores: 8, quota: 3)
    #expect(workers(["a", "a"], [limited, limited]) == [2, 2])
  }

  @Test func oneCoreAmongManyIsNoticed() {
    func narrow(_ grants: [Grant]) -> Int? {
      RankCores(hosts: grants.map { _ in "a" }, grants: grants).narrow?.rank
    }
    #expect(narrow([Grant(cores: [0, 1], hostCores: 4), Grant(cores: [2], hostCores: 4)]) == 1)
    // As many ranks as cores, each bound to its own: all is in use.
    #expect(narrow((0..<4).map { Grant(cores: [$0], hostCores: 4) }) == nil)
    #expect(narrow((0..<3).map { Grant(cores: [$0], hostCores: 4) }) == 0)
    #expect(narrow([Grant(cores: [0], hostCores: 1)]) == nil)
  }

  @Test func errorsOfOneRankAreAllRanks() throws {
    let odd = try sharedError(
      onRanks(5) { ranks in
        try ranks.together {
          if ranks.rank % 2 == 1 {
            throw TrainerError(.checkpoint, "no \(ranks.rank)", remedy: .init("group", "do it"))
          }
        }
      })
    #expect(
      odd
        == TrainerError(
          .checkpoint, "rank 1 on host host1 (and 1 more of 5 ranks): no 1", remedy: .init("group", "do it")))
    let all = try sharedError(
      onRanks(3) { ranks in try ranks.together { throw TrainerError(.data, "none", excerpt: "here") } }
        .map { (result: Result<Void, any Error>) in result })
    #expect(all == TrainerError(.data, "none", excerpt: "here"))
    let first = try sharedError(
      onRanks(3) { ranks in
        try ranks.onFirst { throw TrainerError(.usage, "taken") }
        throw TrainerError(.usage, "nobody comes here")
      } as [Result<Void, any Error>])
    #expect(first == TrainerError(.usage, "taken"))
    let values = try onRanks(3) { ranks in try ranks.fromFirst { [ranks.rank, 7] } }
    for value in values { #expect(try value.get() == [0, 7]) }
    // One process: as if nothing were around the body.
    #expect(throws: CancellationError.self) { try SingleProcess().together { throw CancellationError() } }
  }

  @Test func differencesAreSentencesWithBothHostsAndValues() {
    let own = RankFacts(
      build: "1", instructionSet: "avx2", processor: "A", configuration: #"{"seed": 1, "training": {"epochs": 2}}"#,
      data: "sha256:1")
    func sentence(_ change: (inout RankFacts) -> Void) -> TrainerError? {
      var other = own
      change(&other)
      return RankFacts.mismatch([own, own, other], hosts: ["h1", "h1", "h2"])
    }
    #expect(sentence { _ in } == nil)
    #expect(
      sentence { $0.build = "2" }
        == TrainerError(
          .usage,
          "rank 2 on host h2 has the build 2, and rank 0 on host h1 has 1; install the same one on all hosts"))
    let oneKind = "they may compute different bits, so start all ranks on hosts of one kind"
    #expect(
      sentence { $0.instructionSet = "plain" }?.message
        == "rank 2 on host h2 has plain kernels, and rank 0 on host h1 has avx2 kernels; \(oneKind)")
    #expect(
      sentence { $0.processor = "B" }?.message
        == "rank 2 on host h2 has the processor 'B', and rank 0 on host h1 has 'A'; \(oneKind)")
    #expect(
      sentence { $0.configuration = #"{"seed": 1, "training": {"epochs": 3}}"# }?.message
        == "the configs of rank 2 on host h2 and rank 0 on host h1 differ (training.epochs: 3 on rank 2, 2 on rank 0); "
        + "give all ranks the same one")
    #expect(
      sentence { $0.data = "sha256:2" }
        == TrainerError(
          .data,
          "rank 2 on host h2 has data with the fingerprint sha256:2, and rank 0 on host h1 has data with sha256:1; "
            + "give all hosts the same file"))
  }

  @Test func anyRankMayAskAndRankZeroHasTheClock() {
    let first = RegionAgreement.Note(regionSteps: 8, secondsSinceSave: 2.5, isOverTime: false, lastGood: "a.h5")
    let other = RegionAgreement.Note(regionSteps: 99, secondsSinceSave: 7, isOverTime: true, lastGood: "b.h5")
    let quiet = RegionAgreement([first, other])
    #expect(quiet.stopReason == nil && !quiet.wantsSave && quiet.regionSteps == 8)
    #expect(quiet.secondsSinceSave == 2.5 && quiet.lastGood == "a.h5")
    #expect(RegionAgreement([first, .init(wantsSave: true)]).wantsSave)
    #expect(RegionAgreement([first, .init(isStopping: true)]).stopReason == "interrupted")
    #expect(RegionAgreement([other, first]).stopReason == "time is over")
    #expect(Divergence.first([nil, nil]) == nil)
    #expect(
      Divergence.first([
        nil, .init(step: 4, isLoss: false), .init(step: 3, isLoss: false), .init(step: 3, isLoss: true),
      ])
        == Divergence(step: 3, isLoss: true))
  }
}
