import DataParallel
import Foundation
import Foundations
import HDF5

/// An error that all ranks know of: each of them ends with it, and rank 0 tells it.
package struct SharedError: Error, Sendable, Equatable {
  /// What is wrong.
  package let error: TrainerError
}

/// What ranks do together beside the steps. Every rank must come to the same calls in the same order.
extension Communicator {
  /// Whether this rank is the one that reads and writes a run's files and tells the user.
  package var isFirst: Bool { rank == 0 }

  /// Runs a body on each rank, in which nobody waits for another rank, and returns when all have run it.
  ///
  /// - Throws: `SharedError`, the same on all ranks, if the body threw on any of them: the sentence names the rank and its
  ///   host unless all say the same. `RankFailure`. In one process what the body throws.
  package func together<Result>(_ body: () throws -> Result) throws -> Result {
    try together(namingRanks: true, body)
  }

  /// Runs a body on rank 0 alone: of a run's files, of what the user is told.
  ///
  /// - Returns: What it gives; `nil` on other ranks.
  /// - Throws: `SharedError`, the same on all ranks, if the body threw. `RankFailure`. In one process what the body throws.
  package func onFirst<Result>(_ body: () throws -> Result) throws -> Result? {
    try together(namingRanks: false) { isFirst ? try body() : nil }
  }

  /// - Parameter namingRanks: Whether the sentence names the rank, where that is not clear from what it does.
  func together<Result>(namingRanks: Bool, _ body: () throws -> Result) throws -> Result {
    guard rankCount > 1 else { return try body() }
    let outcome: Swift.Result<Result, any Error>
    do {
      outcome = .success(try body())
    } catch let failure as RankFailure {
      throw failure
    } catch {
      outcome = .failure(error)
    }
    var own = Outcome()
    if case .failure(let error) = outcome { own.error = ErrorMessage(error) }
    if let error = Outcome.joined(try gathered(own), hosts: namingRanks ? hosts : nil) {
      throw SharedError(error: error)
    }
    return try outcome.get()
  }

  /// What a body gives on rank 0, where alone it runs, on all ranks.
  ///
  /// - Throws: As `together`.
  package func fromFirst<Value: Codable>(_ body: () throws -> Value) throws -> Value {
    guard rankCount > 1 else { return try body() }
    let value = try onFirst(body)
    let bytes = try broadcast(value.map { Array(try JSONEncoder().encode([$0])) } ?? [])
    return try value ?? decoded([Value].self, bytes, of: 0)[0]
  }

  /// The values of all ranks, on each, in the order of ranks.
  ///
  /// - Throws: `RankFailure`, or `TrainerError` if a rank runs another program.
  package func gathered<Value: Codable>(_ value: Value) throws -> [Value] {
    guard rankCount > 1 else { return [value] }
    let texts = try allGather(Array(JSONEncoder().encode([value])))
    return try texts.enumerated().map { rank, text in try decoded([Value].self, text, of: rank)[0] }
  }

  /// What an error that all ranks have found is thrown as.
  func shared(_ error: TrainerError) -> any Error { rankCount > 1 ? SharedError(error: error) : error }

  private func decoded<Value: Decodable>(_ type: [Value].Type, _ bytes: [UInt8], of rank: Int) throws -> [Value] {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch is DecodingError {
      throw TrainerError(
        .usage, "\(name(of: rank)) runs another program; start the same build of it on all hosts")
    }
  }
}

/// How a body ended on a rank.
private struct Outcome: Codable {
  var error: ErrorMessage?

  /// The error of the first rank that has one.
  ///
  /// - Parameter hosts: Each rank's host; `nil` if no rank is to be named.
  static func joined(_ outcomes: [Outcome], hosts: [String]?) -> TrainerError? {
    guard let rank = outcomes.firstIndex(where: { $0.error != nil }), let first = outcomes[rank].error else {
      return nil
    }
    let failed = outcomes.indices.filter { outcomes[$0].error != nil }
    let areAlike = failed.count == outcomes.count && outcomes.allSatisfy { $0.error == first }
    guard let hosts, !areAlike else { return first.trainerError() }
    let others = failed.count > 1 ? " (and \(failed.count - 1) more of \(outcomes.count) ranks)" : ""
    return first.trainerError(of: "\(RankName.text(rank, on: hosts[rank]))\(others): ")
  }
}

/// An error as it goes from rank to rank.
struct ErrorMessage: Codable, Equatable {
  private let code: Int32
  private let fault: String
  private let remedy: [String]
  private let excerpt: String?

  init(_ error: any Error) {
    let error = Self.explained(error)
    code = error.code.rawValue
    fault = error.fault
    remedy = error.remedy.map { [$0.name, $0.advice] } ?? []
    excerpt = error.excerpt
  }

  private static func explained(_ error: any Error) -> TrainerError {
    switch error {
    case let error as TrainerError: error
    case let error as SharedError: error.error
    case let error as HDF5Error: TrainerError(.data, error.message)
    case let error as FileError: TrainerError(.usage, error.description)
    default: TrainerError(.usage, "\(error)")
    }
  }

  /// The error.
  ///
  /// - Parameter place: What comes before its sentence.
  func trainerError(of place: String = "") -> TrainerError {
    TrainerError(
      ExitCode(rawValue: code) ?? .usage, place + fault,
      remedy: remedy.count == 2 ? .init(remedy[0], remedy[1]) : nil, excerpt: excerpt)
  }
}
