import Foundations
import HDF5

/// Rows of samples as a file stores them: what everything reads that reads samples, whatever the file's layout.
///
/// Errors are those of the HDF5 face, or `TrainerError` with code `.data`.
package protocol StoredRows: Sendable {
  /// Where they are in the file, for messages.
  var place: String { get }
  /// The extents, rows first.
  var shape: [Int] { get throws }
  /// The type of the elements; `nil` for numbers that are read in double precision, such as those of unusual width or
  /// those that a scale factor of the file's is applied to, and for what are no numbers.
  var numberType: NumberType? { get }
  /// Whether the elements can be read as numbers.
  var isNumeric: Bool { get }
  /// What the elements are, for messages.
  var typeName: String { get }
  /// What tells elements of this type from others, for fingerprints.
  var typeIdentity: String { get }
  /// The rows that are stored together, of which none is unpacked twice if they are read at once.
  var rowsOfChunk: Int { get throws }

  /// Elements of some rows in row-major order, converted, each rounded once.
  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value]

  /// The texts that the file says of the rows under this name, such as `classes`, `features` or `name`; `nil` if it says
  /// nothing.
  func texts(_ name: String) throws -> [String]?

  /// Adds contents to a fingerprint: those of all rows, or of some.
  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws

  /// The bytes of all elements as they are stored.
  var byteCount: Double { get throws }
}

/// The rows of one dataset, along its first axis.
struct DatasetRows: StoredRows {
  let dataset: HDF5.Dataset
  let place: String

  var shape: [Int] { get throws { try dataset.shape } }
  var numberType: NumberType? { dataset.datatype.numberType }
  var isNumeric: Bool { dataset.datatype.isNumeric }
  var typeName: String { "\(dataset.datatype)" }
  var typeIdentity: String { numberType?.rawValue ?? "\(dataset.datatype.kind) \(dataset.datatype.byteCount)" }
  var rowsOfChunk: Int { get throws { try dataset.chunkShape?.first ?? 1 } }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    try dataset.read(selecting: rows == 0..<(shape.first ?? 0) ? .all : .range(rows))
  }

  func texts(_ name: String) throws -> [String]? {
    try dataset.texts(name)
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws {
    let shape = try dataset.shape
    guard isNumeric, !shape.contains(0) else { return }
    if let rows {
      for row in rows { try stream.update(dataset, .range(row..<row + 1)) }
    } else {
      try dataset.forEachBlock { try stream.update(dataset, $0) }
    }
  }

  // As a floating-point number, which does not overflow: extents may be anything.
  var byteCount: Double { get throws { Double(try dataset.dataspace.count) * Double(dataset.datatype.byteCount) } }
}

extension HDF5.Object {
  /// The texts in an attribute; `nil` if there is none of that name, or it holds something else.
  func texts(_ name: String) throws -> [String]? {
    guard try hasAttribute(name) else { return nil }
    let attribute = try attribute(name)
    guard case .string = attribute.datatype.kind else { return nil }
    return try attribute.readStrings()
  }
}

extension Digest.Stream {
  /// Adds elements in the type that they are stored in, little-endian whatever their order in the file.
  fileprivate mutating func update(_ dataset: HDF5.Dataset, _ selection: Selection) throws {
    let width = dataset.datatype.numberType?.byteCount ?? MemoryLayout<Double>.size
    try dataset.withElements(selecting: selection) { bytes in
      guard 1.littleEndian != 1, width > 1 else { return update(bytes) }
      for start in stride(from: 0, to: bytes.count, by: width) {
        update(Array(bytes[start..<start + width].reversed()))
      }
    }
  }
}
