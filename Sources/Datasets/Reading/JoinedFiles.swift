import Foundations
import HDF5

/// Several files as one dataset: the rows of each group one after another, in the order of the files.
///
/// Each file is read as it would be by itself, with chunks of its own. Columns and classes are matched by name, and counted as
/// the first file has them; classes and categories that come only later follow in the order in which they come.
extension DatasetReader {
  /// Opens files.
  ///
  /// - Parameters:
  ///   - paths: In order; one at least.
  ///   - externalFiles: Whether contents in other files are read.
  ///   - places: Where in each file the samples are. Rows that are picked are picked of each file.
  ///   - inputs: The name of the inputs in each group.
  ///   - targets: That of the targets; `nil` if there are none.
  ///   - others: Those of what else the config names, such as weights.
  /// - Throws: `TrainerError` if one is missing, no HDF5 file, truncated, or damaged.
  package init(
    paths: [String], externalFiles: ExternalFiles = .refused, places: DataPlaces = DataPlaces(),
    inputs: String = "inputs", targets: String? = "targets", others: [String] = []
  ) throws {
    let files = try paths.map {
      try DatasetReader(
        path: $0, externalFiles: externalFiles, places: places, inputs: inputs, targets: targets, others: others)
    }
    self = files.count == 1 ? files[0] : DatasetReader(joining: files)
  }

  /// The file that says what a group has: the first that has it.
  func holder(of group: String) throws -> DatasetReader {
    let source = selections[group]?.source ?? group
    return try files.first { try $0.hasGroup(source) } ?? files[0]
  }

  /// The file and its row that a row of a dataset of a group is, both as messages name them.
  func fileAndRow(_ row: Int, of name: String, in group: String) throws -> (path: String, row: Int) {
    guard !files.isEmpty else { return (path, row) }
    let rows = try Self.translating(path) { try plainRows(name, in: group) }
    guard let joined = rows as? ConcatenatedRows else { return (try holder(of: group).path, row) }
    guard let place = joined.stretches(row..<row + 1).first else { return (path, row) }
    return (joined.parts[place.part].path, place.rows.lowerBound)
  }

  /// The rows of that name in all files that have the group.
  ///
  /// - Throws: `TrainerError` that names two files that do not fit together; `HDF5Error`.
  func concatenated(_ name: String, in group: String, promotes: Bool = false) throws -> any StoredRows {
    let holders = try files.filter { try $0.hasGroup(group) }
    guard holders.count > 1 else { return try (holders.first ?? files[0]).plainRows(name, in: group) }
    let parts = try holders.map { ($0.path, try $0.plainRows(name, in: group)) }
    if let (table, most) = try tableOfBlock(name, in: group, holders) {
      return try ConcatenatedRows(
        zip(parts, table).map { ConcatenatedRows.Part($0.1, path: $0.0, mapping: $1) }, values: .numbers,
        holding: .codes([StoredValues.Code(Int64(most), named: "")], areCategories: true), promotes: promotes)
    }
    if name == roles.targets { return try Self.targets(parts, promotes: promotes) }
    var mappings: [PartMapping]?
    if name == roles.inputs { mappings = try columnMappings(name, in: group, holders) }
    return try Self.joined(parts, mappings: mappings, promotes: promotes)
  }

