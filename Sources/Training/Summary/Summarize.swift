import Autodiff
import DataParallel
import Datasets
import Foundations
import Kernels
import Models
import Optimizers

extension ModelSummary {
  /// Looks at what a config trains. Of the data only shapes are read, but where these say not what becomes of them: categories
  /// and columns of a table become as many inputs as fitting finds.
  ///
  /// - Parameter workers: Those of the run that memory is worked out for; `nil` for as many as there are cores.
  /// - Throws: `TrainerError` as a run of the config would, also if it would not fit into memory.
  public init(of configuration: RunConfiguration, workers: Int? = nil) throws {
    let workers = workers ?? availableCores()
    self = try MemoryLimit.$budget.withValue(configuration.data?.memory) {
      switch configuration.precision {
      case .float32: try Summary<Float>(configuration, workers: workers).result
      case .float64: try Summary<Double>(configuration, workers: workers).result
      }
    }
  }

  /// Looks at the model of a checkpoint, without the data that it was trained on.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if it is missing or damaged.
  public init(
    checkpoint path: String, workers: Int? = nil, registries: Registries = .standard
  ) throws {
    let (checkpoint, configuration) = try loadCheckpoint(path, registries)
    guard case .model = configuration.objective else {
      try self.init(of: configuration, workers: workers)
      return
    }
    let workers = workers ?? availableCores()
    switch configuration.precision {
    case .float32:
      let model = try TrainedModel<Float>(checkpoint, configuration, path: path)
      self = try Summary<Float>(configuration, workers: workers, inputShape: model.transform.outputShape).result
    case .float64:
      let model = try TrainedModel<Double>(checkpoint, configuration, path: path)
      self = try Summary<Double>(configuration, workers: workers, inputShape: model.transform.outputShape).result
    }
  }
}

/// Works a summary out in one precision.
private struct Summary<Scalar: TrainingScalar> {
  let configuration: RunConfiguration
  let workers: Int

  private let problem: any Problem
  private let inputShape: [Int]?
  /// The training samples; `nil` if their number is not known.
  private let samples: Int?
  private let evaluates: Bool

  /// Looks at the data's shapes.
  init(_ configuration: RunConfiguration, workers: Int) throws {
    (self.configuration, self.workers) = (configuration, workers)
    switch configuration.objective {
    case .model(let settings):
      guard let data = configuration.data else {
        throw TrainerError(.usage, "data: a model needs a dataset to train on")
      }
      let shapes = try DataShapes(data)
      let shape = try shapes.inputShape()
      inputShape = shape
      (samples, evaluates) = (try shapes.sampleCount(), shapes.hasOtherGroups)
      problem = try Self.problem(settings, inputShape: shape)
    case .formula(let settings):
      inputShape = nil
      guard let data = configuration.data else {
        problem = try RunSetup<Scalar>.problem(configuration).problem
        (samples, evaluates) = (1, false)
        return
      }
      let shapes = try DataShapes(data)
      let formula = try FormulaProblem.read(settings)
      let names = try FormulaProblem.dataNames(of: formula, settings) { try shapes.has($0) }
      let rowShapes = try Dictionary(uniqueKeysWithValues: names.map { ($0, try shapes.rowShape(of: $0)) })
      problem = try FormulaProblem(settings, formula: formula, rowShapes: rowShapes, isWeighted: data.weights != nil)
      samples = try names.first.map(shapes.sampleCount) ?? 1
      evaluates = shapes.hasOtherGroups
    }
  }

  /// Takes the shape of a trained model's inputs.
  init(_ configuration: RunConfiguration, workers: Int, inputShape shape: [Int]) throws {
    guard case .model(let settings) = configuration.objective else {
      preconditionFailure("a formula has no shape of inputs")
    }
    (self.configuration, self.workers, inputShape) = (configuration, workers, shape)
    (samples, evaluates) = (nil, false)
    problem = try Self.problem(settings, inputShape: shape)
  }

