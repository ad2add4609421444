import Foundations

/// One run of a sweep: a config with the values that tell it from the others.
public struct SweepRun: Sendable {
  /// Its name, such as `optimizer.learningRate=0.1,seed=1`.
  public let name: String
  /// The same for a legend, shorter.
  public let label: String
  /// A value for each key of the sweep.
  public let values: [JSONValue]
  /// What is trained.
  public let configuration: RunConfiguration

  /// The run directory.
  public var directory: String { configuration.output ?? "" }

  /// Creates a run.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - label: The same for a legend; `nil` for the name.
  ///   - values: A value for each key of the sweep.
  ///   - configuration: What is trained; it must have a run directory of its own.
  public init(name: String, label: String? = nil, values: [JSONValue], configuration: RunConfiguration) {
    self.name = name
    self.label = label ?? name
    self.values = values
    self.configuration = configuration
  }
}

/// Several trainings that differ in some settings, and which of them is best.
///
/// The runs are ordinary ones in directories of their own: each saves and goes on as any run does, and no number depends on
/// how many train at once. One that diverges or fails does not stop the others.
public struct Sweep: Sendable {
  /// The settings that the runs differ in, such as `optimizer.learningRate`.
  public let keys: [String]
  /// The runs.
  public let runs: [SweepRun]
  /// Gets ``SweepReport/resultName`` and ``SweepReport/bestName``; `nil` for nothing written beside the runs.
  public let directory: String?

  /// Creates a sweep; nothing is read or made yet.
  ///
  /// - Parameters:
  ///   - keys: The settings that the runs differ in.
  ///   - runs: The runs, each with a value for each key and a directory of its own.
  ///   - directory: Gets the files that come of all runs; `nil` for none.
  /// - Throws: `TrainerError` with code `.usage` if there is no run, or one has no directory or shares it.
  public init(keys: [String], runs: [SweepRun], directory: String? = nil) throws {
    guard !runs.isEmpty else { throw TrainerError(.usage, "the sweep has no runs; give it one at least") }
    for (index, run) in runs.enumerated() {
      guard run.configuration.output != nil else {
        throw TrainerError(.usage, "the run \(run.name) has no \"output\"; give it a directory of its own")
      }
      if let twin = runs[..<index].first(where: { $0.directory == run.directory }) {
        throw TrainerError(
          .usage, "the runs \(twin.name) and \(run.name) would share the directory \(run.directory); give each its own")
      }
    }
    self.keys = keys
    self.runs = runs
    self.directory = directory
  }

  /// How a run ended, or a part of it.
  public enum Ending: Sendable {
    /// It is complete, now or since before.
    case finished
    /// It has come as far as the rung of successive halving goes.
    case paused
    /// It was stopped, and goes on with the same call.
    case interrupted
    /// The loss or a parameter is not finite, or beyond all bounds: a result like any other.
    case diverged(String)
    /// Something else is wrong, such as a disk that is full.
    case failed(TrainerError)
  }

  /// What is said of a run as it ends, or a part of it.
  public struct Progress: Sendable {
    /// The run.
    public let run: SweepRun
    /// The run's number, counted from 1.
    public let number: Int
    /// The rung of successive halving, counted from 1; `nil` without.
    public let rung: Int?
    /// How it ended.
    public let ending: Ending
    /// Completed steps.
    public let step: Int
    /// What it is judged by.
    public let metric: MetricReference
    /// Its value; `nil` if it was not measured or is not a number.
    public let score: Double?
  }

  /// Trains what is not finished and says which run is best.
  ///
  /// All runs are checked before the first begins. With successive halving (Jamieson and Talwalkar, 2016) all begin with a
  /// small part of their length, and the best go on. They stop early and go on from their checkpoints, so that the run
  /// which comes to its end has the bits of one that was trained at once.
  ///
  /// - Parameters:
  ///   - metric: What the runs are judged by, such as `validation.accuracy`; `nil` for the metric of `checkpoints.best`, else
  ///     the loss of the validation group, else that of the training group.
  ///   - factor: Of so many runs one goes on from rung to rung; `nil` for all to their end.
  ///   - jobs: How many runs train at once; each has its share of the options' workers.
  ///   - options: How; a stop through its control ends all runs, each with a checkpoint.
  ///   - makeObservers: The observers of a run, which must write its metrics file: the sweep goes by it.
  ///   - progress: Called as each run ends, or a part of it, on any thread.
  /// - Returns: What came of it; `nil` if it was interrupted, and the same call goes on.
  /// - Throws: `TrainerError` for whatever is wrong with a config, the data or a directory, before anything is trained.
  public func run(
    metric: String? = nil, halvingBy factor: Int? = nil, jobs: Int = 1, options: RunOptions = RunOptions(),
    makeObservers: @escaping @Sendable () -> [any RunObserver],
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) throws -> SweepReport? {
    let extents = try checked(ConcurrentRuns(atOnce: jobs, of: runs.count, options: options))
    let metric = try self.metric(metric, extents, options.registries)
    let halving = SuccessiveHalving(extents, factor: factor)
    var outcomes = runs.map { _ in Outcome(ending: .interrupted, rung: 0, stop: nil) }
    var candidates = Array(runs.indices)
    for rung in 0..<halving.rungs {
      // The fewer runs there are, the more workers has each.
      let concurrent = ConcurrentRuns(atOnce: jobs, of: candidates.count, options: options)
      let (numbers, runs, ofRun) = (candidates, runs, concurrent.options)
      let endings = try concurrent.map(numbers.count) { place in
        let index = numbers[place]
        let stop = halving.stop(of: index, rung: rung)
        let ending = try Self.train(runs[index], upTo: stop, ofRun, makeObservers)
        let trace = try Self.trace(of: runs[index], ofRun.registries)
        progress(
          Progress(
            run: runs[index], number: index + 1, rung: factor == nil ? nil : rung + 1, ending: ending,
            step: min(trace?.step ?? 0, stop ?? .max), metric: metric, score: trace?.score(metric, upTo: stop)))
        return ending
      }
      for (index, ending) in zip(numbers, endings) {
        outcomes[index] = Outcome(
          ending: ending ?? .interrupted, rung: rung, stop: halving.stop(of: index, rung: rung))
      }
      guard !options.control.isStopping, !endings.contains(where: { $0?.isInterrupted ?? true }) else { return nil }
      guard rung + 1 < halving.rungs else { break }
      let scores = try numbers.map { index in
        outcomes[index].ending.isLost
          ? nil : try Self.trace(of: runs[index], options.registries)?.score(metric, upTo: outcomes[index].stop)
      }
      candidates = Array(
        zip(numbers, scores).filter { $1 != nil }.sorted { one, other in
          guard let first = one.1, let second = other.1, first != second else { return one.0 < other.0 }
          return metric.isBetter(first, than: second)
        }.map(\.0).prefix(halving.counts[rung + 1]))
      if candidates.isEmpty { break }
    }
    let report = try SweepReport(self, metric: metric, isHalving: factor != nil, outcomes, options.registries)
    try report.write()
    return report
  }

