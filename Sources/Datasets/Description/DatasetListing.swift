import Foundation
import Foundations
import HDF5

/// The lines of a description in the making.
struct DatasetListing {
  static let mostMembers = 100
  private static let mostAttributes = 50
  /// Bytes of a name; what has a longer one is made to harm.
  private static let longestName = 4096
  private static let mostLines = 2000
  private static let mostDepth = 20
  /// Seconds of computing that a look into a file may take here; the helper that reads it in trial takes as many. What
  /// others do on the machine must not shorten a listing, so no clock on the wall is asked.
  private static let seconds = 0.5

  private(set) var lines: [DescribedLine] = []
  /// How many elements can still be read.
  var elementsLeft = 4_000_000
  /// Where each object with other objects in it, or columns, was described.
  private var places: [ObjectIdentity: String] = [:]
  /// Where each schema of a table was described.
  private var tables: [String: String] = [:]
  private let start = Self.secondsOfComputing

  mutating func add(
    _ line: String, depth: Int, as kind: DescribedLine.Kind = .notes, _ fields: [(key: String, value: JSONValue?)] = []
  ) {
    lines.append(DescribedLine(depth: depth, text: line.shortened.onOneLine, kind: kind, fields: fields))
  }

  /// Describes the root and everything below it.
  ///
  /// - Throws: `HDF5Error` if not even the root can be read.
  mutating func describe(_ root: Group) throws {
    places[try root.identity()] = root.path
    let userBlock = root.file.userBlockSize
    if userBlock > 0 { add("behind \(userBlock) bytes of another program's (a user block)", depth: 1) }
    trying("its attributes", root.file, depth: 1) { try $0.addAttributes(of: root, depth: 1) }
    try addMembers(of: root, depth: 1)
  }

  /// Why no more is added; `nil` if there is time and room.
  private var limit: String? {
    if lines.count >= Self.mostLines { return "which are not shown" }
    return Self.secondsOfComputing - start > Self.seconds ? "which there was no time to look at" : nil
  }

  private static var secondsOfComputing: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

  /// Adds what `body` adds, or a line that says why it could not.
  mutating func trying(
    _ what: String, _ file: File, depth: Int, as kind: DescribedLine.Kind = .notes, name: String? = nil,
    _ body: (inout Self) throws -> Void
  ) {
    do {
      try body(&self)
    } catch {
      let cause = (error as? HDF5Error).map { Self.cause(of: $0, in: file) } ?? "\(error)"
      let fields = name.map { [("name", JSONValue.string($0)), ("error", JSONValue.string(cause))] } ?? []
      add("\(what)  cannot be read: \(cause)", depth: depth, as: kind, fields)
    }
  }

  /// Why something cannot be read, without the file's name, which is above, and without advice.
  private static func cause(of error: HDF5Error, in file: File) -> String {
    var cause = error.message.replacing(" of '\(file.name)'", with: "")
    if let colon = cause.firstRange(of: "': "), cause.hasPrefix("cannot ") {
      cause = String(cause[colon.upperBound...])
    }
    return String(cause.prefix { $0 != ";" })
  }

  private mutating func addMembers(of group: Group, depth: Int) throws {
    let count = try group.memberCount()
    let names = try group.memberNames(atMost: Self.mostMembers)
    let width = min(40, names.filter { $0.utf8.count <= Self.longestName }.map(\.onOneLine.count).max() ?? 0)
    for (index, name) in names.enumerated() {
      if let limit { return add("… and \(count - index) more members, \(limit)", depth: depth) }
      guard name.utf8.count <= Self.longestName else {
        let (start, size) = (String(name.prefix(60)).onOneLine, ByteText.text(name.utf8.count))
        add("\(start)…  has a name of \(size), and is not looked at", depth: depth)
        continue
      }
      let label = name.onOneLine
      let padded = label.padded(to: width)
      trying(padded, group.file, depth: depth, as: .members, name: name) {
        try $0.add(name, padded, of: group, depth: depth)
      }
    }
    if count > names.count { add("… and \(count - names.count) more members", depth: depth) }
  }

