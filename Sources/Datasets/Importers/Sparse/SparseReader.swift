import Foundations
import HDF5

/// What a sparse table holds, without its inputs.
struct SparseSurvey {
  let path: String
  /// The labels in the order of the lines.
  var labels: [Double] = []
  var smallestIndex = Int.max
  /// -1 if there is no input.
  var largestIndex = -1
  /// The first line with an input that is no whole number from 0 to 255.
  var firstNoByte: Int?
  /// The first line with an input that binary32 has no number for.
  var firstTooLarge: Int?
}

/// Reads the lines of a sparse table of text.
package enum SparseReader {
  private static let blockSize = 1 << 20

  /// Reads all but the inputs, and checks them.
  ///
  /// - Throws: `TrainerError` with exit code `data`.
  static func survey(_ path: String) throws -> SparseSurvey {
    var survey = SparseSurvey(path: path)
    try forEachSample(path) { label, inputs, line in
      survey.labels.append(label)
      for input in inputs {
        survey.smallestIndex = min(survey.smallestIndex, input.index)
        survey.largestIndex = max(survey.largestIndex, input.index)
        if survey.firstNoByte == nil, UInt8(exactly: input.value) == nil { survey.firstNoByte = line }
        if survey.firstTooLarge == nil, !Float(input.value).isFinite { survey.firstTooLarge = line }
      }
    }
    guard !survey.labels.isEmpty else { throw TrainerError(.data, "'\(path)' holds no samples") }
    return survey
  }

  /// Reads the inputs.
  ///
  /// - Throws: `TrainerError` with exit code `data`, also if an index comes twice in a line.
  static func rows(
    _ path: String, firstIndex: Int, width: Int, type: CSVImport.InputType
  ) throws -> NumberRows {
    var rows = NumberRows(width: width, type: type)
    var row = [Double](repeating: 0, count: width)
    var isSet = [Bool](repeating: false, count: width)
    try forEachSample(path) { _, inputs, line in
      for input in inputs {
        let place = input.index - firstIndex
        // The file may have grown since it was surveyed.
        guard row.indices.contains(place) else { throw TrainerError(.data, "'\(path)' was changed while it was read") }
        guard !isSet[place] else { throw fault(path, line, "the index \(input.index) comes twice") }
        (row[place], isSet[place]) = (input.value, true)
      }
      guard rows.append(row) == nil else { throw TrainerError(.data, "'\(path)' was changed while it was read") }
      for input in inputs { (row[input.index - firstIndex], isSet[input.index - firstIndex]) = (0, false) }
    }
    return rows
  }

  private static func fault(_ path: String, _ line: Int, _ what: String) -> TrainerError {
    TrainerError(.data, "'\(path)', line \(line): \(what)")
  }

  /// Hands on the samples of a file.
  private static func forEachSample(
    _ path: String, _ body: (_ label: Double, _ inputs: [SparseLine.Input], _ line: Int) throws -> Void
  ) throws {
    let file = try TextFile(path: path, isTable: false)
    var number = 0
    let part = WorkProgress.begin("reading \(fileName(of: path))", "lines")
    defer { part?.end() }
    try file.forEachBlock(of: blockSize) { block, isLast in
      defer { part?.set(number, share: file.fractionRead) }
      return try forEachLine(block, isLast: isLast) { line in
        number += 1
        do {
          guard let sample = try SparseLine(line) else { return }
          try body(sample.label, sample.inputs, number)
        } catch let error as SparseLine.Fault {
          throw fault(path, number, error.description)
        }
      }
    }
  }

  /// Checks text as a file of it would be checked, for trials with text of any kind.
  ///
  /// - Throws: `TrainerError` with exit code `data`.
  package static func check(_ text: UnsafeRawBufferPointer) throws {
    _ = try forEachLine(text, isLast: true) { line in
      do {
        _ = try SparseLine(line)
      } catch let error as SparseLine.Fault {
        throw TrainerError(.data, error.description)
      }
    }
  }

  /// Which index is the first input's: 0 if a line has it, 1 if one has that of the last input or a larger one; `nil` if
  /// neither is there. The file is read up to the first line that tells.
  ///
  /// - Parameter width: How many inputs there are.
  /// - Throws: `TrainerError` with exit code `data` if it cannot be read. Lines that are no samples are left to who reads them.
  static func firstIndex(_ path: String, width: Int) throws -> Int? {
    let file = try TextFile(path: path, isTable: false)
    do {
      try file.forEachBlock(of: blockSize) { block, isLast in
        try forEachLine(block, isLast: isLast) {
          if let index = firstIndex(line: $0, width: width) { throw Found(index: index) }
        }
      }
      return nil
    } catch let found as Found {
      return found.index
    }
  }

  /// The same of the lines of a text that are whole.
  static func firstIndex(_ text: [UInt8], width: Int) -> Int? {
    var found: Int?
    text.withUnsafeBytes {
      _ = forEachLine($0, isLast: false) { found = found ?? firstIndex(line: $0, width: width) }
    }
    return found
  }

  private static func firstIndex(line: UnsafeRawBufferPointer, width: Int) -> Int? {
    do {
      guard let inputs = try SparseLine(line, needsLabel: false)?.inputs else { return nil }
      return inputs.contains { $0.index == 0 } ? 0 : inputs.contains { $0.index >= width } ? 1 : nil
    } catch {
      // Who reads the rows says what is wrong with the line.
      return nil
    }
  }

  /// The answer is found, and the rest of the file need not be read.
  private struct Found: Error { let index: Int }

  /// Whether the first lines of a file are samples.
  ///
  /// - Parameters:
  ///   - isCut: Whether the file goes on.
  ///   - needsLabel: Whether each has a label in front.
  static func recognizes(_ start: [UInt8], isCut: Bool, needsLabel: Bool = true) -> Bool {
    var inputCount = 0
    // A last line that is cut may end anywhere; of a first one that is, whole fields are looked at.
    let cut = start.lastIndex { $0 == 0x0A || $0 == 0x0D } ?? start.lastIndex { $0 == 0x20 || $0 == 0x09 }
    let end = isCut ? cut ?? 0 : start.count
    do {
      _ = try start[..<end].withUnsafeBytes { text in
        try forEachLine(text, isLast: true) { line in
          inputCount += try SparseLine(line, needsLabel: needsLabel)?.inputs.count ?? 0
        }
      }
      return inputCount > 0
    } catch let fault as SparseLine.Fault {
      // Such a file all the same, with something to say about it.
      return fault.isOfFormat
    } catch {
      return false
    }
  }

  /// Hands on the lines of a block, without their ends; returns the bytes of those that are complete.
  static func forEachLine(
    _ block: UnsafeRawBufferPointer, isLast: Bool, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Int {
    var start = 0
    while start < block.count {
      let rest = block[start...]
      guard let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else {
        guard isLast else { return start }
        try body(UnsafeRawBufferPointer(rebasing: rest))
        return block.count
      }
      // What ends with CR and LF may be cut between both.
      if block[end] == 0x0D, end + 1 == block.count, !isLast { return start }
      try body(UnsafeRawBufferPointer(rebasing: rest[..<end]))
      start = end + 1
      if block[end] == 0x0D, start < block.count, block[start] == 0x0A { start += 1 }
    }
    return start
  }
}
