import Foundation
import Foundations
import HDF5

/// Targets as indices of classes that have names, whatever the file has in their place.
struct LabelRows: StoredRows {
  /// What the file has.
  let rows: any StoredRows
  /// The names of the classes in the order of their indices.
  let classes: [String]
  /// The extents.
  let shape: [Int]
  /// Each row's index, in the narrowest type, as the trainer's own datasets hold labels.
  private let table: NumberTable

  /// - Parameter indices: Each row's class.
  init(_ rows: any StoredRows, classes: [String], indices: [UInt32]) throws {
    self.rows = rows
    self.classes = classes
    shape = try rows.shape
    table = NumberTable(labels: indices, classCount: classes.count)
  }

  var place: String { rows.place }
  var numberType: NumberType? { table.type }
  var isNumeric: Bool { true }
  var typeName: String { "class labels" }
  var typeIdentity: String { table.type.rawValue }
  // They are in memory.
  var rowsOfChunk: Int { 1 }
  var byteCount: Double { Double(table.bytes.count) }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    func convert<Label: FixedWidthInteger & UnsignedInteger>(_ label: Label.Type) -> [Value] {
      table.bytes.withUnsafeBytes { bytes in
        // Every class has an index that each type of numbers holds.
        rows.map {
          Value(exactly: UInt64(bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Label>.size, as: Label.self)))
            ?? .zero
        }
      }
    }
    return switch table.type {
    case .uint8: convert(UInt8.self)
    case .uint16: convert(UInt16.self)
    default: convert(UInt32.self)
    }
  }

  func texts(_ name: String) throws -> [String]? { name == "classes" ? classes : try rows.texts(name) }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws {
    let width = table.type.byteCount
    func update(_ bytes: ArraySlice<UInt8>) {
      guard 1.littleEndian != 1, width > 1 else { return stream.update(Data(bytes)) }
      for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: width) {
        stream.update(Data(bytes[start..<start + width].reversed()))
      }
    }
    guard let rows else { return update(table.bytes[...]) }
    for row in rows { update(table.bytes[row * width..<(row + 1) * width]) }
  }
}
