import Foundations
import HDF5

/// Stores a file's datasets in other chunks, or without any.
///
/// The rows of the groups `train`, `validation` and `test` are stored anew; other groups are copied as they are. A file
/// without such groups has all its datasets stored anew.
package struct Rechunk: Sendable {
  /// The file.
  package var path: String
  /// How its datasets are to be stored.
  package var storage: StorageRequest
  /// What all such commands have in common.
  package var options: Rewriting

  /// Creates the command.
  package init(path: String, storage: StorageRequest = StorageRequest(), options: Rewriting = Rewriting()) {
    self.path = path
    self.storage = storage
    self.options = options
  }

  /// Writes the new file, complete or not at all.
  ///
  /// - Throws: `TrainerError`, with code `.data` if the file cannot be read and `.usage` if the new one cannot be written.
  package func write(to output: String) throws -> RewritingSummary {
    let file = try options.open(path)
    let root = try DatasetReader.translating(path) { try file.root }
    let copy = try FileCopy(path: path, total: FileCopy.byteCount(of: root, path: path), options)
    let groups = try DatasetReader.translating(path) {
      try DatasetReader.groupNames.filter { try root.exists($0) && root.kind(of: $0) == .group }
    }
    var summary = RewritingSummary()
    var stored: (place: String, bytes: Double, text: String)?
    func rechunked(_ dataset: HDF5.Dataset, _ parent: HDF5.Group, _ name: String) throws -> HDF5.Dataset? {
      let new = try copy.reading { try storage.storage(of: dataset) }
      let bytes = try Double(dataset.dataspace.count) * Double(dataset.datatype.byteCount)
      if stored.map({ $0.bytes < bytes }) ?? true { stored = (dataset.path, bytes, new.text) }
      return try copy.copy(dataset, to: parent, name, storage: new)
    }
    try options.write(output, from: [path], largeAttributes: file.isOfNewFormat) { target in
      try copy.copyAttributes(of: root, to: target.root)
      for name in groups {
        let (group, own) = (try copy.reading { try root.group(name) }, try target.root.createGroup(name))
        try copy.copyAttributes(of: group, to: own)
        try copy.copyMembers(of: group, to: own, treatment: "rows", rechunked)
      }
      try copy.copyMembers(of: root, to: target.root, treatment: groups.isEmpty ? "rows" : "", skipping: Set(groups)) {
        dataset, parent, name in
        if groups.isEmpty { return try rechunked(dataset, parent, name) }
        copy.note("what is outside the groups \(listed(groups)) is copied as it is")
        return try copy.copyAsItIs(dataset, to: parent, name)
      }
    }
    summary.storage = stored.map { "\($0.place) \($0.text)" }
    copy.progress.finish()
    summary.notes = copy.allNotes
    summary.bytes = (Rewriting.size(of: path), Rewriting.size(of: output))
    return summary
  }
}

extension Rewriting {
  /// The bytes of a file; 0 if that cannot be told, for which a summary is no reason to fail.
  static func size(of path: String) -> Int {
    do { return try SystemFileSystem().status(of: path)?.size ?? 0 } catch _ { return 0 }
  }
}
