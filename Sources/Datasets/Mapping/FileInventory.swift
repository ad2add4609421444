import Foundation
import Foundations
import HDF5

/// What an HDF5 file holds, as far as a look at its metadata tells: what may hold samples, in the order of paths.
///
/// Of each group the first ``mostMembers`` are looked at, those whose names say that they are inputs, targets or a part of
/// the data, and those whose names are unlike the others; then the rest, as long as there is time. What there is none for is in ``leftOut``. No element is read but texts
/// that may be names.
struct FileInventory {
  /// What is looked at of a group, and of the file, before names are looked for elsewhere.
  static let (mostMembers, mostObjects) = (100, 400)
  /// So many objects are looked at for their names' sake, and so many in all.
  private static let (mostTelling, mostInAll) = (2000, 20_000)
  /// More names that differ only by digits are a series.
  private static let mostAlike = 3
  /// Names of a group that are read.
  static let mostNames = 100_000
  static let mostDepth = 6
  /// Seconds of computing for what is not looked at first, and for a target that is not found so.
  static let (seconds, secondsForTarget) = (0.5, 2.0)

  /// What has elements, in the order of paths.
  private(set) var entries: [Entry] = []
  /// The paths of the groups and how many members each has.
  private(set) var groups: [(path: String, count: Int)] = []
  /// What could not be looked at, and why.
  private(set) var unreadable: [String] = []
  /// Links to other files, and datasets whose elements are there, which are not followed.
  private(set) var external: [String] = []
  /// The parts of the root's attribute `split`, as Fuel writes it; empty if it has none.
  private(set) var splitParts: [String] = []

  /// Groups of which members were not looked at, for want of time, and how many.
  private(set) var leftOut: [(path: String, count: Int)] = []

  /// Members of a group that have not been looked at.
  struct Rest {
    let group: HDF5.Group
    let path: String
    let depth: Int
    var names: ArraySlice<String>
    /// Members whose names were not even read.
    let unread: Int
  }

  /// The last part of the target's path, and the path without a slash in front; `nil` if none is looked for.
  let target: (name: String, path: String)?
  var rest: [Rest] = []
  /// Whether there are groups further down than is looked at first.
  private var depthIsCut = false
  private var visited: Set<ObjectIdentity> = []
  private var (objectCount, tellingCount) = (0, 0)
  var limit = InventoryLimit(seconds: seconds)

  /// Looks at a file.
  ///
  /// - Parameter target: The path of a dataset, or the last part of it, that is looked for wherever it is.
  /// - Throws: `HDF5Error` if not even the root can be read.
  init(_ file: HDF5.File, target: String? = nil) throws {
    self.target = target.flatMap { text in
      let parts = text.split(separator: "/").map(String.init)
      return parts.last.map { ($0, parts.joined(separator: "/")) }
    }
    let root = try file.root
    visited.insert(try root.identity())
    splitParts = try root.hasAttribute("split") ? FuelSplit(root)?.parts ?? [] : []
    try add(root, path: "", depth: 0)
    addRest()
    if self.target != nil, !rest.isEmpty || depthIsCut {
      try addTarget(root)
      addRest()
    }
    for part in rest where part.names.count + part.unread > 0 {
      leftOut.append((part.path, part.names.count + part.unread))
    }
    rest = []
    var paths: Set<String> = []
    entries = entries.filter { paths.insert($0.path).inserted }.sorted { Self.isBefore($0.path, $1.path) }
    groups.sort { Self.isBefore($0.path, $1.path) }
  }

