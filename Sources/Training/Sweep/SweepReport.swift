import Foundations

/// What came of a sweep: its runs, the best first.
public struct SweepReport: Sendable {
  /// How far a run has come.
  public enum Status: String, Sendable {
    /// It is complete.
    case finished
    /// Others were better, so that successive halving did not go on with it.
    case stopped
    /// The loss or a parameter left all bounds.
    case diverged
    /// Something else went wrong.
    case failed
  }

  /// One run.
  public struct Row: Sendable {
    /// The run.
    public let run: SweepRun
    /// Its number in the order of the sweep, counted from 1.
    public let number: Int
    /// How far it has come.
    public let status: Status
    /// Why it ended before its length; `nil` if it did not, or others were better.
    public let reason: String?
    /// Completed steps.
    public let step: Int
    /// Completed epochs.
    public let epoch: Int
    /// The last measures of each group.
    public let measures: [GroupMeasures]
    /// What it is judged by; `nil` if there is no such measure, or it is not a number.
    public let score: Double?
    /// What its directory tells; `nil` if it was never begun.
    public let trace: RunTrace?
    let rung: Int
    let error: TrainerError?
  }

  /// The table as JSON, in the sweep's directory.
  public static let resultName = "sweep.json"
  /// The config of the best run, in the sweep's directory.
  public static let bestName = "best.json"

  /// The settings that the runs differ in.
  public let keys: [String]
  /// What the runs are judged by.
  public let metric: MetricReference
  /// The runs, the best first; what successive halving stopped behind those that went on, then what diverged or failed.
  public let rows: [Row]
  /// The sweep's directory; `nil` if it has none.
  public let directory: String?
  private let isHalving: Bool

  /// The best run; `nil` if none has a value.
  public var best: Row? { rows.first { $0.score != nil } }
  /// The config of the best run, which can be run as it is; `nil` if there is none.
  public var bestPath: String? { best == nil ? nil : directory.map { "\($0)/\(Self.bestName)" } }

  init(
    _ sweep: Sweep, metric: MetricReference, isHalving: Bool, _ outcomes: [Sweep.Outcome], _ registries: Registries
  ) throws {
    keys = sweep.keys
    self.metric = metric
    directory = sweep.directory
    self.isHalving = isHalving
    let rows = try zip(sweep.runs, outcomes).enumerated().map { index, pair in
      try Row(pair.0, number: index + 1, pair.1, metric, registries)
    }
    self.rows = rows.sorted { one, other in
      let (first, second) = (one.group, other.group)
      guard first == second else { return first < second }
      guard one.rung == other.rung else { return one.rung > other.rung }
      guard let score = one.score, let otherScore = other.score, score != otherScore else {
        return (one.score == nil ? 1 : 0, one.number) < (other.score == nil ? 1 : 0, other.number)
      }
      return metric.isBetter(score, than: otherScore)
    }
  }

  /// What is wrong with the sweep as a whole: runs that failed, or that all diverged; `nil` if nothing is.
  public var fault: TrainerError? {
    let failed = rows.filter { $0.error != nil }.sorted { $0.number < $1.number }
    if let first = failed.first, let error = first.error {
      return TrainerError(
        error.code,
        "\(failed.count) of \(rows.count) runs failed, the first with \(first.run.name): \(error.message)")
    }
    guard rows.allSatisfy({ $0.status == .diverged }), let first = rows.first else { return nil }
    return TrainerError(
      .diverged,
      "all \(rows.count) runs diverged, so that none is best; the first, with \(first.run.name), "
        + (first.reason ?? "diverged"))
  }

  /// The runs as one JSON object with all digits.
  public var json: JSONValue {
    func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
    return [
      "metric": .string("\(metric)"), "direction": .string(metric.prefersLarger ? "maximize" : "minimize"),
      "halving": .boolean(isHalving), "directory": text(directory), "best": best.map { .string($0.run.name) } ?? .null,
      "bestConfig": text(bestPath), "runs": .array(rows.map { $0.json(keys) }),
    ]
  }

  /// Writes ``resultName`` and ``bestName`` into the sweep's directory, each complete or not at all.
  ///
  /// - Throws: `TrainerError` with code `.usage` if a file cannot be written.
  func write() throws {
    guard let directory, try SystemFileSystem().status(of: directory)?.isDirectory == true else { return }
    try OutputFile.explaining {
      if let best, let path = bestPath {
        try OutputFile(path, mayReplace: true).write(Array((Self.config(of: best.run).prettyText + "\n").utf8))
      }
      try OutputFile("\(directory)/\(Self.resultName)", mayReplace: true)
        .write(Array((json.namingNonFinite.prettyText + "\n").utf8))
    }
  }

  /// The config of a run as a file that trains the same anew, under a name and in a directory of its own.
  private static func config(of run: SweepRun) -> JSONValue {
    guard case .object(var object) = run.configuration.resolved else { return run.configuration.resolved }
    object["name"] = .string("\(run.configuration.name)-best")
    object["output"] = nil
    return .object(object)
  }
}

extension SweepReport.Row {
  fileprivate init(
    _ run: SweepRun, number: Int, _ outcome: Sweep.Outcome, _ metric: MetricReference, _ registries: Registries
  ) throws {
    self.run = run
    self.number = number
    trace = try Sweep.trace(of: run, registries)
    rung = outcome.rung
    let stop = outcome.stop
    switch outcome.ending {
    case .finished, .interrupted: (status, error, reason) = (.finished, nil, trace?.reason)
    case .paused: (status, error, reason) = (.stopped, nil, nil)
    case .diverged(let why): (status, error, reason) = (.diverged, nil, trace?.reason ?? why)
    case .failed(let fault): (status, error, reason) = (.failed, fault, fault.message)
    }
    step = min(trace?.step ?? 0, stop ?? .max)
    epoch = trace?.records.last { $0.epoch != nil && $0.step <= stop ?? .max }?.epoch ?? 0
    measures = trace?.records.last { $0.step <= stop ?? .max }?.measures ?? []
    score = outcome.ending.isLost ? nil : trace?.score(metric, upTo: stop)
  }

  /// What comes before what, whatever the values.
  fileprivate var group: Int {
    switch status {
    case .finished, .stopped: 0
    case .diverged: 1
    case .failed: 2
    }
  }

  fileprivate func json(_ keys: [String]) -> JSONValue {
    var object: JSONObject = [
      "name": .string(run.name), "number": .integer(number), "directory": .string(run.directory),
      "values": .object(JSONObject(zip(keys, run.values).map { ($0, $1) })), "status": .string(status.rawValue),
      "reason": reason.map(JSONValue.string) ?? .null, "steps": .integer(step), "epochs": .integer(epoch),
      "score": score.map(JSONValue.number) ?? .null, "seconds": trace?.seconds.map(JSONValue.number) ?? .null,
      "digest": status == .finished ? trace?.digest.map(JSONValue.string) ?? .null : .null,
    ]
    for group in measures {
      object[group.group] = .object(JSONObject(group.values.map { ($0.key, $0.value) }))
    }
    return .object(object)
  }
}
