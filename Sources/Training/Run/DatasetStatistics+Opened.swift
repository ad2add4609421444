import Datasets
import Foundations

extension DatasetStatistics {
  /// Measures a dataset that was opened.
  ///
  /// - Parameter group: The only group of samples that is measured; `nil` for all.
  /// - Throws: `TrainerError` with code `.usage` for a group that the dataset lacks, `.data` if it cannot be read.
  package init(_ opened: OpenedDataset, group: String?) throws {
    if let group, !opened.reader.groups.contains(group) {
      throw TrainerError(
        .usage,
        "\(opened.reader.path) has no group '\(group.onOneLine)'; it has \(opened.reader.groups.joined(separator: ", "))",
        remedy: nil)
    }
    let reader = group.map { DatasetReader(opened.reader, keeping: [$0]) } ?? opened.reader
    try self.init(reader, inputs: opened.inputs, targets: opened.targets)
  }
}
