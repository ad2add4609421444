import Foundations
import HDF5
import Synchronization

/// Where in a file the samples of a group are: from what the config names to rows.
extension DatasetReader {
  /// Rows of samples as the file has them.
  ///
  /// - Throws: `TrainerError` if there are none of that name, listing what is there; `HDF5Error`.
  func plainRows(_ name: String, in group: String) throws -> any StoredRows {
    try found.rows("\(selections[group]?.source ?? group)/\(name)") {
      if !files.isEmpty { return try concatenated(name, in: selections[group]?.source ?? group) }
      let parts = try parts(of: name, in: group)
      guard parts.count > 1 else { return parts[0] }
      let (_, key) = try paths(of: name, in: selections[group]?.source ?? group)
      guard let joined = try JoinedRows(parts) else {
        let counts = try parts.map { "\($0.place) \(try $0.shape.first ?? 0)" }.joined(separator: ", ")
        throw TrainerError(
          .data,
          "\(path): \(key): the datasets that are joined have different numbers of rows (\(counts)); a row of each is one "
            + "sample")
      }
      return joined
    }
  }

  /// What is joined by column to the rows of that name, in order, whatever it holds; one part where nothing is joined.
  ///
  /// - Throws: `TrainerError` if there are none of that name, listing what is there; `HDF5Error`.
  func parts(of name: String, in group: String) throws -> [any StoredRows] {
    let source = selections[group]?.source ?? group
    let (paths, key) = try paths(of: name, in: source)
    let parent = try parent(of: source)
    try requirePairs(paths, in: source, of: parent)
    let pick = try pick(for: name, in: source)
    return try paths.map { path in
      let rows = try rows(at: path, in: parent, name, source, key: key)
      guard let pick else { return rows }
      guard let count = try rows.shape.first, pick.end <= count else {
        throw TrainerError(
          .data,
          "\(self.path): data.groups.\(source): \(rows.place) has \(try rows.shape.first ?? 0) rows, too few for row "
            + "\(pick.end - 1)"
            + (places.groups[source]?.split.map { ", which the file's attribute 'split' names for \"\($0)\"" } ?? ""))
      }
      return PickedRows(base: rows, rows: pick)
    }
  }

  /// The rows that one path of the config leads to.
  func rows(
    at path: String, in parent: HDF5.Group, _ name: String, _ group: String, key: String
  ) throws -> any StoredRows {
    switch try found.place(path, in: parent) {
    case .dataset(let own, let selection)?:
      if selection == nil, let rows = try rows(of: own, in: parent) { return rows }
      let dataset = try parent.dataset(own)
      guard try !dataset.datatype.isCompound() else {
        guard selection == nil else {
          throw TrainerError(
            .usage,
            "\(self.path): \(key): \(dataset.path) is a table of members, which have names and no numbers: write "
              + "'\(own)/NAME' in place of '\(path)'; it has \(listed(try CompoundRows.names(in: dataset)))")
        }
        return try table(dataset, path: own, name, group, key: key)
      }
      let place = parent.absolute(path)
      let rows = try rows(of: dataset, selection, place: place, name, key: key)
      return try UnpackedRows(rows, attributesOf: dataset, file: self.path) ?? rows
    case .member(let own, let member)?:
      let table = try parent.dataset(own)
      let column = try CompoundRows.column(member, of: table)
      if let column, case .string = column.member.datatype.kind, column.count == 1, column.member.count == 1 {
        return MemberTexts(dataset: table, place: parent.absolute(path), column: column)
      }
      guard let column, column.member.datatype.isNumeric else {
        throw TrainerError(
          .data,
          "\(self.path): \(key): '\(parent.absolute(path))' holds "
            + "\(column.map { "\($0.member.datatype)" } ?? "nothing"), expected numbers")
      }
      return CompoundRows(dataset: table, place: parent.absolute(path), columns: [column])
    case .samples(let matches, let selection)?:
      let place = parent.absolute(path)
      let paths = matches.map(\.path)
      let rows = try SampleGroupRows(parent: parent, paths: paths, place: place, file: self.path) { dataset in
        var view = AxisView(shape: try dataset.shape)
        if try isOfMATLAB(dataset) { view.reverse(from: 0) }
        if let selection { try select(selection, of: &view, hasRows: false, place, key: key) }
        if name == roles.inputs, places.layout == .channelsFirst, view.order.count > 1 { view.moveToBack(0) }
        return view
      }
      return try UnpackedRows(rows, attributesOf: parent.dataset(paths[0]), file: self.path) ?? rows
    case .group(let own)?:
      if let rows = try rows(of: own, in: parent) { return rows }
      return try DatasetRows(dataset: dataset(own, in: group, key: key, of: parent), place: parent.absolute(path))
    case nil:
      return try DatasetRows(dataset: dataset(path, in: group, key: key, of: parent), place: parent.absolute(path))
    }
  }

  /// The rows that a group stands for, or a dataset with others beside it; `nil` if it is just itself.
  func rows(of path: String, in parent: HDF5.Group) throws -> (any StoredRows)? {
    let place = parent.absolute(path)
    if let categories = try CategoricalRows(path, in: parent, place: place) { return categories }
    guard try Self.kind(of: path, in: parent) == .group else { return nil }
    return try SparseRows(parent.group(path), place: place, rowAxis: places.rowAxis, path: self.path)
  }

