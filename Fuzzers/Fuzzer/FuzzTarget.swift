import Datasets
import Foundation
import Foundations

/// A parser of files from outside. Whatever the bytes, it ends with a result or with an error of the package; and it finds
/// the same in them however they are cut into blocks.
enum FuzzTarget: String, CaseIterable {
  case csv, jsonl, libsvm, npy, npz, predict

  /// The one that this process runs; set once, before libFuzzer begins, and read by its one thread.
  nonisolated(unsafe) static var current = FuzzTarget.csv

  func run(_ bytes: UnsafeRawBufferPointer) {
    do {
      switch self {
      case .csv: compareBlocks(bytes, readCSV)
      case .jsonl: compareBlocks(bytes, readJSONLines)
      case .libsvm: try SparseReader.check(bytes)
      case .npy: try readNPY(bytes)
      case .npz: try readNPZ(bytes)
      case .predict: try readRows(bytes)
      }
    } catch let error as TrainerError {
      precondition(error.code == .data && !error.message.isEmpty, "\(error)")
    } catch {
      preconditionFailure("an error of another kind: \(error)")
    }
  }

  /// Reads a text whole and in blocks; both must find the same.
  private func compareBlocks(_ bytes: UnsafeRawBufferPointer, _ read: (UnsafeRawBufferPointer, Int) -> [String]) {
    guard let first = bytes.first else { return }
    // The first byte says how it is cut; without it the text begins.
    let text = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    let (whole, cut) = (read(text, max(1, text.count)), read(text, Int(first) + 1))
    precondition(whole == cut, "whole it is \(whole), and in blocks of \(Int(first) + 1) bytes \(cut)")
  }

  private func readCSV(_ text: UnsafeRawBufferPointer, size: Int) -> [String] {
    let delimiters: [Character] = [",", ";", "\t", "é"]
    let dialect = CSVDialect(delimiter: delimiters[text.count & 3], comment: text.count & 4 == 0 ? nil : "#")
    var (tokenizer, records) = (CSVTokenizer(dialect), Records())
    do {
      try forEachBlock(text, size) { try tokenizer.read($0, isLast: $1, into: &records) }
    } catch {
      records.found.append("\(error)")
    }
    return records.found
  }

  private func readJSONLines(_ text: UnsafeRawBufferPointer, size: Int) -> [String] {
    var (parser, records) = (JSONLinesParser(), Records())
    do {
      try forEachBlock(text, size) { try parser.read($0, isLast: $1, into: &records) }
    } catch {
      records.found.append("\(error)")
    }
    return records.found
  }

  /// Hands on a text in blocks; what is not used of one comes again in front of the next.
  private func forEachBlock(
    _ text: UnsafeRawBufferPointer, _ size: Int, _ use: (UnsafeRawBufferPointer, Bool) throws -> Int
  ) throws {
    var (start, end) = (0, min(size, text.count))
    while true {
      // A copy, so that a byte behind the block is not the program's.
      let block = [UInt8](text[start..<end])
      let used = try block.withUnsafeBytes { try use($0, end == text.count) }
      if end == text.count {
        precondition(used == block.count, "\(used) of the last \(block.count) bytes are used")
        return
      }
      precondition((0...block.count).contains(used), "\(used) of \(block.count) bytes are used")
      start += used
      end = min(text.count, max(end, start) + size)
    }
  }

  private func readNPY(_ bytes: UnsafeRawBufferPointer) throws {
    guard let first = bytes.first else { return }
    let file = try NPYFile(MemoryBytes(Array(bytes.dropFirst()), knowsLength: first & 1 == 0, canSeek: first & 2 == 0))
    file.wholeSize = first & 4 == 0 ? 0 : 1 << 20
    if file.header.type.stored == nil { return _ = try file.values() }
    var count = 0
    try file.forEachBlock(of: first & 8 == 0 ? nil : 1) { values, row in
      precondition(row * file.header.rowElementCount == count)
      count += values.count
    }
    precondition(count == file.header.shape.reduce(1, *))
  }

  private func readNPZ(_ bytes: UnsafeRawBufferPointer) throws {
    let archive = try ZIPArchive(MemoryBytes(Array(bytes), knowsLength: true, canSeek: true))
    for member in archive.members.prefix(8) {
      do {
        _ = try NPYFile(archive.open(member, name: "'\(member.name)'")).values()
      } catch let error as TrainerError {
        precondition(error.code == .data && !error.message.isEmpty, "\(error)")
      }
    }
  }
}