  /// How far a run has come, and how that ended.
  struct Outcome: Sendable {
    let ending: Ending
    /// The rung, counted from 0.
    let rung: Int
    /// The step at which the rung ends; `nil` for the end of the run.
    let stop: Int?
  }

  /// Checks all runs, data and directories too, before the first begins: a fault in the last would otherwise show after
  /// hours.
  private func checked(_ concurrent: ConcurrentRuns) throws -> [RunExtent] {
    let check = TrainabilityCheck(options: concurrent.options)
    return try runs.map { run in
      do {
        return try MemoryLimit.$runsAtOnce.withValue(concurrent.count) { try check.extent(of: run.configuration) }
      } catch let error as TrainerError {
        throw TrainerError(error.code, "the run with \(run.name): \(error.message)", excerpt: error.excerpt)
      }
    }
  }

  /// What the runs are judged by, which each of them must measure.
  private func metric(_ name: String?, _ extents: [RunExtent], _ registries: Registries) throws -> MetricReference {
    let first = runs[0].configuration
    let hasValidation = extents.allSatisfy { $0.groups.contains("validation") }
    let text = name ?? first.checkpoints.best?.description ?? (hasValidation ? "validation.loss" : "train.loss")
    for (run, extent) in zip(runs, extents) {
      do {
        let metric = try MetricReference(text, of: run.configuration, registries: registries)
        guard extent.groups.contains(metric.group.rawValue) else {
          throw TrainerError(
            .usage,
            "found \"\(text)\", but the data have no group '\(metric.group.rawValue)'; they have \(listed(extent.groups))"
          )
        }
        if extent.stepsPerMeasurement > 1, let fault = run.configuration.fault(of: metric) {
          throw TrainerError(.usage, fault)
        }
      } catch let error as TrainerError {
        throw TrainerError(.usage, "the metric of the sweep, in the run with \(run.name): \(error.message)")
      }
    }
    return try MetricReference(text, of: first, registries: registries)
  }

  // MARK: One run

  private static func train(
    _ run: SweepRun, upTo step: Int?, _ options: RunOptions, _ makeObservers: () -> [any RunObserver]
  ) throws -> Ending {
    if let ending = try known(run, upTo: step, options.registries) { return ending }
    var options = options
    options.stopAtStep = step
    do {
      switch try Training.train(run.configuration, options: options, observers: makeObservers()) {
      case .finished, .alreadyFinished: return .finished
      case .interrupted(let summary): return step.map { summary.step >= $0 } ?? false ? .paused : .interrupted
      }
    } catch let error as TrainerError {
      return error.code == .diverged ? .diverged(error.message) : .failed(error)
    }
  }

  /// How a run ended that needs no more training; `nil` for one that does.
  private static func known(_ run: SweepRun, upTo step: Int?, _ registries: Registries) throws -> Ending? {
    guard let trace = try trace(of: run, registries) else { return nil }
    switch trace.ending {
    // It would diverge again: a run is a function of its config and its data, which have been compared.
    case .diverged: return .diverged("the run \(trace.reason ?? "diverged")")
    case .finished where step.map { trace.step >= $0 } ?? false: return .finished
    case .unfinished where trace.reason != nil && step.map { trace.step >= $0 } ?? false: return .paused
    default: return nil
    }
  }

  /// What a run's directory tells; `nil` if it holds none yet.
  static func trace(of run: SweepRun, _ registries: Registries) throws -> RunTrace? {
    try RunDirectory(run.directory).holdsRun ? RunTrace(directory: run.directory, registries: registries) : nil
  }
}

extension Sweep.Ending {
  var isInterrupted: Bool { if case .interrupted = self { true } else { false } }

  /// Whether the run goes on no more.
  var isLost: Bool {
    switch self {
    case .diverged, .failed: true
    case .finished, .paused, .interrupted: false
    }
  }
}
