import Foundations

/// Predictions as a table of text by RFC 4180 (2005): a header, and a line for each row.
struct TablePredictions: PredictionSink {
  private let names: PredictionNames
  private let precision: ElementType
  private let delimiter: Unicode.Scalar
  private let cleaning: (String) -> String
  private var text: PredictionText
  /// The classes as they stand in a line.
  private let classes: [String]
  private let width: Int

  /// - Parameter cleaning: What is done to names and texts before they are written.
  init(
    names: PredictionNames, precision: ElementType, delimiter: Unicode.Scalar, to text: PredictionText,
    cleaning: @escaping (String) -> String
  ) {
    self.names = names
    self.precision = precision
    self.delimiter = delimiter
    self.cleaning = cleaning
    self.text = text
    let quoted = { Self.quoted(cleaning($0), delimiter) }
    switch names.kind {
    case .classes(let names): (classes, width) = (names.map(quoted), 1)
    case .labels(let names), .numbers(let names): (classes, width) = ([], names.count)
    }
  }

  mutating func begin(keptNames: [String]) throws {
    try names.requireOnePosition()
    if let name = keptNames.first(where: names.columns.contains) {
      throw TrainerError(
        .usage, "the column '\(name.onOneLine)' cannot be kept, since a column of the predictions has that name")
    }
    for (index, name) in (keptNames + names.columns).enumerated() {
      if index > 0 { text.append(delimiter) }
      text.append(Self.quoted(cleaning(name), delimiter))
    }
    text.append("\n")
  }

  mutating func write(_ block: PredictedBlock, kept: [[String]]) throws {
    let probabilities = block.probabilities.count / max(1, block.rows)
    for row in 0..<block.rows {
      var isFirst = true
      for column in kept {
        if !isFirst { text.append(delimiter) }
        text.append(Self.quoted(cleaning(column[row]), delimiter))
        isFirst = false
      }
      for index in row * width..<(row + 1) * width {
        if !isFirst { text.append(delimiter) }
        if case .classes = names.kind {
          text.append(classes[Int(block.predictions[index])])
        } else {
          text.append(block.predictions[index], as: precision)
        }
        isFirst = false
      }
      for index in row * probabilities..<(row + 1) * probabilities {
        text.append(delimiter)
        text.append(block.probabilities[index], as: precision)
      }
      text.append("\n")
      try text.flushIfLarge()
    }
    try text.flush()
  }

  mutating func finish() throws { try text.flush() }

  /// A field in quotes where it needs them. Blanks at its ends would be lost without.
  private static func quoted(_ field: String, _ delimiter: Unicode.Scalar) -> String {
    let blanks: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t")]
    let bytes = field.utf8
    let isPlain =
      bytes.first.map { !blanks.contains($0) } ?? false && bytes.last.map { !blanks.contains($0) } ?? false
      && !bytes.contains {
        $0 == UInt8(ascii: delimiter) || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n")
          || $0 == UInt8(ascii: "\r")
      }
    return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}