  /// A dataset, with its axes as samples have them.
  private func rows(
    of dataset: HDF5.Dataset, _ selection: AxisSelection?, place: String, _ name: String, key: String
  ) throws -> any StoredRows {
    let plain = DatasetRows(dataset: dataset, place: place)
    if let characters = try CharacterRows(plain) { return characters }
    let shape = try dataset.shape
    guard !shape.isEmpty else { return plain }
    var view = AxisView(shape: shape)
    let isOfMATLAB = try isOfMATLAB(dataset)
    view.moveToFront(try rowAxis(of: shape, isVector: isOfMATLAB && name != roles.inputs, place, key: key))
    if isOfMATLAB { view.reverse(from: 1) }
    if let selection { try select(selection, of: &view, hasRows: true, place, key: key) }
    if name == roles.inputs, places.layout == .channelsFirst, view.order.count > 2 { view.moveToBack(1) }
    return view.isWhole ? plain : ViewedRows(dataset: dataset, place: place, view: view)
  }

  private func rowAxis(of shape: [Int], isVector: Bool, _ place: String, key: String) throws -> Int {
    // What has one axis has its rows there.
    guard shape.count > 1 else { return 0 }
    let axis = places.rowAxis < 0 ? places.rowAxis + shape.count : places.rowAxis
    guard shape.indices.contains(axis) else {
      throw TrainerError(
        .data,
        "\(path): data.rowAxis: found \(places.rowAxis), but \(place) has the shape \(shape), whose axes are 0 to "
          + "\(shape.count - 1)")
    }
    // MATLAB has no vectors but matrices of one row or column.
    return isVector && shape.count == 2 && shape[axis] == 1 ? 1 - axis : axis
  }

  private func isOfMATLAB(_ dataset: HDF5.Dataset) throws -> Bool { try dataset.hasAttribute("MATLAB_class") }

  private func select(
    _ selection: AxisSelection, of view: inout AxisView, hasRows: Bool, _ place: String, key: String
  ) throws {
    guard selection.takesAllRows else {
      throw TrainerError(
        .usage,
        "\(path): \(key): the first axis of \(place) has the samples, so write ':' for it; choose samples by "
          + #""rows": [first, end]"#)
    }
    if let fault = view.select(hasRows ? selection : selection.behindFirst) {
      throw TrainerError(.data, "\(path): \(key): \(place) \(fault), its samples being along the first (\(view.shape))")
    }
  }

  /// A compound table as a whole: all members with numbers, but for those that have another meaning.
  private func table(
    _ dataset: HDF5.Dataset, path own: String, _ name: String, _ group: String, key: String
  ) throws -> any StoredRows {
    let place = dataset.path
    // These are one number each, and refused as such.
    guard try !CompoundRows.isComplex(dataset.datatype) else { return DatasetRows(dataset: dataset, place: place) }
    let columns = try CompoundRows.columns(
      of: dataset, excluding: name == roles.inputs ? membersElsewhere(of: own, name, in: group) : [])
    guard !columns.isEmpty else {
      throw TrainerError(
        .data,
        "\(path): \(key): the table \(place) has no member with numbers that is free for this; it has "
          + listed(try CompoundRows.names(in: dataset)))
    }
    return CompoundRows(dataset: dataset, place: place, columns: columns)
  }

  /// The members of a table that the config names for something else than the inputs.
  func membersElsewhere(of table: String, _ name: String, in group: String) throws -> Set<String> {
    var others = roles.others + [roles.targets].compactMap(\.self)
    if case .datasets(let datasets)? = places.groups[group]?.contents { others += datasets.keys }
    var members: Set<String> = []
    for other in others where other != name && other != "inputs" {
      for path in pathsIfNamed(other, in: group) ?? [] {
        let path = path.split(separator: "/").joined(separator: "/")
        if path.hasPrefix(table + "/"), let member = path.dropFirst(table.count + 1).split(separator: "/").first {
          members.insert(String(member))
        }
      }
    }
    // A column of the table can be named by itself, as weights are.
    return members.union(roles.others)
  }
}

/// The rows that were found, and where they are, so that what it takes to find them is done once.
final class FoundRows: Sendable {
  private let rows = Mutex<[String: any StoredRows]>([:])
  private let places = Mutex<[String: PlacedPath]>([:])
  /// Whether anything is kept; a test compares with a reader that finds everything anew.
  private let keeps: Bool

  init(keeps: Bool = true) { self.keeps = keeps }

  /// What a path leads to in a group; `nil` if that is nothing.
  ///
  /// - Throws: `HDF5Error`.
  func place(_ path: String, in group: HDF5.Group) throws -> PlacedPath? {
    let key = group.absolute(path)
    if let known = places.withLock({ $0[key] }) { return known }
    guard let place = try PlacedPath(path, in: group) else { return nil }
    guard keeps else { return place }
    places.withLock { $0[key] = place }
    return place
  }

  func rows(_ key: String, find: () throws -> any StoredRows) throws -> any StoredRows {
    if let known = rows.withLock({ $0[key] }) { return known }
    let found = try find()
    guard keeps else { return found }
    rows.withLock { $0[key] = found }
    return found
  }
}
