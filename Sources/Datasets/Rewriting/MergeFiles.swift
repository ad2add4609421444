import Foundations
import HDF5

/// Stores the rows of several files one after another in one, as a run reads them whose `data.path` is the list of them.
package struct MergeFiles: Sendable {
  /// The files in order.
  package var paths: [String]
  /// What all such commands have in common.
  package var options: Rewriting

  /// Creates the command.
  package init(paths: [String], options: Rewriting = Rewriting()) {
    self.paths = paths
    self.options = options
  }

  /// Writes the new file, complete or not at all.
  ///
  /// - Throws: `TrainerError`, with code `.data` if a file cannot be read or does not fit the others, and `.usage` if the new
  ///   one cannot be written.
  package func write(to output: String) throws -> RewritingSummary {
    guard paths.count > 1 else {
      throw TrainerError(
        .usage, "\(paths.first ?? "no file"): there is nothing to merge it with; name two files at least")
    }
    let reader = try Rewriting.reading(paths[0]) {
      try DatasetReader(paths: paths, externalFiles: options.externalFiles)
    }
    for file in reader.files { _ = try DatasetReader.sampleGroups(file.file, path: file.path) }
    let total = try reader.files.reduce(0.0) { bytes, file in
      bytes + (try FileCopy.byteCount(of: Rewriting.reading(file.path) { try file.file.root }, path: file.path))
    }
    let copy = try FileCopy(path: paths[0], total: total, options)
    let root = try copy.reading { try reader.files[0].file.root }
    var summary = RewritingSummary()
    try options.write(output, from: paths, largeAttributes: reader.files.contains { $0.file.isOfNewFormat }) { target in
      try copy.copyAttributes(of: root, to: target.root)
      for group in reader.groups {
        let merged = try MergedGroup(group, of: reader, copy: copy)
        summary.groups.append((group, try merged.write(to: target.root)))
      }
      try copy.copyMembers(of: root, to: target.root, skipping: Set(reader.groups)) { dataset, parent, name in
        copy.note("what is outside the groups \(listed(reader.groups)) is that of '\(paths[0])'")
        return try copy.copyAsItIs(dataset, to: parent, name)
      }
    }
    copy.progress.finish()
    summary.notes = copy.allNotes
    summary.bytes = (paths.reduce(0) { $0 + Rewriting.size(of: $1) }, Rewriting.size(of: output))
    return summary
  }
}

/// A group of samples of several files, on its way to one.
private struct MergedGroup {
  let name: String
  let reader: DatasetReader
  let copy: FileCopy
  /// The files that have the group.
  let holders: [DatasetReader]
  /// The group in each of them.
  let groups: [HDF5.Group]

  init(_ name: String, of reader: DatasetReader, copy: FileCopy) throws {
    self.name = name
    self.reader = reader
    self.copy = copy
    holders = try reader.files.filter { try $0.hasGroup(name) }
    groups = try holders.map { holder in try Rewriting.reading(holder.path) { try holder.group(name) } }
  }

  /// Writes all that the group has.
  ///
  /// - Returns: The number of its rows.
  func write(to root: HDF5.Group) throws -> Int {
    let target = try root.createGroup(name)
    try copy.copyAttributes(of: groups[0], to: target)
    let names = try zip(holders, groups).map { holder, group in
      try Rewriting.reading(holder.path) { try group.memberNames() }
    }
    for (holder, own) in zip(holders, names) {
      let (more, less) = (own.first { !names[0].contains($0) }, names[0].first { !own.contains($0) })
      if let name = more ?? less {
        let (one, other) = more == nil ? (holders[0].path, holder.path) : (holder.path, holders[0].path)
        throw TrainerError(
          .data,
          "\(one): '\(self.name)/\(name.onOneLine)' is not in '\(other)'; files are merged only where each has the same "
            + "datasets")
      }
    }
    var rows = 0
    for member in names[0] { rows = max(rows, try write(member, to: target)) }
    return rows
  }

  /// Writes a member of the group.
  ///
  /// - Returns: Its rows; 0 for what has none.
  private func write(_ member: String, to target: HDF5.Group) throws -> Int {
    if try holders[0].isStoredTable(member, in: name) {
      let table = try copy.reading { try groups[0].group(member) }
      let own = try target.createGroup(member)
      try copy.copyAttributes(of: table, to: own)
      let features =
        try holders.count > 1 ? reader.joinedFeatures(of: member, in: name) : holders[0].features(of: member, in: name)
      try own.createDataset(StoredTable.schemaName, text: StoredTable.schema(of: features))
      return try reader.blockNames(of: member, in: name).reduce(0) {
        max($0, try writeRows($1, to: own, String($1.dropFirst(member.count + 1))))
      }
    }
    guard try copy.reading({ try groups[0].kind(of: member) == .dataset }) else {
      throw TrainerError(
        .data,
        "\(holders[0].path): '\(name)/\(member.onOneLine)' is \(try copy.reading { try groups[0].description(of: member) }) "
          + "that cannot be merged; leave it out, or store it as a dataset")
    }
    let dataset = try copy.reading { try groups[0].dataset(member) }
    guard try copy.reading({ try !dataset.isNull && !dataset.shape.isEmpty }) else {
      if let same = try copy.copyAsItIs(dataset, to: target, member) { try copy.copyAttributes(of: dataset, to: same) }
      return 0
    }
    return try writeRows(member, to: target, member)
  }