  /// Rows as they are, or with codes that stand for the same names in all.
  private static func joined(
    _ parts: [(path: String, rows: any StoredRows)], mappings: [PartMapping]? = nil, promotes: Bool = false
  ) throws -> any StoredRows {
    let values = try parts.map { part in try translating(part.path) { try part.rows.values } }
    var mappings = mappings ?? parts.map { _ in PartMapping() }
    var all = values[0]
    if let other = values.firstIndex(where: { $0 != all }) {
      let lists = values.map { value -> [String]? in
        guard case .codes(let codes, _) = value, codes.enumerated().allSatisfy({ $0.element.value == Int64($0.offset) })
        else { return nil }
        return codes.map(\.name)
      }
      let named = lists.compactMap(\.self)
      guard named.count == lists.count, case .codes(_, let areCategories) = all else {
        throw TrainerError(
          .data,
          "\(parts[other].path): the values of \(parts[other].rows.place) stand for something else than in "
            + "'\(parts[0].path)'; several files are one dataset only where these agree")
      }
      let (union, codes) = Self.union(named)
      for index in mappings.indices { mappings[index].codes = [codes[index]] }
      all = .codes(union.enumerated().map { StoredValues.Code(Int64($0), named: $1) }, areCategories: areCategories)
    }
    return try ConcatenatedRows(
      zip(parts, mappings).map { ConcatenatedRows.Part($0.rows, path: $0.path, mapping: $1) }, values: all,
      promotes: promotes)
  }

  /// Targets with the classes of all files, each with one number.
  private static func targets(_ parts: [(path: String, rows: any StoredRows)], promotes: Bool) throws -> any StoredRows
  {
    let classes = try parts.map { part in try translating(part.path) { try part.rows.texts("classes") } }
    guard let first = classes[0] else {
      if let other = classes.firstIndex(where: { $0 != nil }) { throw unnamed(parts[0], named: parts[other].path) }
      return try joined(parts, promotes: promotes)
    }
    for (part, names) in zip(parts, classes) {
      guard let names else { throw unnamed(part, named: parts[0].path) }
      try ClassMatching.requireDistinct(names, source: "\(part.path): \(part.rows.place)")
    }
    guard let other = classes.firstIndex(where: { $0 != first }) else { return try joined(parts, promotes: promotes) }
    let isLabel = try parts.allSatisfy { part in
      try translating(part.path) { try part.rows.values == .numbers && part.rows.elementsOfRow() == 1 }
    }
    guard isLabel else {
      throw TrainerError(
        .data,
        "\(parts[other].path): \(parts[other].rows.place) has other classes than '\(parts[0].path)', or the same in another "
          + "order, and they can be matched only where a row is one number; store the label of each row")
    }
    let (union, codes) = Self.union(classes.compactMap(\.self))
    let named = StoredValues.codes(
      union.enumerated().map { StoredValues.Code(Int64($0), named: $1) }, areCategories: false)
    return try ConcatenatedRows(
      zip(parts, codes).map {
        ConcatenatedRows.Part($0.rows, path: $0.path, mapping: PartMapping(columns: nil, codes: [$1]))
      }, names: ["classes": union], values: .numbers, holding: named, promotes: promotes)
  }

  private static func unnamed(_ part: (path: String, rows: any StoredRows), named other: String) -> TrainerError {
    TrainerError(
      .data,
      "\(part.path): \(part.rows.place) has no names of classes, but in '\(other)' it has; name the classes in both, or in "
        + "none")
  }

  /// Names as they first come, and what each list's places become; `nil` for places that stay.
  static func union(_ lists: [[String]]) -> (names: [String], places: [[Int]?]) {
    var places: [String: Int] = [:]
    var names: [String] = []
    let mapped = lists.map { list in
      list.map { name -> Int in
        if let place = places[name] { return place }
        places[name] = names.count
        names.append(name)
        return names.count - 1
      }
    }
    return (names, mapped.map { $0 == Array($0.indices) ? nil : $0 })
  }

  // MARK: Columns

  /// The features of stored tables as one: the columns of the first, with the categories of all.
  ///
  /// - Throws: `TrainerError` for columns that do not fit together.
  func joinedFeatures(of name: String, in group: String) throws -> [Feature] {
    let holders = try files.filter { try $0.hasGroup(group) }
    let all = try holders.map { try $0.features(of: name, in: group) }
    guard let first = all.first else { return try files[0].features(of: name, in: group) }
    let others = all.dropFirst().map { Dictionary($0.map { ($0.name, $0) }, uniquingKeysWith: { one, _ in one }) }
    return first.map { feature in
      let lists = [feature.categories] + others.map { $0[feature.name]?.categories ?? [] }
      return Feature(name: feature.name, kind: feature.kind, categories: Self.union(lists).names)
    }
  }

