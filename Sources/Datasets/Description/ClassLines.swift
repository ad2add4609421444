import Foundations
import HDF5

/// The samples of each class, a line for each: of targets under that name, and of what else holds classes.
enum ClassLines {
  /// Packed elements may take any time to unpack, and a chunk any memory.
  private static let mostBytesOfChunk = 1 << 24

  /// - Parameter elementsLeft: How many elements may be read; those that are go off it.
  static func lines(
    of dataset: Dataset, _ elementsLeft: inout Int
  ) throws -> [(text: String, fields: [(key: String, value: JSONValue?)])] {
    switch dataset.datatype.kind {
    case .integer, .enumeration, .string: break
    case .floatingPoint, .other: return []
    }
    // The extents of a virtual dataset are its sources', which may be in other files.
    guard try dataset.externalFileNames.isEmpty, try dataset.sources.allSatisfy({ $0.file == "." }),
      try dataset.shape.count == 1
    else { return [] }
    let areTargets = dataset.path.hasSuffix("/targets")
    let count = try dataset.dataspace.count
    let chunk = try dataset.chunkShape?.first ?? 1
    guard count <= elementsLeft, chunk <= mostBytesOfChunk / max(1, dataset.datatype.byteCount) else {
      return areTargets ? [("classes are not counted in so many samples", [])] : []
    }
    elementsLeft -= count
    let counts = try ClassCounts(
      String(dataset.path.dropFirst()), in: dataset.file.root, atMost: count, areTargets: areTargets)
    guard let classes = counts?.classes else { return [] }
    let most = DatasetListing.mostMembers
    let isNamed = classes.contains { $0.name != nil }
    let isText = if case .string = dataset.datatype.kind { true } else { false }
    let lines = classes.prefix(most).map { entry in
      let label = isText ? "'\(entry.label)'" : entry.label
      let name = entry.name.map { " '\($0)'" } ?? ""
      let text = "class \(label)\(name): \(entry.count)\(isNamed && entry.name == nil ? ", which has no name" : "")"
      let fields: [(key: String, value: JSONValue?)] = [
        ("label", .string(entry.label)), ("name", entry.name.map(JSONValue.string)), ("samples", .integer(entry.count)),
      ]
      return (text: text, fields: fields)
    }
    return lines + (classes.count > most ? [("… and \(classes.count - most) more classes", [])] : [])
  }
}
