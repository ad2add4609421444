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
    let opened = try OpenedDataset(path, for: configuration)
    let batchSize: Int? =
      switch configuration.training.batchSize {
      case .samples(let count)?: count
      case .full?, nil: nil
      }
    let plan = Plan(
      order: try configuration.data?.shuffle ?? opened.reader.standardOrder(of: [opened.inputs]), batchSize: batchSize,
      shards: configuration.training.shards,
      numberBytes: configuration.precision == .float64 ? 8 : 4, memory: configuration.data?.memory)
    try self.init(opened.reader, inputs: opened.inputs, targets: opened.targets, plan: plan)
  }

  /// Looks at how well the layout of a file suits training with the settings that a config has by default.
  ///
  /// - Throws: `TrainerError` with code `.data` if the file cannot be read, or it cannot be told where its samples are.
  package init(file path: String) throws {
    let opened = try OpenedDataset(file: path)
    let plan = Plan(
      order: try opened.reader.standardOrder(of: [opened.inputs]), batchSize: 32, shards: TrainingSettings().shards)
    try self.init(opened.reader, inputs: opened.inputs, targets: opened.targets, plan: plan)
  }
}
