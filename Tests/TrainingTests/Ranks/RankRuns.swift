import Checkpoints
import DataParallel
import Foundation
import Foundations
import Reporting
import Synchronization
import TestSupport
import Testing
import Training

/// How a run ended on one rank.
typealias RankResult = Result<RunOutcome, any Error>

extension RunOutcome {
  /// Which of the ends it is.
  var kind: String {
    switch self {
    case .finished: "finished"
    case .alreadyFinished: "alreadyFinished"
    case .interrupted: "interrupted"
    }
  }
}

/// How a rank of a test does its part.
struct RankPart: Sendable {
  var workers = 1
  var control = RunControl()
  var starter: WorkerStarter = sequentialStarter
  var stopAfter: Duration?
  var resume = RunOptions.Resume.automatic
  var now: @Sendable () -> ContinuousClock.Instant = { .now }
}

/// Trains on made-up ranks, threads of this process, as the command line does on real ones.
///
/// - Parameters:
///   - network: What joins the ranks; `nil` for one of its own.
///   - part: How a rank does its part.
///   - configuration: What each rank reads.
func trainOnRanks(
  _ count: Int, seed: UInt64 = 1, deadline: Double = 20, over network: MemoryNetwork? = nil,
  part: @escaping @Sendable (_ rank: Int) -> RankPart = { RankPart(workers: 1 + $0 % 2) },
  _ configuration: @escaping @Sendable (_ rank: Int) throws -> RunConfiguration
) throws -> [RankResult] {
  try onRanks(count, seed: seed, deadline: deadline, over: network) { ranks in
    let part = part(ranks.rank)
    var options = RunOptions(
      workers: part.workers, resume: part.resume, starter: part.starter, control: part.control,
      stopAfter: part.stopAfter)
    options.communicator = ranks
    options.now = part.now
    let configuration = try ranks.together { try configuration(ranks.rank) }
    return try train(configuration, options: options, observers: ranks.isFirst ? [MetricsFile()] : [])
  }
}

/// Runs a body on made-up ranks, and ends them as the command line does.
func onRanks<Value: Sendable>(
  _ count: Int, seed: UInt64 = 1, deadline: Double = 20, over network: MemoryNetwork? = nil,
  _ body: @escaping @Sendable (any Communicator) throws -> Value
) throws -> [Result<Value, any Error>] {
  let results = Mutex([Result<Value, any Error & Sendable>?](repeating: nil, count: count))
  let errors = runRanks(count, seed: seed, deadline: deadline, network) { ranks in
    do {
      let value = try body(ranks)
      try ranks.finish()
      results.withLock { $0[ranks.rank] = .success(value) }
    } catch {
      if error is SharedError { try ranks.finish() } else { ranks.leave() }
      results.withLock { $0[ranks.rank] = .failure(error) }
    }
  }
  return zip(results.withLock { $0 }, errors).map { result, error in
    switch result {
    case .success(let value)?: .success(value)
    case .failure(let error)?: .failure(error)
    case nil: .failure(error ?? TrainerError(.usage, "the rank gave nothing"))
    }
  }
}

/// The error that all ranks have.
func sharedError<Value>(_ results: [Result<Value, any Error>]) throws -> TrainerError {
  let errors = try results.map { result -> TrainerError in
    guard case .failure(let error) = result else { throw TrainerError(.usage, "a rank did not fail: \(result)") }
    return try #require(error as? SharedError, "\(error)").error
  }
  #expect(Set(errors.map(\.message)).count == 1, "\(errors)")
  return errors[0]
}

/// What a run leaves: everything in it must be the same for any number of ranks.
struct LeftByRun: Equatable {
  let digest: String
  let metrics: [JSONValue]
  let checkpoint: String

  init(_ directory: String) throws {
    let summary = try #require(try RunDirectory(directory).finishedSummary(), "\(directory)")
    digest = summary.digest
    metrics = try MetricsFile.timelessLines(of: RunDirectory(directory).metricsPath)
    checkpoint = try #require(summary.checkpoint)
  }

  func expectSame(as other: LeftByRun, _ what: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(digest == other.digest, "\(what)", sourceLocation: sourceLocation)
    #expect(metrics == other.metrics, "\(what)", sourceLocation: sourceLocation)
    let difference = CheckpointDifference(
      try CheckpointFile.read(checkpoint), try CheckpointFile.read(other.checkpoint))
    #expect(difference.lines == [], "\(what)", sourceLocation: sourceLocation)
  }
}
