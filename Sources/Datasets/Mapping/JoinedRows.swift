import Foundations
import HDF5

/// The rows of several datasets joined by column.
struct JoinedRows: StoredRows {
  let parts: [any StoredRows]
  /// For each part the elements that lie together in a row, and how often they come.
  private let widths: [Int]
  private let stretches: Int
  let shape: [Int]
  let numberType: NumberType?

  private static let elementsAtOnce = 1 << 20

  /// Joins rows along their last axis where they have as many axes and the same extents before it; else each row is
  /// flattened.
  ///
  /// - Returns: `nil` if they differ in their number of rows.
  init?(_ parts: [any StoredRows]) throws {
    let shapes = try parts.map { try $0.shape }
    guard let first = shapes.first, !first.isEmpty, shapes.allSatisfy({ $0.first == first[0] }) else { return nil }
    self.parts = parts
    numberType = NumberType.promoted(try parts.map { ($0.numberType, try $0.values == .booleans) })
    let isJoinedAtEnd =
      first.count > 2 && shapes.allSatisfy { $0.count == first.count && $0.dropLast() == first.dropLast() }
    if isJoinedAtEnd {
      widths = shapes.map { $0.last ?? 1 }
      stretches = first.dropFirst().dropLast().reduce(1, *)
      shape = first.dropLast() + [widths.reduce(0, +)]
    } else {
      widths = shapes.map { $0.dropFirst().reduce(1, *) }
      stretches = 1
      shape = [first[0], widths.reduce(0, +)]
    }
  }

  var place: String { parts.map(\.place).joined(separator: ", ") }
  var isNumeric: Bool { parts.allSatisfy(\.isNumeric) }
  var typeName: String { parts.map(\.typeName).joined(separator: ", ") }
  var typeIdentity: String { numberType?.rawValue ?? "float64" }
  var rowsOfChunk: Int { get throws { try parts.map { try $0.rowsOfChunk }.max() ?? 1 } }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    let width = shape.dropFirst().reduce(1, *)
    let wholeStretch = widths.reduce(0, +)
    var values = [Value](repeating: .zero, count: rows.count * width)
    for stretch in RowStretches(rows, of: max(1, Self.elementsAtOnce / max(1, width))) {
      var first = (stretch.lowerBound - rows.lowerBound) * width
      for (part, count) in zip(parts, widths) {
        let read = try part.read(type, rows: stretch)
        for piece in 0..<stretch.count * stretches {
          for index in 0..<count { values[first + piece * wholeStretch + index] = read[piece * count + index] }
        }
        first += count
      }
    }
    return values
  }

  func texts(_ name: String) throws -> [String]? {
    guard name == "features" else { return nil }
    // Each column has a name, or none has.
    var names: [String] = []
    for (part, width) in zip(parts, widths) {
      if let own = try part.texts(name), own.count == width {
        names += own
      } else if try part.shape.count == 1, let own = part.place.split(separator: "/").last {
        names.append(String(own))
      } else {
        return nil
      }
    }
    return stretches == 1 && Set(names).count == names.count ? names : nil
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws { try hashElements(rows: rows, into: &stream) }

  var byteCount: Double { get throws { try parts.reduce(0) { try $0 + $1.byteCount } } }
}
