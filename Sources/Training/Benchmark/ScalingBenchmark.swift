import DataParallel
import Foundations
import Kernels

/// How the steps of a run scale with the number of workers, or of ranks.
package struct ScalingBenchmark: Sendable {
  /// What there are more and more of.
  package enum Unit: String, Sendable {
    /// Threads of one process.
    case workers
    /// Processes.
    case ranks
  }

  /// What was measured with one number of them on one size of batches.
  package struct Series: Sendable {
    /// How many there were.
    package let count: Int
    /// Threads that took part.
    package let threads: Int
    /// Samples a second, one measurement a round.
    package let rates: [Double]
    /// The digest of the parameters after the same steps for all numbers.
    package let digest: String
    /// Bytes of a step that the rank which sends most sends.
    package let bytesSentPerStep: Int

    /// Creates the value.
    package init(count: Int, threads: Int, rates: [Double], digest: String, bytesSentPerStep: Int = 0) {
      self.count = count
      self.threads = threads
      self.rates = rates
      self.digest = digest
      self.bytesSentPerStep = bytesSentPerStep
    }
  }

  /// What was measured with one number of them.
  package struct Row: Sendable {
    /// The number.
    package let count: Int
    /// Threads of a process that took part; fewer than its workers where there are fewer cores.
    package let threads: Int
    /// Samples a second on the config's batches, one measurement a round.
    package let strong: Spread
    /// How many times as fast as with the first number in the same round.
    package let speedup: Spread
    /// Samples a second on batches and shards as many times as large as the number; `nil` if the data are too few.
    package let weak: Spread?
    /// How many times as fast as with the first number in the same round, on batches as they grow.
    package let weakSpeedup: Spread?
    /// The digest of the parameters after the same steps for all numbers, on the config's batches.
    package let digest: String
    /// Bytes of a step that the rank which sends most sends.
    package let bytesSentPerStep: Int

    /// The speed-up as a share of what as many workers could reach.
    package func efficiency(first: Int) -> Double { speedup.median * Double(first) / Double(count) }
    /// The same on growing batches.
    package func weakEfficiency(first: Int) -> Double? {
      weakSpeedup.map { $0.median * Double(first) / Double(count) }
    }
  }

  /// The config's name.
  package let name: String
  /// What there are more and more of.
  package let unit: Unit
  /// Samples of a batch, without growing.
  package let batchSize: Int
  /// Shards of a batch, without growing.
  package let shards: Int
  /// The cores that the process may use.
  package let cores: Int
  /// The numbers, ascending.
  package let rows: [Row]
  /// Amdahl's law for the speed-ups, from three numbers up, the first of which is 1.
  package let amdahl: AmdahlFit?
  /// The Universal Scalability Law for them, from four up.
  package let scalability: ScalabilityFit?

  /// Whether all numbers have ended with the same parameters.
  package var digestsAgree: Bool { Set(rows.map(\.digest)).count == 1 }

  /// The numbers of workers that are measured if none are given: powers of two up to the cores, and the cores.
  package static func defaultWorkers(cores: Int = availableCores()) -> [Int] {
    var counts: [Int] = []
    var count = 1
    while count < cores {
      counts.append(count)
      count *= 2
    }
    return counts + [cores]
  }

  /// Trains with each number of workers in turn, `rounds` times, for about `seconds` each time.
  ///
  /// - Throws: `TrainerError` as a run of the configuration would.
  package init(_ configuration: RunConfiguration, workers: [Int]? = nil, rounds: Int = 7, seconds: Double = 0.5) throws
  {
    switch configuration.precision {
    case .float32: try self.init(configuration, workers, rounds: rounds, seconds: seconds, as: Float.self)
    case .float64: try self.init(configuration, workers, rounds: rounds, seconds: seconds, as: Double.self)
    }
  }

  private init<Scalar: TrainingScalar>(
    _ configuration: RunConfiguration, _ workers: [Int]?, rounds: Int, seconds: Double, as type: Scalar.Type
  ) throws {
    let counts = Set(workers ?? Self.defaultWorkers()).sorted()
    var strong = try counts.map {
      try Candidate<Scalar>(configuration, workers: $0, factor: 1, seconds: seconds)
    }
    let schedule = strong[0].engine.schedule
    var weak = try counts.filter { $0 * schedule.batchSize <= schedule.samples }.map {
      try Candidate<Scalar>(configuration, workers: $0, factor: $0, seconds: seconds)
    }
    for index in strong.indices { try strong[index].warmUp() }
    for index in weak.indices { try weak[index].warmUp() }
    // All do the same steps, so that they must end with the same parameters: as many a round as the slowest in its time.
    let (first, steps) = (strong.map(\.pace.next).max() ?? 0, strong.map(\.steps).min() ?? 1)
    for index in strong.indices { try strong[index].begin(at: first, steps: steps) }
    for _ in 0..<rounds {
      for index in strong.indices { try strong[index].measure() }
      for index in weak.indices { try weak[index].measure() }
    }

    self.init(
      name: configuration.name, unit: .workers, batchSize: schedule.batchSize, shards: configuration.training.shards,
      strong: strong.map(\.series), weak: weak.map(\.series))
  }

  /// What follows from measurements.
  ///
  /// - Parameters:
  ///   - strong: Those on the config's batches, by ascending numbers.
  ///   - weak: Those on growing batches, of the first of these numbers; there may be fewer.
  package init(name: String, unit: Unit, batchSize: Int, shards: Int, strong: [Series], weak: [Series]) {
    self.name = name
    self.unit = unit
    self.batchSize = batchSize
    self.shards = shards
    cores = availableCores()
    rows = strong.enumerated().map { index, one in
      let growing = index < weak.count ? weak[index] : nil
      return Row(
        count: one.count, threads: one.threads, strong: Spread(one.rates),
        speedup: Spread(zip(one.rates, strong[0].rates).map { $0 / $1 }), weak: growing.map { Spread($0.rates) },
        weakSpeedup: growing.map { Spread(zip($0.rates, weak[0].rates).map { $0 / $1 }) }, digest: one.digest,
        bytesSentPerStep: one.bytesSentPerStep)
    }
    let counts = strong.map(\.count)
    let isFromOne = counts.first == 1
    let speedups = rows.map(\.speedup.median)
    amdahl = isFromOne ? AmdahlFit(workers: counts, speedups: speedups) : nil
    scalability = isFromOne ? ScalabilityFit(workers: counts, speedups: speedups) : nil
  }
}

