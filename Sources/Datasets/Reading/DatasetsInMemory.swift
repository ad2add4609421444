import Foundations
import HDF5

extension DatasetReader {
  /// Reads tables in memory as a file that holds them would be read.
  ///
  /// - Parameters:
  ///   - groups: The samples.
  ///   - names: How the datasets are called in each group.
  ///   - classes: The classes' names; `nil` if they have none.
  ///   - features: The columns' names; `nil` if they have none.
  ///   - path: How messages call the tables, in place of a file's path.
  /// - Throws: `TrainerError` with code `.data` for a lack of memory.
  package init(
    _ groups: [DatasetWriter.Group], names: (inputs: String, targets: String), classes: [String]? = nil,
    features: [String]? = nil, calling path: String
  ) throws {
    let bytes = groups.reduce(0.0) { $0 + Double($1.inputs.byteCount) + Double($1.targets.bytes.count) }
    // The file in memory, which the library grows by copying.
    try MemoryLimit.require(2 * bytes, for: "\(path): preparing them", code: .data, advice: "take fewer rows")
    let file = try Self.translating(path) {
      let file = try HDF5.File.inMemory()
      try DatasetWriter().fill(file, groups, names: names, classes: classes, features: features)
      return file
    }
    self.init(
      file, path: path, groups: Self.groupNames.filter { name in groups.contains { $0.name == name } },
      roles: (names.inputs, names.targets))
  }
}
