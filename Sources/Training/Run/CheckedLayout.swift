import Datasets
import Foundations

extension LayoutCheck {
  /// Looks at how well the layout of a file suits a config's training.
  ///
  /// - Parameters:
  ///   - path: The file, or a pattern of several; `nil` for those of the config.
  ///   - configuration: The config; its keys of `data` say where the samples are.
  /// - Throws: `TrainerError` with code `.usage` for a config without data, `.data` if the data cannot be read.
  package init(_ path: String?, for configuration: RunConfiguration) throws {
    guard let data = configuration.data else {
      throw TrainerError(
        .usage, "the config '\(configuration.name)' is of a formula without data; there is nothing to check")
    }
    let file = try path.map { try data.reader(at: $0) } ?? data.reader(nil)
    // Where the file has no groups of its own, those of the split are trained on.
    let reader = try data.divided(file)
    let batchSize: Int? =
      switch configuration.training.batchSize {
      case .samples(let count)?: count
      case .full?, nil: nil
      }
    let plan = Plan(
      order: try data.shuffle ?? reader.standardOrder(of: [data.inputs]), batchSize: batchSize,
      shards: configuration.training.shards,
      numberBytes: configuration.precision == .float64 ? 8 : 4, memory: data.memory)
    try self.init(reader, inputs: data.inputs, targets: data.targets, plan: plan)
  }

  /// Looks at how well the layout of a file suits training with the settings that a config has by default.
  ///
  /// - Throws: `TrainerError` with code `.data` if the file cannot be read, or it cannot be told where its samples are.
  package init(file path: String) throws {
    let paths = try DatasetFiles(expanding: [path]).paths
    let own = try DatasetReader(paths: paths)
    if own.groups.contains("train"), try own.hasDataset("inputs", in: "train") || own.isTable("inputs", in: "train") {
      try self.init(own, inputs: "inputs", targets: try own.hasDataset("targets", in: "train") ? "targets" : nil)
      return
    }
    switch try LayoutRecognition(path: paths[0]) {
    case .unusable(let why, let remedy):
      throw TrainerError(.data, "\(path): \(why)", remedy: remedy)
    case .usable(let proposal):
      let reader = try DatasetReader(
        paths: paths, externalFiles: proposal.externalFiles, places: proposal.places, inputs: proposal.inputs,
        targets: proposal.targets)
      try self.init(reader, inputs: proposal.inputs, targets: proposal.targets)
    }
  }

  private init(_ reader: DatasetReader, inputs: String, targets: String?) throws {
    let training = TrainingSettings()
    let plan = Plan(order: try reader.standardOrder(of: [inputs]), batchSize: 32, shards: training.shards)
    try self.init(reader, inputs: inputs, targets: targets, plan: plan)
  }
}
