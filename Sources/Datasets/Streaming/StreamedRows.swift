import Foundations
import HDF5
import Kernels

/// Which way rows of a dataset are streamed.
extension DatasetReader {
  /// Rows of a group to fetch and decode, as ``rows(of:in:as:)`` has them in memory.
  ///
  /// - Throws: `TrainerError` for what cannot be streamed, or for a fault of the dataset that its header shows.
  package func streamedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, as type: Scalar.Type = Scalar.self
  ) throws -> StreamedRows<Scalar> {
    try streamedRows(of: name, in: group, rowForm(of: name, in: group, as: Scalar.elementType))
  }

  /// Rows of a group of a form.
  func streamedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, _ form: RowForm
  ) throws -> StreamedRows<Scalar> {
    let count = try shape(of: name, in: group).rows
    let stored = try Self.translating(path) { try self.stored(name, in: group) }
    let (rows, text): (any FetchedRows<Scalar>, String)
    if let joined = stored as? ConcatenatedRows, let sections = joined.sections(selections[group]?.rows) {
      (rows, text) = try concatenated(joined, sections, of: name, in: group, form)
    } else {
      (rows, text) = try fetched(
        stored, selecting: selections[group]?.rows, in: storedPlace(stored, name, group, Scalar.elementType), form,
        groupRows: 0..<count)
    }
    return StreamedRows(
      rows: rows, rowShape: form.rowShape, affine: form.affine, place: "\(path): \(stored.place)", text: text,
      lostPrecision: try sampledLoss(of: name, in: group, form, as: Scalar.self))
  }

  /// Rows of one file to fetch and decode, and how they are read, for the log.
  ///
  /// - Parameters:
  ///   - selected: Those of the stored rows that are taken; `nil` for all.
  ///   - source: Where they are, for messages.
  ///   - form: What they become as they are stored.
  ///   - wholeForm: What rows of the group become; `nil` for the same.
  ///   - groupRows: Which rows of the group they are.
  /// - Throws: `TrainerError` for a fault that the dataset's header shows.
  func fetched<Scalar: KernelElement & NativeScalar>(
    _ stored: any StoredRows, selecting selected: [Int]?, in source: StoredPlace, _ form: RowForm,
    wholeForm: RowForm? = nil, groupRows: Range<Int>
  ) throws -> (any FetchedRows<Scalar>, text: String) {
    if let (dataset, rows) = Self.plainDataset(stored, selecting: selected) {
      let chunked = try Self.translating(source.path) {
        try ChunkedRows<Scalar>(dataset, rows: rows, count: groupRows.count, form: form, source: source)
      }
      if let chunked {
        guard let chunk = try dataset.chunkShape?.first else { return (chunked, "contiguous rows") }
        let filters = try dataset.filters.map(\.description).joined(separator: ", ")
        return (chunked, "chunks of \(chunk) rows\(filters.isEmpty ? "" : ", \(filters)")")
      }
    }
    let rowsOfChunk = try Self.translating(source.path) { try stored.rowsOfChunk }
    let rowsAtOnce = max(1, (1 << 20) / max(1, form.storedColumns, form.columns))
    let rows = LibraryRows<Scalar>(
      rowCount: groupRows.count, columns: form.columns, holdsBytes: form.holdsBytes,
      rowsOfBand: rowsOfChunk > 1 ? rowsOfChunk : rowsAtOnce,
      // As they are read, and as they become.
      bytesOfRow: 8 * form.storedColumns + MemoryLayout<Scalar>.stride * form.columns
    ) { range in
      let first = groupRows.lowerBound
      return try storage(
        of: source.name, in: source.group, rows: first + range.lowerBound..<first + range.upperBound,
        wholeForm ?? form)
    }
    return (rows, "read by libhdf5")
  }

  /// Where stored rows are, for messages.
  private func storedPlace(
    _ stored: any StoredRows, _ name: String, _ group: String, _ element: ElementType
  ) throws -> StoredPlace {
    // Of several files only one may have the group.
    let path =
      try files.isEmpty || stored is ConcatenatedRows ? path : Self.translating(path) { try holder(of: group).path }
    return StoredPlace(
      reader: self, path: path, name: name, group: group, dataset: stored.place, element: element)
  }

  /// Rows of a group where they lie in the file, as ``rows(of:in:as:)`` has them in memory; `nil` for rows that do not lie in
  /// one place as numbers, row by row.
  ///
  /// - Throws: `TrainerError` for a fault of the dataset that its header shows.
  package func mappedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, as type: Scalar.Type = Scalar.self
  ) throws -> RowSource<Scalar>? {
    guard try !isTable(name, in: group), try sparse(name, in: group) == nil else { return nil }
    return try mappedRows(of: name, in: group, rowForm(of: name, in: group, as: Scalar.elementType))
  }

  /// Rows of a group of a form, where they lie.
  func mappedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, _ form: RowForm
  ) throws -> RowSource<Scalar>? {
    let count = try shape(of: name, in: group).rows
    let stored = try Self.translating(path) { try self.stored(name, in: group) }
    guard let (dataset, rows) = Self.plainDataset(stored, selecting: selections[group]?.rows) else { return nil }
    let source = try storedPlace(stored, name, group, Scalar.elementType)
    let elements = try Self.translating(path) {
      try MappedElements<Scalar>(dataset, rows: rows, form: form, source: source)
    }
    return try elements.map {
      RowSource(
        rows: count, rowShape: form.rowShape, storage: .mapped($0), affine: form.affine,
        lostPrecision: try sampledLoss(of: name, in: group, form, as: Scalar.self))
    }
  }

  /// The dataset that rows are whole rows of, and which of them; `nil` if there is more to them.
  private static func plainDataset(
    _ stored: any StoredRows, selecting selected: [Int]?
  ) -> (HDF5.Dataset, RowPlaces)? {
    let picked = stored as? PickedRows
    guard let plain = (picked?.base ?? stored) as? DatasetRows else { return nil }
    switch (picked?.rows, selected) {
    case (nil, nil): return (plain.dataset, .from(0))
    case (.range(let range)?, nil): return (plain.dataset, .from(range.lowerBound))
    case (.list(let rows)?, nil): return (plain.dataset, .list(rows))
    case (nil, let rows?): return (plain.dataset, .list(rows))
    case (let pick?, let rows?): return (plain.dataset, .list(rows.map { pick[$0] }))
    }
  }

  /// Reads some rows as ``RowSource`` keeps them.
  private func storage<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, rows: Range<Int>, _ form: RowForm
  ) throws -> RowSource<Scalar>.Storage {
    func read<Value: NativeScalar>(_ type: Value.Type) throws -> [Value] {
      try Self.translating(path) { try self.read(type, of: name, in: group, rows: rows) }
    }
    if !form.isRearranged {
      switch form.elements {
      case .bytes: return .bytes(try read(UInt8.self))
      case .exact:
        let values = try read(Scalar.self)
        try requireFinite(values, of: name, in: group, firstRow: rows.lowerBound, columns: form.storedColumns)
        return .scalars(values)
      case .rounded: break
      }
    }
    let values = try read(Double.self)
    try requireFinite(values, of: name, in: group, firstRow: rows.lowerBound, columns: form.storedColumns)
    let arrangement = RowArrangement<Scalar>(form)
    var fault: DecodingFault?
    func arranged<Element>(_ zero: Element) -> [Element] {
      var out = [Element](repeating: zero, count: rows.count * form.columns)
      out.withUnsafeMutableBytes { out in
        values.withUnsafeBufferPointer { values in
          guard let values = values.baseAddress, let out = out.baseAddress else { return }
          fault = arrangement.arrange(values, count: rows.count, first: rows.lowerBound, into: out)
        }
      }
      return out
    }
    let storage: RowSource<Scalar>.Storage = form.holdsBytes ? .bytes(arranged(0)) : .scalars(arranged(0))
    if let fault {
      let source = StoredPlace(
        reader: self, path: path, name: name, group: group, dataset: place(name, group), element: Scalar.elementType)
      throw source.error(fault) { "the chunk \($0)" }
    }
    return storage
  }
}

extension FittedPreprocessing {
  package func streamedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String> = [],
    as type: Scalar.Type = Scalar.self
  ) throws -> StreamedRows<Scalar> {
    try reader.streamedRows(
      of: name, in: group,
      rowForm(of: name, in: group, from: reader, ignoring: others, as: Scalar.elementType))
  }

  package func mappedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String> = [],
    as type: Scalar.Type = Scalar.self
  ) throws -> RowSource<Scalar>? {
    guard try !reader.isTable(name, in: group), try reader.sparse(name, in: group) == nil else { return nil }
    return try reader.mappedRows(
      of: name, in: group,
      rowForm(of: name, in: group, from: reader, ignoring: others, as: Scalar.elementType))
  }
}
