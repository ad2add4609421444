import Foundations

/// Which number of a sparse row is which input of a model.
package struct SparseColumns: Sendable, Equatable {
  /// The first input's index, 0 or 1.
  let firstIndex: Int
  /// For each index, counted from 0, its place among the inputs; -1 if the model leaves it out.
  let places: [Int]

  /// Finds which index is the first input's.
  ///
  /// - Parameters:
  ///   - input: The text, of which nothing is taken.
  ///   - path: Where it can be read a second time; `nil` for a pipe, of which only the start is looked at.
  ///   - firstIndex: The first index, if it is known.
  ///   - places: The inputs' places among the `width` numbers of a row.
  /// - Throws: `TrainerError` with code `.data` if neither the first nor the last of the indices is there, or a line
  ///   cannot be read.
  package init(
    _ input: StreamedInput, path: String?, firstIndex: Int?, places: [Int], of width: Int
  ) throws {
    var inputs = [Int](repeating: -1, count: width)
    for (input, place) in places.enumerated() { inputs[place] = input }
    self.places = inputs
    if let firstIndex {
      self.firstIndex = firstIndex
      return
    }
    let found: Int?
    if let path {
      found = try SparseReader.firstIndex(path, width: width)
    } else {
      let start = try input.peek(lines: 1)
      found = SparseReader.firstIndex(start, width: width)
    }
    guard let found else {
      throw TrainerError(
        .data,
        "'\(input.name)': \(path == nil ? "its first lines have" : "it has") neither the index 0 nor \(width), and without "
          + "either nothing tells whether the model's \(width) inputs are counted from 0 or from 1",
        remedy: .init("firstIndex", "say which index is the first"))
    }
    self.firstIndex = found
  }
}

/// Rows of a sparse text as a model takes them, as they are read. Labels may be there and are left out.
struct SparseTextRows: TextRowReader {
  private let path: String
  private let columns: SparseColumns
  private var rows: WantedRows
  private var isSet: [Bool]
  private let labels: [String]
  private var line = 0

  init(path: String, columns: SparseColumns, wanted: WantedColumns) {
    (self.path, self.columns) = (path, columns)
    rows = WantedRows(wanted, values: FieldValues(), keptCount: 0)
    isSet = [Bool](repeating: false, count: columns.places.count)
    var labels = [String](repeating: "", count: wanted.features.count)
    for (index, place) in columns.places.enumerated() where place >= 0 {
      labels[place] = "the index \(index + columns.firstIndex)"
    }
    self.labels = labels
  }

  var count: Int { rows.count }
  var keptNames: [String]? { count > 0 ? [] : nil }

  mutating func read(_ text: UnsafeRawBufferPointer, isLast: Bool) throws -> Int {
    try SparseReader.forEachLine(text, isLast: isLast) { line in
      self.line += 1
      do {
        guard let sample = try SparseLine(line, needsLabel: false) else { return }
        try take(sample)
      } catch let error as SparseLine.Fault {
        throw fault(error.description)
      }
    }
  }

  private mutating func take(_ sample: SparseLine) throws {
    for place in columns.places where place >= 0 { rows.set(0, at: place) }
    for input in sample.inputs {
      let index = input.index - columns.firstIndex
      guard isSet.indices.contains(index) else {
        throw fault(
          "the index \(input.index) is none of the model's \(isSet.count) inputs, which are counted from "
            + "\(columns.firstIndex)")
      }
      guard !isSet[index] else { throw fault("the index \(input.index) comes twice") }
      isSet[index] = true
      if columns.places[index] >= 0 { rows.set(input.value, at: columns.places[index]) }
    }
    for input in sample.inputs { isSet[input.index - columns.firstIndex] = false }
    rows.endRow(line: line)
  }

  private func fault(_ what: String) -> TrainerError { TrainerError(.data, "'\(path)', line \(line): \(what)") }

  mutating func takeRows() -> TextTableBlock { rows.take(path: path, labels: labels) }
  func finish() {}
}
