import Datasets
import HDF5

/// Where rows to predict come from: all of them once, in order, a block at a time, so that memory does not grow with
/// their number.
protocol PredictionSource {
  /// Which share of all rows so many are that were handed on; `nil` if that cannot be told.
  func share(ofRows count: Int) -> Double?

  /// Hands on all rows.
  ///
  /// - Parameters:
  ///   - begin: Called once before the first block, with the names of the columns that are copied beside predictions.
  ///   - body: Takes a block and the number of its first row, from 0.
  /// - Throws: `TrainerError` with code `.data` for rows that are no inputs of the model; what `begin` and `body` throw.
  func forEachBlock(
    begin: (_ keptNames: [String]) throws -> Void, _ body: (PredictionRows, _ firstRow: Int) throws -> Void
  ) throws
}

/// Some rows of raw inputs.
struct PredictionRows {
  /// The inputs, a column for each feature of the model.
  enum Inputs {
    /// Numbers of one type, row by row.
    case array([UInt8], NumberType)
    /// Columns of several kinds.
    case table(TableBlock)
  }

  /// The number of rows.
  let count: Int
  let inputs: Inputs
  /// For each column that is copied, its texts.
  var kept: [[String]] = []
}

/// How many rows are predicted at a time.
enum PredictionBlocks {
  /// About so many numbers, in whole shards.
  static func rows(of columns: Int) -> Int {
    let rows = min(1 << 14, (1 << 19) / max(1, columns))
    return max(256, rows / 256 * 256)
  }
}
