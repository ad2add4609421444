import Datasets
import HDF5

/// Rows of a text, from a file, a pipe or standard input.
struct TextPredictionSource: PredictionSource {
  private let input: StreamedInput
  private let stream: TextTableStream
  /// Whether the model takes plain numbers.
  private let isArray: Bool

  /// - Throws: `TrainerError` with code `.usage` for settings that no table can have.
  init(
    _ input: StreamedInput, as format: TextRowFormat, settings: TextTableSettings, wanted: WantedColumns, isArray: Bool
  ) throws {
    self.input = input
    stream = try TextTableStream(
      input, as: format, settings: settings, wanted: wanted, blockRows: PredictionBlocks.rows(of: wanted.features.count)
    )
    self.isArray = isArray
  }

  func share(ofRows count: Int) -> Double? { input.fractionRead }

  func forEachBlock(
    begin: ([String]) throws -> Void, _ body: (PredictionRows, Int) throws -> Void
  ) throws {
    try stream.forEachBlock(begin: begin) { block, firstRow in
      let inputs: PredictionRows.Inputs =
        isArray ? .array(block.cells.withUnsafeBytes { Array($0) }, .float64) : .table(block.table)
      try body(PredictionRows(count: block.rowCount, inputs: inputs, kept: block.kept), firstRow)
    }
  }
}
