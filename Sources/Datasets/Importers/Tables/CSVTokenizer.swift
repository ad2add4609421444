/// Divides a table of text into records and fields, by RFC 4180 (2005) and what programs write beside it: lines end with
/// LF, CRLF or CR, a last one with nothing; blanks around a field, inside its quotes too, do not count; quotes inside a
/// field that does not begin with one are text; lines with nothing but blanks are skipped.
///
/// The text comes in blocks of any size. A field that a block's end cuts is read again, from its start, with the next
/// block, so no field is copied, but for those with doubled quotes.
package struct CSVTokenizer {
  private let delimiter: [UInt8]
  private let firstOfDelimiter: UInt8
  /// Whether the delimiter is one byte that no number holds, so that a number ends in front of it.
  private let standsInNoNumber: Bool
  private let comment: [UInt8]
  /// Whether a byte ends an unquoted field or must be looked at.
  private var isSpecial = [Bool](repeating: false, count: 256)
  private var isBlank = [Bool](repeating: false, count: 256)

  /// The line of the next byte.
  private var line = 1
  private var recordLine = 1
  /// Where the record begins in the block, if it does there.
  private var recordStart = 0
  /// The fields of the record so far.
  private var column = 0
  private var isAtStart = true
  private var unquoted: [UInt8] = []

  /// Creates a tokenizer at the start of a text.
  package init(_ dialect: CSVDialect) {
    delimiter = Array(dialect.delimiter.utf8)
    firstOfDelimiter = delimiter[0]
    standsInNoNumber = delimiter.count == 1 && !"0123456789+-eE".utf8.contains(firstOfDelimiter)
    comment = dialect.comment.map { Array($0.utf8) } ?? []
    for byte in [0, lineFeed, carriageReturn, firstOfDelimiter] { isSpecial[Int(byte)] = true }
    for byte in 0x80...0xFF { isSpecial[byte] = true }
    for byte in [UInt8(ascii: " "), UInt8(ascii: "\t")] where byte != firstOfDelimiter { isBlank[Int(byte)] = true }
  }

  /// Creates a tokenizer at the start of a later record, which counts lines from there.
  init(continuing dialect: CSVDialect) {
    self.init(dialect)
    isAtStart = false
  }

  /// The lines that were ended.
  private(set) var lineCount: Int {
    get { line - 1 }
    set { line = newValue + 1 }
  }

  /// Goes on behind lines that others have read.
  mutating func skip(lines: Int) { lineCount += lines }

  /// Hands on the fields that are complete.
  ///
  /// - Parameters:
  ///   - bytes: What was left of the last block, and a new one.
  ///   - isLast: Whether the text ends with them.
  ///   - areWhole: Whether a record that the block's end cuts is read again from its start; its fields come twice then.
  /// - Returns: How many bytes are done with; all if it is the last block.
  /// - Throws: ``CSVSyntaxError``, and what the consumer throws.
  package mutating func read<Consumer: CSVConsumer>(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool, wholeRecords areWhole: Bool, into consumer: inout Consumer
  ) throws -> Int {
    recordStart = 0
    let used = try read(bytes, isLast: isLast, into: &consumer)
    guard areWhole, column > 0 else { return used }
    (column, line) = (0, recordLine)
    return recordStart
  }

  /// Hands on the fields that are complete; see the other method. Of a record that the block's end cuts, the rest is read
  /// with the next block.
  package mutating func read<Consumer: CSVConsumer>(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool, into consumer: inout Consumer
  ) throws -> Int {
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
    let count = bytes.count
    var at = 0
    if isAtStart {
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      if !isLast, count < mark.count { return 0 }
      if bytes.starts(with: mark) { at = mark.count }
      isAtStart = false
    }
    while at < count || (isLast && column > 0) {
      if column == 0 {
        (recordStart, recordLine) = (at, line)
        if !comment.isEmpty {
          guard isLast || count - at >= comment.count else { return at }
          if matches(comment, base, at, count) {
            guard let next = endOfComment(base, at, count, isLast: isLast) else { return at }
            at = next
            continue
          }
        }
      }
      // Most fields are plain numbers: they are read as they are found.
      let numberEnd = at + (at < count ? consumer.takeNumber(base + at, base + count, column: column) : 0)
      if numberEnd > at, numberEnd < count, standsInNoNumber {
        if base[numberEnd] == firstOfDelimiter {
          column += 1
          at = numberEnd + 1
          continue
        }
        if base[numberEnd] == lineFeed {
          at = numberEnd + 1
          column += 1
          line += 1
          try endRecord(&consumer)
          continue
        }
      }
      guard let field = try field(base, at, count, isLast: isLast) else { return at }
      let slice = UnsafeRawBufferPointer(rebasing: bytes[field.start..<field.end])
      // A line with nothing in it.
      if column == 0, field.end == field.start, field.terminator != .delimiter {
        line += field.breaks + (field.terminator == .lineEnd ? 1 : 0)
        at = field.next
        continue
      }
      if field.hasDoubledQuotes {
        unescape(slice)
        try unquoted.withUnsafeBytes { bytes in
          try emit(bytes, hasHighBytes: field.hasHighBytes, into: &consumer)
        }
      } else {
        try emit(slice, hasHighBytes: field.hasHighBytes, into: &consumer)
      }
      column += 1
      line += field.breaks
      at = field.next
      if field.terminator != .delimiter {
        if field.terminator == .lineEnd { line += 1 }
        try endRecord(&consumer)
      }
    }
    return at
  }

  @inline(__always)
  private mutating func endRecord<Consumer: CSVConsumer>(_ consumer: inout Consumer) throws {
    let fieldCount = column
    column = 0
    try consumer.endRecord(fieldCount: fieldCount, line: recordLine)
  }

  private enum Terminator { case delimiter, lineEnd, textEnd }

  /// Where a field lies in the block.
  private struct Field {
    var start: Int
    var end: Int
    /// Behind the delimiter or the line's end.
    var next = 0
    var terminator = Terminator.textEnd
    var breaks = 0
    var hasHighBytes = false
    var hasDoubledQuotes = false
  }

  /// Finds the field that begins there; `nil` if more bytes are needed to know where it ends.
  @inline(__always)
  private func field(
    _ base: UnsafePointer<UInt8>, _ start: Int, _ count: Int, isLast: Bool
  ) throws -> Field? {
    try isSpecial.withUnsafeBufferPointer { isSpecial in
      try isBlank.withUnsafeBufferPointer { isBlank in
        var at = start
        while at < count, isBlank[Int(base[at])] { at += 1 }
        var field = Field(start: at, end: at)
        if at < count, base[at] == quote {
          guard let end = try quotedField(base, at, count, isLast: isLast, &field) else { return nil }
          at = end
          while at < count, isBlank[Int(base[at])] { at += 1 }
          while field.start < field.end, isBlank[Int(base[field.start])] { field.start += 1 }
        } else {
          while true {
            while at < count, !isSpecial[Int(base[at])] { at += 1 }
            guard at < count, base[at] >= 0x80 else { break }
            if base[at] == firstOfDelimiter {
              guard isLast || count - at >= delimiter.count else { return nil }
              if matches(delimiter, base, at, count) { break }
            }
            field.hasHighBytes = true
            at += 1
          }
          if at < count, base[at] == 0 { throw error(.nul) }
          field.end = at
        }
        while field.end > field.start, isBlank[Int(base[field.end - 1])] { field.end -= 1 }

        guard at < count else {
          field.next = at
          return isLast ? field : nil
        }
        if base[at] == lineFeed || base[at] == carriageReturn {
          guard isLast || base[at] == lineFeed || at + 1 < count else { return nil }
          field.terminator = .lineEnd
          field.next = at + (base[at] == carriageReturn && at + 1 < count && base[at + 1] == lineFeed ? 2 : 1)
          return field
        }
        guard isLast || count - at >= delimiter.count else { return nil }
        guard matches(delimiter, base, at, count) else { throw error(.textBehindQuote) }
        field.terminator = .delimiter
        field.next = at + delimiter.count
        return field
      }
    }
  }

  /// Finds the end of a field that begins with a quote, behind the one that closes it.
  private func quotedField(
    _ base: UnsafePointer<UInt8>, _ start: Int, _ count: Int, isLast: Bool, _ field: inout Field
  ) throws -> Int? {
    var at = start + 1
    field.start = at
    while at < count {
      let byte = base[at]
      if byte == quote {
        guard isLast || at + 1 < count else { return nil }
        guard at + 1 < count, base[at + 1] == quote else {
          field.end = at
          return at + 1
        }
        field.hasDoubledQuotes = true
        at += 1
      } else if byte == lineFeed {
        if base[at - 1] != carriageReturn { field.breaks += 1 }
      } else if byte == carriageReturn {
        field.breaks += 1
      } else if byte == 0 {
        throw error(.nul)
      } else if byte >= 0x80 {
        field.hasHighBytes = true
      }
      at += 1
    }
    if isLast { throw error(.unclosedQuote) }
    return nil
  }

  @inline(__always)
  private func emit<Consumer: CSVConsumer>(
    _ field: UnsafeRawBufferPointer, hasHighBytes: Bool, into consumer: inout Consumer
  ) throws {
    if hasHighBytes, String(validating: field, as: UTF8.self) == nil { throw error(.notUTF8) }
    try consumer.take(field, column: column, line: line)
  }

  private mutating func unescape(_ field: UnsafeRawBufferPointer) {
    unquoted.removeAll(keepingCapacity: true)
    var at = 0
    while at < field.count {
      unquoted.append(field[at])
      at += field[at] == quote ? 2 : 1
    }
  }

  private mutating func endOfComment(
    _ base: UnsafePointer<UInt8>, _ start: Int, _ count: Int, isLast: Bool
  ) -> Int? {
    var at = start
    while at < count, base[at] != lineFeed, base[at] != carriageReturn { at += 1 }
    guard at < count else { return isLast ? at : nil }
    guard isLast || base[at] == lineFeed || at + 1 < count else { return nil }
    line += 1
    return at + (base[at] == carriageReturn && at + 1 < count && base[at + 1] == lineFeed ? 2 : 1)
  }

  @inline(__always)
  private func matches(_ text: [UInt8], _ base: UnsafePointer<UInt8>, _ at: Int, _ count: Int) -> Bool {
    guard text.count > 1 else { return base[at] == text[0] }
    return at + text.count <= count && text.indices.allSatisfy { base[at + $0] == text[$0] }
  }

  private func error(_ fault: CSVSyntaxError.Fault) -> CSVSyntaxError {
    CSVSyntaxError(fault: fault, line: line, column: column + 1)
  }
}

private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
private let quote = UInt8(ascii: "\"")
