import Foundations

/// Holds what an import will need against the memory that there is, from the first rows on.
struct ImportMemory {
  /// Bytes of a row beside its inputs: the target as it is read and as it is stored, and the row's place in its group.
  private static let rowOverhead = 32

  private let path: String
  private var nextCheck = 1
  private var rowByteCount = 0

  init(path: String) { self.path = path }

  /// Refuses an import whose rows, counted up from those that were read, need more memory than is left. It looks again
  /// whenever there are twice as many rows, since the first may be short, and when they are stored in a wider type.
  ///
  /// - Parameter fraction: The part of the file that these rows are.
  /// - Throws: `TrainerError` with exit code `data`.
  mutating func require(for rows: NumberRows?, fraction: Double) throws {
    guard let rows, rows.count >= nextCheck || (rows.count > 0 && rows.rowByteCount != rowByteCount) else { return }
    nextCheck = 2 * rows.count
    rowByteCount = rows.rowByteCount
    let rowSize = Double(rows.rowByteCount + Self.rowOverhead)
    let all = rowSize * Double(rows.count) / max(fraction, .leastNormalMagnitude)
    let present = rowSize * Double(rows.count)
    guard all > present else { return }
    try MemoryLimit.require(
      all - present, for: "'\(path)': the rest of the table", code: .data,
      advice: "import a part of it, or store less with the type float32")
  }
}
