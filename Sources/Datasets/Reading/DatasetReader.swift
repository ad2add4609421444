import Foundation
import Foundations
import HDF5

/// Reads a dataset file: groups `train` and, optionally, `validation` and `test`, each with row-aligned datasets.
///
/// Every fault is a `TrainerError` with code `.data` that names the file and the dataset.
public struct DatasetReader: Sendable {
  /// The groups that a dataset file may have.
  public static let groupNames = ["train", "validation", "test"]

  /// Stands for the file's root where a group is asked for.
  public static let root = "/"

  /// The file.
  public let path: String
  /// The groups that it has, in the order of `groupNames`.
  public let groups: [String]
  private let file: HDF5.File

  /// Opens a file.
  ///
  /// - Throws: `TrainerError` if it is missing, no HDF5 file, truncated, or has none of the groups.
  public init(path: String) throws {
    self.path = path
    let (file, groups) = try Self.translating(path) {
      let file = try HDF5.File.open(at: path)
      return (file, try Self.groupNames.filter { try file.root.exists($0) && file.root.kind(of: $0) == .group })
    }
    self.file = file
    self.groups = groups
  }

  /// Runs `body`, turning errors of the HDF5 face into errors about this file.
  static func translating<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HDF5Error {
      let message = error.message
      throw TrainerError(.data, message.contains(path) ? message : "\(path): \(message)")
    }
  }

  /// The shape of one row of a dataset, and the number of rows.
  public func shape(of name: String, in group: String) throws -> (rows: Int, rowShape: [Int]) {
    let shape = try Self.translating(path) { try dataset(name, in: group).shape }
    guard let rows = shape.first else {
      throw TrainerError(.data, "\(path): \(Self.place(name, group)) is a single value, expected rows of samples")
    }
    guard rows > 0, shape.allSatisfy({ $0 > 0 }) else {
      throw TrainerError(
        .data, "\(path): \(Self.place(name, group)) is empty (shape \(shape)); a group needs at least one sample")
    }
    return (rows, Array(shape.dropFirst()))
  }

  /// The dataset's handle.
  ///
  /// - Throws: `TrainerError` if the group or dataset is absent, listing those that are there.
  func dataset(_ name: String, in group: String) throws -> HDF5.Dataset {
    try Self.translating(path) {
      if group == Self.root { return try file.root.dataset(name) }
      guard groups.contains(group) else {
        let names = try file.root.memberNames()
        throw TrainerError(
          .data, "\(path): there is no group '\(group)'; the file has \(Self.list(names))")
      }
      let parent = try file.root.group(group)
      guard try parent.exists(name), try parent.kind(of: name) == .dataset else {
        let names = try parent.memberNames()
        throw TrainerError(
          .data, "\(path): the group '\(group)' has no dataset '\(name)'; it has \(Self.list(names))")
      }
      return try parent.dataset(name)
    }
  }

  /// Whether the file's root itself has such a dataset, as files without groups do.
  public func hasRootDataset(_ name: String) throws -> Bool {
    try Self.translating(path) { try file.root.exists(name) && file.root.kind(of: name) == .dataset }
  }

  /// The path of a dataset in the file.
  static func place(_ name: String, _ group: String) -> String {
    group == root ? "/\(name)" : "/\(group)/\(name)"
  }

  private static func list(_ names: [String]) -> String {
    names.isEmpty ? "nothing" : names.map { "'\($0)'" }.joined(separator: ", ")
  }

  /// The names in a dataset's attribute `classes`; `nil` if it has none.
  public func classNames(of name: String, in group: String) throws -> [String]? {
    try Self.translating(path) {
      let dataset = try dataset(name, in: group)
      return try dataset.hasAttribute("classes") ? dataset.attribute("classes").readStrings() : nil
    }
  }

  /// How a dataset's rows can be read as targets.
  public enum TargetColumns: Sendable, Equatable {
    /// One integer a row, in this range.
    case integers(ClosedRange<Int>)
    /// That many numbers a row.
    case values(Int)
  }

  /// How a dataset's rows can be read as targets: as class indices if there is one integer a row, else as numbers.
  public func targetColumns(of name: String, in group: String) throws -> TargetColumns {
    let columns = try shape(of: name, in: group).rowShape.reduce(1, *)
    return try Self.translating(path) {
      let dataset = try dataset(name, in: group)
      guard columns == 1, let type = dataset.datatype.numberType, !type.isFloatingPoint else { return .values(columns) }
      let labels = try dataset.read(as: Int64.self)
      return .integers(Int(labels.min() ?? 0)...Int(labels.max() ?? 0))
    }
  }

  /// The file's fingerprint: SHA-256 of its bytes up to 1 GB; beyond it of shapes, types and seeded rows.
  ///
  /// Time stamps play no part: a copy has the fingerprint of the original.
  public func fingerprint() throws -> Digest {
    try DatasetFingerprint(path: path, file: file).digest()
  }
}
