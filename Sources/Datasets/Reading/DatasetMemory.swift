import Foundations
import HDF5
import Kernels

/// What a dataset takes in memory, known before a row of it is read.
extension DatasetReader {
  /// The bytes that a dataset takes once it is read as ``rows(of:in:as:)`` reads it.
  package func byteCount<Scalar: KernelElement>(of name: String, in group: String, as type: Scalar.Type) throws
    -> Double
  {
    guard try !isTable(name, in: group) else {
      // A number for each column is the least that becomes of a table; what more, is known when its columns are fitted.
      let (rows, rowShape) = try inputShape(of: name, in: group)
      return Double(rows) * Double(rowShape[0]) * Double(MemoryLayout<Scalar>.stride)
    }
    let (rows, rowShape) = try shape(of: name, in: group)
    if let matrix = try sparse(name, in: group) {
      // Each element with its column, and once more while a map is applied to all. The rows of a split are some of them.
      let perElement = MemoryLayout<Int32>.stride + 2 * MemoryLayout<Scalar>.stride
      let share = Double(rows) / Double(max(1, matrix.rowCount))
      return try Double(matrix.storedCount) * share * Double(perElement) + Double(rows * MemoryLayout<Int>.stride)
    }
    // Labels that are yet to be made of the file's targets take no more than numbers.
    let isBytes = try Self.translating(path) { try plainRows(name, in: group).numberType == .uint8 }
    let width = isBytes ? 1 : MemoryLayout<Scalar>.stride
    return rowShape.reduce(Double(rows)) { $0 * Double($1) } * Double(width)
  }

  /// The bytes that reading a dataset takes in memory.
  ///
  /// - Parameters:
  ///   - isCopied: Whether preprocessing may make a second array of it.
  ///   - columns: How many fitted preprocessing makes of its own; `nil` where they stay.
  package func memoryNeed<Scalar: KernelElement>(
    of name: String, in group: String, copied isCopied: Bool = false, columns: Int? = nil, as type: Scalar.Type
  ) throws -> Double {
    if let columns {
      return try Double(inputShape(of: name, in: group).rows) * Double(columns * MemoryLayout<Scalar>.stride)
    }
    return try byteCount(of: name, in: group, as: type) * (isCopied ? 2 : 1)
  }

  /// Refuses data that do not fit into memory, before any of them are read.
  ///
  /// - Parameters:
  ///   - bytes: What all that is read takes, with what is needed beside it.
  ///   - isAll: Whether that is the whole dataset, or what of it is read before the first step in any case.
  ///   - other: What is needed beside the data.
  /// - Throws: `TrainerError` with code `.data`.
  package func requireMemory(_ bytes: Double, isAll: Bool = true, beside other: Double = 0) throws {
    let part = isAll ? "the dataset" : "what is read of the dataset before the first step"
    let rest = other > 1e6 ? ", with \(ByteText.text(other)) for what is computed from it," : ""
    try MemoryLimit.require(
      bytes, for: "\(path): \(part)\(rest)", code: .data,
      advice: "take fewer rows, or store whole numbers from 0 to 255 as bytes, which stay bytes")
  }
}

extension PreprocessingStep {
  /// Whether the step may make a second array of the inputs.
  package var copiesInputs: Bool {
    switch self {
    case .scale: false
    case .standardize, .oneHot: true
    }
  }
}

extension MemoryLimit {
  /// The bytes up to which data are held in memory; more of them are left in their file. Without a budget of the user's it is
  /// a share of what there is, so that other programs and the system's cache of files have the rest; with one a tenth
  /// remains for what is only known when the data have been read.
  package static var forData: Double { Double(current.bytes) * (budget == nil ? 0.8 : 0.9) }
}
