import Foundations
import HDF5

/// What an HDF5 file holds, as text for people: the tree, shapes, types, chunks, filters, attributes, and how many
/// samples each class has.
///
/// Of what is many, the first are shown and how many more there are. Links are named and not followed; an object with
/// several names is described once. What cannot be described has a line that says why.
package struct DatasetDescription: Sendable, CustomStringConvertible {
  /// The lines, each ended.
  package let description: String

  /// Looks into a file; element data is read only to count classes.
  ///
  /// - Throws: `TrainerError` with exit code `data`.
  package init(path: String) throws {
    do {
      let file = try File.open(at: path)
      var listing = DatasetListing()
      listing.add(path, depth: 0)
      try listing.describe(file.root)
      description = listing.lines.map { $0 + "\n" }.joined()
      try file.close()
    } catch let error as HDF5Error {
      throw TrainerError(.data, "\(error)")
    }
  }
}

/// The lines of a description in the making.
private struct DatasetListing {
  private static let mostMembers = 100
  private static let mostAttributes = 50
  private static let mostLines = 2000
  private static let mostDepth = 20
  private static let mostValues = 20
  private static let mostCharacters = 200
  /// Counting classes in more samples would take longer than a look into a file should.
  private static let mostCounted = 20_000_000

  private(set) var lines: [String] = []
  /// Where each group was described.
  private var places: [ObjectIdentity: String] = [:]

  mutating func add(_ line: String, depth: Int) {
    lines.append(String(repeating: "  ", count: depth) + line.onOneLine)
  }

  /// Describes the root and everything below it.
  ///
  /// - Throws: `HDF5Error` if not even the root can be read.
  mutating func describe(_ root: Group) throws {
    places[try root.identity()] = root.path
    try addAttributes(of: root, depth: 1)
    try addMembers(of: root, depth: 1)
  }

  private var isFull: Bool { lines.count >= Self.mostLines }

  /// Adds what `body` adds, or a line that says why it could not.
  private mutating func trying(_ what: String, depth: Int, _ body: (inout Self) throws -> Void) {
    do {
      try body(&self)
    } catch {
      add("\(what)  cannot be described: \(error)", depth: depth)
    }
  }

  private mutating func addMembers(of group: Group, depth: Int) throws {
    let count = try group.memberCount()
    let names = try group.memberNames(atMost: Self.mostMembers)
    let width = min(40, names.map(\.onOneLine.count).max() ?? 0)
    for (index, name) in names.enumerated() {
      guard !isFull else { return add("… and \(count - index) more members, which are not shown", depth: depth) }
      let label = name.onOneLine
      let padded = label.padded(to: width)
      trying(padded, depth: depth) { try $0.add(name, padded, of: group, depth: depth) }
    }
    if count > names.count { add("… and \(count - names.count) more members", depth: depth) }
  }

  private mutating func add(_ name: String, _ label: String, of group: Group, depth: Int) throws {
    switch try group.link(of: name) {
    case .hard: break
    case .soft(let path):
      let fate = try group.kind(of: name) == .danglingLink ? ", which leads nowhere" : ""
      return add("\(label)  link to '\(path)'\(fate)", depth: depth)
    case .external(let file, let path): return add("\(label)  link to '\(path)' in the file '\(file)'", depth: depth)
    case .userDefined: return add("\(label)  link that only the program knows that made it", depth: depth)
    }
    switch try group.kind(of: name) {
    case .group: try addGroup(group.group(name), name, depth: depth)
    case .dataset: try addDataset(group.dataset(name), label, depth: depth)
    case let kind: add("\(label)  \(kind.rawValue)", depth: depth)
    }
  }

  private mutating func addGroup(_ group: Group, _ name: String, depth: Int) throws {
    let identity = try group.identity()
    if let place = places[identity] { return add("\(name)/  the group '\(place)' again", depth: depth) }
    places[identity] = group.path
    add("\(name)/", depth: depth)
    trying("its attributes", depth: depth + 1) { try $0.addAttributes(of: group, depth: depth + 1) }
    trying("its columns", depth: depth + 1) { listing in
      for line in try TableDescription(group)?.lines ?? [] { listing.add(line, depth: depth + 1) }
    }
    guard depth < Self.mostDepth else {
      let count = try group.memberCount()
      if count > 0 { add("… \(count) more \(count == 1 ? "member" : "members") and what is below", depth: depth + 1) }
      return
    }
    trying("its members", depth: depth + 1) { try $0.addMembers(of: group, depth: depth + 1) }
  }

  private mutating func addDataset(_ dataset: Dataset, _ label: String, depth: Int) throws {
    add("\(label)  \(try Self.storage(of: dataset))", depth: depth)
    trying("its attributes", depth: depth + 1) { try $0.addAttributes(of: dataset, depth: depth + 1) }
    trying("its classes", depth: depth + 1) { try $0.addClassCounts(of: dataset, depth: depth + 1) }
  }

