import DataParallel
import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// The promise of the same bits, held over real threads that are late, are stopped and outnumber the cores.
@Suite struct SameBitsTests {
  static let shortened: [(config: String, settings: [String])] = [
    ("softmax", ["training.epochs=2"]),
    ("logistic", ["training.epochs=3"]),
    ("linear", ["training.epochs=3", "precision=float64"]),
    ("mlp", ["training.epochs=2", "training.shards=5"]),
    // Shards that a batch leaves empty, and a last batch of 2 samples.
    ("logistic", ["training.epochs=1", "training.batchSize=10", "training.shards=16"]),
    ("mlp", ["training.epochs=1", "training.batchSize=\"full\""]),
  ]

  @Test(arguments: shortened)
  func threadsChangeNoBit(config: String, settings: [String]) throws {
    var digests: [String: String] = [:]
    for workers in [1, 2, 3, 8] {
      let dispatched = try digest(config, settings, RunOptions(workers: workers))
      let starter = ThreadStarter(seed: UInt64(workers))
      let threaded = try digest(config, settings, RunOptions(workers: workers, starter: starter.start))
      digests["\(workers) dispatched"] = dispatched
      digests["\(workers) threads"] = threaded
      let pinned = try #require(pinnedStarter())
      digests["\(workers) pinned"] = try digest(config, settings, RunOptions(workers: workers, starter: pinned))
    }
    #expect(Set(digests.values).count == 1, "\(digests)")
  }

  @Test func anotherSeedGivesOtherBits() throws {
    let settings = ["training.epochs=1"]
    #expect(
      try digest("softmax", settings, RunOptions()) != digest("softmax", settings + ["seed=8"], RunOptions()))
  }

  private func digest(_ config: String, _ settings: [String], _ options: RunOptions) throws -> String {
    try withScratchDirectory { directory in
      let configuration = try RunConfiguration(
        file: Repository.config(config), overrides: settings.map { try SettingsOverride($0) },
        output: directory + "/run")
      guard case .finished(let summary) = try train(configuration, options: options) else {
        Issue.record("the run did not finish")
        return ""
      }
      return summary.digest
    }
  }
}
