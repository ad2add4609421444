import HDF5

extension DatasetReader {
  /// The datasets of the file that rows of that name are stored in.
  func storedDatasets(of name: String, in group: String) throws -> [HDF5.Dataset] {
    if let table = try tableColumns(of: name, in: group) {
      var seen: Set<String> = []
      return table.columns.flatMap { Self.datasets(of: $0.rows) }.filter {
        seen.insert("\($0.file.name)\0\($0.path)").inserted
      }
    }
    if try isStoredTable(name, in: group) {
      return try blockNames(of: name, in: group).flatMap { Self.datasets(of: try plainRows($0, in: group)) }
    }
    return Self.datasets(of: try plainRows(name, in: group))
  }

  /// Whether a file holds about as much of rows as they say, and they can be read in a time that it explains: extents are a
  /// few bytes of a file, and may be anything.
  package func isWritten(_ name: String, in group: String) throws -> Bool {
    try Self.translating(path) {
      try storedDatasets(of: name, in: group).allSatisfy { dataset in
        switch try dataset.layout {
        case .compact: true
        case .virtual: try !dataset.sources.isEmpty
        case .chunked, .contiguous:
          try Double(dataset.storageSize) * Self.mostUnpacked
            >= Double(dataset.dataspace.count) * Double(dataset.datatype.byteCount)
        }
      }
    }
  }

  /// What a stored byte may become: as much as of packed zeros.
  private static var mostUnpacked: Double { 1024 }

  private static func datasets(of rows: any StoredRows) -> [HDF5.Dataset] {
    switch rows {
    case let rows as DatasetRows: [rows.dataset]
    case let rows as ViewedRows: [rows.dataset]
    case let rows as CompoundRows: [rows.dataset]
    case let rows as MemberTexts: [rows.dataset]
    case let rows as CharacterRows: [rows.rows.dataset]
    case let rows as JoinedRows: rows.parts.flatMap(datasets)
    case let rows as ConcatenatedRows: rows.parts.flatMap { datasets(of: $0.rows) }
    case let rows as PickedRows: datasets(of: rows.base)
    case let rows as UnpackedRows: datasets(of: rows.base)
    case let rows as LabelRows: datasets(of: rows.rows)
    default: []
    }
  }
}
