import HDF5

/// Numbers of one type in memory, row-major, rows along the first axis.
public struct NumberTable: Sendable, Equatable {
  /// The extents, outermost first; never empty.
  public let shape: [Int]
  /// The type of each element.
  public let type: NumberType
  /// The elements in this machine's byte order.
  public let bytes: [UInt8]

  /// The number of rows.
  public var rowCount: Int { shape[0] }
  /// The bytes of one row.
  public var rowByteCount: Int { shape.dropFirst().reduce(type.byteCount, *) }

  /// Takes elements as bytes in this machine's order.
  ///
  /// - Precondition: there are as many as the shape and type say.
  public init(shape: [Int], type: NumberType, bytes: [UInt8]) {
    precondition(!shape.isEmpty && bytes.count == shape.reduce(type.byteCount, *), "bytes do not fit the shape")
    self.shape = shape
    self.type = type
    self.bytes = bytes
  }

  /// Takes elements.
  ///
  /// - Precondition: there are as many as the shape says.
  public init<T: NativeScalar>(shape: [Int], values: [T]) {
    self.init(shape: shape, type: T.numberType, bytes: values.withUnsafeBytes(Array.init))
  }

  /// Takes class labels, in the narrowest unsigned type that holds them.
  init(labels: [some FixedWidthInteger], classCount: Int) {
    if classCount <= 1 << 8 {
      self.init(shape: [labels.count], values: labels.map { UInt8($0) })
    } else if classCount <= 1 << 16 {
      self.init(shape: [labels.count], values: labels.map { UInt16($0) })
    } else {
      self.init(shape: [labels.count], values: labels.map { UInt32($0) })
    }
  }

  /// The table of these rows in this order.
  public func selecting(rows: [Int]) -> NumberTable {
    let width = rowByteCount
    var selected: [UInt8] = []
    selected.reserveCapacity(rows.count * width)
    for row in rows { selected += bytes[row * width..<(row + 1) * width] }
    return NumberTable(shape: [rows.count] + shape.dropFirst(), type: type, bytes: selected)
  }
}
