import Foundations

/// Where predictions go, a block at a time.
protocol PredictionSink {
  /// Takes what all blocks have in common, before the first.
  ///
  /// - Parameter keptNames: The names of the columns that are copied from the input.
  mutating func begin(keptNames: [String]) throws
  /// Takes the predictions for some rows.
  ///
  /// - Parameter kept: For each copied column, the texts of these rows.
  mutating func write(_ block: PredictedBlock, kept: [[String]]) throws
  /// Ends the output.
  mutating func finish() throws
}

/// What takes the predictions on ranks that write none.
struct NoPredictions: PredictionSink {
  func begin(keptNames: [String]) {}
  func write(_ block: PredictedBlock, kept: [[String]]) {}
  func finish() {}
}

/// Where the text of predictions goes: a file or standard output.
struct PredictionText {
  /// Text is collected up to so many bytes.
  private static let mostBytes = 1 << 16

  private let file: Int32
  private var bytes: [UInt8] = []

  init(file: Int32) { self.file = file }

  mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  mutating func append(_ character: Unicode.Scalar) { bytes.append(UInt8(ascii: character)) }

  /// The shortest text that reads back the same in the model's precision.
  static func text(of number: Double, as precision: ElementType) -> String {
    guard number.isFinite else { return number.isNaN ? "nan" : number < 0 ? "-inf" : "inf" }
    let text = precision == .float32 ? Float(number).description : number.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  mutating func append(_ number: Double, as precision: ElementType) { append(Self.text(of: number, as: precision)) }

  /// Writes what was collected, if that is much.
  mutating func flushIfLarge() throws { if bytes.count >= Self.mostBytes { try flush() } }

  /// Writes what was collected.
  ///
  /// - Throws: `FileError`.
  mutating func flush() throws {
    guard !bytes.isEmpty else { return }
    try SystemFileSystem().writeAll(file, bytes.span.bytes)
    bytes.removeAll(keepingCapacity: true)
  }
}
