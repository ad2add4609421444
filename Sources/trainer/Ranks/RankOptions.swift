import ArgumentParser
import DataParallel
import Foundation
import Foundations
import Reporting
import Training

/// `--mpi` and `--deadline`, for the commands that several ranks carry out together.
struct RankOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The MPI library, for ranks that a launcher starts; also TRAINER_MPI. (default: the launcher's own)",
      valueName: "file"),
    completion: .file())
  var mpi: String?

  @Option(
    help: ArgumentHelp(
      "How long a rank may be silent before it counts as lost: 15s, 2m; at least 1s.", valueName: "time"))
  var deadline = TimeSpan(seconds: MPICommunicator.standardDeadline)

  func validate() throws {
    guard deadline.duration >= .seconds(1) else {
      throw ValidationError("'--deadline' is at least 1s: a rank is told to be alive several times in that time")
    }
  }

  /// Joins the ranks that a launcher has started, or is the only one, while `body` runs.
  ///
  /// - Throws: What `body` throws. Of an error that all ranks have, rank 0's is the sentence: the others end without one.
  func whileTogether(_ body: (any Communicator) throws -> Void) throws {
    let environment = ProcessInfo.processInfo.environment
    let ranks = try startRanks(
      library: mpi ?? environment["TRAINER_MPI"].flatMap { $0.isEmpty ? nil : $0 }, environment: environment,
      deadline: deadline.duration / .seconds(1), watch: StallWatch(onStall: RankEnd.stall, onStalledEnd: { _exit($0) }))
    do {
      try body(ranks)
      try ranks.finish()
    } catch {
      throw RankEnd.end(ranks, with: error)
    }
  }
}

/// How a rank ends that cannot go on.
enum RankEnd {
  /// Ends the program where MPI itself hangs: nothing else ends such a call.
  static let stall: @Sendable (TrainerError) -> Void = { error in
    Console.whileCleared {
      do { try StandardStream.error.write("error: \(Remedies.sentence(error).onOneLine)\n") } catch _ {}
      _exit(error.code.rawValue)
    }
  }

  /// Tells the others that this rank ends, if they do not know.
  ///
  /// - Returns: The error that the program ends with: a sentence, or an exit code alone where another rank says it.
  static func end(_ ranks: any Communicator, with error: any Error) -> any Error {
    guard ranks.rankCount > 1 else { return error }
    switch error {
    case let loss as RankLoss:
      return end(ranks, loss.failure, sentence(of: loss))
    case let failure as RankFailure:
      return end(ranks, failure, TrainerError(.interruptedAfterSave, "\(failure); give the same command again"))
    case let shared as SharedError:
      return endAlike(ranks, shared.error, code: shared.error.code.rawValue)
    case let code as ArgumentParser.ExitCode:
      return endAlike(ranks, code, code: code.rawValue)
    default:
      // The others do not know what is wrong: each rank says it.
      ranks.leave()
      return error
    }
  }

  /// What is left of a run, and the command that goes on with it.
  static func sentence(of loss: RankLoss) -> TrainerError {
    guard let directory = loss.directory, let checkpoint = loss.checkpoint else { return loss.error }
    return TrainerError(
      .interruptedAfterSave,
      "\(loss.failure); the last good checkpoint is \(checkpoint); go on from it with "
        + "'trainer resume \(directory.quotedIfNeeded)' under the same launcher")
  }

  private static func end(_ ranks: any Communicator, _ failure: RankFailure, _ error: TrainerError) -> any Error {
    guard ranks.rank == failure.reporter else {
      ranks.leave()
      return ArgumentParser.ExitCode(error.code.rawValue)
    }
    return error
  }

  /// Ends together with all other ranks, which end with the same code.
  private static func endAlike(_ ranks: any Communicator, _ error: any Error, code: Int32) -> any Error {
    do {
      try ranks.finish(code: code)
    } catch {
      // They end anyhow.
      ranks.leave()
    }
    return ranks.isFirst ? error : ArgumentParser.ExitCode(code)
  }
}
