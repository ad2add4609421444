import Foundations
import HDF5

/// Stores the rows of a file's group `train` in groups of their own, as a split divides them.
///
/// The rows of each group are those that ``DataSplit`` gives a run whose config has the same split, and keep their order.
package struct SplitFile: Sendable {
  /// The file.
  package var path: String
  /// How its rows are divided; each class by itself where it says nothing and the targets have names of classes.
  package var split: DataSplit
  /// What all such commands have in common.
  package var options: Rewriting

  /// Creates the command.
  package init(path: String, split: DataSplit, options: Rewriting = Rewriting()) {
    self.path = path
    self.split = split
    self.options = options
  }

  /// Writes the new file, complete or not at all.
  ///
  /// - Throws: `TrainerError`, with code `.data` if the file cannot be read or divided and `.usage` if the new one cannot be
  ///   written.
  package func write(to output: String) throws -> RewritingSummary {
    let file = try options.open(path)
    let groups = try DatasetReader.sampleGroups(file, path: path)
    let root = try Rewriting.reading(path) { try file.root }
    let train = try Rewriting.reading(path) { try root.group("train") }
    let count = try Rewriting.reading(path) { try GroupRows(train, path: path).count }
    let selections = try selections(count)
    let copy = try FileCopy(path: path, total: FileCopy.byteCount(of: root, path: path), options)
    var summary = RewritingSummary()
    try options.write(output, from: [path], largeAttributes: file.isOfNewFormat) { target in
      try copy.copyAttributes(of: root, to: target.root)
      for name in DatasetReader.groupNames {
        guard let rows = selections[name] else { continue }
        let own = try target.root.createGroup(name)
        try copy.copyAttributes(of: train, to: own)
        try copy.copyMembers(of: train, to: own, treatment: name) { dataset, parent, name in
          guard try copy.reading({ try !dataset.isNull && dataset.shape.first == count }) else {
            return try copy.copyAsItIs(dataset, to: parent, name)
          }
          return try copy.copy(dataset, rows: rows, to: parent, name)
        }
        summary.groups.append((name, rows.count))
      }
      let others = groups.filter { selections[$0] == nil }
      for name in others { copy.note("the group '\(name)' is copied as it is") }
      try copy.copyMembers(of: root, to: target.root, skipping: Set(selections.keys)) { dataset, parent, name in
        try copy.copyAsItIs(dataset, to: parent, name)
      }
    }
    copy.progress.finish()
    summary.notes = copy.allNotes
    summary.bytes = (Rewriting.size(of: path), Rewriting.size(of: output))
    return summary
  }

  /// The rows of each group, ascending.
  private func selections(_ count: Int) throws -> [String: [Int]] {
    let reader = try DatasetReader(path: path, externalFiles: options.externalFiles)
    let hasTargets = try reader.hasDataset("targets", in: "train")
    let predictsClasses = try hasTargets && reader.classNames(of: "targets", in: "train") != nil
    let counted =
      try hasTargets
      ? "targets"
      : Rewriting.reading(path) { () -> String in
        let group = try reader.group("train")
        let names = try group.memberNames().filter { name in
          try group.kind(of: name) == .dataset && group.dataset(name).shape.first == count
        }
        return names.first ?? "inputs"
      }
    let divided = try reader.divided(
      by: split.completed(predictsClasses: predictsClasses), counting: counted, targets: hasTargets ? "targets" : nil,
      inputs: "inputs")
    return divided.selections.mapValues(\.rows)
  }
}

extension FileCopy {
  /// Copies some rows of a dataset, ascending, in their order.
  func copy(_ dataset: HDF5.Dataset, rows: [Int], to parent: HDF5.Group, _ name: String) throws -> HDF5.Dataset? {
    let storage = try reading { try RowStorage(like: dataset).rows(rows.count) }
    guard let copy = try makeDataset(name, in: parent, for: dataset, rows: rows.count, storage: storage) else {
      return nil
    }
    let isFixed = try dataset.datatype.isOfFixedSize
    let reader = try reading { try RowStretchReader(dataset, path: path, room: room / 3) }
    guard reader.rowByteCount > 0, try reading({ try dataset.unwritten != .all }) else { return copy }
    var appender = try RowAppender(copy)
    var (next, written) = (0, 0)
    let width = reader.rowByteCount
    try reader.forEach { stretch, bytes in
      // Chosen rows move to the front; what is overwritten lies behind.
      let first = next
      var chosen = [UInt8]()
      chosen.reserveCapacity(bytes.count)
      while next < rows.count, rows[next] < stretch.upperBound {
        let start = (rows[next] - stretch.lowerBound) * width
        chosen.append(contentsOf: bytes[start..<start + width])
        next += 1
      }
      try chosen.withUnsafeBytes { chosen in
        if isFixed {
          try appender.append(chosen)
        } else if next > first {
          // What elements refer to is there only now.
          try copy.writeStored(chosen, rows: written..<written + next - first)
          written += next - first
        }
      }
      progress.add(chosen.count)
    }
    try appender.flush()
    return copy
  }
}
