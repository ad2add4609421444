import Datasets
import Foundations

/// A dataset that is looked at, and not trained on.
package struct OpenedDataset {
  /// Reads it.
  package let reader: DatasetReader
  /// The name of the inputs.
  package let inputs: String
  /// That of the targets; `nil` if there are none.
  package let targets: String?

  /// Opens a dataset as a run of a config does.
  ///
  /// - Parameters:
  ///   - path: The file, or a pattern of several; `nil` for those of the config.
  ///   - configuration: The config; its keys of `data` say where the samples are.
  /// - Throws: `TrainerError` with code `.usage` for a config without data, `.data` if the data cannot be read.
  package init(_ path: String?, for configuration: RunConfiguration) throws {
    guard let data = configuration.data else {
      throw TrainerError(
        .usage, "the config '\(configuration.name)' is of a formula without data; there is nothing to look at")
    }
    let file = try path.map { try data.reader(at: $0) } ?? data.reader(nil)
    // Where the file has no groups of its own, those of the split are trained on.
    (reader, inputs, targets) = (try data.divided(file), data.inputs, data.targets)
  }

  /// Opens a dataset whose samples are where they are by default, or where a file of its kind has them.
  ///
  /// - Throws: `TrainerError` with code `.data` if the file cannot be read, or it cannot be told where its samples are.
  package init(file path: String) throws {
    let paths = try DatasetFiles(expanding: [path]).paths
    let own = try DatasetReader(paths: paths)
    if own.groups.contains("train"), try own.hasDataset("inputs", in: "train") || own.isTable("inputs", in: "train") {
      (reader, inputs) = (own, "inputs")
      targets = try own.hasDataset("targets", in: "train") ? "targets" : nil
      return
    }
    switch try LayoutRecognition(path: paths[0]) {
    case .unusable(let why, let remedy):
      throw TrainerError(.data, "\(path): \(why)", remedy: remedy)
    case .usable(let proposal):
      reader = try DatasetReader(
        paths: paths, externalFiles: proposal.externalFiles, places: proposal.places, inputs: proposal.inputs,
        targets: proposal.targets)
      (inputs, targets) = (proposal.inputs, proposal.targets)
    }
  }
}