  private static func storage(of dataset: Dataset) throws -> String {
    let external = try dataset.externalFileNames
    let sources = try dataset.sources
    var parts = ["\(dataset.datatype)"]
    if sources.isEmpty { parts.append("\(try dataset.dataspace)") }
    if !external.isEmpty {
      parts.append("in \(external.count == 1 ? "another file" : "other files"): \(listed(external))")
    } else if !sources.isEmpty {
      let names = sources.map { $0.file == "." ? $0.path : "\($0.file):\($0.path)" }
      parts.append("put together from \(listed(names, atMost: 5))")
    } else {
      let chunk = try dataset.chunkShape.map { " " + $0.map(String.init).joined(separator: " x ") }
      parts.append(try dataset.layout.rawValue + (chunk ?? ""))
    }
    parts += try dataset.filters.map(\.description)
    if sources.isEmpty { parts.append(ByteText.text(try dataset.storageSize)) }
    return parts.joined(separator: ", ")
  }

  private mutating func addAttributes(of object: some Object, depth: Int) throws {
    let names = try object.attributeNames(atMost: Self.mostAttributes)
    for name in names where !isFull {
      trying("@\(name)", depth: depth) { listing in
        listing.add("@\(name) = \(try Self.value(of: object.attribute(name)))", depth: depth)
      }
    }
    let count = try object.attributeCount()
    if count > names.count { add("… and \(count - names.count) more attributes", depth: depth) }
  }

  private static func value(of attribute: Attribute) throws -> String {
    let count = attribute.dataspace.count
    guard count > 0 else { return attribute.dataspace.isNull ? "nothing" : "no values" }
    guard count <= 10_000 else { return "\(count) values of \(attribute.datatype)" }
    let values: [String]
    switch attribute.datatype.kind {
    case .string: values = try attribute.readStrings().map { "'\($0)'" }
    case .integer(signed: true): values = try attribute.read(as: Int64.self).map { "\($0)" }
    case .integer(signed: false): values = try attribute.read(as: UInt64.self).map { "\($0)" }
    case .enumeration:
      let members = try attribute.datatype.enumerationMembers
      values = try attribute.read(as: Int64.self).map { value in
        members.first { $0.value == value }?.name ?? "\(value)"
      }
    case .floatingPoint: values = try attribute.read(as: Double.self).map { "\($0)" }
    case .other(let kind): return count == 1 ? kind : "\(count) of \(kind)"
    }
    let shown = values.prefix(mostValues).joined(separator: ", ")
    let text = shown.count > mostCharacters ? shown.prefix(mostCharacters) + "…" : shown
    return "\(text)\(values.count > mostValues ? ", … (\(values.count) in all)" : "")"
  }

  /// The samples of each class, for targets that are classes: whole numbers along one axis under that name or with
  /// class names.
  private mutating func addClassCounts(of dataset: Dataset, depth: Int) throws {
    guard case .integer(let isSigned) = dataset.datatype.kind, try dataset.shape.count == 1 else { return }
    let names = try Self.classNames(of: dataset)
    guard names != nil || dataset.path.hasSuffix("/targets"), try dataset.externalFileNames.isEmpty else { return }
    guard try dataset.dataspace.count <= Self.mostCounted else {
      return add("classes are not counted in so many samples", depth: depth)
    }
    if isSigned {
      try addCounts(of: Int64.self, in: dataset, names, depth: depth)
    } else {
      try addCounts(of: UInt64.self, in: dataset, names, depth: depth)
    }
  }

  /// The names of the classes; `nil` if the dataset has none, or has numbers in their place.
  private static func classNames(of dataset: Dataset) throws -> [String]? {
    guard try dataset.hasAttribute("classes") else { return nil }
    let attribute = try dataset.attribute("classes")
    guard case .string = attribute.datatype.kind else { return nil }
    return try attribute.readStrings()
  }

  private mutating func addCounts<Label: NativeScalar & FixedWidthInteger>(
    of type: Label.Type, in dataset: Dataset, _ names: [String]?, depth: Int
  ) throws {
    var counts: [Label: Int] = [:]
    let rows = try dataset.dataspace.count
    for start in stride(from: 0, to: rows, by: 1 << 20) {
      for label in try dataset.read(as: Label.self, selecting: .range(start..<min(rows, start + 1 << 20))) {
        counts[label, default: 0] += 1
      }
      // Whole numbers of so many kinds are counts or identifiers, not classes.
      guard names != nil || counts.count <= Self.mostMembers else { return }
    }
    for index in 0..<(names?.count ?? 0) {
      if let label = Label(exactly: index), counts[label] == nil { counts[label] = 0 }
    }
    for (label, count) in counts.sorted(by: { $0.key < $1.key }).prefix(Self.mostMembers) {
      let name = Int(exactly: label).flatMap { index in
        names.flatMap { $0.indices.contains(index) ? " '\($0[index])'" : nil }
      }
      let outside = names != nil && name == nil ? ", which has no name" : ""
      add("class \(label)\(name ?? ""): \(count)\(outside)", depth: depth)
    }
    if counts.count > Self.mostMembers { add("… and \(counts.count - Self.mostMembers) more classes", depth: depth) }
  }
}