  private static func problem(_ settings: ModelSettings, inputShape: [Int]) throws -> ModelProblem {
    if let problem = try RunSetup<Scalar>.problem(of: settings, inputShape: inputShape) { return problem }
    // Says why no targets do.
    let outputs = try settings.model.parameters(inputShape: inputShape).outputShape.reduce(1, *)
    return try ModelProblem(
      model: settings.model, loss: settings.loss, inputShape: inputShape, targets: .values(count: outputs)
    ) { try MetricSet([], task: $0) }
  }

  var result: ModelSummary {
    get throws {
      let layout = problem.layout
      try configuration.initial?.check(layout)
      let optimizer = try configuration.optimizer.optimizer(
        layout: layout, schedule: configuration.schedule, run: RunLength(steps: 1, stepsPerEpoch: 1))
      let frozen = configuration.frozenNames(layout)
      func parameter(_ name: String, _ shape: [Int]) -> ModelSummary.Parameter {
        .init(name: name, shape: shape, isTrained: !frozen.contains(name))
      }
      let settings = configuration.training
      // Where all samples are a batch and nobody knows how many, one stands for them.
      let batch = if case .samples(let size)? = settings.batchSize { size } else { samples ?? 1 }
      let step = try StepForecast<Scalar>(
        of: problem, samples: samples ?? batch, columns: columns, workers: workers, settings)
      let outline =
        try (problem as? ModelProblem).map { try $0.model.outline(inputShape: $0.inputShape) } ?? []
      let size = MemoryLayout<Scalar>.stride
      return ModelSummary(
        name: configuration.name, precision: configuration.precision, inputShape: inputShape,
        formula: formula,
        layers: outline.map { layer in
          .init(
            name: layer.name, type: layer.type, depth: layer.depth, outputShape: layer.outputShape,
            parameters: layer.parameters.map(parameter), operations: layer.operations)
        }, parameters: layout.entries.map { parameter($0.name, $0.shape) },
        operations: .init(
          forward: try inputShape == nil
            ? formulaOperations : outline.reduce(0) { $0 + ($1.depth == 0 ? $1.operations : 0) },
          trainingStep: step.operations / step.shardSamples),
        memory: .init(
          parameters: layout.count * size, optimizerState: optimizer.stateNames.count * layout.count * size,
          shard: step.shardByteCount, run: try runMemory(step).map { Int(min($0, 0x1p62)) }, workers: workers),
        batchSize: samples == nil && settings.batchSize == .full ? nil : step.batchSize, shards: settings.shards,
        shardSamples: step.shardSamples)
    }
  }

  private var formula: String? {
    guard case .formula(let settings) = configuration.objective else { return nil }
    return settings.objective
  }

  /// The elements of a sample in all that a plan reads.
  private var columns: Int {
    get throws {
      let graph = Graph()
      _ = try problem.terms(in: graph, samples: 1, isTraining: true)
      return graph.inputElementCount
    }
  }

  /// Operations of a formula's value for one sample.
  private var formulaOperations: Int {
    get throws { try problem.evaluationPlan(samples: 1, kernels: Kernels<Scalar>.best).floatingPointOperations }
  }

  /// What a run works out before it reads its data.
  private func runMemory(_ step: StepForecast<Scalar>) throws -> Double? {
    guard let samples else { return nil }
    let parameters = try RunSetup<Scalar>.parameterMemory(of: problem.layout, configuration)
    guard case .model(let settings) = configuration.objective, let inputShape else {
      return parameters + step.byteCount
    }
    return try parameters
      + RunSetup<Scalar>.stepMemory(
        of: settings, inputShape: inputShape, samples: samples, evaluates: evaluates, workers: workers,
        beside: parameters, configuration)
  }
}

extension RunConfiguration {
  /// What no gradient changes: parameters that are frozen or whose group of the optimizer has the learning rate 0, and state.
  fileprivate func frozenNames(_ layout: ParameterLayout) -> Set<String> {
    Set(
      layout.entries.filter { entry in
        let settings = optimizer.groups.first { $0.matches(entry.name) }?.settings ?? optimizer.settings
        return entry.isState || settings.learningRate == 0 || initial?.freezes(entry.name) ?? false
      }.map(\.name))
  }
}
