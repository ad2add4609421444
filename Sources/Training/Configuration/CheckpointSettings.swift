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
  /// Saves by epochs or steps that would come so many seconds or sooner after the last one are left out, and a best
  /// checkpoint waits so long for its turn; `nil` leaves none out, and is a second for the best.
  public let secondsApart: Double?
  /// Which stay beside the best.
  public let retention: CheckpointRetention
  /// The metric whose best checkpoint stays; `nil` for none.
  public let best: MetricReference?

  /// Creates the settings.
  ///
  /// - Parameters:
  ///   - every: The distance between two checkpoints; `nil` for an epoch, and only one at the end of a run without data.
  ///   - secondsApart: How many seconds lie between two saves by epochs or steps, at least; `nil` for a second if `every` is
  ///     `nil` and not all checkpoints stay, and else for no such bound.
  ///   - retention: Which stay: by default the newest three.
  ///   - best: The metric whose best checkpoint stays besides.
  public init(
    every: Period? = nil, secondsApart: Double? = nil, retention: CheckpointRetention = CheckpointRetention(last: 3),
    best: MetricReference? = nil
  ) {
    self.every = every
    self.secondsApart = secondsApart
    self.retention = retention
    self.best = best
  }

  /// The settings as a config writes them.
  public var json: JSONObject {
    var period = JSONObject()
    switch every {
    case .epochs(let count): period["epochs"] = .integer(count)
    case .steps(let count): period["steps"] = .integer(count)
    case .seconds(let seconds): period["seconds"] = .number(seconds)
    case nil: break
    }
    period["secondsApart"] = secondsApart.map(JSONValue.number)
    return JSONObject([
      ("every", period.keys.isEmpty ? nil : .object(period)),
      ("keep", retention.last.map(JSONValue.integer) ?? "all"),
      ("keepEveryEpochs", retention.everyEpochs.map(JSONValue.integer)), ("best", best.map { ["metric": $0.json] }),
    ])
  }

  init(from settings: Settings, hasData: Bool, measures: Measures) throws {
    let help = "The distance between two checkpoints, in epochs, steps or seconds."
    // Short epochs would wait for the disk most of the time. Who lets all checkpoints stay wants one of each.
    let standard: JSONObject =
      settings.contains("keep", "all")
      ? ["epochs": 1] : ["epochs": 1, "secondsApart": .number(Self.standardSecondsApart)]
    let every =
      hasData
      ? try settings.object("every", default: standard, help: help)
      : try settings.optionalObject("every", help: help)
    (self.every, secondsApart) =
      try every.flatMap { every in
        try every.attempt { try Self.period(every, hasData: hasData) }
      } ?? (nil, nil)
    let keep = try settings.integer(
      "keep", orWord: "all", default: 3, in: .positive, help: "How many of the newest checkpoints stay.")
    let keepEveryEpochs =
      hasData
      ? try settings.optionalInteger(
        "keepEveryEpochs", in: .positive, help: "Of each so many epochs one checkpoint stays besides.")
      : nil
    retention = CheckpointRetention(last: keep, everyEpochs: keepEveryEpochs)
    best = try settings.optionalObject("best", help: "The metric whose best checkpoint stays besides.").flatMap {
      best in
      try best.attempt(or: nil) {
        try MetricReference(
          "metric", in: best, default: nil, measures: measures, help: "The metric whose best checkpoint stays.")
      }
    }
  }

  /// By default as many seconds lie between two saves, at least.
  private static let standardSecondsApart = 1.0

  /// How many seconds after the last save a best checkpoint may be saved.
  var secondsBeforeBest: Double { secondsApart ?? Self.standardSecondsApart }

  private static func period(_ settings: Settings, hasData: Bool) throws -> (Period, secondsApart: Double?) {
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
    let secondsApart = try settings.optionalNumber(
      "secondsApart", in: .nonNegative, help: "Saves that would come sooner after the last one are left out.")
    try settings.finish()
    if hasData, periods.isEmpty, secondsApart != nil { periods = [.epochs(1)] }
    guard periods.count == 1 else {
      let units = hasData ? "\"epochs\", \"steps\" and \"seconds\"" : "\"steps\" and \"seconds\""
      throw settings.error(nil, "found \(periods.isEmpty ? "none" : "more than one") of \(units), expected one")
    }
    if case .seconds = periods[0], secondsApart != nil {
      throw settings.error("secondsApart", "goes with epochs or steps; leave it out beside \"seconds\"")
    }
    return (periods[0], secondsApart)
  }
}
