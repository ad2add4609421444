/// A piece of a table for the threads that look at its columns.
struct TablePiece {
  let rows: CellRows
  /// The lines in front of it.
  let lines: Int
  /// The cells of its new texts.
  let moves: [UInt64]

  /// Whether all inputs are bytes.
  var areBytes: Bool { (0..<rows.width - 1).allSatisfy { rows.buffer.areBytes[$0] } }

  /// Adds an input's rows to its profile, and puts the pool's texts in place of the piece's own.
  func look(
    at column: Int, _ profile: inout ColumnProfile, _ entries: UnsafeMutableBufferPointer<TextPool.Entry>
  ) {
    if let present = rows.present?[column], present < rows.rowCount {
      rows.buffer.areBytes[column] = false
      profile.append(missing: rows.rowCount - present)
      guard present > 0 else { return }
    }
    guard !rows.isDirect[column] else {
      rows.buffer.areBytes[column] = false
      if let direct = rows.direct[column] { profile.append(contentsOf: direct, behind: lines) }
      return
    }
    let (width, rowLines) = (rows.width, rows.buffer.lines)
    var cell = rows.buffer.cells + column
    var areNumbers = true
    for row in 0..<rows.rowCount {
      var number = Double(bitPattern: cell.pointee)
      if !Cell.isNumber(cell.pointee) {
        areNumbers = false
        number = resolve(cell, entries) { text in
          cell.pointee = profile.append(text, line: rowLines[row] + lines)
        }
      }
      if !number.isNaN { profile.append(number: number, line: rowLines[row] + lines) }
      cell += width
    }
    rows.buffer.areBytes[column] = areNumbers && profile.areBytes
  }

  /// Counts the texts of a target.
  func look(
    atTarget target: inout TargetProfile, _ entries: UnsafeMutableBufferPointer<TextPool.Entry>
  ) {
    target.append(contentsOf: rows.directTarget, behind: lines)
    guard !rows.isDirect[rows.width - 1] else { return }
    var cell = rows.buffer.cells + rows.width - 1
    for row in 0..<rows.rowCount {
      _ = resolve(cell, entries) { text in
        cell.pointee = target.append(text, line: rows.buffer.lines[row] + lines)
      }
      cell += rows.width
    }
  }

  /// Puts the pool's text into a cell and counts it; a new one that the pool has not taken is handed on.
  ///
  /// - Returns: The number that the text stands for; not a number if there is none, or it was handed on.
  @inline(__always)
  private func resolve(
    _ cell: UnsafeMutablePointer<UInt64>, _ entries: UnsafeMutableBufferPointer<TextPool.Entry>,
    _ append: (UnsafeRawBufferPointer) -> Void
  ) -> Double {
    var text = cell.pointee
    if Cell.isNewText(text) {
      let place = Cell.place(text)
      text = moves[place]
      guard Cell.isText(text) else {
        rows.own.withText(of: rows.own.entries[place], append)
        return .nan
      }
      cell.pointee = text
    }
    guard Cell.isText(text) else { return .nan }
    let place = Cell.place(text)
    entries[place].count += 1
    return entries[place].number
  }

  /// Puts the rows into a spool.
  func store(in spool: RowSpool) throws -> RowSpool.Place {
    let (count, inputCount) = (rows.rowCount, rows.width - 1)
    guard rows.present == nil else { return try storeSparse(in: spool) }
    guard areBytes else {
      return try spool.store(UnsafeRawBufferPointer(start: rows.buffer.cells, count: count * rows.width * 8))
    }
    // In place: what is written lies in front of what is still to be read, but for the targets.
    var targets = [UInt64](repeating: 0, count: count)
    let bytes = UnsafeMutableRawPointer(rows.buffer.cells).assumingMemoryBound(to: UInt8.self)
    for row in 0..<count {
      let cells = rows.buffer.cells + row * rows.width
      targets[row] = cells[inputCount]
      for place in 0..<inputCount { bytes[row * inputCount + place] = UInt8(Double(bitPattern: cells[place])) }
    }
    targets.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(start: bytes + count * inputCount, count: $0.count).copyBytes(from: $0)
    }
    return try spool.store(UnsafeRawBufferPointer(start: bytes, count: count * (inputCount + 8)))
  }

  /// Whether rows are stored without what is missing.
  var isSparse: Bool { rows.present != nil }

  /// Puts into a spool, for each row, how many cells are no missing inputs, and each with its place behind it; the last is
  /// that of the target.
  private func storeSparse(in spool: RowSpool) throws -> RowSpool.Place {
    var stored: [UInt64] = []
    for row in 0..<rows.rowCount {
      let cells = rows.buffer.cells + row * rows.width
      let start = stored.count
      stored.append(0)
      for place in 0..<rows.width where cells[place] != Cell.missing || place == rows.width - 1 {
        stored.append(UInt64(place))
        stored.append(cells[place])
      }
      stored[start] = UInt64((stored.count - start) / 2)
    }
    return try stored.withUnsafeBytes { try spool.store($0) }
  }
}

extension SegmentRows {
  /// The cells of rows that were stored without what is missing, [rows, inputs and target].
  static func cells(ofSparse bytes: UnsafeRawBufferPointer, rowCount: Int, width: Int, into cells: inout [UInt64]) {
    cells.removeAll(keepingCapacity: true)
    cells.append(contentsOf: repeatElement(Cell.missing, count: rowCount * width))
    var at = 0
    func next() -> UInt64 {
      defer { at += 8 }
      return bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    }
    for row in 0..<rowCount {
      for _ in 0..<next() {
        let place = Int(next())
        cells[row * width + place] = next()
      }
    }
  }
}
