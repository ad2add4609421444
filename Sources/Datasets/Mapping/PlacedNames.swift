import Foundations
import HDF5

/// What the names of a group of samples stand for, and which rows are its samples.
extension DatasetReader {
  /// The paths that a name stands for, and the key of the config that has them.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the config does not name them.
  func paths(of name: String, in group: String) throws -> (paths: [String], key: String) {
    let key: String =
      switch places.groups[group]?.contents {
      case .datasets: "data.groups.\(group).\(name)"
      default: name == roles.targets ? "data.targets" : "data.inputs"
      }
    guard let paths = pathsIfNamed(name, in: group) else {
      var names: [String] = []
      if case .datasets(let datasets)? = places.groups[group]?.contents { names = datasets.keys.sorted() }
      throw TrainerError(
        .usage, "data.groups.\(group): there is no \"\(name)\" among \(listed(names)); give it the path of a dataset")
    }
    return (paths, key)
  }

  func pathsIfNamed(_ name: String, in group: String) -> [String]? {
    guard case .datasets(let datasets)? = places.groups[group]?.contents else {
      return name == roles.inputs ? places.joinedInputs ?? [name] : [name]
    }
    if let paths = datasets[name] { return paths }
    if name == roles.inputs, let paths = datasets["inputs"] { return paths }
    if name == roles.targets, let paths = datasets["targets"] { return paths }
    // What a table keeps its columns in.
    guard let slash = name.lastIndex(of: "/"), let head = pathsIfNamed(String(name[..<slash]), in: group),
      head.count == 1
    else { return nil }
    return [head[0] + name[slash...]]
  }

  /// What paths of a group's datasets begin in.
  func parent(of group: String) throws -> HDF5.Group {
    if !files.isEmpty { return try holder(of: group).parent(of: selections[group]?.source ?? group) }
    return switch places.groups[selections[group]?.source ?? group]?.contents {
    case .datasets: try file.root
    case .group, nil: try self.group(group)
    }
  }

  /// The path in the file of a dataset of a group, for messages.
  package func place(_ name: String, _ group: String) -> String {
    let source = selections[group]?.source ?? group
    let paths = pathsIfNamed(name, in: source) ?? [name]
    let parent: String =
      switch places.groups[source]?.contents {
      case .datasets: Self.root
      case .group(let path): path
      case nil: source
      }
    return paths.map { Self.place($0, parent) }.joined(separator: ", ")
  }

  /// Whether a group has a dataset of that name, or several that are joined to it.
  package func hasDataset(_ name: String, in group: String) throws -> Bool {
    try Self.translating(path) {
      guard let paths = pathsIfNamed(name, in: selections[group]?.source ?? group) else { return false }
      let parent = try parent(of: group)
      return try paths.allSatisfy { path in
        switch try found.place(path, in: parent) {
        case .dataset?, .member?, .samples?: true
        case .group(let own)?: try rows(of: own, in: parent) != nil
        case nil: false
        }
      }
    }
  }

  /// The group that holds a stored table of that name; `nil` if there is none.
  func tableGroup(_ name: String, in group: String) throws -> HDF5.Group? {
    guard let paths = pathsIfNamed(name, in: selections[group]?.source ?? group), paths.count == 1 else { return nil }
    let parent = try parent(of: group)
    guard try parent.exists(paths[0]), try parent.kind(of: paths[0]) == .group else { return nil }
    let table = try parent.group(paths[0])
    return try table.exists(StoredTable.schemaName) ? table : nil
  }

  /// The names of what a group has.
  func datasetNames(in group: String) throws -> [String] {
    if case .datasets(let datasets)? = places.groups[group]?.contents { return datasets.keys.sorted() }
    return try Self.translating(path) { try self.group(group).memberNames(atMost: 100) }
  }

  // MARK: Rows

  /// Which rows of its datasets are a group's samples; `nil` for all.
  func pick(for name: String, in group: String) throws -> RowPick? {
    // Of several files each has its own.
    guard files.isEmpty else { return nil }
    guard let own = places.groups[group], own.rows != nil || own.split != nil else { return nil }
    var pick = own.rows.map { RowPick.range($0) }
    if let part = own.split {
      guard let split = try FuelSplit(file.root) else {
        throw TrainerError(
          .data, "\(path): data.groups.\(group).split: the file has no attribute 'split' of records, as Fuel writes it")
      }
      let paths = pathsIfNamed(name, in: group) ?? [name]
      let source =
        (PlacedPath.selection(paths[0])?.head ?? paths[0]).split(separator: "/").last.map(String.init) ?? name
      guard let rows = try split.rows(of: source, in: part) else {
        throw TrainerError(
          .data,
          "\(path): data.groups.\(group).split: found \"\(part)\", of which '\(source)' has no rows; the file's parts are "
            + listed(split.parts))
      }
      if case .list(let numbers) = rows, let negative = numbers.first(where: { $0 < 0 }) {
        throw TrainerError(
          .data,
          "\(path): data.groups.\(group).split: the file's attribute 'split' names the row \(negative) of '\(source)' for "
            + "\"\(part)\", but rows are counted from 0; mend the attribute, or choose rows with \"rows\"")
      }
      guard (own.rows?.upperBound ?? 0) <= rows.count else {
        throw TrainerError(
          .data,
          "\(path): data.groups.\(group).rows: the part \"\(part)\" has \(rows.count) rows, too few for row "
            + "\((own.rows?.upperBound ?? 0) - 1)")
      }
      pick = pick.map { RowPick.list($0.stretches(0..<$0.count).flatMap { $0.map { rows[$0] } }) } ?? rows
    }
    return pick
  }

  /// A row of a dataset of a group as the file counts it, in what ``place(_:_:)`` names.
  func datasetRow(_ row: Int, of name: String, in group: String) throws -> Int {
    let row = fileRow(row, in: group)
    return try pick(for: name, in: selections[group]?.source ?? group)?[row] ?? row
  }
}
