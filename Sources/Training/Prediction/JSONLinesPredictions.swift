import Foundations

/// Predictions as a JSON object on each line: `prediction`, and for classes `probabilities` by their names. Of several
/// targets or labels both are by their names. Infinities and NaN are the strings "inf", "-inf" and "nan".
struct JSONLinesPredictions: PredictionSink {
  private let names: PredictionNames
  private let precision: ElementType
  private var text: PredictionText
  private let keys: [String]
  /// The classes as they stand in a line.
  private let classes: [String]
  private var keptKeys: [String] = []

  init(names: PredictionNames, precision: ElementType, to text: PredictionText) {
    self.names = names
    self.precision = precision
    self.text = text
    let quoted = { JSONValue.string($0).compactText }
    switch names.kind {
    case .classes(let all):
      keys = all.map(quoted)
      classes = names.areNamed ? keys : all
    case .labels(let all), .numbers(let all):
      keys = all.map(quoted)
      classes = []
    }
  }

  mutating func begin(keptNames: [String]) throws {
    try names.requireOnePosition()
    if let name = keptNames.first(where: ["prediction", "probabilities"].contains) {
      throw TrainerError(.usage, "the column '\(name)' cannot be kept, since a prediction has a part of that name")
    }
    keptKeys = keptNames.map { JSONValue.string($0).compactText }
  }

  mutating func write(_ block: PredictedBlock, kept: [[String]]) throws {
    for row in 0..<block.rows {
      text.append("{")
      for (key, column) in zip(keptKeys, kept) {
        text.append("\(key):\(JSONValue.string(column[row]).compactText),")
      }
      text.append("\"prediction\":")
      switch names.kind {
      case .classes: text.append(classes[Int(block.predictions[row])])
      case .numbers where keys.count == 1: append(block.predictions[row])
      case .labels, .numbers: append(block.predictions, row)
      }
      if !block.probabilities.isEmpty {
        text.append(",\"probabilities\":")
        append(block.probabilities, row)
      }
      text.append("}\n")
      try text.flushIfLarge()
    }
    try text.flush()
  }

  mutating func finish() throws { try text.flush() }

  /// The numbers of a row by their names.
  private mutating func append(_ values: [Double], _ row: Int) {
    for (index, key) in keys.enumerated() {
      text.append(index == 0 ? "{" : ",")
      text.append(key)
      text.append(":")
      append(values[row * keys.count + index])
    }
    text.append("}")
  }

  private mutating func append(_ number: Double) {
    if !number.isFinite { text.append("\"") }
    text.append(number, as: precision)
    if !number.isFinite { text.append("\"") }
  }
}
