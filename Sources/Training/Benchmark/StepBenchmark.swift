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
  /// Samples of the training group.
  package let samples: Int
  /// Samples of a batch.
  package let batchSize: Int
  /// Shards of a batch.
  package let shards: Int
  /// Workers that were asked for, and how many of them ran.
  package let workers: Int
  /// Threads that took part in the steps.
  package let threads: Int
  /// The ranks that train together.
  package let rankCount: Int
  /// Bytes that the rank which sends most sends in a step.
  package let bytesSentPerStep: Int
  /// Messages that the rank which sends most of them sends in a step.
  package let messagesPerStep: Int
  /// The digest of the parameters after ``digestSteps`` steps: the same for any number of ranks and workers.
  package let digest: String
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
  /// What each kernel takes; empty if that was not asked for.
  package let kernels: [KernelTime]

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

  /// Floating-point operations a second of one rank.
  package var operationsPerSecond: Double { Double(operationsPerStep) * stepsPerSecond / Double(rankCount) }
  /// Bytes a second of one rank.
  package var bytesPerSecond: Double { Double(bytesPerStep) * stepsPerSecond / Double(rankCount) }
  /// Bytes that each rank sends at least where sums of gradients go to owners and parameters from them to all.
  package var leastBytesPerStep: Double {
    2 * Double(rankCount - 1) / Double(rankCount) * Double(parameters * precision.byteCount)
  }
  /// After how many steps the digest is taken.
  package static let digestSteps = 10
  private var stepsPerSecond: Double { samplesPerSecond.median / Double(batchSize) }

  /// Trains for about `seconds` without writing anything, after as much again to warm up and to take times. All ranks do so
  /// together, and what they measure is rank 0's but for what is sent.
  ///
  /// - Parameters:
  ///   - timesKernels: Whether each kernel is timed as well.
  ///   - starter: Starts the workers.
  /// - Throws: `TrainerError` as a run of the configuration would, `RankFailure`.
  package init(
    _ configuration: RunConfiguration, workers: Int? = nil, seconds: Double = 3, timesKernels: Bool = false,
    ranks: any Communicator = SingleProcess(), starter: @escaping WorkerStarter = standardStarter
  ) throws {
    var options = RunOptions(workers: workers, starter: starter)
    options.communicator = ranks
    self = try MemoryLimit.$budget.withValue(configuration.data?.memory) {
      switch configuration.precision {
      case .float32: try Self(configuration, options, seconds: seconds, timesKernels: timesKernels, as: Float.self)
      case .float64: try Self(configuration, options, seconds: seconds, timesKernels: timesKernels, as: Double.self)
      }
    }
  }

  private static let rounds = 9

  private init<Scalar: TrainingScalar>(
    _ configuration: RunConfiguration, _ options: RunOptions, seconds: Double, timesKernels: Bool, as type: Scalar.Type
  ) throws {
    let ranks = options.communicator
    let coordinator = Coordinator<Scalar>(configuration, options, [])
    let region = coordinator.region
    try ranks.requireSameProgram(configuration)
    let setup = try ranks.together {
      try coordinator.requireShards()
      return try RunSetup<Scalar>(configuration, region: region, live: LiveProgress(), ranks: ranks)
    }
    try ranks.requireSameData(setup.data?.fingerprint)
    let engine = setup.engine
    var pacer = BenchmarkPace(engine, secondsPerRound: seconds / Double(Self.rounds), ranks)
    let before = ranks.traffic
    _ = try pacer.round(of: Self.digestSteps) { try engine.run(steps: $0) }
    let sent = try ranks.most(of: ranks.traffic.since(before))
    digest = engine.memory.parametersDigest
    stepsPerRound = try pacer.steps()
    var rates: [Double] = []
    var times = WorkerTimes()
    var threads = 0
    for round in 0..<Self.rounds {
      rates.append(try pacer.round(of: stepsPerRound) { threads = max(threads, try engine.run(steps: $0)) })
      // Taking times costs some time: it is done in rounds of their own.
      if round % 3 == 0 {
        let timed = TimedWork(engine.work, workers: region.workers)
        _ = try pacer.round(of: stepsPerRound) { _ = try engine.run(steps: $0, as: timed) }
        times.add(timed.times(of: pacer.lastSeconds))
      }
    }
    let stepsOfKernels = stepsPerRound
    kernels =
      try timesKernels
      ? engine.kernelTimes(steps: stepsOfKernels) {
        _ = try pacer.round(of: stepsOfKernels) { _ = try engine.run(steps: $0) }
      } : []
    let data = engine.work.secondsOfData(steps: min(stepsPerRound, 200))
    samplesPerSecond = Spread(rates)
    shares = times.shares(dataSecondsPerStep: data, stepsPerRound: stepsPerRound)
    self.threads = threads
    self.workers = region.workers
    name = configuration.name
    parameters = setup.problem.layout.count
    precision = Scalar.elementType
    samples = engine.schedule.samples
    batchSize = engine.schedule.batchSize
    shards = configuration.training.shards
    instructionSet = InstructionSet.best.name
    rankCount = ranks.rankCount
    bytesSentPerStep = sent.bytes / Self.digestSteps
    messagesPerStep = sent.messages / Self.digestSteps
    operationsPerStep = engine.work.operationsPerStep
    bytesPerStep = engine.work.bytesPerStep
    limits = MachineLimits(region, kernels: Kernels<Scalar>.best)
  }
}

/// Runs steps in rounds, each from where the last ended.
struct BenchmarkPace<Scalar: TrainingScalar> {
  private let engine: TrainingEngine<Scalar>
  private let secondsPerRound: Double
  private let ranks: any Communicator
  /// The next step.
  private(set) var next = 0
  /// How long the last round took.
  private(set) var lastSeconds = 0.0

  init(_ engine: TrainingEngine<Scalar>, secondsPerRound: Double, _ ranks: any Communicator = SingleProcess()) {
    self.engine = engine
    self.ranks = ranks
    self.secondsPerRound = secondsPerRound
  }

  /// Warms up, and finds how many steps take a round's time: whole epochs if an epoch takes less.
  mutating func steps() throws -> Int {
    let engine = engine
    var steps = 1
    while true {
      _ = try round(of: steps) { try engine.run(steps: $0) }
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
    if next < step { _ = try round(of: step - next) { try engine.run(steps: $0) } }
  }

  /// Runs a round.
  ///
  /// - Returns: Samples a second.
  /// - Throws: `TrainerError` with code `.diverged` if the training has diverged: its times would be those of numbers
  ///   that are not finite.
  mutating func round(of steps: Int, _ run: (Range<Int>) throws -> Void) throws -> Double {
    let range = next..<next + steps
    next += steps
    lastSeconds = try max(1e-9, ContinuousClock().measure { try run(range) }.seconds)
    // A rank that went by its own clock would run other steps than the rest, and one alone may know that a parameter of
    // its own has left all bounds.
    let agreed = try ranks.agree(on: RoundNote(seconds: lastSeconds, divergedStep: engine.record.divergence?.step))
    lastSeconds = agreed.seconds
    if let step = agreed.divergedStep {
      throw ranks.shared(
        TrainerError(
          .diverged,
          "the training diverged at step \(step + 1), so its times would say nothing; "
            + "set a smaller optimizer.learningRate"))
    }
    let samples = range.reduce(0) { $0 + engine.schedule.batch(of: $1).positions.count }
    return Double(samples) / lastSeconds
  }
}
