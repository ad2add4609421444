import Checkpoints
import DataParallel
import Foundations

/// What rank 0 reads, on all ranks: files of a run are its alone.
extension Coordinator {
  /// The checkpoint that rank 0 finds.
  ///
  /// - Throws: `SharedError` if it cannot be used, `RankFailure`.
  func foundByFirst(_ find: () throws -> StartingPoint?) throws -> StartingPoint? {
    guard ranks.rankCount > 1 else { return try find() }
    let found = try ranks.onFirst(find) ?? nil
    let path = try ranks.fromFirst { found?.path ?? "" }
    guard !path.isEmpty else { return nil }
    return (try ranks.share(found?.checkpoint, path), path)
  }

  /// The summary of the run if rank 0 finds it complete; on other ranks without measures.
  ///
  /// - Throws: `SharedError`, `RankFailure`.
  func finishedByFirst(_ find: () throws -> RunSummary?) throws -> RunSummary? {
    guard ranks.rankCount > 1 else { return try find() }
    let found = try ranks.onFirst(find) ?? nil
    let numbers = try ranks.fromFirst { found.map { [$0.step, $0.epoch] } ?? [] }
    guard numbers.count == 2 else { return nil }
    return found
      ?? RunSummary(
        name: configuration.name, directory: configuration.output, step: numbers[0], epoch: numbers[1], measures: [],
        seconds: 0, checkpoint: nil, digest: "", reason: nil)
  }
}

extension Communicator {
  /// Gives all ranks the checkpoint that rank 0 has read and found to be whole.
  ///
  /// - Parameter path: Where it lies, for messages.
  /// - Throws: `SharedError`, `RankFailure`.
  func share(_ checkpoint: Checkpoint?, _ path: String) throws -> Checkpoint {
    let bytes = try broadcast(together { try checkpoint.map { Array(try CheckpointFile.encode($0).joined()) } ?? [] })
    return try together { try checkpoint ?? CheckpointFile.decode(bytes, of: path) }
  }

  /// Reads a checkpoint and the configuration in it on rank 0, and gives them to all ranks.
  ///
  /// - Throws: `SharedError`, `RankFailure`; in one process `TrainerError`.
  func loadCheckpoint(_ path: String, _ registries: Registries) throws -> (
    checkpoint: Checkpoint, configuration: RunConfiguration
  ) {
    guard rankCount > 1 else { return try Training.loadCheckpoint(path, registries) }
    let checkpoint = try share(onFirst { try CheckpointFile.read(path) }, path)
    return (checkpoint, try together { try configuration(of: checkpoint, path, registries) })
  }
}