  private mutating func add(_ name: String, _ label: String, of group: Group, depth: Int) throws {
    // Names are bytes. What was made of those that are no text leads nowhere.
    guard !name.contains("\u{FFFD}") else { return add("\(label)  has a name that is not UTF-8", depth: depth) }
    func member(_ kind: String, _ more: [(key: String, value: JSONValue?)] = []) -> [(key: String, value: JSONValue?)] {
      [("name", .string(name)), ("kind", .string(kind))] + more
    }
    switch try group.link(of: name) {
    case .hard: break
    case .soft(let path):
      let leads = try group.kind(of: name) != .danglingLink
      return add(
        "\(label)  link to '\(path)'\(leads ? "" : ", which leads nowhere")", depth: depth, as: .members,
        member("link", [("to", .string(path)), ("leads", .boolean(leads))]))
    case .external(let file, let path):
      let fate = group.fate(ofLinkTo: path, in: file)
      return add(
        "\(label)  link to '\(path)' in the file '\(file)'" + (fate.hasPrefix("which") ? ", \(fate)" : ""),
        depth: depth, as: .members,
        member("link", [("to", .string(path)), ("file", .string(file)), ("leads", .boolean(!fate.hasPrefix("which")))]))
    case .userDefined:
      return add("\(label)  link that only the program knows that made it", depth: depth, as: .members, member("link"))
    }
    switch try group.kind(of: name) {
    case .group: try addGroup(group.group(name), name, depth: depth)
    // What cannot be opened is opened all the same: the library's error says why.
    case .dataset, .unreadable: try addDataset(group.dataset(name), label, depth: depth)
    case let kind: add("\(label)  \(kind.rawValue)", depth: depth, as: .members, member(kind.rawValue))
    }
  }

  private mutating func addGroup(_ group: Group, _ name: String, depth: Int) throws {
    let identity = try group.identity()
    let fields: [(key: String, value: JSONValue?)] = [("name", .string(name)), ("kind", .string("group"))]
    if let place = places[identity] {
      return add(
        "\(name)/  the group '\(place)' again", depth: depth, as: .members, fields + [("sameAs", .string(place))])
    }
    places[identity] = group.path
    add("\(name)/", depth: depth, as: .members, fields)
    trying("its attributes", group.file, depth: depth + 1) { try $0.addAttributes(of: group, depth: depth + 1) }
    trying("its columns", group.file, depth: depth + 1) { try $0.addColumns(of: group, depth: depth + 1) }
    guard depth < Self.mostDepth else {
      let count = try group.memberCount()
      if count > 0 { add("… \(count) more \(count == 1 ? "member" : "members") and what is below", depth: depth + 1) }
      return
    }
    trying("its members", group.file, depth: depth + 1) { try $0.addMembers(of: group, depth: depth + 1) }
  }

  private mutating func addColumns(of group: Group, depth: Int) throws {
    guard let table = try TableDescription(group, &elementsLeft) else { return }
    let lines = table.lines(sameAs: tables[table.schema])
    tables[table.schema] = tables[table.schema] ?? group.path
    for (text, fields) in lines { add(text, depth: depth, as: fields.isEmpty ? .notes : .columns, fields) }
  }

  private mutating func addDataset(_ dataset: Dataset, _ label: String, depth: Int) throws {
    let identity = try dataset.identity()
    let name = dataset.path.split(separator: "/").last.map(String.init) ?? ""
    let fields: [(key: String, value: JSONValue?)] = [("name", .string(name)), ("kind", .string("dataset"))]
    if let place = places[identity] {
      return add(
        "\(label)  the dataset '\(place)' again", depth: depth, as: .members, fields + [("sameAs", .string(place))])
    }
    places[identity] = dataset.path
    add(
      "\(label)  \(try DatasetSummary.text(of: dataset))", depth: depth, as: .members,
      fields + (try DatasetSummary.fields(of: dataset)))
    trying("its attributes", dataset.file, depth: depth + 1) { try $0.addAttributes(of: dataset, depth: depth + 1) }
    trying("its classes", dataset.file, depth: depth + 1) { try $0.addClassCounts(of: dataset, depth: depth + 1) }
  }

  private mutating func addAttributes(of object: some Object, depth: Int) throws {
    let names = try object.attributeNames(atMost: Self.mostAttributes)
    for name in names where limit == nil {
      trying("@\(name)", object.file, depth: depth, as: .attributes, name: name) { listing in
        guard !name.contains("\u{FFFD}") else {
          return listing.add("@\(name)  has a name that is not UTF-8", depth: depth)
        }
        let (text, fields) = try AttributeSummary.text(of: object.attribute(name))
        listing.add("@\(name) = \(text)", depth: depth, as: .attributes, [("name", .string(name))] + fields)
      }
    }
    let count = try object.attributeCount()
    if count > names.count { add("… and \(count - names.count) more attributes", depth: depth) }
  }

  private mutating func addClassCounts(of dataset: Dataset, depth: Int) throws {
    for line in try ClassLines.lines(of: dataset, &elementsLeft) {
      add(line.text, depth: depth, as: line.fields.isEmpty ? .notes : .classes, line.fields)
    }
  }
}
