import Foundation
import Foundations
import HDF5

/// The lines of a description in the making.
struct DatasetListing {
  static let mostMembers = 100
  private static let mostAttributes = 50
  private static let mostLines = 2000
  private static let mostDepth = 20
  /// Seconds of computing that a look into a file may take here; the helper that reads it in trial takes as many. What
  /// others do on the machine must not shorten a listing, so no clock on the wall is asked.
  private static let seconds = 0.5

  private(set) var lines: [String] = []
  /// How many elements can still be read.
  var elementsLeft = 4_000_000
  /// Where each object with other objects in it, or columns, was described.
  private var places: [ObjectIdentity: String] = [:]
  /// Where each schema of a table was described.
  private var tables: [String: String] = [:]
  private let start = Self.secondsOfComputing

  mutating func add(_ line: String, depth: Int) {
    lines.append(String(repeating: "  ", count: depth) + line.onOneLine)
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
  mutating func trying(_ what: String, _ file: File, depth: Int, _ body: (inout Self) throws -> Void) {
    do {
      try body(&self)
    } catch let error as HDF5Error {
      add("\(what)  cannot be read: \(Self.cause(of: error, in: file))", depth: depth)
    } catch {
      add("\(what)  cannot be read: \(error)", depth: depth)
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
    let width = min(40, names.map(\.onOneLine.count).max() ?? 0)
    for (index, name) in names.enumerated() {
      if let limit { return add("… and \(count - index) more members, \(limit)", depth: depth) }
      let label = name.onOneLine
      let padded = label.padded(to: width)
      trying(padded, group.file, depth: depth) { try $0.add(name, padded, of: group, depth: depth) }
    }
    if count > names.count { add("… and \(count - names.count) more members", depth: depth) }
  }

  private mutating func add(_ name: String, _ label: String, of group: Group, depth: Int) throws {
    // Names are bytes. What was made of those that are no text leads nowhere.
    guard !name.contains("\u{FFFD}") else { return add("\(label)  has a name that is not UTF-8", depth: depth) }
    switch try group.link(of: name) {
    case .hard: break
    case .soft(let path):
      let fate = try group.kind(of: name) == .danglingLink ? ", which leads nowhere" : ""
      return add("\(label)  link to '\(path)'\(fate)", depth: depth)
    case .external(let file, let path):
      let fate = group.fate(ofLinkTo: path, in: file)
      return add(
        "\(label)  link to '\(path)' in the file '\(file)'" + (fate.hasPrefix("which") ? ", \(fate)" : ""), depth: depth
      )
    case .userDefined: return add("\(label)  link that only the program knows that made it", depth: depth)
    }
    switch try group.kind(of: name) {
    case .group: try addGroup(group.group(name), name, depth: depth)
    // What cannot be opened is opened all the same: the library's error says why.
    case .dataset, .unreadable: try addDataset(group.dataset(name), label, depth: depth)
    case let kind: add("\(label)  \(kind.rawValue)", depth: depth)
    }
  }

  private mutating func addGroup(_ group: Group, _ name: String, depth: Int) throws {
    let identity = try group.identity()
    if let place = places[identity] { return add("\(name)/  the group '\(place)' again", depth: depth) }
    places[identity] = group.path
    add("\(name)/", depth: depth)
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
    for line in lines { add(line, depth: depth) }
  }

  private mutating func addDataset(_ dataset: Dataset, _ label: String, depth: Int) throws {
    let identity = try dataset.identity()
    if let place = places[identity] { return add("\(label)  the dataset '\(place)' again", depth: depth) }
    places[identity] = dataset.path
    add("\(label)  \(try DatasetSummary.text(of: dataset))", depth: depth)
    trying("its attributes", dataset.file, depth: depth + 1) { try $0.addAttributes(of: dataset, depth: depth + 1) }
    trying("its classes", dataset.file, depth: depth + 1) { try $0.addClassCounts(of: dataset, depth: depth + 1) }
  }

  private mutating func addAttributes(of object: some Object, depth: Int) throws {
    let names = try object.attributeNames(atMost: Self.mostAttributes)
    for name in names where limit == nil {
      trying("@\(name)", object.file, depth: depth) { listing in
        guard !name.contains("\u{FFFD}") else {
          return listing.add("@\(name)  has a name that is not UTF-8", depth: depth)
        }
        listing.add("@\(name) = \(try AttributeSummary.text(of: object.attribute(name)))", depth: depth)
      }
    }
    let count = try object.attributeCount()
    if count > names.count { add("… and \(count - names.count) more attributes", depth: depth) }
  }

  private mutating func addClassCounts(of dataset: Dataset, depth: Int) throws {
    for line in try ClassLines.lines(of: dataset, &elementsLeft) { add(line, depth: depth) }
  }
}
