import Checkpoints
import Foundations

/// When checkpoints are saved and which stay. One is saved at the end of the run in any case.
public struct CheckpointSettings: Sendable, Equatable {
  /// The distance between two checkpoints.
  public enum Period: Sendable, Equatable {
    /// So many epochs.
    case epochs(Int)
    /// So many steps.
    case steps(Int)
    /// So many seconds, at the next end of a step.
    case seconds(Double)
  }

  /// The distance between two checkpoints; `nil` for only one, at the end.
  public let every: Period?
  /// Which stay beside the best.
  public let retention: CheckpointRetention
  /// The metric whose best checkpoint stays; `nil` for none.
  public let best: MetricReference?

  /// Creates the settings.
  ///
  /// - Parameters:
  ///   - every: The distance between two checkpoints; `nil` for an epoch, and only one at the end of a run without data.
  ///   - retention: Which stay: by default the newest three.
  ///   - best: The metric whose best checkpoint stays besides.
  public init(
    every: Period? = nil, retention: CheckpointRetention = CheckpointRetention(last: 3), best: MetricReference? = nil
  ) {
    self.every = every
    self.retention = retention
    self.best = best
  }

  /// The settings as a config writes them.
  public var json: JSONObject {
    let period: JSONValue? =
      switch every {
      case .epochs(let count): ["epochs": .integer(count)]
      case .steps(let count): ["steps": .integer(count)]
      case .seconds(let seconds): ["seconds": .number(seconds)]
      case nil: nil
      }
    return JSONObject([
      ("every", period), ("keep", retention.last.map(JSONValue.integer) ?? "all"),
      ("keepEveryEpochs", retention.everyEpochs.map(JSONValue.integer)), ("best", best.map { ["metric": $0.json] }),
    ])
  }

  init(from settings: Settings, hasData: Bool, measures: Measures) throws {
    let help = "The distance between two checkpoints, in epochs, steps or seconds."
    let every =
      hasData
      ? try settings.object("every", default: ["epochs": 1], help: help)
      : try settings.optionalObject("every", help: help)
    self.every = try every.map { try Self.period($0, hasData: hasData) }
    let keep = try settings.integer(
      "keep", orWord: "all", default: 3, in: .positive, help: "How many of the newest checkpoints stay.")
    let keepEveryEpochs =
      hasData
      ? try settings.optionalInteger(
        "keepEveryEpochs", in: .positive, help: "Of each so many epochs one checkpoint stays besides.")
      : nil
    retention = CheckpointRetention(last: keep, everyEpochs: keepEveryEpochs)
    best = try settings.optionalObject("best", help: "The metric whose best checkpoint stays besides.").map {
      try MetricReference(
        "metric", in: $0, default: nil, measures: measures, help: "The metric whose best checkpoint stays.")
    }
  }

  private static func period(_ settings: Settings, hasData: Bool) throws -> Period {
    var periods: [Period] = []
    if hasData, let epochs = try settings.optionalInteger("epochs", in: .positive, help: "So many epochs.") {
      periods.append(.epochs(epochs))
    }
    if let steps = try settings.optionalInteger("steps", in: .positive, help: "So many steps.") {
      periods.append(.steps(steps))
    }
    if let seconds = try settings.optionalNumber("seconds", in: .positive, help: "So many seconds.") {
      periods.append(.seconds(seconds))
    }
    try settings.finish()
    guard periods.count == 1 else {
      let units = hasData ? "\"epochs\", \"steps\" and \"seconds\"" : "\"steps\" and \"seconds\""
      throw settings.error(nil, "found \(periods.isEmpty ? "none" : "more than one") of \(units), expected one")
    }
    return periods[0]
  }
}
