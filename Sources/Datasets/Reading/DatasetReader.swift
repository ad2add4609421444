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
  /// The groups that stand for rows of others.
  let selections: [String: RowSelection]
  /// The groups of the file itself, in the order of `groupNames`.
  private let fileGroups: [String]
  /// Where the samples are.
  let places: DataPlaces
  /// The names of inputs and targets, whose rows ``places`` may give a meaning.
  let roles: (inputs: String, targets: String?)

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - externalFiles: Whether contents in other files are read.
  ///   - places: Where the samples are.
  ///   - inputs: The name of the inputs in each group.
  ///   - targets: That of the targets; `nil` if there are none.
  /// - Throws: `TrainerError` if it is missing, no HDF5 file, truncated, or damaged.
  package init(
    path: String, externalFiles: ExternalFiles = .refused, places: DataPlaces = DataPlaces(), inputs: String = "inputs",
    targets: String? = "targets"
  ) throws {
    self.path = path
    let (file, groups) = try Self.translating(path) {
      let file = try HDF5.File.open(at: path, externalFiles: externalFiles)
      guard places.groups.isEmpty else { return (file, Self.groupNames.filter { places.groups[$0] != nil }) }
      return (file, try Self.groupNames.filter { try file.root.exists($0) && file.root.kind(of: $0) == .group })
    }
    self.places = places
    roles = (inputs, targets)
    self.file = file
    self.groups = groups
    fileGroups = groups
    selections = [:]
  }

  /// Reads groups of a file that is open already.
  init(_ file: HDF5.File, path: String, groups: [String]) {
    self.file = file
    self.path = path
    self.groups = groups
    fileGroups = groups
    selections = [:]
    places = DataPlaces()
    roles = ("inputs", "targets")
  }

  /// The same file with its own groups, none of them divided.
  private init(whole reader: DatasetReader) {
    file = reader.file
    path = reader.path
    groups = reader.fileGroups
    fileGroups = groups
    selections = [:]
    places = reader.places
    roles = reader.roles
  }

  /// Reads the same file, some groups of which stand for rows of others.
  package init(_ reader: DatasetReader, selecting selections: [String: RowSelection]) {
    file = reader.file
    path = reader.path
    self.selections = selections
    fileGroups = reader.fileGroups
    places = reader.places
    roles = reader.roles
    groups = Self.groupNames.filter { reader.fileGroups.contains($0) || selections[$0] != nil }
  }

  /// Runs `body`, turning errors of the HDF5 face into errors about this file.
  static func translating<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HDF5Error {
      var message = error.message
      if error.reason == .externalFile, message.hasSuffix("not allowed here") {
        message += externalFilesAdvice
      }
      throw TrainerError(.data, message.contains(path) ? message : "\(path): \(message)")
    }
  }

  /// The shape of one row of a dataset, and the number of rows.
  package func shape(of name: String, in group: String) throws -> (rows: Int, rowShape: [Int]) {
    let shape = try Self.translating(path) { try stored(name, in: group).shape }
    guard let rows = shape.first else {
      throw TrainerError(.data, "\(path): \(place(name, group)) is a single value, expected rows of samples")
    }
    guard rows > 0, shape.allSatisfy({ $0 > 0 }) else {
      throw TrainerError(
        .data, "\(path): \(place(name, group)) is empty (shape \(shape)); a group needs at least one sample")
    }
    guard let selection = selections[group] else { return (rows, Array(shape.dropFirst())) }
    guard rows == selection.sourceRows else {
      throw TrainerError(
        .data,
        "\(path): \(place(name, group)) has \(rows) rows, but data.split divides \(selection.sourceRows) samples; a row of "
          + "each is one sample")
    }
    return (selection.rows.count, Array(shape.dropFirst()))
  }

  /// Rows of samples, wherever they are.
  ///
  /// - Throws: `TrainerError` if there are none of that name, listing what is there; `HDF5Error`.
  func stored(_ name: String, in group: String) throws -> any StoredRows {
    DatasetRows(dataset: try dataset(name, in: group), place: place(name, group))
  }

  /// The dataset's handle.
  ///
  /// - Throws: `TrainerError` if the group or dataset is absent, listing what is there, or something else.
  func dataset(_ name: String, in group: String) throws -> HDF5.Dataset {
    try Self.translating(path) {
      let parent = try self.group(group)
      guard let kind = try Self.kind(of: name, in: parent) else {
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

  func group(_ name: String) throws -> HDF5.Group {
    let root = try file.root
    guard name != Self.root else { return root }
    let name = selections[name]?.source ?? name
    guard let kind = try Self.kind(of: name, in: root) else {
      throw TrainerError(
        .data, "\(path): there is no group '\(name)'; the file has \(try root.memberList(expecting: .group))")
    }
    guard kind == .group || kind == .unreadable else {
      throw try wrongKind("'\(name)'", name, kind, in: root, expected: "a group")
    }
    return try root.group(name)
  }

  private func wrongKind(
    _ place: String, _ name: String, _ kind: HDF5.Group.MemberKind, in parent: HDF5.Group, expected: String
  ) throws -> TrainerError {
    let advice =
      kind == .externalLink && file.externalFiles == .refused ? Self.externalFilesAdvice : "; expected \(expected)"
    return TrainerError(.data, "\(path): \(place) is \(try parent.description(of: name))\(advice)")
  }

  private static let externalFilesAdvice = "; set data.externalFiles to true if they are to be read"

  /// What a member is; `nil` if there is none of that name.
  private static func kind(of name: String, in group: HDF5.Group) throws -> HDF5.Group.MemberKind? {
    do {
      return try group.kind(of: name)
    } catch let error as HDF5Error where error.reason == .notFound {
      return nil
    }
  }

  /// Groups beside those of ``groupNames`` that hold such a dataset too, as a validation group of another name does.
  package func otherGroups(with dataset: String) throws -> [String] {
    try Self.translating(path) {
      let root = try file.root
      return try root.memberNames(atMost: 100).filter { name in
        guard !Self.groupNames.contains(name), try root.kind(of: name) == .group else { return false }
        return try Self.kind(of: dataset, in: root.group(name)) == .dataset || isTable(dataset, in: name)
      }
    }
  }

  /// Whether the file's root itself has such a dataset or table, as files without groups do.
  package func hasRootDataset(_ name: String) throws -> Bool {
    try Self.translating(path) { try file.root.exists(name) && file.root.kind(of: name) == .dataset }
      || isTable(name, in: Self.root)
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

  /// How a dataset's rows can be read as targets: as class indices if there is one integer a row, else as numbers.
  package func targetColumns(of name: String, in group: String) throws -> TargetColumns {
    let columns = try shape(of: name, in: group).rowShape.reduce(1, *)
    return try Self.translating(path) {
      guard columns == 1, let type = try stored(name, in: group).numberType, !type.isFloatingPoint else {
        return .values(columns)
      }
      let labels = try read(Int64.self, of: name, in: group)
      return .integers(Int(labels.min() ?? 0)...Int(labels.max() ?? 0))
    }
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
