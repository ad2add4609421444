import DataParallel
import Datasets
import Foundations
import Kernels
import TensorBoard

/// What a run is about, for its first lines.
public struct RunDescription: Sendable {
  /// The run's name.
  public let name: String
  /// The run directory; `nil` for a run that writes no file.
  public let directory: String?
  /// The layout of the parameters.
  public let layout: ParameterLayout
  /// The element type.
  public let precision: ElementType
  /// The samples of each group, in the order train, validation, test; empty for a formula without data.
  public let samples: [(group: String, count: Int)]
  /// The columns of a table, and the inputs that they become; `nil` for inputs that are one array.
  public let features: (columns: Int, inputs: Int)?
  /// The samples of each class in the training group; `nil` where the targets are no classes.
  public let classes: ClassCounts?
  /// Optimizer steps of the whole run.
  public let steps: Int
  /// Optimizer steps of one epoch.
  public let stepsPerEpoch: Int
  /// Samples of a batch.
  public let batchSize: Int
  /// Shards of a batch.
  public let shards: Int
  /// Workers that are started.
  public let workers: Int
  /// Bytes that the shards keep of their gradients: the slots, and the operands of weights' products.
  public let gradientBytes: Int
  /// The instruction set of the kernels.
  public let instructionSet: String
  /// Completed steps of the checkpoint that the run goes on from; `nil` at a start.
  public let resumedStep: Int?
  /// What displays read while steps run.
  public let live: LiveProgress
  /// How the run comes by its rows, such as `streamed, chunks of 256 rows`, where they are not all in memory; `nil` where
  /// they are.
  public var rowSource: String?
  /// About the most that the run will take in memory, in bytes, where rows are not all in memory; 0 where they are.
  public var memoryBytes = 0
  /// What of the parameters comes from a file, and what stays as it is; `nil` where all start as the layers say and are trained.
  public var initial: String?
  /// The order in which an epoch visits the samples.
  public var order = SampleOrder.rows
  /// The ranks that train together; `nil` in one process.
  public var crew: RankCrew?
  /// Makes measures of the sums of an epoch so far.
  private var measure: (@Sendable ([Double]) -> LossAndMetrics)?
  /// Whether the larger value of a measure is the better one.
  public private(set) var prefersLarger: @Sendable (String) -> Bool = { $0 != "loss" }
  /// Whether there are data, so that a pass over them is an epoch.
  public var hasEpochs = true
  /// What is measured of each group, in the order of reports.
  public var measures = ["loss"]
  /// The numbers that are parameters of a formula, such as `parameters.w[0]`, where its reports have them.
  public var fewParameterNames: [String] = []
  /// The resolved config.
  public var settings: JSONObject = [:]
  /// Makes a picture of what is trained, for an observer that wants one.
  package var makeGraph: @Sendable () throws -> [GraphNode] = { [] }

  /// Creates a description, which a run makes for its observers.
  public init(
    name: String, directory: String?, layout: ParameterLayout, precision: ElementType,
    samples: [(group: String, count: Int)], features: (columns: Int, inputs: Int)? = nil,
    classes: ClassCounts? = nil, steps: Int, stepsPerEpoch: Int, batchSize: Int, shards: Int, workers: Int,
    gradientBytes: Int, instructionSet: String, resumedStep: Int?, live: LiveProgress
  ) {
    self.name = name
    self.directory = directory
    self.layout = layout
    self.precision = precision
    self.samples = samples
    self.features = features
    self.classes = classes
    self.steps = steps
    self.stepsPerEpoch = stepsPerEpoch
    self.batchSize = batchSize
    self.shards = shards
    self.workers = workers
    self.gradientBytes = gradientBytes
    self.instructionSet = instructionSet
    self.resumedStep = resumedStep
    self.live = live
  }
}

extension RunDescription {
  /// Loss and metrics of the epoch so far, as trained; `nil` before its first step, and where there are too many sums for
  /// every step to tell them. Any thread may ask while steps run.
  public var measuresSoFar: LossAndMetrics? {
    guard let measure, let sums = live.sums else { return nil }
    return measure(sums)
  }

  /// Describes a run that is about to begin or go on.
  ///
  /// - Parameters:
  ///   - directory: The run directory.
  ///   - resumedStep: Completed steps of the checkpoint that it goes on from.
  init<Scalar: TrainingScalar>(
    of setup: RunSetup<Scalar>, _ configuration: RunConfiguration, directory: String?, resumedStep: Int?,
    live: LiveProgress
  ) {
    self.init(
      name: configuration.name, directory: directory, layout: setup.problem.layout, precision: Scalar.elementType,
      samples: DatasetReader.groupNames.compactMap { name in setup.data?.groups[name].map { (name, $0.count) } },
      features: (setup.data?.transform as? FittedFeatures).map { ($0.takenFeatures.count, $0.outputNames.count) },
      classes: setup.classCounts, steps: setup.timetable.steps, stepsPerEpoch: setup.timetable.stepsPerEpoch,
      batchSize: setup.batchSize,
      shards: configuration.training.shards, workers: setup.engine.region.workers,
      gradientBytes: setup.engine.gradientBytes, instructionSet: InstructionSet.best.name, resumedStep: resumedStep,
      live: live)
    order = configuration.data?.shuffle ?? .rows
    let (isMean, metrics) = (setup.problem.isMean, setup.problem.metrics)
    measure = { LossAndMetrics(soFar: $0, isMean: isMean, metrics: metrics) }
    prefersLarger = { configuration.prefersLarger($0) }
    hasEpochs = setup.timetable.hasEpochs
    measures = setup.measureNames
    if setup.isFormula {
      fewParameterNames = setup.engine.memory.fewParameters.flatMap { parameter in
        ElementNames.all(of: "parameters.\(parameter.name)", shape: parameter.shape)
      }
    }
    if case .object(let object) = configuration.resolved { settings = object }
    let problem = setup.problem
    makeGraph = { try GraphOutline.nodes(of: problem) }
    if case .fromFile(let text)? = setup.data?.access {
      rowSource = text
      memoryBytes = setup.memoryForecast
    }
  }
}

extension RunSetup {
  /// The samples of each class in the training group; `nil` where the targets are no classes.
  fileprivate var classCounts: ClassCounts? {
    guard let problem = problem as? ModelProblem, problem.positions == 1, let data,
      let targets = data.groups["train"]?.sources[ModelProblem.InputName.targets]
    else { return nil }
    switch problem.task {
    case .multiclass(let classes, _): return ClassCounts(targets, names: data.schema.classes, classes: classes)
    case .binary(outputs: 1): return ClassCounts(targets, names: data.schema.classes, classes: 2)
    case .binary, .regression: return nil
    }
  }
}
