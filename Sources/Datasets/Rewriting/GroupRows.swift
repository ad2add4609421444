import Foundations
import HDF5

/// How many rows the datasets of a group of samples have, each of which is a sample.
struct GroupRows {
  /// The number of rows.
  let count: Int

  /// Counts the rows of a group: those of its targets or of its inputs, else those that all its datasets have.
  ///
  /// - Throws: `TrainerError` with code `.data` if that cannot be told, or inputs and targets differ; `HDF5Error`.
  init(_ group: HDF5.Group, path: String) throws {
    let datasets = try Self.datasets(in: group, path: path)
    func counts(_ name: String) -> [(place: String, rows: Int)] {
      datasets.filter { $0.place == "\(group.path)/\(name)" || $0.place.hasPrefix("\(group.path)/\(name)/") }
    }
    let named = counts("targets") + counts("inputs")
    let all = named.isEmpty ? datasets : named
    guard let first = all.first else {
      throw TrainerError(.data, "\(path): the group '\(group.path.onOneLine)' has no dataset with rows of samples")
    }
    if let other = all.first(where: { $0.rows != first.rows }) {
      throw TrainerError(
        .data,
        "\(path): \(first.place.onOneLine) has \(first.rows) rows and \(other.place.onOneLine) \(other.rows), so that it "
          + "cannot be told which belong to one sample; a row of each is one sample")
    }
    count = first.rows
  }

  /// The datasets in a group and below that have rows.
  private static func datasets(in group: HDF5.Group, path: String) throws -> [(place: String, rows: Int)] {
    var seen: Set<ObjectIdentity> = []
    func find(_ group: HDF5.Group, _ depth: Int) throws -> [(place: String, rows: Int)] {
      guard depth < 32, seen.insert(try group.identity()).inserted else { return [] }
      let names = try group.memberNames().filter { !$0.contains("\u{FFFD}") }
      guard !Set(["data", "indices", "indptr"]).isSubset(of: names) else {
        throw TrainerError(
          .data,
          "\(path): \(group.path.onOneLine) is a sparse matrix, whose rows are no rows of its datasets; write it dense "
            + "first, as SciPy's toarray() makes it")
      }
      return try names.flatMap { name -> [(place: String, rows: Int)] in
        switch try group.kind(of: name) {
        case .group: return try find(group.group(name), depth + 1)
        case .dataset:
          let dataset = try group.dataset(name)
          guard try !dataset.isNull, let rows = try dataset.shape.first else { return [] }
          return [(dataset.path, rows)]
        case .datatype, .danglingLink, .externalLink, .unreadable: return []
        }
      }
    }
    return try find(group, 0)
  }
}

extension DatasetReader {
  /// The groups of samples that a file itself has, which commands write anew that know the trainer's own layout alone.
  ///
  /// - Throws: `TrainerError` with code `.data` if there is no `train`, with what the file has.
  static func sampleGroups(_ file: HDF5.File, path: String) throws -> [String] {
    let groups = try translating(path) {
      let root = try file.root
      return try groupNames.filter { try root.exists($0) && root.kind(of: $0) == .group }
    }
    guard groups.contains("train") else {
      let members = try translating(path) { try file.root.memberList(expecting: .dataset) }
      throw TrainerError(
        .data,
        "\(path): there is no group 'train' with the samples, as files in the trainer's own layout have it; the file has "
          + "\(members)")
    }
    return groups
  }
}