  /// What makes the block of a kind of each file's stored table that of the whole, and the greatest code that is in it; `nil`
  /// for what is none.
  private func tableOfBlock(
    _ name: String, in group: String, _ holders: [DatasetReader]
  ) throws -> (mappings: [PartMapping], most: Int)? {
    guard let slash = name.lastIndex(of: "/") else { return nil }
    let table = String(name[..<slash])
    guard let kind = FeatureKind.allCases.first(where: { $0.datasetName == name[slash...].dropFirst() }),
      try holders[0].isStoredTable(table, in: group)
    else { return nil }
    let features = try joinedFeatures(of: table, in: group)
    let most = kind == .category ? features.map(\.categories.count).max() ?? 0 : 0
    let mappings = try holders.map { holder in
      guard try holder.isStoredTable(table, in: group) else {
        throw TrainerError(
          .data,
          "\(holder.path): \(holder.place(table, group)) is no table of named columns, but in '\(holders[0].path)' it is"
        )
      }
      let own = try holder.features(of: table, in: group)
      let matching = try ColumnMatching(
        wanted: features, found: own, source: holder.path, reference: .file(holders[0].path))
      let ofKind = features.indices.filter { features[$0].kind == kind }
      // A column's place among those of its kind.
      let columns = ofKind.map { index in own[..<matching.places[index]].count { $0.kind == kind } }
      return PartMapping(
        columns: columns == Array(columns.indices) ? nil : columns,
        codes: kind == .category ? ofKind.map { matching.codes[$0] } : [])
    }
    return (mappings, most)
  }

  /// What makes the columns of each file's array those of the first, by their names; `nil` where none has names.
  private func columnMappings(_ name: String, in group: String, _ holders: [DatasetReader]) throws -> [PartMapping]? {
    let names = try holders.map { holder -> [String]? in
      let rows = try Self.translating(holder.path) { try holder.plainRows(name, in: group) }
      guard rows.isNumeric else { return nil }
      return try holder.arrayFeatures(of: name, in: group)?.map(\.name)
    }
    guard let first = names[0], names.contains(where: { $0 != first }) else { return nil }
    let wanted = first.map { Feature(name: $0, kind: .number) }
    return try zip(holders, names).map { holder, own in
      // Where one has no names, places count, as everywhere.
      guard let own else { return PartMapping() }
      let matching = try ColumnMatching(
        wanted: wanted, found: own.map { Feature(name: $0, kind: .number) }, source: holder.path,
        reference: .file(holders[0].path))
      return PartMapping(columns: matching.places == Array(matching.places.indices) ? nil : matching.places)
    }
  }

  /// The parts of inputs that are columns of a table, in all files; `nil` where they are none.
  func joinedColumnParts(of name: String, in group: String) throws -> [(name: String, rows: any StoredRows)]? {
    let holders = try files.filter { try $0.hasGroup(group) }
    let all = try holders.map { holder in
      (holder.path, try Self.translating(holder.path) { try holder.columnParts(of: name, in: group) })
    }
    guard let (path, first) = all.first, let first else {
      if let other = all.first(where: { $0.1 != nil }) {
        throw TrainerError(
          .data, "\(other.0): '\(name)' is a table of named columns there, but not in '\(all[0].0)'; store both alike")
      }
      return nil
    }
    return try first.map { part in
      let parts = try all.map { other, columns -> (path: String, rows: any StoredRows) in
        guard let column = columns?.first(where: { $0.name == part.name }) else {
          throw TrainerError(
            .data,
            "\(other): there is no column '\(part.name.onOneLine)', which '\(path)' has; add it, or leave it out there")
        }
        return (other, column.rows)
      }
      return (part.name, parts.count == 1 ? parts[0].rows : try Self.joined(parts))
    }
  }
}
