/// Reading without choosing a type.
extension Dataset {
  /// Reads numbers in the type that they are stored in, those of an unusual width as `Double`, and hands their bytes in
  /// this machine's order to `body`.
  ///
  /// - Throws: `HDF5Error` if the elements are no numbers, or what `body` throws.
  public func withElements<Result>(
    selecting selection: Selection = .all, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    func reading<T: NativeScalar>(_ type: T.Type) throws -> Result {
      try read(as: T.self, selecting: selection).withUnsafeBytes(body)
    }
    return switch datatype.numberType {
    case .int8: try reading(Int8.self)
    case .int16: try reading(Int16.self)
    case .int32: try reading(Int32.self)
    case .int64: try reading(Int64.self)
    case .uint8: try reading(UInt8.self)
    case .uint16: try reading(UInt16.self)
    case .uint32: try reading(UInt32.self)
    case .uint64: try reading(UInt64.self)
    case .float32: try reading(Float.self)
    case .float64, nil: try reading(Double.self)
    }
  }

  /// Calls `body` with selections that together are the whole dataset, in order: rows of about so many bytes in all, and
  /// whole chunks, so that none is unpacked twice.
  ///
  /// - Parameter rows: Those that are wanted, where they are not all; whole chunks of rows, so that the same holds.
  public func forEachBlock(
    ofAbout byteCount: Int = 1 << 22, rows: Range<Int>? = nil, _ body: (Selection) throws -> Void
  ) throws {
    let shape = try shape
    guard let count = shape.first else { return try body(.all) }
    let rows = rows ?? 0..<count
    let step = try rowsOfBlock(ofAbout: byteCount)
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
      try body(.range(start..<min(rows.upperBound, start + step)))
    }
  }

  /// The rows of a block; at least 1.
  func rowsOfBlock(ofAbout byteCount: Int) throws -> Int {
    // Extents may be anything, but their product can be taken.
    let rowBytes = try shape.dropFirst().reduce(1, *).multipliedReportingOverflow(by: max(1, datatype.byteCount))
    let wanted = rowBytes.overflow ? 1 : byteCount / max(1, rowBytes.partialValue)
    let chunk = max(1, try chunkShape?.first ?? 1)
    return max(chunk, wanted / chunk * chunk)
  }
}
