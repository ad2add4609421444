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

  /// The same as members of a JSON object. The shape of what is put together from other files is theirs, and left out.
  static func fields(of dataset: Dataset) throws -> [(key: String, value: JSONValue?)] {
    let (external, sources) = (try dataset.externalFileNames, try dataset.sources)
    let (space, chunk) = (sources.isEmpty ? try dataset.dataspace : nil, try dataset.chunkShape)
    func numbers(_ values: [Int]) -> JSONValue { .array(values.map(JSONValue.integer)) }
    return [
      ("type", .string(dataset.datatype.detail)),
      ("shape", space.map { $0.isNull ? .null : numbers($0.shape) }),
      ("layout", .string(try dataset.layout.rawValue)), ("chunk", chunk.map(numbers)),
      ("filters", .array(try dataset.filters.map { .string($0.description) })),
      ("externalFiles", external.isEmpty ? nil : .array(external.map(JSONValue.string))),
      (
        "sources",
        sources.isEmpty
          ? nil
          : .array(
            sources.prefix(100).map { source in
              .object(JSONObject([("file", .string(source.file)), ("path", .string(source.path))]))
            })
      ),
      ("bytes", sources.isEmpty ? .integer(try dataset.storageSize) : nil),
      ("isWritten", try space.map { try .boolean(dataset.storageSize > 0 || !external.isEmpty || $0.count == 0) }),
    ]
  }
}

/// The value of an attribute on one line.
enum AttributeSummary {
  private static let mostValues = 20
  private static let mostCharacters = 200
  private static let mostRead = 10_000

  /// The value as text and as members of a JSON object: the type, the shape, and the first of the values.
  static func text(of attribute: Attribute) throws -> (text: String, fields: [(key: String, value: JSONValue?)]) {
    let (count, type) = (attribute.dataspace.count, attribute.datatype.detail)
    let shape = attribute.dataspace.isNull ? JSONValue.null : .array(attribute.shape.map(JSONValue.integer))
    let fields: [(key: String, value: JSONValue?)] = [("type", .string(type)), ("shape", shape)]
    guard count > 0 else { return (attribute.dataspace.isNull ? "nothing" : "no values", fields) }
    guard count <= mostRead else { return ("\(count) values of \(type)", fields) }
    guard let values = try values(of: attribute) else { return (count == 1 ? type : "\(count) of \(type)", fields) }
    let shown = values.prefix(mostValues).map(\.text).joined(separator: ", ")
    let text = shown.count > mostCharacters ? shown.prefix(mostCharacters) + "…" : shown
    return (
      "\(text)\(values.count > mostValues ? ", … (\(values.count) in all)" : "")",
      fields + [("values", .array(values.prefix(mostValues).map(\.json)))]
    )
  }

  /// `nil` for what are no values that can be shown.
  private static func values(of attribute: Attribute) throws -> [(text: String, json: JSONValue)]? {
    switch attribute.datatype.kind {
    case .string:
      return try attribute.readStrings().map { text in
        let start = String(text.prefix(mostCharacters))
        return ("'\(start)'", .string(start))
      }
    case .integer(signed: true): return try attribute.read(as: Int64.self).map { ("\($0)", .integer(Int($0))) }
    case .integer(signed: false):
      return try attribute.read(as: UInt64.self).map { value in
        ("\(value)", Int(exactly: value).map(JSONValue.integer) ?? .number(Double(value)))
      }
    case .enumeration:
      let members = try attribute.datatype.enumerationMembers
      return try attribute.read(as: Int64.self).map { value in
        let name = members.first { $0.value == value }?.name
        return (name ?? "\(value)", name.map(JSONValue.string) ?? .integer(Int(value)))
      }
    case .floatingPoint: return try attribute.read(as: Double.self).map { ("\($0)", .number($0)) }
    case .other: return nil
    }
  }
}
