import Foundations
import HDF5

/// A dataset on one line: type, shape, where its elements are, filters, size.
enum DatasetSummary {
  static func text(of dataset: Dataset) throws -> String {
    let external = try dataset.externalFileNames
    let sources = try dataset.sources
    var parts = [dataset.datatype.detail]
    if sources.isEmpty { parts.append("\(try dataset.dataspace)") }
    if !external.isEmpty {
      parts.append("in \(external.count == 1 ? "another file" : "other files"): \(listed(external, atMost: 5))")
    } else if !sources.isEmpty {
      let names = sources.map { $0.file == "." ? $0.path : "\($0.file):\($0.path)" }
      parts.append("put together from \(listed(names, atMost: 5))")
    } else {
      let chunk = try dataset.chunkShape.map { " " + $0.map(String.init).joined(separator: " x ") }
      parts.append(try dataset.layout.rawValue + (chunk ?? ""))
    }
    parts += try dataset.filters.map(\.description)
    if sources.isEmpty {
      let size = try dataset.storageSize
      let isUnwritten = try size == 0 && external.isEmpty && dataset.dataspace.count > 0
      parts.append(isUnwritten ? "no value was ever written" : ByteText.text(size))
    }
    return parts.joined(separator: ", ")
  }
}

/// The value of an attribute on one line.
enum AttributeSummary {
  private static let mostValues = 20
  private static let mostCharacters = 200
  private static let mostRead = 10_000

  static func text(of attribute: Attribute) throws -> String {
    let count = attribute.dataspace.count
    guard count > 0 else { return attribute.dataspace.isNull ? "nothing" : "no values" }
    guard count <= mostRead else { return "\(count) values of \(attribute.datatype.detail)" }
    let values: [String]
    switch attribute.datatype.kind {
    case .string: values = try attribute.readStrings().map { "'\($0.prefix(mostCharacters))'" }
    case .integer(signed: true): values = try attribute.read(as: Int64.self).map { "\($0)" }
    case .integer(signed: false): values = try attribute.read(as: UInt64.self).map { "\($0)" }
    case .enumeration:
      let members = try attribute.datatype.enumerationMembers
      values = try attribute.read(as: Int64.self).map { value in
        members.first { $0.value == value }?.name ?? "\(value)"
      }
    case .floatingPoint: values = try attribute.read(as: Double.self).map { "\($0)" }
    case .other:
      let type = attribute.datatype.detail
      return count == 1 ? type : "\(count) of \(type)"
    }
    let shown = values.prefix(mostValues).joined(separator: ", ")
    let text = shown.count > mostCharacters ? shown.prefix(mostCharacters) + "…" : shown
    return "\(text)\(values.count > mostValues ? ", … (\(values.count) in all)" : "")"
  }
}
