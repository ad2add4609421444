import DataParallel
import Datasets
import Foundation
import Foundations
import HDF5
import Kernels
import Models

/// What is wrong with a config: all of it, as far as it can be found without training.
///
/// A config with faults of its own is not compared with its data, which it may not mean.
package struct ConfigCheck: Sendable {
  /// The faults; of a config that trains, none.
  package let faults: [TrainerError]
  /// What the config trains, for people; `nil` if there are faults.
  package let summary: String?

  /// The exit code: that of the first fault, but `.usage` comes before `.data`.
  package var code: ExitCode {
    faults.contains { $0.code == .usage } ? .usage : faults.first?.code ?? .done
  }

  /// Reads a config, and compares it with its data.
  ///
  /// - Parameters:
  ///   - path: The config's file.
  ///   - overrides: Values from the command line, in order.
  ///   - readsData: Whether the data are looked at.
  ///   - registries: The components that a config can choose from.
  package init(
    file path: String, overrides: [SettingsOverride] = [], readsData: Bool = true, registries: Registries = .standard
  ) throws {
    let configuration: RunConfiguration
    do {
      configuration = try RunConfiguration(file: path, overrides: overrides, registries: registries)
    } catch let error as TrainerError {
      faults = ([error] + error.others).map(\.alone).inOrder
      summary = nil
      return
    }
    guard readsData else {
      faults = []
      summary = configuration.outline
      return
    }
    (faults, summary) = try MemoryLimit.$budget.withValue(configuration.data?.memory) {
      switch configuration.precision {
      case .float32: try DataExamination<Float>.outcome(of: configuration)
      case .float64: try DataExamination<Double>.outcome(of: configuration)
      }
    }
  }
}

extension [TrainerError] {
  /// By their place in the text; those without one come last.
  fileprivate var inOrder: [TrainerError] {
    func place(_ error: TrainerError, _ ordinal: Int) -> (Int, Int, Int) {
      (error.place?.position?.line ?? .max, error.place?.position?.column ?? .max, ordinal)
    }
    return enumerated().sorted { place($0.element, $0.offset) < place($1.element, $1.offset) }.map(\.element)
  }
}

extension RunConfiguration {
  /// What is trained, in a few words.
  fileprivate var outline: String {
    let length =
      switch training.length {
      case .epochs(let count): "\(count) \(count == 1 ? "epoch" : "epochs")"
      case .steps(let count): "\(count) \(count == 1 ? "step" : "steps")"
      }
    switch objective {
    case .model(let settings):
      let count = settings.model.layers.count
      return "a model of \(count) \(count == 1 ? "layer" : "layers"), \(type(of: settings.loss).type), \(length)"
    case .formula(let settings):
      let count = settings.parameters.count
      return "a formula of \(count) \(count == 1 ? "parameter" : "parameters"), \(length)"
    }
  }
}

/// Looks at a config's data for all that does not fit, where the first fault would end a run.
private struct DataExamination<Scalar: TrainingScalar> {
  private let configuration: RunConfiguration
  private var faults: [TrainerError] = []
  /// Whether several files are missing, of which a run names the first.
  private var lacksFiles = false

  /// What a run would find before its first step; if it finds something, what else there is.
  static func outcome(of configuration: RunConfiguration) throws -> ([TrainerError], String?) {
    do {
      let setup = try RunSetup<Scalar>(configuration, region: Region(workers: 1), live: LiveProgress())
      let parameters = "\(setup.problem.layout.count) parameters"
      let samples = setup.data == nil ? "" : ", \(setup.samplesPerEpoch) training samples"
      let steps = setup.timetable.hasEpochs ? " of \(setup.timetable.stepsPerEpoch) steps" : ""
      return ([], "\(configuration.outline)\(steps), \(parameters)\(samples)")
    } catch let error as TrainerError {
      var examination = DataExamination(configuration: configuration)
      try examination.examine()
      if !examination.lacksFiles { examination.note(error) }
      return (examination.faults, nil)
    }
  }

  private init(configuration: RunConfiguration) { self.configuration = configuration }

  private mutating func note(_ error: TrainerError) {
    if !faults.contains(error) { faults.append(error) }
  }

  /// Does a part of the work, and notes what is wrong; `nil` if something is.
  private mutating func attempt<Result>(_ body: () throws -> Result) throws -> Result? {
    do {
      return try body()
    } catch let error as TrainerError {
      note(error)
    } catch let error as HDF5Error {
      note(TrainerError(.data, error.message))
    }
    return nil
  }

  private mutating func examine() throws {
    let configuration = configuration
    guard let settings = configuration.data, try hasFiles(settings) else { return }
    guard case .model(let model) = configuration.objective else { return }
    guard
      let reader = try attempt({
        let file = try settings.reader(nil)
        try file.requireTrainingGroupIfNamed()
        return try settings.divided(file)
      }), reader.groups.contains("train")
    else { return }
    // Each group by itself, since one may lack what others have.
    for group in reader.groups {
      let inputs = try attempt { try reader.inputShape(of: settings.inputs, in: group).rows }
      let targets = try attempt {
        let found: (RowSource<Scalar>, TargetKind) = try reader.targets(
          settings.targets ?? "targets", in: group, classes: nil)
        return found.0.rows
      }
      if group == "train", let rows = inputs ?? targets {
        _ = try attempt { try RunSetup<Scalar>.batchSize(configuration, samples: rows, path: reader.path) }
      }
    }
    for (key, measure) in configuration.measures {
      _ = try attempt {
        try RunSetup<Scalar>.require(
          measure, key, of: configuration, groups: reader.groups, otherGroups: [], path: reader.path,
          measuresTrain: true)
      }
    }
    guard let data = try attempt({ try TrainingData<Scalar>(settings) }) else { return }
    try examine(model, settings, data)
  }

  /// Whether there is each of the files; with several, all that are missing are told.
  private mutating func hasFiles(_ settings: DataSettings) throws -> Bool {
    let missing = settings.paths.filter { !FileManager.default.fileExists(atPath: $0) }
    guard missing.count > 1 else { return missing.isEmpty }
    for path in missing {
      lacksFiles = true
      note(TrainerError(.data, "\(path): there is no such dataset file\(neighbourHint(of: path))"))
    }
    return false
  }

  /// Compares the layers, the loss and the metrics with the data.
  private mutating func examine(
    _ model: ModelSettings, _ settings: DataSettings, _ data: TrainingData<Scalar>
  ) throws {
    let configuration = configuration
    let inputShape = data.transform?.outputShape ?? []
    guard let parameters = try attempt({ try model.model.parameters(inputShape: inputShape) }) else { return }
    _ = try attempt { try RunSetup<Scalar>.parameterMemory(of: parameters.layout, configuration) }
    let positions = model.loss.positions(of: parameters.outputShape)
    let width = parameters.outputShape.reduce(1, *) / max(1, positions)
    guard
      let task = try attempt({
        try data.naming(settings.targets) {
          try model.loss.task(outputCount: width, targets: data.targets.perPosition(positions, classes: width))
        }
      })
    else { return }
    for metric in model.metrics { _ = try attempt { try MetricSet([metric], task: task) } }
    _ = try attempt { try data.requireTargets(settings.targets, of: task, loss: model.loss) }
  }
}
