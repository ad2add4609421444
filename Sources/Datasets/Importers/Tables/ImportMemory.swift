import Foundations

/// Holds what an import will need against the memory that there is, from the first rows on.
struct ImportMemory {
  /// Bytes of a row beside its inputs: the target as it is read and as it is stored, and the row's place in its group.
  private static let rowOverhead = 32

  let path: String
  private var nextCheck = 1
  private var rowByteCount = 0

  init(path: String) { self.path = path }

  /// Refuses an import whose rows, counted up from those that were read, need more memory than is left. It looks again
  /// whenever there are twice as many rows, since the first may be short, and when they are stored in a wider type.
  ///
  /// - Parameters:
  ///   - rowCount: The rows that were read.
  ///   - rowByteCount: The bytes of one row's inputs.
  ///   - fraction: The part of the file that these rows are.
  /// - Throws: `TrainerError` with exit code `data`.
  mutating func require(rowCount: Int, rowByteCount: Int, fraction: Double) throws {
    guard rowCount > 0, rowCount >= nextCheck || rowByteCount != self.rowByteCount else { return }
    nextCheck = 2 * rowCount
    self.rowByteCount = rowByteCount
    let present = Double(rowByteCount + Self.rowOverhead) * Double(rowCount)
    let all = present / max(fraction, .leastNormalMagnitude)
    guard all > present else { return }
    try MemoryLimit.require(
      all - present, for: "'\(path)': the rest of the table", code: .data,
      advice: "import a part of it, or store less with the type float32")
  }
}
