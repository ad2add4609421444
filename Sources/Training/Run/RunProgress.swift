import Checkpoints
import Foundations
import Optimizers

/// Where a run stands, beside its vectors: what a checkpoint must keep for a resume to be exact.
struct RunProgress: Equatable {
  /// Completed steps.
  var step = 0
  /// Seconds of training.
  var seconds = 0.0
  /// Seconds of training in this epoch.
  var epochSeconds = 0.0
  /// Seconds in which no worker could begin a step because a checkpoint was saved.
  var stallSeconds = 0.0
  /// The loss of the first step; NaN before it.
  var firstLoss = Double.nan
  /// Sums over the epoch so far.
  var epochSums: [Double] = []
  /// The best value that early stopping has seen, and how many measurements ago; `nil` before the first.
  var stopping = BestValue()
  /// The best value that a checkpoint was kept for, and its step.
  var best = BestValue()

  /// The course of the run so far.
  var history = RunHistory()
  /// What a schedule by measurements remembers.
  var plateau = PlateauSchedule.State()

  struct BestValue: Equatable {
    var value = Double.nan
    var step = -1
    var since = 0

    /// Notes a measurement.
    ///
    /// - Returns: Whether it is an improvement.
    mutating func note(_ new: Double, step: Int, reference: MetricReference, delta: Double = 0) -> Bool {
      guard value.isNaN ? !new.isNaN : reference.isBetter(new, than: value, by: delta) else {
        since += 1
        return false
      }
      self = BestValue(value: new, step: step, since: 0)
      return true
    }
  }

  /// Notes that steps were trained.
  mutating func note(_ step: Int, _ elapsed: Duration) {
    self.step = step
    seconds += elapsed.seconds
    epochSeconds += elapsed.seconds
  }

  static let epochSumsName = "epochSums"

  /// What a checkpoint keeps of it as single numbers.
  var values: [String: ProgressValue] {
    [
      "seconds": .number(seconds), "epochSeconds": .number(epochSeconds), "stallSeconds": .number(stallSeconds),
      "firstLoss": .number(firstLoss),
      "stoppingValue": .number(stopping.value), "stoppingStep": .integer(stopping.step),
      "stoppingSince": .integer(stopping.since), "bestValue": .number(best.value), "bestStep": .integer(best.step),
      "plateauFactor": .number(plateau.factor), "plateauBest": .number(plateau.best),
      "plateauBadCount": .integer(plateau.badCount), "plateauCooldown": .integer(plateau.cooldown),
    ]
  }

  /// What a checkpoint keeps of it as vectors, in the order of names.
  var tensors: [CheckpointTensor] {
    let sums = CheckpointTensor(name: Self.epochSumsName, shape: [epochSums.count], values: .float64(epochSums))
    return ([sums] + history.tensors).sorted { $0.name < $1.name }
  }

  init() {}

  /// The progress that a checkpoint kept.
  ///
  /// - Throws: `TrainerError` if it lacks a part, or a part is not what a run can have come to.
  init(_ checkpoint: Checkpoint, path: String) throws {
    let values = CheckpointValues(checkpoint, path: path)
    step = checkpoint.step
    seconds = try values.time("seconds")
    epochSeconds = try values.time("epochSeconds")
    // Checkpoints of the first days lack it.
    if checkpoint.progress["stallSeconds"] != nil { stallSeconds = try values.time("stallSeconds") }
    history = try RunHistory(values)
    // Not a number before the first step.
    firstLoss = try values.number("firstLoss") { step == 0 || $0.isFinite }
    epochSums = try values.vector(Self.epochSumsName) { $0.isFinite }
    stopping = BestValue(
      value: try values.number("stoppingValue"), step: try values.integer("stoppingStep", in: -1...step),
      since: try values.integer("stoppingSince", in: 0...step + 1))
    best = BestValue(value: try values.number("bestValue"), step: try values.integer("bestStep", in: -1...step))
    plateau.factor = try values.number("plateauFactor") { $0 >= 0 && $0 <= 1 }
    plateau.best = try values.number("plateauBest")
    plateau.badCount = try values.integer("plateauBadCount", in: 0...step + 1)
    plateau.cooldown = try values.integer("plateauCooldown", in: 0...Int.max)
  }
}
