/// The different texts of the columns of a table, each once: what stands in rows is a text's place here.
struct TextPool {
  /// A text of a column.
  struct Entry {
    /// The column, by the place that the pool's owner gives it.
    let column: Int32
    let byteCount: Int32
    let start: Int
    let hash: UInt64
    /// The file and the line that first hold it.
    let source: Int32
    let line: Int
    /// The finite number that it stands for; not a number for any other text, and for one that is missing.
    let number: Double
    let isMissing: Bool
    let isRounded: Bool
    /// The rows that hold it.
    var count = 0
  }

  var entries: [Entry] = []
  private var bytes: [UInt8] = []
  /// The places of entries, and 1, in a table that is at most half full; 0 where there is none.
  private var slots: [UInt32] = []

  /// The text of an entry.
  func withText<Result>(of entry: Entry, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[entry.start..<entry.start + Int(entry.byteCount)]))
    }
  }

  /// The text of an entry.
  func text(of entry: Entry) -> String { withText(of: entry) { String(decoding: $0, as: UTF8.self) } }

  /// The hash of a column's text.
  static func hash(_ text: UnsafeRawBufferPointer, column: Int) -> UInt64 {
    DistinctCounter.mixed(
      DistinctCounter.bits(of: text) ^ (UInt64(truncatingIfNeeded: column) &* 0xD6E8_FEB8_6659_FD93))
  }

  /// The place of a column's text; `nil` if it is not there.
  @inline(__always)
  func find(_ text: UnsafeRawBufferPointer, column: Int, hash: UInt64) -> Int? {
    guard !slots.isEmpty else { return nil }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while case let place = Int(slots[slot]) - 1, place >= 0 {
      let entry = entries[place]
      if entry.hash == hash, Int(entry.column) == column, Int(entry.byteCount) == text.count,
        bytes.withUnsafeBytes({ all in
          (0..<text.count).allSatisfy { all[entry.start + $0] == text[$0] }
        })
      {
        return place
      }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Adds a text that is not there.
  mutating func add(
    _ text: UnsafeRawBufferPointer, column: Int, hash: UInt64, source: Int, line: Int, _ fields: FieldValues
  )
    -> Int
  {
    let isMissing = fields.isMissing(text)
    let number = isMissing ? nil : fields.decimal(text)
    return add(
      text,
      Entry(
        column: Int32(column), byteCount: Int32(text.count), start: bytes.count, hash: hash, source: Int32(source),
        line: line, number: number?.value ?? .nan, isMissing: isMissing,
        isRounded: number?.isRoundedWholeNumber ?? false))
  }

  /// Adds an entry of another pool that is not here, found so many lines further on.
  mutating func add(_ text: UnsafeRawBufferPointer, like other: Entry, behind lines: Int) -> Int {
    add(
      text,
      Entry(
        column: other.column, byteCount: other.byteCount, start: bytes.count, hash: other.hash, source: other.source,
        line: other.line + lines, number: other.number, isMissing: other.isMissing, isRounded: other.isRounded))
  }

  private mutating func add(_ text: UnsafeRawBufferPointer, _ entry: Entry) -> Int {
    if 2 * (entries.count + 1) > slots.count {
      slots = [UInt32](repeating: 0, count: max(64, 2 * slots.count))
      for place in entries.indices { insert(place) }
    }
    bytes.append(contentsOf: text)
    entries.append(entry)
    insert(entries.count - 1)
    return entries.count - 1
  }

  private mutating func insert(_ place: Int) {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: entries[place].hash) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = UInt32(place + 1)
  }

  /// Forgets all texts, but not the memory.
  mutating func removeAll() {
    guard !entries.isEmpty else { return }
    entries.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    slots = [UInt32](repeating: 0, count: slots.count)
  }
}
