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

  /// The bytes that data take in memory.
  ///
  /// - Parameters:
  ///   - names: The datasets that are read, in each group.
  ///   - copied: Those of them that preprocessing may make a second array of.
  ///   - expanded: The columns of those that fitted preprocessing makes other columns of.
  ///   - other: What is needed beside the data.
  package func memoryNeed<Scalar: KernelElement>(
    for names: [String], copied: Set<String> = [], expanded: [String: Int] = [:], in groups: [String],
    as type: Scalar.Type, beside other: Double = 0
  ) throws -> Double {
    var bytes = other
    for group in groups {
      for name in names {
        if let columns = expanded[name] {
          bytes += try Double(inputShape(of: name, in: group).rows) * Double(columns * MemoryLayout<Scalar>.stride)
        } else {
          bytes += try byteCount(of: name, in: group, as: type) * (copied.contains(name) ? 2 : 1)
        }
      }
    }
    return bytes
  }

  /// Refuses data that do not fit into memory, before any of them are read.
  ///
  /// - Parameters: As of ``memoryNeed(for:copied:expanded:in:as:beside:)``.
  /// - Throws: `TrainerError` with code `.data`.
  package func requireMemory<Scalar: KernelElement>(
    for names: [String], copied: Set<String> = [], expanded: [String: Int] = [:], in groups: [String],
    as type: Scalar.Type, beside other: Double = 0
  ) throws {
    let bytes = try memoryNeed(
      for: names, copied: copied, expanded: expanded, in: groups, as: type, beside: other)
    let rest = other > 1e6 ? ", with \(ByteText.text(other)) for what is computed from it," : ""
    try MemoryLimit.require(
      bytes, for: "\(path): the dataset\(rest)", code: .data,
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
