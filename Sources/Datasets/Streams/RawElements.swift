import Foundations
import HDF5

extension DatasetReader {
  /// Elements of some rows as preprocessing takes them: bytes as bytes, all others in double precision.
  ///
  /// - Returns: The elements as they lie in memory, and their type.
  /// - Throws: `TrainerError` with code `.data` if they are no numbers.
  package func rawElements(of name: String, in group: String, rows: Range<Int>) throws -> ([UInt8], NumberType) {
    if try numberType(of: name, in: group) == .uint8 {
      return (try elements(of: name, in: group, rows: rows, as: UInt8.self), .uint8)
    }
    return (try elements(of: name, in: group, rows: rows, as: Double.self).withUnsafeBytes { Array($0) }, .float64)
  }

  /// About so many rows, in whole chunks, so that none is unpacked twice: of an array, or of a stored table's blocks.
  package func blockRows(of name: String, in group: String, about rows: Int) throws -> Int {
    let chunk = try Self.translating(path) {
      if let table = try tableColumns(of: name, in: group) {
        return try table.columns.map { try $0.rows.rowsOfChunk }.max() ?? 1
      }
      let names = try isStoredTable(name, in: group) ? blockNames(of: name, in: group) : [name]
      return try names.map { try stored($0, in: group).rowsOfChunk }.max() ?? 1
    }
    return max(chunk, rows / max(1, chunk) * chunk)
  }
}
