import Foundations
import HDF5

/// What a path of the config leads to in a group of the file.
enum PlacedPath {
  /// A dataset, or the part of it between brackets.
  case dataset(path: String, AxisSelection?)
  /// A member of a compound table; of a member of compound type one by several names.
  case member(table: String, path: [String])
  /// A group: a stored table, or whatever else has its parts in one.
  case group(path: String)
  /// A dataset of each of many groups, one a sample, as a pattern has found them.
  case samples([PathPattern.Match], AxisSelection?)

  /// Looks for what a path leads to; `nil` if that is nothing.
  ///
  /// An object of that very name comes first, so that no name is taken for something else.
  ///
  /// - Throws: `HDF5Error`.
  init?(_ path: String, in group: HDF5.Group) throws {
    if let found = try Self.object(path, in: group) {
      self = found
    } else if let (head, selection) = Self.selection(path), let found = try Self(head, in: group) {
      switch found {
      case .dataset(let path, nil): self = .dataset(path: path, selection)
      case .samples(let matches, nil): self = .samples(matches, selection)
      default: return nil
      }
    } else if let pattern = PathPattern(path) {
      let matches = try pattern.datasets(in: group)
      guard !matches.isEmpty else { return nil }
      self = .samples(matches, nil)
    } else {
      return nil
    }
  }

  /// The dataset or group of that name, or the member of a table.
  private static func object(_ path: String, in group: HDF5.Group) throws -> PlacedPath? {
    let names = HDF5.Group.names(in: path)
    let kinds = try group.kinds(along: names)
    let prefix = names[..<kinds.count].joined(separator: "/")
    let isWhole = kinds.count == names.count
    switch kinds.last {
    case .group where isWhole: return .group(path: prefix)
    // What cannot be opened is opened all the same: the library's error says why.
    case .dataset where isWhole, .unreadable where isWhole: return .dataset(path: prefix, nil)
    case .dataset:
      let rest = Array(names[kinds.count...])
      let dataset = try group.dataset(prefix)
      guard try dataset.datatype.isCompound(), try CompoundRows.column(rest, of: dataset) != nil else { return nil }
      return .member(table: prefix, path: rest)
    default: return nil
    }
  }

  /// What stands between brackets at a path's end, and what is before them.
  static func selection(_ path: String) -> (head: String, AxisSelection)? {
    guard path.last == "]", let open = path.lastIndex(of: "["),
      let selection = AxisSelection(path[path.index(after: open)...].dropLast())
    else { return nil }
    return (String(path[..<open]), selection)
  }

  /// What is wrong with brackets behind a path that leads somewhere; `nil` if nothing is, or there are none.
  ///
  /// - Throws: `HDF5Error`.
  static func bracketFault(_ path: String, in group: HDF5.Group) throws -> String? {
    guard try PlacedPath(path, in: group) == nil else { return nil }
    var rest = path[...]
    while let open = rest.lastIndex(of: "[") {
      rest = path[..<open]
      if let found = try PlacedPath(String(rest), in: group) {
        return try bracketFault(path, behind: String(rest), found, in: group)
      }
    }
    return nil
  }

  private static func bracketFault(
    _ path: String, behind head: String, _ found: PlacedPath, in group: HDF5.Group
  ) throws -> String {
    let what: String? =
      switch found {
      case .dataset(_, nil), .samples(_, nil): nil
      case .dataset, .samples: "a part already, and there is one pair of brackets for all axes"
      case .member: "a member of a table, which takes no brackets"
      case .group(let own):
        try SparseMatrix(group.group(own), place: own, path: group.file.name) != nil
          ? "a sparse matrix, which takes no brackets: all its columns are read" : "a group, which takes no brackets"
      }
    if let what { return "'\(head)' is \(what)" }
    return
      "found '\(path)', but brackets hold for each axis, separated by commas, ':', a whole number, a range FIRST:END or "
      + "FIRST:END:STEP with a step above 0, or once '...' for all others, as in 'x[:, 0:3]'"
  }

  /// What the columns of a path are called: by the last name in it.
  static func lastName(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  /// The names that are there in place of the first part of a path that leads nowhere, for a sentence, and the nearest path.
  ///
  /// - Throws: `HDF5Error`.
  static func alternatives(to path: String, in group: HDF5.Group) throws -> (text: String, nearest: String?) {
    let names = (selection(path)?.head ?? path).split(separator: "/").map(String.init)
    var (parent, prefix) = (group, "")
    for name in names {
      switch try DatasetReader.kind(of: name, in: parent) {
      case .group:
        parent = try parent.group(name)
        prefix += name + "/"
        continue
      case .dataset:
        let members = try CompoundRows.names(in: parent.dataset(name))
        guard !members.isEmpty else {
          return ("'/\(prefix)\(name)' is a dataset and no table of members", nil)
        }
        let rest = names.last ?? ""
        return (
          "the table '/\(prefix)\(name)' has \(listed(members))",
          suggestion(for: rest, among: members).map { "\(prefix)\(name)/\($0)" }
        )
      default:
        let holder = parent.path == "/" ? "the file" : "the group '\(parent.path)'"
        let near = suggestion(for: name, among: try parent.memberNames(atMost: 1000))
        return ("\(holder) has \(try parent.memberList(expecting: .dataset))", near.map { prefix + $0 })
      }
    }
    return ("'\(parent.path)' is a group, which has \(try parent.memberList(expecting: .dataset))", nil)
  }
}
