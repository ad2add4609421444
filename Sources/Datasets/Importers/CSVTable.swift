import Foundation
import Foundations
import HDF5
import SwiftCSV

/// A file of comma- or tab-separated values, checked: every line has the same fields, every input is a finite number.
struct CSVTable {
  /// The file.
  let path: String
  /// The input columns' names: from the header, or their places.
  private(set) var features: [String] = []
  /// The inputs, row-major, `features.count` a row.
  private(set) var values: [Double] = []
  /// The target column as it stands in the file, without blanks around it.
  private(set) var targets: [String] = []
  /// The target column for messages, such as `column 5 ('species')`.
  private(set) var targetLabel = ""

  private var lines: [Int] = []
  private var inputLabels: [String] = []

  /// The number of samples.
  var rowCount: Int { targets.count }

  /// Reads a file whole.
  ///
  /// - Throws: `TrainerError` with exit code `data`, with line and column where there is one.
  static func read(
    path: String, hasHeader: Bool, delimiter: Character?, target: CSVImport.Column, drop: [CSVImport.Column]
  ) throws -> CSVTable {
    let text = try text(of: path)
    // A line before the first is 1; fields may hold line breaks inside quotes.
    var line = 1
    var columns: Columns?
    var failure: (any Error)?
    var table = CSVTable(path: path)

    func take(_ fields: [String]) throws {
      defer { line += 1 + fields.reduce(0) { $0 + lineBreaks(in: $1) } }
      let fields = fields.map(trimmed)
      if fields == [""] { return }
      if let column = fields.firstIndex(where: { $0.utf8.contains(0) }) {
        throw TrainerError(
          .data,
          "'\(path)', line \(line), column \(column + 1): it holds a NUL, which no text does; is the file damaged?")
      }
      guard let known = columns else {
        let made = try Columns(fields, hasHeader: hasHeader, target: target, drop: drop, path: path)
        columns = made
        table.adopt(made)
        if !hasHeader { try table.append(fields, line: line, columns: made) }
        return
      }
      try table.append(fields, line: line, columns: known)
    }

    do {
      let separator = delimiter ?? self.delimiter(for: path, text)
      let csv = try CSV<Enumerated>(
        string: text, delimiter: .init(unicodeScalarLiteral: separator), loadColumns: false, rowLimit: 0)
      // SwiftCSV's own rows are filled up where they are short; its callback gives them as they are.
      try csv.enumerateAsArray(startAt: 0, rowLimit: nil) { fields in
        guard failure == nil else { return }
        do {
          try take(fields)
        } catch {
          failure = error
        }
      }
    } catch let error as CSVParseError {
      throw failure
        ?? TrainerError(
          .data, "'\(path)', line \(line): a quoted field goes on behind its closing quote (\(error.text))")
    }
    if let failure { throw failure }
    guard table.rowCount > 0 else {
      throw TrainerError(.data, "'\(path)' holds no samples\(hasHeader ? " behind its header" : "")")
    }
    if table.targets.last?.last?.isNewline == true {
      throw TrainerError(.data, "'\(path)', line \(table.lines.last ?? 0): a quote is opened and never closed")
    }
    return table
  }

  private init(path: String) { self.path = path }

  /// The inputs as a table of that type.
  func inputs(as type: NumberType) -> NumberTable {
    let shape = [rowCount, features.count]
    return switch type {
    case .uint8: NumberTable(shape: shape, values: values.map { UInt8($0) })
    case .float32: NumberTable(shape: shape, values: values.map { Float($0) })
    default: NumberTable(shape: shape, values: values)
    }
  }

  /// An error about one of `values`.
  func error(at place: Int, _ what: String) -> TrainerError {
    let (row, column) = place.quotientAndRemainder(dividingBy: features.count)
    return TrainerError(.data, "'\(path)', line \(lines[row]), \(inputLabels[column]): \(what)")
  }

  /// An error about a sample's target.
  func targetError(row: Int, _ what: String) -> TrainerError {
    TrainerError(.data, "'\(path)', line \(lines[row]), \(targetLabel): \(what)")
  }

  private mutating func adopt(_ columns: Columns) {
    features = columns.inputs.map { columns.names[$0] ?? "column \($0 + 1)" }
    inputLabels = columns.inputs.map(columns.label)
    targetLabel = columns.label(columns.target)
  }

  private mutating func append(_ fields: [String], line: Int, columns: Columns) throws {
    guard fields.count == columns.count else {
      let found = fields.count == 1 ? "1 field" : "\(fields.count) fields"
      throw TrainerError(.data, "'\(path)', line \(line): it has \(found), and the first line has \(columns.count)")
    }
    for column in columns.inputs {
      guard let value = finiteNumber(fields[column]) else {
        let what = fields[column].isEmpty ? "the field is empty" : "'\(fields[column])' is not a finite number"
        throw TrainerError(
          .data,
          "'\(path)', line \(line), \(columns.label(column)): \(what)",
          remedy: .init("drop", "inputs are numbers, other columns can be dropped"))
      }
      values.append(value)
    }
    targets.append(fields[columns.target])
    lines.append(line)
  }

