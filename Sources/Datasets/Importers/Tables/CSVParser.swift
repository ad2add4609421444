import Dispatch
import Foundation
import Foundations
import Synchronization

/// Reads the blocks of a table on several threads, with the same result as on one.
///
/// Where a block has no quote, each LF ends a record, so that it can be cut behind any. The pieces are read apart and
/// taken in their order. A block with quotes is read on one thread; so is one with an error, from its start, since only
/// then its line is known.
struct CSVParser {
  private let scan: TableScan
  private let dialect: CSVDialect
  private var tokenizer: CSVTokenizer
  /// Reads what is not cut into pieces.
  private(set) var reader: CSVTableReader
  /// Read pieces; none before the columns are known.
  private var helpers: [CSVTableReader] = []

  /// Creates a parser at the start of a table.
  init(_ dialect: CSVDialect, _ reader: CSVTableReader, _ scan: TableScan) {
    self.dialect = dialect
    self.reader = reader
    self.scan = scan
    tokenizer = CSVTokenizer(dialect)
  }

  /// Goes on behind lines that are no records.
  mutating func skip(lines: Int) { tokenizer.skip(lines: lines) }

  /// The rows that were read.
  var rowCount: Int { (scan.rowCounts.last ?? 0) + (reader.rows?.rowCount ?? 0) }

  /// Reads the records that are complete in a block; returns how many bytes it is done with.
  mutating func read(_ block: UnsafeRawBufferPointer, isLast: Bool) throws -> Int {
    // The first record may be the header.
    guard scan.threads > 1, let start = firstEnd(block) else {
      return try readAlone(block, isLast: isLast)
    }
    let first = try readRecords(UnsafeRawBufferPointer(rebasing: block[..<start]), isLast: false)
    let rest = UnsafeRawBufferPointer(rebasing: block[first...])
    let ends = cuts(of: rest)
    guard first == start, ends.count > 1, let lineCounts = readPieces(of: rest, ends: ends) else {
      return try first + readAlone(rest, isLast: isLast)
    }
    var lines = [0]
    for count in lineCounts {
      lines.append(tokenizer.lineCount)
      tokenizer.skip(lines: count)
    }
    try take(helpers: lineCounts.count, lines)
    let end = ends[ends.count - 1]
    return try first + end + readAlone(UnsafeRawBufferPointer(rebasing: rest[end...]), isLast: isLast, isShort: !isLast)
  }

  /// - Parameter isShort: Whether what was read may wait for the next block.
  private mutating func readAlone(
    _ block: UnsafeRawBufferPointer, isLast: Bool, isShort: Bool = false
  ) throws -> Int {
    let used = try readRecords(block, isLast: isLast)
    if !isShort { try take(helpers: 0, [0]) }
    return used
  }

  private mutating func readRecords(_ block: UnsafeRawBufferPointer, isLast: Bool) throws -> Int {
    let used = try tokenizer.read(block, isLast: isLast, wholeRecords: true, into: &reader)
    reader.restart()
    return used
  }

  /// Hands the rows of the reader, and of some helpers, to the scan.
  private mutating func take(helpers count: Int, _ lines: [Int]) throws {
    guard let rows = reader.rows else { return }
    var pieces = [rows] + helpers.compactMap(\.rows)
    reader.rows = nil
    for place in helpers.indices { helpers[place].rows = nil }
    defer {
      reader.rows = pieces[0]
      for place in helpers.indices { helpers[place].rows = pieces[place + 1] }
    }
    try scan.take(&pieces, behind: lines + [Int](repeating: 0, count: pieces.count - lines.count))
  }

  /// Where the first line of a block without quotes ends.
  private func firstEnd(_ block: UnsafeRawBufferPointer) -> Int? {
    guard let base = block.baseAddress, memchr(base, Int32(UInt8(ascii: "\"")), block.count) == nil,
      let end = memchr(base, Int32(UInt8(ascii: "\n")), block.count)
    else { return nil }
    return UnsafeRawPointer(end) - base + 1
  }

  /// Where the pieces of a block without quotes end, at most one for each thread.
  private func cuts(of block: UnsafeRawBufferPointer) -> [Int] {
    guard let end = block.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let size = end / scan.threads + 1
    var ends: [Int] = []
    var last = 0
    while last <= end {
      let from = min(last + size - 1, end)
      guard let cut = block[from...].firstIndex(of: UInt8(ascii: "\n")) else { break }
      last = cut + 1
      ends.append(last)
    }
    return ends
  }

  /// Reads the pieces of a block; returns the lines of each, and `nil` if there is an error in one.
  private mutating func readPieces(of block: UnsafeRawBufferPointer, ends: [Int]) -> [Int]? {
    while helpers.count < ends.count {
      guard let helper = reader.continued() else { return nil }
      helpers.append(helper)
    }
    let lineCounts = Mutex([Int?](repeating: nil, count: ends.count))
    let dialect = dialect
    helpers.withUnsafeMutableBufferPointer { helpers in
      nonisolated(unsafe) let (block, helpers) = (block, helpers)
      DispatchQueue.concurrentPerform(iterations: ends.count) { index in
        var tokenizer = CSVTokenizer(continuing: dialect)
        let piece = UnsafeRawBufferPointer(rebasing: block[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
        helpers[index].restart()
        do {
          guard try tokenizer.read(piece, isLast: false, into: &helpers[index]) == piece.count else { return }
        } catch _ {
          // It is found again, with its line, when the whole block is read.
          return
        }
        let done = tokenizer.lineCount
        lineCounts.withLock { $0[index] = done }
      }
    }
    let all = lineCounts.withLock { $0.compactMap(\.self) }
    guard all.count == ends.count else {
      // What they have read is read again.
      helpers = []
      return nil
    }
    return all
  }
}
