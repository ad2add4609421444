import Dispatch
import Foundation
import Foundations
import Synchronization

/// Reads the blocks of a table on several threads, with the same result as on one.
///
/// Where a block has no quote, each LF ends a record, so that it can be cut behind any. The pieces are read apart and
/// put together in their order. A block with quotes is read on one thread; so is one with an error, from its start, since
/// only then its line is known.
struct CSVParser<Rows: TableRows> {
  let threads: Int
  private(set) var reader: CSVTableReader<Rows>
  private let dialect: CSVDialect
  private var tokenizer: CSVTokenizer

  private struct Piece: Sendable {
    let reader: CSVTableReader<Rows>
    let lineCount: Int
  }

  /// Creates a parser at the start of a table.
  ///
  /// - Parameter threads: How many read; nil for as many as there are cores.
  init(_ dialect: CSVDialect, _ reader: CSVTableReader<Rows>, _ threads: Int?) {
    self.dialect = dialect
    self.reader = reader
    self.threads = max(1, threads ?? (ThreadSupply.current.isScarce ? 1 : ProcessInfo.processInfo.activeProcessorCount))
    tokenizer = CSVTokenizer(dialect)
  }

  /// Goes on behind lines that are no records.
  mutating func skip(lines: Int) { tokenizer.skip(lines: lines) }

  /// Reads the records, or fields, that are complete in a block; returns how many bytes it is done with.
  mutating func read(_ block: UnsafeRawBufferPointer, isLast: Bool) throws -> Int {
    // The first record ends one that was begun in the block before.
    guard threads > 1, let start = firstEnd(block) else {
      return try tokenizer.read(block, isLast: isLast, into: &reader)
    }
    let first = try tokenizer.read(UnsafeRawBufferPointer(rebasing: block[..<start]), isLast: false, into: &reader)
    let rest = UnsafeRawBufferPointer(rebasing: block[first...])
    let ends = cuts(of: rest)
    guard first == start, ends.count > 1, let pieces = pieces(of: rest, ends: ends) else {
      return try first + tokenizer.read(rest, isLast: isLast, into: &reader)
    }
    for piece in pieces {
      try reader.append(contentsOf: piece.reader, behind: tokenizer.lineCount)
      tokenizer.skip(lines: piece.lineCount)
    }
    let end = ends[ends.count - 1]
    return try first + end
      + tokenizer.read(UnsafeRawBufferPointer(rebasing: rest[end...]), isLast: isLast, into: &reader)
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
    let size = end / threads + 1
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

  /// The pieces in their order; `nil` if there is an error in one.
  private func pieces(of block: UnsafeRawBufferPointer, ends: [Int]) -> [Piece]? {
    guard let empty = reader.continued() else { return nil }
    let pieces = Mutex([Piece?](repeating: nil, count: ends.count))
    nonisolated(unsafe) let block = block
    let dialect = dialect
    DispatchQueue.concurrentPerform(iterations: ends.count) { index in
      var (tokenizer, reader) = (CSVTokenizer(continuing: dialect), empty)
      let piece = UnsafeRawBufferPointer(rebasing: block[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
      // An error is found again, with its line, when the whole block is read.
      guard let used = try? tokenizer.read(piece, isLast: false, into: &reader), used == piece.count else { return }
      let done = Piece(reader: reader, lineCount: tokenizer.lineCount)
      pieces.withLock { $0[index] = done }
    }
    let all = pieces.withLock { $0.compactMap(\.self) }
    return all.count == ends.count ? all : nil
  }
}
