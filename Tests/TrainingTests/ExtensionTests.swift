import Autodiff
import DataParallel
import Datasets
import Foundations
import Kernels
import Models
import Optimizers
import TestSupport
import Testing
import Training

/// x · σ(x) (Ramachandran, Zoph and Le, 2017), with a parameter and a mask, as an app might write a layer.
private struct Swish: Layer {
  static let type = "swish"
  var name: String?
  var rate = 0.1
  static let settings: [Setting<Swish>] = [.number("rate", \.rate, in: .rate, help: "The share that is dropped.")]
  var isRandom: Bool { true }

  init() {}
  init(from settings: Settings) throws {
    self = try Self.settings.read(settings, over: Swish())
    name = try settings.optionalString("name", help: "The layer's name.")
  }
  var json: JSONObject {
    Self.settings.json(of: self).appending(JSONObject([("name", name.map(JSONValue.string))]))
  }

  func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let beta = try builder.parameter("beta", shape: [], initialization: .init(.constant, scale: 1), in: x.graph)
    let y = try x * (x * beta).sigmoid()
    let mask = builder.nextMask()
    return builder.isTraining ? try y * y.graph.dropoutMask(rate: rate, stream: mask, shape: y.shape) : y
  }
}

/// log cosh of the error.
private struct LogCosh: Loss {
  static let type = "logCosh"
  init() {}
  init(from settings: Settings) throws {}
  let json: JSONObject = [:]
  let prediction = PredictionRule.value
  func terms(outputs: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: outputs)
    let error = try outputs - targets.reshape(outputs.shape)
    return LossTerms(losses: try (error + (error * -2).softplus() - 0.6931471805599453).mean(axes: [1]))
  }
  func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    try regressionTask(outputCount: outputCount, targets: targets)
  }
  func probabilities(of outputs: Node) throws -> Node? { nil }
}

/// The mean of |output − target|, as the package's own has it too.
private struct OwnError: Metric {
  var name = "ownError"
  let prefersLarger = false
  func isDefined(for task: LearningTask) -> Bool { if case .regression = task { true } else { false } }
  func sumCount(for task: LearningTask) -> Int { 2 }
  func add<Scalar: KernelElement>(_ samples: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>) {
    for sample in 0..<samples.count {
      for (output, target) in zip(samples.outputs(of: sample), samples.targets(of: sample)) {
        sums[0] += abs(Double(output) - Double(target))
        sums[1] += 1
      }
    }
  }
  func value(from sums: [Double], task: LearningTask) -> Double { sums[0] / sums[1] }
}

/// The rate divided by the root of the step.
private struct InverseRoot: Schedule {
  static let type = "inverseRoot"
  init() {}
  init(from settings: Settings) throws {}
  let json: JSONObject = [:]
  let dependsOnLength = false
  func factor(at step: Int, of run: RunLength) -> Double { 1 / Double(step + 1).squareRoot() }
}

/// Steps of one size.
private struct SignDescent: OptimizerSettings {
  static let type = "signDescent"
  var learningRate = 0.01
  static let settings: [Setting<SignDescent>] = [.learningRate(\.learningRate)]
  init() {}
  init(from settings: Settings) throws { self = try Self.settings.read(settings, over: SignDescent()) }
  var json: JSONObject { Self.settings.json(of: self) }
  var transformations: [any GradientTransformation] { [Sign()] }

  struct Sign: GradientTransformation {
    let stateNames: [String] = []
    func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
      block.update.assign(.sign, of: block.update)
    }
  }
}

/// Components that the package lacks, by what is public.
@Suite struct ExtensionTests {
  private static func registries() throws -> Registries {
    var registries = Registries.standard
    try registries.layers.add(Swish.self)
    try registries.losses.add(LogCosh.self)
    try registries.metrics.add(OwnError())
    try registries.schedules.add(InverseRoot.self)
    try registries.optimizers.add(SignDescent.self)
    return registries
  }

  private static func text(_ output: String) -> String {
    """
    {"name": "own", "seed": 3, "data": {"path": "\(Repository.data("diabetes"))", "preprocessing": ["standardize"]},
     "model": {"layers": [{"type": "dense", "units": 6}, {"type": "swish", "rate": 0.05}, {"type": "dense", "units": 1}]},
     "loss": "logCosh", "metrics": ["meanAbsoluteError", "ownError"], "optimizer": "signDescent",
     "schedule": "inverseRoot", "training": {"epochs": 4, "batchSize": 16, "shards": 4},
     "checkpoints": {"best": {"metric": "test.ownError"}}, "output": "\(output)"}
    """
  }

