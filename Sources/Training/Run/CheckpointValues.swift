import Checkpoints
import Foundations

/// Takes a run's single numbers and vectors out of a checkpoint, and refuses what no run can have come to: a checksum that
/// fits says that a file is as it was written, not who wrote it.
struct CheckpointValues {
  let checkpoint: Checkpoint
  private let path: String

  init(_ checkpoint: Checkpoint, path: String) {
    self.checkpoint = checkpoint
    self.path = path
  }

  /// The error for a part that cannot be a run's.
  func error(_ what: String) -> TrainerError {
    TrainerError(
      .checkpoint, "\(path): the checkpoint cannot be gone on from: \(what); use another checkpoint of the run")
  }

  /// A floating-point number.
  func number(_ name: String, _ isPossible: (Double) -> Bool = { _ in true }) throws -> Double {
    guard case .number(let value)? = checkpoint.progress[name] else { throw missing(name, "a floating-point number") }
    guard isPossible(value) else { throw error("'\(name)' is \(value)") }
    return value
  }

  /// A number of seconds.
  func time(_ name: String) throws -> Double { try number(name) { $0.isFinite && $0 >= 0 } }

  /// A whole number.
  func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int {
    guard case .integer(let value)? = checkpoint.progress[name] else { throw missing(name, "a whole number") }
    guard range.contains(value) else { throw error("'\(name)' is \(value) after \(checkpoint.step) steps") }
    return value
  }

  /// A vector of the history.
  func vector(_ name: String, _ isPossible: (Double) -> Bool = { _ in true }) throws -> [Double] {
    guard let tensor = checkpoint.history.first(where: { $0.name == name }) else { throw missing(name, "a vector") }
    return try vector(tensor, isPossible)
  }

  /// A tensor's elements, if it is a vector.
  func vector(_ tensor: CheckpointTensor, _ isPossible: (Double) -> Bool = { _ in true }) throws -> [Double] {
    guard tensor.shape.count == 1 else {
      throw error("'\(tensor.name)' has the shape \(tensor.shape), expected a vector")
    }
    let values = tensor.doubles
    if let value = values.first(where: { !isPossible($0) }) { throw error("'\(tensor.name)' holds \(value)") }
    return values
  }

  private func missing(_ name: String, _ kind: String) -> TrainerError {
    checkpoint.progress[name] == nil
      ? TrainerError(
        .checkpoint, "\(path): the checkpoint lacks '\(name)', so a run cannot go on from it exactly")
      : error("'\(name)' is not \(kind)")
  }
}

extension Checkpoint {
  /// Refuses a checkpoint whose step, epoch and seed are not those of a run with such a config.
  func requirePlace(steps: Int, epoch: Int, seed: Int, path: String) throws {
    let values = CheckpointValues(self, path: path)
    guard step <= steps else { throw values.error("it says step \(step), and the run has \(steps)") }
    guard self.epoch == epoch else {
      throw values.error("it says \(self.epoch) completed epochs, and step \(step) is within epoch \(epoch + 1)")
    }
    guard self.seed == seed else { throw values.error("it says seed \(self.seed), and its config \(seed)") }
  }
}