/// One number of workers on one size of batches.
private struct Candidate<Scalar: TrainingScalar> {
  let workers: Int
  let engine: TrainingEngine<Scalar>
  private(set) var pace: BenchmarkPace<Scalar>
  private(set) var steps = 1
  private(set) var rates: [Double] = []
  private(set) var threads = 0

  init(_ configuration: RunConfiguration, workers: Int, factor: Int, seconds: Double) throws {
    self.workers = workers
    var larger = configuration
    larger.training = configuration.training.growing(by: factor)
    engine = try RunSetup<Scalar>(larger, region: Region(workers: workers), live: LiveProgress()).engine
    pace = BenchmarkPace(engine, secondsPerRound: seconds)
  }

  mutating func warmUp() throws { steps = try pace.steps() }

  /// Goes on to a step from which rounds have that many.
  mutating func begin(at step: Int, steps: Int) throws {
    try pace.goOn(to: step)
    self.steps = steps
  }

  mutating func measure() throws {
    let engine = engine
    var threads = threads
    rates.append(try pace.round(of: steps) { threads = max(threads, try engine.run(steps: $0)) })
    self.threads = threads
  }

  var series: ScalingBenchmark.Series {
    ScalingBenchmark.Series(count: workers, threads: threads, rates: rates, digest: engine.memory.parametersDigest)
  }
}
