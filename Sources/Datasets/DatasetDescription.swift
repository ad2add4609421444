import Foundations
import HDF5

/// What an HDF5 file holds, as text for people: the tree, shapes, types, chunks, filters, attributes, and how many
/// samples each class has.
public struct DatasetDescription: Sendable, CustomStringConvertible {
  /// The lines, each ended.
  public let description: String

  /// Looks into a file; element data is read only to count classes.
  ///
  /// - Throws: `TrainerError` with exit code `data`.
  public init(path: String) throws {
    do {
      let file = try File.open(at: path)
      let root = try file.root
      var lines = [path]
      lines += try Self.attributes(of: root, indent: "  ")
      lines += try Self.members(of: root, indent: "  ")
      description = lines.map { $0 + "\n" }.joined()
      try file.close()
    } catch let error as HDF5Error {
      throw TrainerError(.data, "\(error)")
    }
  }

  private static func members(of group: Group, indent: String) throws -> [String] {
    let members = try group.members()
    let width = members.map(\.name.count).max() ?? 0
    return try members.flatMap { member -> [String] in
      let padded = member.name + String(repeating: " ", count: width - member.name.count)
      switch member.kind {
      case .group:
        let child = try group.group(member.name)
        return ["\(indent)\(member.name)/"] + (try attributes(of: child, indent: indent + "  "))
          + (try self.members(of: child, indent: indent + "  "))
      case .dataset:
        let dataset = try group.dataset(member.name)
        return ["\(indent)\(padded)  \(try storage(of: dataset))"]
          + (try attributes(of: dataset, indent: indent + "  "))
          + (try classCounts(of: dataset, indent: indent + "  "))
      case .datatype, .danglingLink, .unreadable:
        return ["\(indent)\(padded)  \(member.kind.rawValue)"]
      }
    }
  }

  private static func storage(of dataset: Dataset) throws -> String {
    var parts = ["\(dataset.datatype)", "\(try dataset.dataspace)", (try dataset.layout).rawValue]
    if let chunk = try dataset.chunkShape {
      parts[2] += " " + chunk.map(String.init).joined(separator: " x ")
    }
    parts += try dataset.filters.map(\.description)
    parts.append(bytes(try dataset.storageSize))
    return parts.joined(separator: ", ")
  }

  private static func attributes(of object: some Object, indent: String) throws -> [String] {
    try object.attributeNames().map { name in
      let attribute = try object.attribute(name)
      let values: [String]
      switch attribute.datatype.kind {
      case .string: values = try attribute.readStrings().map { "'\($0)'" }
      case .integer(signed: true): values = try attribute.read(as: Int64.self).map { "\($0)" }
      case .integer(signed: false): values = try attribute.read(as: UInt64.self).map { "\($0)" }
      case .floatingPoint: values = try attribute.read(as: Double.self).map { "\($0)" }
      case .other(let kind): values = [kind]
      }
      let shown = values.prefix(20).joined(separator: ", ")
      return "\(indent)@\(name) = \(shown)\(values.count > 20 ? ", … (\(values.count) in all)" : "")"
    }
  }

  /// The samples of each class, for targets that are classes: whole numbers along one axis under that name or with
  /// class names.
  private static func classCounts(of dataset: Dataset, indent: String) throws -> [String] {
    guard case .integer = dataset.datatype.kind, try dataset.shape.count == 1 else { return [] }
    let hasNames = try dataset.hasAttribute("classes")
    guard hasNames || dataset.path.hasSuffix("/targets") else { return [] }
    let names = hasNames ? try dataset.attribute("classes").readStrings() : []
    var counts: [Int64: Int] = [:]
    for label in try dataset.read(as: Int64.self) { counts[label, default: 0] += 1 }
    for index in names.indices where counts[Int64(index)] == nil { counts[Int64(index)] = 0 }
    // Whole numbers of so many kinds are counts or identifiers, not classes.
    guard hasNames || counts.count <= 100 else { return [] }
    return counts.sorted { $0.key < $1.key }.map { label, count in
      let name = Int(exactly: label).flatMap { names.indices.contains($0) ? " '\(names[$0])'" : nil } ?? ""
      let outside = hasNames && name.isEmpty ? ", which has no name" : ""
      return "\(indent)class \(label)\(name): \(count)\(outside)"
    }
  }

  private static func bytes(_ count: Int) -> String {
    if count < 10_000 { return "\(count) bytes" }
    let (unit, size) = count < 10_000_000 ? ("kB", 1000) : ("MB", 1_000_000)
    return "\((count + size / 2) / size) \(unit)"
  }
}