extension FuzzTarget {
  /// Reads rows as `predict` does, of any of the kinds that it takes, from a pipe.
  private func readRows(_ bytes: UnsafeRawBufferPointer) throws {
    guard let first = bytes.first else { return }
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0)
    defer { close(ends[0]) }
    // A pipe takes more than an input's 4096 bytes at once.
    let count = bytes.count > 1 ? write(ends[1], bytes.baseAddress?.advanced(by: 1), bytes.count - 1) : 0
    precondition(count == bytes.count - 1)
    close(ends[1])
    let wanted = WantedColumns(
      features: [
        Feature(name: "a", kind: .number), Feature(name: "b", kind: .category, categories: ["u", "v"]),
        Feature(name: "c", kind: .date), Feature(name: "d", kind: .boolean),
      ], areNamed: first & 1 == 0, allowsMissing: first & 2 == 0, besides: ["y"],
      kept: first & 4 == 0 ? [] : [.name("id")])
    do {
      try readRows(
        StreamedInput(path: "/dev/fd/\(ends[0])", allowsPipes: true), wanted, firstIndex: first & 8 == 0 ? nil : 1)
    } catch let error as TrainerError {
      // Columns are asked for that the table does not have.
      precondition([.data, .usage].contains(error.code) && !error.message.isEmpty, "\(error)")
    }
  }

  private func readRows(_ input: StreamedInput, _ wanted: WantedColumns, firstIndex: Int?) throws {
    let format: TextRowFormat
    switch try StreamedFormat(of: input) {
    case .hdf5: return
    case .array: return try NPYFile(StreamedBytes(input)).forEachBlock { _, _ in }
    case .archive:
      let archive = try NPZInputs(input.seekable(), array: nil, group: nil)
      for name in archive.names { try archive.open(name).forEachBlock { _, _ in } }
      return
    case .jsonLines: format = .jsonLines
    case .sparse:
      format = .sparse(try SparseColumns(input, path: nil, firstIndex: firstIndex, places: [0, 1, 3, 4], of: 5))
    case .table: format = .table
    }
    var count = 0
    let stream = try TextTableStream(
      input, as: format, settings: TextTableSettings(), wanted: wanted, blockRows: 3)
    try stream.forEachBlock { names in
      precondition(names.count == (format == .table || format == .jsonLines ? wanted.kept.count : 0))
    } _: { block, row in
      precondition(row == count && block.rowCount > 0 && block.kept.allSatisfy { $0.count == block.rowCount })
      precondition(block.cells.count == block.rowCount * wanted.features.count)
      precondition(block.table.columns.allSatisfy { $0.count == block.rowCount })
      count += block.rowCount
    }
  }
}

/// Bytes in memory.
private final class MemoryBytes: ByteSource {
  let name = "'x'"
  let largestLength: Int?
  private let bytes: [UInt8]
  private let canSeek: Bool
  private var at = 0

  init(_ bytes: [UInt8], knowsLength: Bool, canSeek: Bool) {
    (self.bytes, self.canSeek, largestLength) = (bytes, canSeek, knowsLength ? bytes.count : nil)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let part = bytes[at..<min(bytes.count, at + buffer.count)]
    buffer.copyBytes(from: part)
    at += part.count
    return part.count
  }

  func seek(to offset: Int) throws -> Bool {
    precondition(offset >= 0)
    guard canSeek else { return false }
    at = min(offset, bytes.count)
    return true
  }
}

/// What a text holds, as texts that can be compared.
private struct Records: CSVConsumer, JSONLinesConsumer {
  var found: [String] = []

  mutating func take(_ field: UnsafeRawBufferPointer, column: Int, line: Int) {
    guard let text = String(validating: field, as: UTF8.self), !text.utf8.contains(0) else {
      preconditionFailure("a field in line \(line) is no text")
    }
    found.append("\(line) \(column) \(text)")
  }

  mutating func endRecord(fieldCount: Int, line: Int) { found.append("\(line): \(fieldCount) fields") }

  mutating func addColumn(_ name: String, line: Int) { found.append("\(line) new \(name)") }

  mutating func take(_ value: JSONLinesValue, column: Int, line: Int) {
    switch value {
    case .missing: found.append("\(line) \(column) missing")
    case .boolean(let value): found.append("\(line) \(column) \(value)")
    case .number(let text):
      precondition(decimalNumber(String(decoding: text, as: UTF8.self)) != nil, "a number in line \(line) is none")
      take(text, column: column, line: line)
    case .text(let text): take(text, column: column, line: line)
    }
  }

  mutating func endRecord(line: Int) { found.append("\(line):") }
}