  @Test func aRunOfOwnComponents() throws {
    let registries = try Self.registries()
    try withScratchDirectory { directory in
      func configuration(_ name: String) throws -> RunConfiguration {
        try RunConfiguration(
          text: Self.text("\(directory)/\(name)"), source: "x.json", directory: "/", registries: registries)
      }
      let one = try trainToEnd(configuration("one"))
      let three = try trainToEnd(configuration("three"), workers: 3, starter: standardStarter)
      #expect(one.summary.digest == three.summary.digest)
      #expect(one.history.entries == three.history.entries)
      // The parameter of the own layer is among the others.
      #expect(one.history.starts[0].layout.entries.map(\.name).contains("swish1/beta"))
      for entry in one.history.entries {
        for measured in [entry.train] + entry.measurements {
          let (own, standard) = (try #require(measured["ownError"]), try #require(measured["meanAbsoluteError"]))
          #expect(abs(own - standard) < 1e-12 * standard)
        }
      }
      let losses = one.history.entries.map(\.train.loss)
      #expect(try #require(losses.last) < losses[0])

      let options = RunOptions(registries: registries)
      let checkpoint = try #require(one.summary.checkpoint)
      let report = try evaluate(checkpoint: checkpoint, options: options)
      #expect(report.measurement == one.history.entries.last?.measurements.last)
      // The package alone does not know them, and says so with its own names.
      #expect(throws: TrainerError.self) { try evaluate(checkpoint: checkpoint) }
      #expect(throws: TrainerError.self) { try RunDirectory("\(directory)/one").reread(.standard) }
      #expect(
        try RunDirectory("\(directory)/one").reread(registries).resolved
          == configuration("one").shuffling(by: .rows).resolved)

      // The same in Swift.
      let swift = try RunConfiguration(
        name: "own", seed: 3, data: DataSettings(path: Repository.data("diabetes"), preprocessing: [.standardize]),
        model: [Dense(units: 6), Self.swish, Dense(units: 1)], loss: LogCosh(),
        metrics: [StandardMetric.meanAbsoluteError, OwnError()], optimizer: OptimizerConfiguration(SignDescent()),
        schedule: ScheduleSettings(InverseRoot()),
        training: TrainingSettings(.epochs(4), batchSize: .samples(16), shards: 4),
        checkpoints: CheckpointSettings(best: MetricReference(.test, "ownError")), output: "\(directory)/one",
        registries: registries)
      #expect(swift.resolved.prettyText == (try configuration("one").resolved.prettyText))
    }
  }

  private static var swish: Swish {
    var layer = Swish()
    layer.rate = 0.05
    return layer
  }

  @Test func unknownTypesAreToldByTheRegistryThatWasUsed() throws {
    let text = Self.text("o").replacing(#""signDescent""#, with: #""signDescend""#)
    let error = #expect(throws: TrainerError.self) {
      try RunConfiguration(text: text, source: "x.json", directory: "/", registries: Self.registries())
    }
    #expect(error?.message.hasSuffix(#""lbfgs", "signDescent"; did you mean "signDescent"?"#) == true)
    let plain = #expect(throws: TrainerError.self) {
      try RunConfiguration(text: Self.text("o"), source: "x.json", directory: "/")
    }
    #expect(plain?.message.contains(#"expected one of "dense", "dropout", "#) == true)
  }

  @Test func aTypeIsRegisteredOnce() throws {
    var registries = try Self.registries()
    func message(_ body: () throws -> Void) -> String? {
      #expect(throws: TrainerError.self) { try body() }?.message
    }
    let expected = "'swish' is the type of a registered layer already; give the new layer another type"
    #expect(message { try registries.layers.add(Swish.self) } == expected)
    #expect(message { try registries.losses.add(Huber.self) }?.contains("'huber'") == true)
    #expect(message { try registries.metrics.add(OwnError(name: "accuracy")) }?.contains("registered metric") == true)
    #expect(message { try registries.metrics.add(OwnError(name: "loss")) }?.contains("'loss'") == true)
    #expect(message { try registries.schedules.add(CosineSchedule.self) }?.contains("'cosine'") == true)
    #expect(message { try registries.optimizers.add(Adam.self) }?.contains("'adam'") == true)
    #expect(message { try registries.importers.add(CSVImport.self) }?.contains("'csv'") == true)
    #expect(registries.layers.entries.count == Registry.layers.entries.count + 1)
  }

  @Test func aRandomLayerIsRefusedWhereTheLossMustStandStill() throws {
    let text = Self.text("o").replacing(#""signDescent""#, with: #""lbfgs""#)
      .replacing(#""inverseRoot""#, with: #""constant""#).replacing(#""batchSize": 16"#, with: #""batchSize": "full""#)
    let error = #expect(throws: TrainerError.self) {
      try RunConfiguration(text: text, source: "x.json", directory: "/", registries: Self.registries())
    }
    #expect(error?.message.contains("remove the swish") == true)
  }
}

extension RunDirectory {
  /// The run's config, as a resume reads it.
  fileprivate func reread(_ registries: Registries) throws -> RunConfiguration {
    try MovedData.configuration(of: path, registries: registries)
  }
}
