import Foundation
import Foundations
import HDF5

/// Reads a dataset file: groups `train` and, optionally, `validation` and `test`, each with row-aligned datasets.
///
/// Every fault is a `TrainerError` with code `.data` that names the file and the dataset.
package struct DatasetReader: Sendable {
  /// The groups that a dataset file may have.
  package static let groupNames = ["train", "validation", "test"]

  /// Stands for the file's root where a group is asked for.
  package static let root = "/"

  /// The file.
  package let path: String
  /// The groups that it has, in the order of `groupNames`.
  package let groups: [String]
  let file: HDF5.File
  /// The files whose rows come one after another as those of one dataset, each by itself; empty for one file.
  let files: [DatasetReader]
  /// The groups that stand for rows of others.
  let selections: [String: RowSelection]
  /// The groups of the file itself, in the order of `groupNames`.
  let fileGroups: [String]
  /// Where the samples are.
  let places: DataPlaces
  /// The names of inputs, targets and whatever else the config names, whose rows ``places`` may give a meaning.
  let roles: (inputs: String, targets: String?, others: [String])
  /// How the targets are read.
  package var labels = LabelReading()
  /// The rows that were looked for.
  private(set) var found: FoundRows

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - externalFiles: Whether contents in other files are read.
  ///   - places: Where the samples are.
  ///   - inputs: The name of the inputs in each group.
  ///   - targets: That of the targets; `nil` if there are none.
  ///   - others: Those of what else the config names, such as weights.
  /// - Throws: `TrainerError` if it is missing, no HDF5 file, truncated, or damaged.
  package init(
    path: String, externalFiles: ExternalFiles = .refused, places: DataPlaces = DataPlaces(), inputs: String = "inputs",
    targets: String? = "targets", others: [String] = []
  ) throws {
    self.path = path
    let (file, groups) = try Self.translating(path) {
      let file = try HDF5.File.open(at: path, externalFiles: externalFiles)
      guard places.groups.isEmpty else { return (file, Self.groupNames.filter { places.groups[$0] != nil }) }
      return (file, try Self.groupNames.filter { try file.root.exists($0) && file.root.kind(of: $0) == .group })
    }
    self.places = places
    roles = (inputs, targets, others)
    self.file = file
    self.groups = groups
    fileGroups = groups
    files = []
    selections = [:]
    found = FoundRows()
  }

  /// Reads several files as one dataset.
  ///
  /// - Precondition: there is one at least.
  init(joining files: [DatasetReader]) {
    let first = files[0]
    path = DatasetFiles(files.map(\.path)).description
    (file, places, roles, labels) = (first.file, first.places, first.roles, first.labels)
    groups = Self.groupNames.filter { name in files.contains { $0.groups.contains(name) } }
    fileGroups = groups
    selections = [:]
    found = FoundRows()
    self.files = files
  }

  /// Reads groups of a file that is open already.
  init(_ file: HDF5.File, path: String, groups: [String], roles: (inputs: String, targets: String?)) {
    self.file = file
    self.path = path
    self.groups = groups
    fileGroups = groups
    files = []
    selections = [:]
    places = DataPlaces()
    self.roles = (roles.inputs, roles.targets, [])
    found = FoundRows()
  }

  /// The same file, of which nothing that was found is kept: what a test compares with.
  package var withoutCaches: DatasetReader {
    var reader = files.isEmpty ? self : DatasetReader(joining: files.map(\.withoutCaches))
    if !selections.isEmpty { reader = DatasetReader(reader, selecting: selections) }
    reader.found = FoundRows(keeps: false)
    reader.labels = labels.withoutCache
    return reader
  }

  /// The same file with its own groups, none of them divided.
  private init(whole reader: DatasetReader) {
    files = reader.files
    file = reader.file
    path = reader.path
    groups = reader.fileGroups
    fileGroups = groups
    selections = [:]
    places = reader.places
    roles = reader.roles
    found = reader.found
    labels = reader.labels
  }

  /// Reads the same file, some groups of which stand for rows of others.
  package init(_ reader: DatasetReader, selecting selections: [String: RowSelection]) {
    files = reader.files
    file = reader.file
    path = reader.path
    self.selections = selections
    fileGroups = reader.fileGroups
    places = reader.places
    roles = reader.roles
    found = reader.found
    labels = reader.labels
    groups = Self.groupNames.filter { reader.fileGroups.contains($0) || selections[$0] != nil }
  }

  /// Reads the same file, some groups of which are left out.
  package init(_ reader: DatasetReader, keeping groups: [String]) {
    files = reader.files
    file = reader.file
    path = reader.path
    self.groups = reader.groups.filter(groups.contains)
    fileGroups = self.groups
    selections = reader.selections
    places = reader.places
    roles = reader.roles
    found = reader.found
    labels = reader.labels
  }

  /// Runs `body`, turning errors of the HDF5 face into errors about this file.
  static func translating<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HDF5Error {
      if error.reason == .notHDF5, let other = InsteadOfHDF5.error(path: path) { throw other }
      var message = error.message
      if error.reason == .externalFile, message.hasSuffix("not allowed here") {
        message += externalFilesAdvice
      }
      throw TrainerError(.data, message.contains(path) ? message : "\(path): \(message)")
    }
  }

  /// The shape of one row of a dataset, and the number of rows.
  package func shape(of name: String, in group: String) throws -> (rows: Int, rowShape: [Int]) {
    let (stored, shape, byteCount) = try Self.translating(path) {
      let rows = try plainRows(name, in: group)
      return (rows, try rows.shape, try rows.byteCount)
    }
    guard let rows = shape.first else {
      if !stored.isNumeric, try stored.values == .other { throw refusal(of: stored, name, group) }
      throw TrainerError(
        .data,
        "\(path): \(place(name, group)) is \(byteCount > 0 ? "a single value" : "empty (without extents, null)"), expected "
          + "rows of samples; store it with an axis of samples, the first")
    }
    guard rows > 0, shape.allSatisfy({ $0 > 0 }) else {
      throw TrainerError(
        .data,
        "\(path): \(place(name, group)) is empty (shape \(shape)), and a group needs at least one sample; give it samples, "
          + "or remove the group")
    }
    return (try rowCount(rows, of: name, in: group), Array(shape.dropFirst()))
  }

  /// Rows of samples, wherever they are; targets as the loss takes them.
  ///
  /// - Throws: `TrainerError` if there are none of that name, listing what is there, or for targets that are no classes;
  ///   `HDF5Error`.
  func stored(_ name: String, in group: String) throws -> any StoredRows {
    let rows = try plainRows(name, in: group)
    return try labels.areClasses && name == roles.targets ? targetRows(rows, of: name, in: group) : rows
  }

  /// The rows of a sparse matrix; `nil` if there is something else of that name, or nothing.
  ///
  /// - Throws: `TrainerError` with code `.data` for a damaged one.
  func sparse(_ name: String, in group: String) throws -> SparseRows? {
    try Self.translating(path) { try hasDataset(name, in: group) ? plainRows(name, in: group) as? SparseRows : nil }
  }

  /// A dataset's handle.
  ///
  /// - Parameters:
  ///   - name: Its path.
  ///   - group: The group of samples that it is of.
  ///   - key: The key of the config that names it.
  ///   - parent: What the path begins in.
  /// - Throws: `TrainerError` if it is absent, listing what is there, or something else.
  func dataset(_ name: String, in group: String, key: String, of parent: HDF5.Group) throws -> HDF5.Dataset {
    try Self.translating(path) {
      guard let kind = try Self.kind(of: name, in: parent) else {
        if let fault = try PlacedPath.bracketFault(name, in: parent) {
          throw TrainerError(.usage, "\(path): \(key): \(fault)")
        }
        guard places == DataPlaces(labels: places.labels), !name.contains("/"), PlacedPath.selection(name) == nil else {
          let (there, nearest) = try PlacedPath.alternatives(to: name, in: parent)
          let hint = nearest.map { "; did you mean \"\($0)\"?" } ?? ""
          throw TrainerError(.data, "\(path): \(key): there is no '\(name.onOneLine)': \(there)\(hint)")
        }
        let holder = group == Self.root ? "the file" : "the group '\(group)'"
        throw TrainerError(
          .data, "\(path): \(holder) has no dataset '\(name)'; it has \(try parent.memberList(expecting: .dataset))")
      }
      // What cannot be opened is opened all the same: the library's error says why.
      guard kind == .dataset || kind == .unreadable else {
        throw try wrongKind(place(name, group), name, kind, in: parent, expected: "a dataset of numbers")
      }
      return try parent.dataset(name)
    }
  }

  /// The path of a dataset in the file.
  static func place(_ name: String, _ group: String) -> String {
    group == root ? "/\(name)" : "/\(group)/\(name)"
  }

  /// The names in a dataset's attribute `classes`; `nil` if it has none.
  package func classNames(of name: String, in group: String) throws -> [String]? {
    try Self.translating(path) { try stored(name, in: group).texts("classes") }
  }

  /// How a dataset's rows can be read as targets.
  package enum TargetColumns: Sendable, Equatable {
    /// One integer a row, in this range.
    case integers(ClosedRange<Int>)
    /// That many numbers a row.
    case values(Int)
  }

  /// How a dataset's rows can be read as targets: as class indices if there is one integer a row, or one whole number where
  /// the loss takes classes, else as numbers.
  package func targetColumns(of name: String, in group: String) throws -> TargetColumns {
    let columns = try shape(of: name, in: group).rowShape.reduce(1, *)
    return try Self.translating(path) {
      guard columns == 1 else { return .values(columns) }
      // Types of unusual width, such as float16, are read as floating-point numbers too.
      let type = try stored(name, in: group).numberType
      if type?.isFloatingPoint ?? true { return try wholeLabels(of: name, in: group) ?? .values(1) }
      if type == .uint64, let found = try greatLabel(of: name, in: group) {
        guard labels.areClasses, name == roles.targets else { return .values(1) }
        throw TrainerError(
          .data,
          "\(path): \(place(name, group)) has the class label \(found.label) in row \(fileRow(found.row, in: group)) "
            + "(counted from 0), which is too great for a class that is counted from 0; add \"labels\": \"sorted\" to data"
        )
      }
      var range: ClosedRange<Int64>?
      try forEachStretch(Int64.self, of: name, in: group) { labels, _ in
        guard let least = labels.min(), let greatest = labels.max() else { return true }
        range = range.map { min($0.lowerBound, least)...max($0.upperBound, greatest) } ?? least...greatest
        return true
      }
      return .integers(range.map { Int($0.lowerBound)...Int($0.upperBound) } ?? 0...0)
    }
  }

  /// Reads rows of one number each, a stretch at a time.
  ///
  /// - Parameter body: Takes the numbers and the row of the first; returns whether to go on.
  private func forEachStretch<Value: NativeScalar>(
    _ type: Value.Type, of name: String, in group: String, _ body: ([Value], _ first: Int) throws -> Bool
  ) throws {
    for rows in RowStretches(0..<(try shape(of: name, in: group).rows), of: 1 << 20) {
      guard try body(try read(type, of: name, in: group, rows: rows), rows.lowerBound) else { return }
    }
  }

  /// The first number that is no signed one of 64 bits.
  private func greatLabel(of name: String, in group: String) throws -> (row: Int, label: UInt64)? {
    var found: (row: Int, label: UInt64)?
    try forEachStretch(UInt64.self, of: name, in: group) { labels, first in
      found = labels.firstIndex { $0 > Int64.max }.map { (first + $0, labels[$0]) }
      return found == nil
    }
    return found
  }

  /// Floating-point targets as class indices: where the loss takes classes, and all are whole; otherwise `nil`.
  private func wholeLabels(of name: String, in group: String) throws -> TargetColumns? {
    guard labels.areClasses, name == roles.targets else { return nil }
    var range: ClosedRange<Double>? = 0...0
    var isFirst = true
    try forEachStretch(Double.self, of: name, in: group) { values, _ in
      // Beyond these bounds neighbours cannot be told apart.
      guard values.allSatisfy({ $0 == $0.rounded() && abs($0) <= 0x1p53 }) else {
        range = nil
        return false
      }
      guard let least = values.min(), let greatest = values.max() else { return true }
      range = isFirst ? least...greatest : range.map { min($0.lowerBound, least)...max($0.upperBound, greatest) }
      isFirst = false
      return true
    }
    return range.map { .integers(Int($0.lowerBound)...Int($0.upperBound)) }
  }

  /// The fingerprint of these datasets in all groups of the file: SHA-256 of their contents up to 1 GB; beyond it of
  /// shapes, types and seeded rows.
  ///
  /// It goes through links, virtual sources and external files. Names, time stamps, chunks and filters of the file play
  /// no part, nor does a split.
  ///
  /// - Parameter others: Datasets that count where a group has them.
  package func fingerprint(of names: [String], andIfPresent others: [String] = []) throws -> Digest {
    return try Self.translating(path) {
      try DatasetFingerprint(reader: DatasetReader(whole: self), names: names, others: others).digest()
    }
  }

  /// The fingerprint that checkpoints held before there was ``fingerprint(of:)``: SHA-256 of the file's bytes up to
  /// 1 GB; beyond it of shapes, types and seeded rows of all datasets.
  package func fileFingerprint() throws -> Digest {
    try Self.translating(path) { try FileFingerprint(path: path, file: file).digest() }
  }
}