  /// How packed files begin, and what unpacks them.
  private static let packed: [(mark: [UInt8], format: String, command: String)] = [
    ([0x1F, 0x8B], "gzip", "gunzip -k"), ([0x42, 0x5A, 0x68], "bzip2", "bunzip2 -k"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz", "unxz -k"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd", "unzstd"),
    ([0x50, 0x4B, 0x03, 0x04], "zip", "unzip"),
  ]

  /// Bytes of memory for each byte of a file at most, its text, fields and numbers together; measured.
  private static let memoryPerByte = 30

  /// The whole text, ended by a line break: SwiftCSV forgets an empty last field that none follows.
  private static func text(of path: String) throws -> String {
    do {
      let size = try SystemFileSystem().status(of: path)?.size ?? 0
      try MemoryLimit.require(
        Double(memoryPerByte) * Double(size), for: "'\(path)': the table", code: .data, advice: "import a part of it")
      let bytes = try SystemFileSystem().contents(of: path)
      if let (format, command) = packed.first(where: { bytes.starts(with: $0.mark) }).map({ ($0.format, $0.command) }) {
        throw TrainerError(
          .data, "'\(path)' is compressed (\(format)); unpack it first, with \(command) for example, and import that")
      }
      guard var text = String(validating: bytes, as: UTF8.self) else {
        throw TrainerError(.data, "'\(path)' is not text in UTF-8; convert it first, with iconv for example")
      }
      if text.last?.isNewline != true { text += "\n" }
      return text
    } catch let error as FileError {
      let hint = error.number == ENOENT ? neighbourHint(of: path) : ""
      throw TrainerError(
        .data, "cannot read '\(path)': \(error.reason.prefix(1).lowercased() + error.reason.dropFirst())\(hint)")
    }
  }

  private static func delimiter(for path: String, _ text: String) -> Character {
    let name = path.lowercased()
    return name.hasSuffix(".tsv") || name.hasSuffix(".tab") ? "\t" : CSVDelimiter.guessed(string: text).rawValue
  }
}

/// Which column is what.
private struct Columns {
  let count: Int
  /// The header's names; empty without a header.
  let names: [Int: String]
  let target: Int
  let inputs: [Int]

  init(
    _ first: [String], hasHeader: Bool, target: CSVImport.Column, drop: [CSVImport.Column], path: String
  ) throws {
    func find(_ column: CSVImport.Column) throws -> Int {
      switch column {
      case .number(let number):
        let index = number > 0 ? number - 1 : first.count + number
        guard number != 0, first.indices.contains(index) else {
          throw TrainerError(.usage, "there is no column \(number) in '\(path)', which has \(first.count)")
        }
        return index
      case .name(let name):
        guard hasHeader else {
          throw TrainerError(.usage, "'\(path)' has no header to look for column '\(name)' in; give its number")
        }
        let places = first.indices.filter { first[$0] == name }
        guard let place = places.first else {
          let hint = suggestion(for: name, among: first).map { "; is it '\($0)'?" } ?? ""
          let present = first.map { "'\($0)'" }.joined(separator: ", ")
          throw TrainerError(.usage, "'\(path)' has no column '\(name)' but \(present)\(hint)")
        }
        guard places.count == 1 else {
          throw TrainerError(.usage, "'\(path)' has \(places.count) columns '\(name)'; give a number")
        }
        return place
      }
    }
    let targetPlace = try find(target)
    let dropped = Set(try drop.map(find))
    guard !dropped.contains(targetPlace) else {
      throw TrainerError(.usage, "the target column of '\(path)' cannot be dropped")
    }
    count = first.count
    names = hasHeader ? Dictionary(uniqueKeysWithValues: first.enumerated().map { ($0, $1) }) : [:]
    self.target = targetPlace
    inputs = first.indices.filter { $0 != targetPlace && !dropped.contains($0) }
    guard !inputs.isEmpty else {
      let found =
        first.count == 1
        ? "its first line has one field" : "of its \(first.count) columns one is the target and the rest dropped"
      throw TrainerError(
        .data, "'\(path)' has no column left for inputs: \(found)",
        remedy: .init("inputs", "name another delimiter or target, or drop fewer columns"))
    }
    if hasHeader, inputs.allSatisfy({ finiteNumber(first[$0]) != nil }) {
      throw TrainerError(
        .data, "'\(path)', line 1: a header was expected, and these are numbers",
        remedy: .init("hasHeader", "if there is none, set hasHeader to false"))
    }
  }

  func label(_ column: Int) -> String { "column \(column + 1)" + (names[column].map { " ('\($0)')" } ?? "") }
}

/// The text without blanks around it; nearly all fields have none, and looking at two bytes is quick.
private func trimmed(_ text: String) -> String {
  func isBlank(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
  guard isBlank(text.utf8.first) || isBlank(text.utf8.last) else { return text }
  return text.trimmingCharacters(in: .whitespaces)
}

/// The line breaks inside a quoted field.
private func lineBreaks(in text: String) -> Int {
  guard text.utf8.contains(where: { $0 == 10 || $0 == 13 }) else { return 0 }
  return text.count(where: \.isNewline)
}

/// The number that a text stands for, if it is one and finite.
func finiteNumber(_ text: String) -> Double? {
  guard let value = decimalNumber(text), value.isFinite else { return nil }
  return value
}

extension CSVParseError {
  fileprivate var text: String {
    switch self {
    case .generic(let message), .quotation(let message): message
    }
  }
}
