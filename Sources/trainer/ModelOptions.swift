import ArgumentParser
import Reporting
import Training

/// `--best` and `--last`, for the commands that take a checkpoint or a run directory.
struct ModelOptions: ParsableArguments {
  @Flag(help: "Of a run directory, take the checkpoint with the best value of its config's checkpoints.best.")
  var best = false

  @Flag(help: "Of a run directory, take the last checkpoint. (default: the best if the run kept one, else the last)")
  var last = false

  func validate() throws {
    if best, last { throw ValidationError("--best and --last exclude each other") }
  }

  /// The path of the checkpoint that is meant; of a run, standard error says which that is.
  func checkpoint(_ model: String) throws -> String {
    let checkpoint = try find(model)
    try tell(of: checkpoint)
    return checkpoint.path
  }

  /// The checkpoint that is meant.
  func find(_ model: String) throws -> ModelCheckpoint {
    try ModelCheckpoint(model, choosing: best ? .best : last ? .last : .automatic)
  }

  /// Says on standard error which checkpoint of a run is meant.
  func tell(of checkpoint: ModelCheckpoint) throws {
    if let choice = checkpoint.description { try StandardStream.error.write("uses \(choice.onOneLine)\n") }
  }
}