  /// Writes the rows of a dataset of all files.
  ///
  /// - Parameters:
  ///   - path: Its path in the group.
  ///   - name: Its name where it is written.
  private func writeRows(_ path: String, to target: HDF5.Group, _ name: String) throws -> Int {
    let rows = try Rewriting.reading(holders[0].path) {
      try reader.concatenated(path, in: self.name, promotes: true)
    }
    let datasets = try zip(holders, groups).map { holder, group in
      try Rewriting.reading(holder.path) { try group.dataset(path) }
    }
    let count = try copy.reading { try rows.shape.first ?? 0 }
    let storage = try copy.reading { try RowStorage(like: datasets[0]).rows(count) }
    let parts = (rows as? ConcatenatedRows)?.parts
    let isAlike = try datasets.dropFirst().allSatisfy { try $0.datatype.isSame(as: datasets[0].datatype) }
    if isAlike, parts?.allSatisfy({ $0.rows is DatasetRows && $0.mapping == PartMapping() }) ?? (rows is DatasetRows) {
      try writeAsStored(datasets, count, to: target, name, storage)
    } else {
      try write(rows, as: path, of: datasets, count, to: target, name, storage)
    }
    return count
  }

  /// Moves elements that are of one type in all files.
  private func writeAsStored(
    _ datasets: [HDF5.Dataset], _ count: Int, to target: HDF5.Group, _ name: String, _ storage: RowStorage
  ) throws {
    guard let merged = try copy.makeDataset(name, in: target, for: datasets[0], rows: count, storage: storage) else {
      return
    }
    try copy.copyAttributes(of: datasets[0], to: merged)
    let isFixed = try merged.datatype.isOfFixedSize
    var appender = try RowAppender(merged)
    var first = 0
    for (holder, dataset) in zip(holders, datasets) {
      let reader = try Rewriting.reading(holder.path) {
        try RowStretchReader(dataset, path: holder.path, room: copy.room / 3)
      }
      try reader.forEach { rows, bytes in
        if isFixed {
          try appender.append(UnsafeRawBufferPointer(bytes))
        } else {
          try merged.writeStored(
            UnsafeRawBufferPointer(bytes), rows: first + rows.lowerBound..<first + rows.upperBound)
        }
        copy.progress.add(bytes.count)
      }
      first += reader.rowCount
    }
    try appender.flush()
  }

  /// Writes elements that are converted: to another type, to codes of other names, to another order of columns.
  private func write(
    _ rows: any StoredRows, as path: String, of datasets: [HDF5.Dataset], _ count: Int, to target: HDF5.Group,
    _ name: String, _ storage: RowStorage
  ) throws {
    let shape = try copy.reading { try rows.shape }
    if case .enumeration = datasets[0].datatype.kind, try rows.values != .booleans {
      throw TrainerError(
        .data,
        "\(holders[0].path): \(datasets[0].path.onOneLine) has names for its values that are others in another file; store "
          + "labels from 0, with an attribute 'classes'")
    }
    let areTexts = try rows.values == .texts
    let type = rows.numberType ?? .float64
    let merged = try target.createDataset(
      name, shape: shape, type: areTexts ? .variableLengthString() : .number(type), properties: storage.properties)
    try copy.copyAttributes(of: datasets[0], to: merged)
    if let classes = try copy.reading({ try rows.texts("classes") }) { try merged.setAttribute("classes", to: classes) }
    let types = Set(datasets.map(\.datatype.description))
    if types.count > 1 {
      copy.note(
        "\(datasets[0].path.onOneLine) is stored as \(areTexts ? "text" : type.rawValue): the files have "
          + types.sorted().joined(separator: " and "))
    }
    guard rows.isNumeric || areTexts else {
      throw TrainerError(
        .data,
        "\(holders[0].path): \(datasets[0].path.onOneLine) holds \(rows.typeName) of different kinds in the files")
    }
    let width = max(1, shape.dropFirst().reduce(1, *)) * type.byteCount
    let chunk = storage.chunk?.first ?? 1
    let step = max(chunk, min(RowAppender.usualBytes, copy.room / 8) / width / chunk * chunk)
    for stretch in RowStretches(0..<count, of: max(1, step)) {
      if areTexts {
        let texts = try Rewriting.reading(holders[0].path) { try rows.readTexts(rows: stretch) }
        try merged.writeStrings(texts, selecting: .range(stretch))
      } else {
        try write(rows, stretch, type, to: merged)
      }
      copy.progress.add(stretch.count * width)
    }
  }

  private func write(_ rows: any StoredRows, _ stretch: Range<Int>, _ type: NumberType, to merged: HDF5.Dataset) throws
  {
    func move<Value: NativeScalar>(_ value: Value.Type) throws {
      let values: [Value] = try Rewriting.reading(holders[0].path) { try rows.read(Value.self, rows: stretch) }
      try merged.write(values, selecting: .range(stretch))
    }
    switch type {
    case .int8: try move(Int8.self)
    case .int16: try move(Int16.self)
    case .int32: try move(Int32.self)
    case .int64: try move(Int64.self)
    case .uint8: try move(UInt8.self)
    case .uint16: try move(UInt16.self)
    case .uint32: try move(UInt32.self)
    case .uint64: try move(UInt64.self)
    case .float32: try move(Float.self)
    case .float64: try move(Double.self)
    }
  }
}
