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

  /// What the elements stand for.
  var values: StoredValues { get throws }
  /// What to do about elements that cannot be read as numbers, which messages end with.
  var typeAdvice: String { get }

  /// Elements of some rows in row-major order, converted, each rounded once.
  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value]

  /// Texts of some rows, where ``values`` are such.
  func readTexts(rows: Range<Int>) throws -> [String]

  /// The texts that the file says of the rows under this name, such as `classes`, `features` or `name`; `nil` if it says
  /// nothing.
  func texts(_ name: String) throws -> [String]?

  /// Adds contents to a fingerprint: those of all rows, or of some.
  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws

  /// The bytes of all elements as they are stored.
  var byteCount: Double { get throws }

  /// The rows that were never written; `nil` if all were.
  var unwritten: UnwrittenRows? { get throws }
}

extension StoredRows {
  /// Nothing that is known of.
  package var unwritten: UnwrittenRows? { nil }
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
  var unwritten: UnwrittenRows? { get throws { try dataset.unwritten } }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    try dataset.read(selecting: rows == 0..<(shape.first ?? 0) ? .all : .range(rows))
  }

  func texts(_ name: String) throws -> [String]? {
    try dataset.texts(name)
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws {
    let shape = try dataset.shape
    guard !shape.contains(0) else { return }
    if case .string = dataset.datatype.kind { return try hashTexts(rows: rows, into: &stream) }
    guard isNumeric else { return }
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
    let texts = try attribute.readStrings()
    return texts.isEmpty ? nil : texts
  }

  /// The bytes of the texts in an attribute, in whatever encoding; `nil` if there is none of that name, or it holds something
  /// else.
  func textBytes(_ name: String) throws -> [[UInt8]]? {
    guard try hasAttribute(name) else { return nil }
    let attribute = try attribute(name)
    guard case .string = attribute.datatype.kind else { return nil }
    return try attribute.readTextBytes()
  }
}

extension StoredRows {
  /// Adds elements to a fingerprint as those of a dataset of their type are, whatever they are stored as.
  func hashElements(rows: [Int]?, into stream: inout Digest.Stream) throws {
    let shape = try shape
    guard isNumeric, !shape.contains(0), let count = shape.first else { return }
    let rowsAtOnce = max(1, (1 << 19) / max(1, shape.dropFirst().reduce(1, *)))
    for range in rows?.map({ $0..<$0 + 1 }) ?? Array(RowStretches(0..<count, of: rowsAtOnce)) {
      try hash(range, into: &stream)
    }
  }

  private func hash(_ rows: Range<Int>, into stream: inout Digest.Stream) throws {
    func add<Value: NativeScalar>(_ type: Value.Type, _ stream: inout Digest.Stream) throws {
      try read(type, rows: rows).withUnsafeBytes { stream.update(elements: $0, width: MemoryLayout<Value>.size) }
    }
    switch numberType {
    case .int8: try add(Int8.self, &stream)
    case .int16: try add(Int16.self, &stream)
    case .int32: try add(Int32.self, &stream)
    case .int64: try add(Int64.self, &stream)
    case .uint8: try add(UInt8.self, &stream)
    case .uint16: try add(UInt16.self, &stream)
    case .uint32: try add(UInt32.self, &stream)
    case .uint64: try add(UInt64.self, &stream)
    case .float32: try add(Float.self, &stream)
    case .float64, nil: try add(Double.self, &stream)
    }
  }
}

extension Digest.Stream {
  /// Adds elements in the type that they are stored in, little-endian whatever their order in the file.
  fileprivate mutating func update(_ dataset: HDF5.Dataset, _ selection: Selection) throws {
    let width = dataset.datatype.numberType?.byteCount ?? MemoryLayout<Double>.size
    try dataset.withElements(selecting: selection) { update(elements: $0, width: width) }
  }

  fileprivate mutating func update(elements bytes: UnsafeRawBufferPointer, width: Int) {
    guard 1.littleEndian != 1, width > 1 else { return update(bytes) }
    for start in stride(from: 0, to: bytes.count, by: width) {
      update(Array(bytes[start..<start + width].reversed()))
    }
  }
}

extension DatasetReader {
  /// What to tell of datasets that were never written, or not whole: a program that ends too early leaves such ones, and
  /// what it did not write is read as the fill value.
  package func unwrittenWarnings(of names: [String], in groups: [String]) throws -> [String] {
    var warnings: [String] = []
    var places: Set<String> = []
    for group in groups {
      for name in names where try hasDataset(name, in: group) && places.insert(place(name, group)).inserted {
        guard let unwritten = try Self.translating(path, { try stored(name, in: group).unwritten }) else { continue }
        let what =
          switch unwritten {
          case .all: "no value was ever written, so that all are"
          case .rows(let rows) where rows.count == 1:
            "row \(rows.lowerBound) (counted from 0) was never written whole, so that it is"
          case .rows(let rows):
            "rows \(rows.lowerBound) to \(rows.upperBound - 1) (counted from 0) were never written whole, so that they are"
          case .part: "a part was never written, so that it is"
          }
        warnings.append(
          "\(path): \(place(name, group)): \(what) read as the fill value, mostly 0; did the program that made the file "
            + "end too early?")
      }
    }
    return warnings
  }
}
