import DataParallel
import Foundations
import Kernels

/// What the steps of a run cost: how many samples a second, where the time goes, and what share of the machine is used.
package struct StepBenchmark: Sendable {
  /// The config's name.
  package let name: String
  /// The number of parameters.
  package let parameters: Int
  /// The element type of the arithmetic.
  package let precision: ElementType
  /// Samples of a batch.
  package let batchSize: Int
  /// Shards of a batch.
  package let shards: Int
  /// Workers that were asked for, and how many of them ran.
  package let workers: Int
  /// Threads that took part in the steps.
  package let threads: Int
  /// The instruction set of the kernels.
  package let instructionSet: String
  /// Steps of each round.
  package let stepsPerRound: Int
  /// Samples a second, one measurement a round.
  package let samplesPerSecond: Spread
  /// The workers' time by what they did with it; the shares sum to 1.
  package let shares: Shares
  /// Floating-point operations of a step.
  package let operationsPerStep: Int
  /// Bytes that a step moves at least: the samples and parameters read, parameters and optimizer state updated.
  package let bytesPerStep: Int
  /// What the machine can do at most.
  package let limits: MachineLimits

  /// The workers' time by what they did with it.
  package struct Shares: Sendable, Equatable {
    /// Finding the samples of the shards and converting them.
    package let data: Double
    /// The rest of the shards' work: outputs, losses and gradients.
    package let gradient: Double
    /// The blocks' work: the gradients' sum over the shards, with the products that are taken there, and the update.
    package let reduceAndUpdate: Double
    /// Claiming, and waiting for others.
    package let wait: Double
  }

  /// Floating-point operations a second.
  package var operationsPerSecond: Double { Double(operationsPerStep) * stepsPerSecond }
  /// Bytes a second.
  package var bytesPerSecond: Double { Double(bytesPerStep) * stepsPerSecond }
  private var stepsPerSecond: Double { samplesPerSecond.median / Double(batchSize) }

  /// Trains for about `seconds` without writing anything, after as much again to warm up and to take times.
  ///
  /// - Throws: `TrainerError` as a run of the configuration would.
  package init(_ configuration: RunConfiguration, workers: Int? = nil, seconds: Double = 3) throws {
    switch configuration.precision {
    case .float32: try self.init(configuration, workers: workers, seconds: seconds, as: Float.self)
    case .float64: try self.init(configuration, workers: workers, seconds: seconds, as: Double.self)
    }
  }

  private static let rounds = 9

  private init<Scalar: TrainingScalar>(
    _ configuration: RunConfiguration, workers: Int?, seconds: Double, as type: Scalar.Type
  ) throws {
    let region = Region(workers: RunOptions(workers: workers).workerCount)
    let setup = try RunSetup<Scalar>(configuration, region: region, live: LiveProgress())
    let engine = setup.engine
    var pacer = BenchmarkPace(engine, secondsPerRound: seconds / Double(Self.rounds))
    stepsPerRound = try pacer.steps()
    var rates: [Double] = []
    var times = WorkerTimes()
    var threads = 0
    for round in 0..<Self.rounds {
      rates.append(try pacer.round(of: stepsPerRound) { threads = max(threads, engine.run(steps: $0)) })
      // Taking times costs some time: it is done in rounds of their own.
      if round % 3 == 0 {
        let timed = TimedWork(engine.work, workers: region.workers)
        _ = try pacer.round(of: stepsPerRound) { region.run(steps: $0, phases: engine.work.phases, timed) }
        times.add(timed.times(of: pacer.lastSeconds))
      }
    }
    let data = engine.work.secondsOfData(steps: min(stepsPerRound, 200))
    samplesPerSecond = Spread(rates)
    shares = times.shares(dataSecondsPerStep: data, stepsPerRound: stepsPerRound)
    self.threads = threads
    self.workers = region.workers
    name = configuration.name
    parameters = setup.problem.layout.count
    precision = Scalar.elementType
    batchSize = engine.schedule.batchSize
    shards = configuration.training.shards
    instructionSet = InstructionSet.best.name
    operationsPerStep = engine.work.operationsPerStep
    bytesPerStep = engine.work.bytesPerStep
    limits = MachineLimits(region, kernels: Kernels<Scalar>.best)
  }
}

/// Runs steps in rounds, each from where the last ended.
struct BenchmarkPace<Scalar: TrainingScalar> {
  private let engine: TrainingEngine<Scalar>
  private let secondsPerRound: Double
  /// The next step.
  private(set) var next = 0
  /// How long the last round took.
  private(set) var lastSeconds = 0.0

  init(_ engine: TrainingEngine<Scalar>, secondsPerRound: Double) {
    self.engine = engine
    self.secondsPerRound = secondsPerRound
  }

  /// Warms up, and finds how many steps take a round's time: whole epochs if an epoch takes less.
  mutating func steps() throws -> Int {
    let engine = engine
    var steps = 1
    while true {
      _ = try round(of: steps) { engine.run(steps: $0) }
      if lastSeconds >= secondsPerRound / 2 { break }
      steps = max(steps + 1, min(8 * steps, Int(Double(steps) * secondsPerRound / lastSeconds)))
    }
    let epoch = engine.schedule.stepsPerEpoch
    let wanted = max(1, Int(Double(steps) * secondsPerRound / lastSeconds))
    return wanted > epoch ? wanted / epoch * epoch : wanted
  }

  /// Runs the steps up to this one, if they have not been run yet.
  mutating func goOn(to step: Int) throws {
    let engine = engine
    if next < step { _ = try round(of: step - next) { engine.run(steps: $0) } }
  }

  /// Runs a round.
  ///
  /// - Returns: Samples a second.
  /// - Throws: `TrainerError` with code `.diverged` if the training has diverged: its times would be those of numbers
  ///   that are not finite.
  mutating func round(of steps: Int, _ run: (Range<Int>) -> Void) throws -> Double {
    let range = next..<next + steps
    next += steps
    lastSeconds = max(1e-9, ContinuousClock().measure { run(range) }.seconds)
    if let divergence = engine.record.divergence {
      throw TrainerError(
        .diverged,
        "the training diverged at step \(divergence.step + 1), so its times would say nothing; "
          + "set a smaller optimizer.learningRate")
    }
    let samples = range.reduce(0) { $0 + engine.schedule.batch(of: $1).positions.count }
    return Double(samples) / lastSeconds
  }
}
