import Foundations

/// Memory for the rows of a piece of a table, which is used again for the next piece.
final class CellBuffer {
  fileprivate(set) var cells: UnsafeMutablePointer<UInt64>
  fileprivate(set) var lines: UnsafeMutablePointer<Int>
  fileprivate(set) var capacity: Int
  /// For each column, whether all that the piece holds of it are whole numbers from 0 to 255.
  let areBytes: UnsafeMutablePointer<Bool>
  private let width: Int

  init(width: Int) {
    self.width = width
    capacity = max(2, (1 << 12) / width)
    cells = .allocate(capacity: capacity * width)
    lines = .allocate(capacity: capacity)
    areBytes = .allocate(capacity: width)
    areBytes.initialize(repeating: false, count: width)
  }

  deinit {
    cells.deallocate()
    lines.deallocate()
    areBytes.deallocate()
  }

  /// Makes room for twice as many rows.
  fileprivate func grow(rowCount: Int) {
    let (oldCells, oldLines) = (cells, lines)
    capacity *= 2
    cells = .allocate(capacity: capacity * width)
    lines = .allocate(capacity: capacity)
    cells.update(from: oldCells, count: rowCount * width)
    lines.update(from: oldLines, count: rowCount)
    oldCells.deallocate()
    oldLines.deallocate()
  }
}

/// The rows of a piece of a table as they are read: a cell for each input, and one for the target behind them.
struct CellRows {
  /// The inputs, and the target.
  let width: Int
  /// The place of the file among those that are read.
  let source: Int
  let fields: FieldValues
  /// The texts that the table holds so far; they do not change while pieces are read.
  private(set) var known = TextPool()
  /// Those that are new.
  private(set) var own = TextPool()
  /// For each column, whether numbers are kept as texts, too: 01 and 1 are two categories.
  private(set) var asTexts: [Bool]
  /// For each column, whether no more texts of it are kept.
  private(set) var isDirect: [Bool]
  /// What such columns hold in this piece.
  private(set) var direct: [Int: ColumnProfile] = [:]
  private(set) var directTarget: TargetProfile

  /// For each input, the rows that have a field of it, where records leave out most; `nil` where they have all.
  private(set) var present: [Int]?

  let buffer: CellBuffer
  private(set) var rowCount = 0
  private var row: UnsafeMutablePointer<UInt64>

  /// Creates no rows.
  ///
  /// - Parameters:
  ///   - asTexts: For each column, whether its numbers are kept as texts.
  init(source: Int, fields: FieldValues, asTexts: [Bool]) {
    width = asTexts.count
    (self.source, self.fields, self.asTexts) = (source, fields, asTexts)
    isDirect = [Bool](repeating: false, count: width)
    directTarget = TargetProfile(fields: fields)
    buffer = CellBuffer(width: width)
    row = buffer.cells
  }

  /// Rows of the same columns in memory of their own.
  func continued() -> CellRows {
    var rows = CellRows(source: source, fields: fields, asTexts: asTexts)
    (rows.known, rows.isDirect) = (known, isDirect)
    return rows
  }

  /// Forgets the rows, and takes what the table holds by now.
  mutating func restart(known: TextPool, asTexts: [Bool], isDirect: [Bool]) {
    (self.known, self.asTexts, self.isDirect) = (known, asTexts, isDirect)
    own.removeAll()
    direct = [:]
    directTarget = TargetProfile(fields: fields)
    rowCount = 0
    row = buffer.cells
    if present != nil { present = [Int](repeating: 0, count: width - 1) }
  }

  /// Begins a row that may lack fields of inputs: they are missing values.
  mutating func beginSparseRow() {
    if present == nil { present = [Int](repeating: 0, count: width - 1) }
    row.update(repeating: Cell.missing, count: width)
  }

  /// Says that the row has a field of an input.
  mutating func note(present place: Int) { present?[place] += 1 }

  /// Gives up the table's texts, so that they can be changed in place.
  mutating func forgetKnown() { known = TextPool() }

  /// Whether a column's numbers are taken as such.
  func takesNumbers(at place: Int) -> Bool { !asTexts[place] && !isDirect[place] }

  /// Takes a number of the row.
  ///
  /// - Returns: Whether it is taken; if not, its field comes as text.
  @inline(__always)
  mutating func take(_ number: DecimalField, at place: Int) -> Bool {
    guard !number.isRoundedWholeNumber else { return false }
    row[place] = number.value.bitPattern
    return true
  }

  /// Takes a text of the row.
  mutating func take(_ field: UnsafeRawBufferPointer, at place: Int, line: Int) {
    guard !isDirect[place] else {
      row[place] = takeDirectly(field, at: place, line: line)
      return
    }
    if !asTexts[place], let number = fields.decimal(field), !number.isRoundedWholeNumber, !fields.isMissing(field) {
      // In quotes, or behind blanks.
      row[place] = number.value.bitPattern
      return
    }
    // Each file has a target of its own.
    let column = place == width - 1 ? place + source : place
    let hash = TextPool.hash(field, column: column)
    if let text = known.find(field, column: column, hash: hash) {
      row[place] = Cell.text(text)
    } else if let text = own.find(field, column: column, hash: hash) {
      row[place] = Cell.newText(text)
    } else {
      row[place] = Cell.newText(own.add(field, column: column, hash: hash, source: source, line: line, fields))
    }
  }

  private mutating func takeDirectly(_ field: UnsafeRawBufferPointer, at place: Int, line: Int) -> UInt64 {
    guard place < width - 1 else { return directTarget.append(field, line: line) }
    return direct[place, default: ColumnProfile(values: fields, source: source)].append(field, line: line)
  }

  /// Ends a row of which each column was taken.
  @inline(__always)
  mutating func endRow(line: Int) {
    buffer.lines[rowCount] = line
    rowCount += 1
    if rowCount == buffer.capacity { buffer.grow(rowCount: rowCount) }
    row = buffer.cells + rowCount * width
  }
}