  /// As a walk through the groups by their members' names meets them.
  private static func isBefore(_ one: String, _ other: String) -> Bool {
    // A slash comes before all that a name can hold.
    func key(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
    return one.utf8.lazy.map(key).lexicographicallyPrecedes(other.utf8.lazy.map(key))
  }

  private mutating func add(_ group: HDF5.Group, path: String, depth: Int) throws {
    let names = try group.memberNames(atMost: Self.mostNames)
    let count = try group.memberCount()
    groups.append((path, count))
    if depth > 0, let entry = try Self.composite(group, names, path: path) { return entries.append(entry) }
    let series = Self.series(of: names)
    var others: [String] = []
    for (index, name) in names.enumerated() {
      if index < Self.mostMembers, objectCount < Self.mostObjects {
        objectCount += 1
      } else if tellingCount < Self.mostTelling, !limit.isReached, !series.contains(Self.bare(name)) || isTelling(name)
      {
        tellingCount += 1
      } else {
        others.append(name)
        continue
      }
      add(name, of: group, path: path, depth: depth)
    }
    if count > names.count, let target, !names.contains(target.name), try group.exists(target.name) {
      add(target.name, of: group, path: path, depth: depth)
    }
    guard count > names.count || !others.isEmpty, !isSeriesOfGroups(names, path: path) else { return }
    rest.append(Rest(group: group, path: path, depth: depth, names: others[...], unread: max(0, count - names.count)))
  }

  /// A name without its digits.
  private static func bare(_ name: String) -> String { name.filter { !$0.isNumber } }

  /// The names, without digits, of which there are many: what has another name is worth a look first.
  private static func series(of names: [String]) -> Set<String> {
    guard names.count > mostMembers else { return [] }
    var counts: [String: Int] = [:]
    for name in names { counts[bare(name), default: 0] += 1 }
    return Set(counts.filter { $0.value > mostAlike }.keys)
  }

  /// Whether a name says what it is of the data, or is the one that is looked for.
  func isTelling(_ name: String) -> Bool {
    if name == target?.name { return true }
    let words = DatasetNames(name)
    return words.role != nil || words.part != nil
  }

  /// Whether the members are groups called by their numbers, one for each sample as a rule: the first say what all are.
  private func isSeriesOfGroups(_ names: [String], path: String) -> Bool {
    guard let first = names.first, let end = names.last, first.last?.isNumber == true, end.last?.isNumber == true else {
      return false
    }
    func word(_ name: String) -> Substring {
      name[..<(name.lastIndex { !$0.isNumber }.map(name.index(after:)) ?? name.startIndex)]
    }
    let known = Set(groups.map(\.path))
    return names.allSatisfy { word($0) == word(first) }
      && names.prefix(3).allSatisfy { known.contains(path.isEmpty ? $0 : "\(path)/\($0)") }
  }

  /// Looks at what was not looked at first, as long as there is time.
  private mutating func addRest() {
    var place = 0
    // Groups among these bring their own.
    while place < rest.count {
      while let name = rest[place].names.first {
        guard objectCount < Self.mostInAll, !limit.isReached else { return }
        objectCount += 1
        rest[place].names.removeFirst()
        let part = rest[place]
        add(name, of: part.group, path: part.path, depth: part.depth)
      }
      place += 1
    }
  }

  mutating func add(_ name: String, of group: HDF5.Group, path: String, depth: Int) {
    let place = path.isEmpty ? name : "\(path)/\(name)"
    do {
      try add(name, of: group, place: place, depth: depth)
    } catch let error as HDF5Error {
      if error.reason == .externalFile, group.file.externalFiles == .refused {
        external.append(place)
      } else {
        unreadable.append(error.message)
      }
    } catch {
      unreadable.append("\(error)")
    }
  }

  private mutating func add(_ name: String, of group: HDF5.Group, place: String, depth: Int) throws {
    switch try group.kind(of: name) {
    case .group:
      let child = try group.group(name)
      // An object with several names is looked at once, under the first.
      guard depth < Self.mostDepth else {
        depthIsCut = true
        return
      }
      guard visited.insert(try child.identity()).inserted else { return }
      try add(child, path: place, depth: depth + 1)
    case .dataset:
      let dataset = try group.dataset(name)
      if try !dataset.externalFileNames.isEmpty || dataset.sources.contains(where: { $0.file != "." }),
        dataset.file.externalFiles == .refused
      {
        external.append(place)
        return
      }
      entries.append(try Self.entry(dataset, path: place))
    case .externalLink where group.file.externalFiles == .refused: external.append(place)
    case .externalLink, .danglingLink: unreadable.append("'/\(place)' is \(try group.description(of: name))")
    case .datatype: break
    case .unreadable:
      // The library's own words say why.
      _ = try group.dataset(name)
    }
  }
}

/// A bound on the time that this process computes. What others do on the machine must not change what is found, so no clock on
/// the wall is asked.
struct InventoryLimit {
  private let end: Double

  init(seconds: Double) { end = Self.now + seconds }

  var isReached: Bool { Self.now > end }

  private static var now: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
}
