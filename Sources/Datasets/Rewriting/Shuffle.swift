import Foundations
import HDF5

/// Stores the rows of a file in another order, drawn once: then an epoch may read them in the order of the file.
///
/// In each of the groups `train`, `validation` and `test` row k goes to place π(k) of the samplers' permutation π, in all
/// datasets alike. What each group's rows become is a function of the seed and their number alone.
package struct Shuffle: Sendable {
  /// The file.
  package var path: String
  /// What the order is drawn with.
  package var seed: Int
  /// What all such commands have in common.
  package var options: Rewriting

  /// Creates the command.
  package init(path: String, seed: Int = 0, options: Rewriting = Rewriting()) {
    self.path = path
    self.seed = seed
    self.options = options
  }

  /// Writes the new file, complete or not at all.
  ///
  /// - Throws: `TrainerError`, with code `.data` if the file cannot be read and `.usage` if the new one cannot be written.
  package func write(to output: String) throws -> RewritingSummary {
    let file = try options.open(path)
    let groups = try DatasetReader.sampleGroups(file, path: path)
    let root = try DatasetReader.translating(path) { try file.root }
    let copy = try FileCopy(path: path, total: 2 * FileCopy.byteCount(of: root, path: path), options)
    var summary = RewritingSummary()
    let counts = try DatasetReader.translating(path) {
      try groups.map { try GroupRows(root.group($0), path: path).count }
    }
    try options.write(output, from: [path], largeAttributes: file.isOfNewFormat) { target in
      try copy.copyAttributes(of: root, to: target.root)
      for (name, count) in zip(groups, counts) {
        let (group, own) = (try copy.reading { try root.group(name) }, try target.root.createGroup(name))
        try copy.copyAttributes(of: group, to: own)
        let rows = count > 0 ? PermutedRows(count, group: name, seed: seed, scratch: directory(of: output)) : nil
        try copy.copyMembers(of: group, to: own, treatment: name) { dataset, parent, name in
          guard let rows, try copy.reading({ try !dataset.isNull && dataset.shape.first == count }) else {
            if try copy.reading({ try !dataset.isNull && !dataset.shape.isEmpty && count > 0 }) {
              copy.note("\(dataset.path.onOneLine) has no row for each sample, and is copied as it is")
            }
            return try copy.copyAsItIs(dataset, to: parent, name)
          }
          return try rows.copy(dataset, to: parent, name, by: copy)
        }
        summary.groups.append((name, count))
      }
      try copy.copyMembers(of: root, to: target.root, skipping: Set(groups)) { dataset, parent, name in
        copy.note("what is outside the groups \(listed(groups)) is copied as it is")
        return try copy.copyAsItIs(dataset, to: parent, name)
      }
    }
    copy.progress.finish()
    summary.notes = copy.allNotes
    summary.bytes = (Rewriting.size(of: path), Rewriting.size(of: output))
    return summary
  }
}
