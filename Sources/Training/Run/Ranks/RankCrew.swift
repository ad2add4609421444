import DataParallel
import Foundations

/// The ranks of a run, for its first lines.
public struct RankCrew: Sendable, Equatable {
  /// Each rank's host.
  public let hosts: [String]
  /// Each rank's workers.
  public let workers: [Int]
  /// The shards of a batch that each rank computes.
  public let shards: [Int]
  /// What share of the parameters' gradients and of the optimizer's state each rank has, from 0 to 1.
  public let shares: [Double]

  /// How many ranks there are.
  public var count: Int { hosts.count }
  /// How many hosts they are on.
  public var hostCount: Int { Set(hosts).count }

  /// Creates the value.
  public init(hosts: [String], workers: [Int], shards: [Int], shares: [Double]) {
    self.hosts = hosts
    self.workers = workers
    self.shards = shards
    self.shares = shares
  }
}

/// What a run has taken, over this process's part of it.
struct RunEffort {
  /// The most threads that ran at once.
  private(set) var threads = 0
  /// Bytes that this rank has sent in training steps.
  private(set) var bytesSent = 0

  /// Runs a region of steps.
  ///
  /// - Returns: How long it took.
  mutating func measure(_ ranks: any Communicator, _ body: () throws -> Int) throws -> Duration {
    let before = ranks.traffic
    let elapsed = try ContinuousClock().measure { threads = max(threads, try body()) }
    bytesSent += ranks.traffic.since(before).bytes
    return elapsed
  }
}

extension Coordinator {
  /// Who trains; `nil` in one process.
  func crew(of setup: RunSetup<Scalar>) throws -> RankCrew? {
    guard ranks.rankCount > 1 else { return nil }
    let partition = RankPartition(shards: configuration.training.shards, ranks: ranks.rankCount)
    let blocks = setup.engine.work.blocks.blocks.map(\.range.count)
    let ownership = BlockOwnership(sizes: blocks, ranks: ranks.rankCount)
    let total = Double(max(1, blocks.reduce(0, +)))
    let all = 0..<ranks.rankCount
    return RankCrew(
      hosts: ranks.hosts, workers: try ranks.gathered(region.workers),
      shards: all.map { partition.shards(of: $0).count },
      shares: all.map { rank in Double(ownership.blocks(of: rank).reduce(0) { $0 + blocks[$1] }) / total })
  }

  /// Refuses more ranks than a batch has shards.
  func requireShards() throws {
    let shards = configuration.training.shards
    guard ranks.rankCount > shards else { return }
    guard configuration.data != nil else {
      throw TrainerError(
        .usage,
        "the formula has no data, so that a step is one shard, but there are \(ranks.rankCount) ranks; start one process"
      )
    }
    throw TrainerError(
      .usage,
      "training.shards: found \(shards), but there are \(ranks.rankCount) ranks, each of which needs a shard; set it to "
        + "\(ranks.rankCount) or more, which changes the trained bits, or start at most \(shards) "
        + "\(shards == 1 ? "rank" : "ranks")")
  }

  /// What the run has taken on all ranks, in its summary.
  ///
  /// - Throws: `SharedError` if the ranks have come to other parameters.
  func note(
    _ effort: RunEffort, of setup: RunSetup<Scalar>, _ progress: RunProgress, in summary: inout RunSummary
  ) throws {
    if effort.threads < region.workers, region.workers > availableCores() { summary.threads = effort.threads }
    summary.workers = region.workers
    summary.ranks = ranks.rankCount
    summary.bytesSent = try ranks.gathered(effort.bytesSent).max()
    if let loading = setup.engine.loading {
      let all = try ranks.gathered(loading)
      summary.loading = RunSummary.Loading(
        stallSeconds: all.map(\.stallSeconds).max() ?? 0, bytesRead: all.reduce(0) { $0 + $1.bytesRead })
    }
    summary.best = best(progress)
    let digests = try ranks.gathered(summary.digest)
    guard let rank = digests.indices.first(where: { digests[$0] != digests[0] }) else { return }
    throw ranks.shared(
      TrainerError(
        .checkFailed,
        "\(ranks.name(of: rank)) has come to parameters with the digest \(digests[rank]), and "
          + "\(ranks.name(of: 0)) to \(digests[0]): a fault of a machine or of the program; train again and compare"))
  }

  /// The best checkpoint so far; `nil` if the config asks for none.
  func best(_ progress: RunProgress) -> RunSummary.Best? {
    guard let reference = configuration.checkpoints.best, progress.best.step >= 0 else { return nil }
    return RunSummary.Best(
      metric: "\(reference)", value: progress.best.value, step: progress.best.step,
      checkpoint: configuration.output.map { RunDirectory($0).checkpoints.path(ofStep: progress.best.step) })
  }
}
