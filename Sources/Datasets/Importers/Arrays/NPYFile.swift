import Foundations
import HDF5

/// An array in NumPy's format, read in blocks of rows: in constant memory where a row's elements lie together, or where
/// the file can be read at any place.
package final class NPYFile {
  /// Type, order and shape.
  package let header: NPYHeader
  /// What messages begin with.
  package let name: String
  private let source: any ByteSource

  /// Arrays in Fortran's order of at most so many bytes are read whole, which is faster than from here and there.
  package var wholeSize = 1 << 26

  /// Opens a file, gzipped or not.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it cannot be read, or is no array that is read.
  package convenience init(path: String) throws { try self.init(StreamedBytes(path: path)) }

  /// Reads the header of an array.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it is none, is not read, or has more elements than there are bytes.
  package init(_ source: some ByteSource) throws {
    header = try NPYHeader(source)
    name = source.name
    self.source = source
    guard let largest = source.largestLength, largest < header.length + header.byteCount else { return }
    throw TrainerError(.data, "\(name) is truncated: \(need), and it holds at most \(max(0, largest - header.length))")
  }

  private var need: String { "\(NPYHeader.text(header.shape)) elements have \(header.byteCount) bytes" }

  /// Hands on all rows as numbers, a block at a time, row-major. Whole numbers beyond 2^53 are rounded.
  ///
  /// - Parameters:
  ///   - size: The rows of a block; `nil` for about 2 MiB of numbers.
  ///   - body: Takes the numbers of a block and the place of its first row, counted from 0.
  /// - Throws: `TrainerError` with exit code `data` if elements are texts, or the array ends too early or too late.
  package func forEachBlock(
    of size: Int? = nil, _ body: (_ values: [Double], _ firstRow: Int) throws -> Void
  ) throws {
    guard let type = header.type.stored else {
      throw TrainerError(.data, "\(name) holds texts, expected numbers")
    }
    try forEachRawBlock(of: size) { bytes, row in try body(type.doubles(header.type.native(bytes)), row) }
  }

  /// Hands on the elements of rows as the file has them, row-major.
  func forEachRawBlock(of size: Int? = nil, _ body: (_ bytes: [UInt8], _ firstRow: Int) throws -> Void) throws {
    let size = max(1, size ?? (1 << 18) / max(1, header.rowElementCount))
    let rowByteCount = header.rowElementCount * header.type.byteCount
    try MemoryLimit.require(
      2 * Double(min(size, header.rowCount)) * Double(rowByteCount), for: "\(name) with its rows", code: .data,
      advice: "use it where there is more memory")
    let isTransposed = header.isColumnMajor && header.shape.count > 1 && header.rowElementCount > 1
    let canSeek = try isTransposed && header.byteCount > wholeSize && source.seek(to: header.length)
    let part = WorkProgress.begin("reading \(fileName(of: name.filter { $0 != "'" }))", of: header.rowCount, "rows")
    defer { part?.end() }
    let columns = isTransposed && !canSeek ? try allBytes() : []
    for row in stride(from: 0, to: header.rowCount, by: size) {
      let rows = row..<min(header.rowCount, row + size)
      if isTransposed {
        try body(transposed(rows) { canSeek ? try bytes(at: $0, $1) : Array(columns[$0..<$0 + $1]) }, row)
      } else {
        try body(next(rows.count * rowByteCount), row)
      }
      part?.add(rows.count)
    }
    if canSeek { _ = try source.seek(to: header.length + header.byteCount) }
    guard try source.bytes(1).isEmpty else {
      throw TrainerError(.data, "\(name) is damaged: \(need), and it goes on behind them")
    }
  }

  private func allBytes() throws -> [UInt8] {
    try MemoryLimit.require(
      Double(header.byteCount), for: "\(name) with its \(NPYHeader.text(header.shape)) elements in Fortran's order",
      code: .data, advice: "save it with numpy.ascontiguousarray")
    return try next(header.byteCount)
  }

  private func bytes(at offset: Int, _ count: Int) throws -> [UInt8] {
    _ = try source.seek(to: header.length + offset)
    return try next(count)
  }

  private func next(_ count: Int) throws -> [UInt8] {
    let bytes = try source.bytes(count)
    guard bytes.count == count else {
      throw TrainerError(.data, "\(name) is truncated: \(need), and it ends before; get the file again")
    }
    return bytes
  }

  /// The rows of an array in Fortran's order.
  ///
  /// - Parameter read: The bytes at an offset from the first element.
  private func transposed(_ rows: Range<Int>, _ read: (_ offset: Int, _ count: Int) throws -> [UInt8]) throws -> [UInt8]
  {
    let (size, rowShape, rowElementCount) = (header.type.byteCount, header.rowShape, header.rowElementCount)
    var bytes = [UInt8](repeating: 0, count: rows.count * rowElementCount * size)
    // The first axis of a row runs fastest in the file, the last one here.
    var index = [Int](repeating: 0, count: rowShape.count)
    for column in 0..<rowElementCount {
      let place = zip(index, rowShape).reduce(0) { $0 * $1.1 + $1.0 }
      let part = try read((column * header.rowCount + rows.lowerBound) * size, rows.count * size)
      for row in 0..<rows.count {
        let target = (row * rowElementCount + place) * size
        for byte in 0..<size { bytes[target + byte] = part[row * size + byte] }
      }
      for axis in rowShape.indices {
        index[axis] += 1
        if index[axis] < rowShape[axis] { break }
        index[axis] = 0
      }
    }
    return bytes
  }

  /// Whether elements are false and true, which are read as 0 and 1.
  var areBooleans: Bool { header.type.kind == .boolean }

  /// All elements.
  ///
  /// - Throws: `TrainerError` with exit code `data` if there is not enough memory for them and their copies, or the array
  ///   is damaged.
  package func values() throws -> NPYValues {
    // They are read, and copied as they are divided into groups; a text takes some 48 bytes however short it is.
    let count = header.rowCount * header.rowElementCount
    try MemoryLimit.require(
      3 * Double(header.byteCount) + (header.type.stored == nil ? 48 * Double(count) : 0),
      for: "\(name) with its \(NPYHeader.text(header.shape)) elements", code: .data,
      advice: "import it where there is more memory")
    let type = header.type
    guard let stored = type.stored else {
      var texts: [String] = []
      try forEachRawBlock { bytes, row in
        for at in stride(from: 0, to: bytes.count, by: type.byteCount) {
          guard let text = type.text(bytes[at..<at + type.byteCount]) else {
            let place = row + at / type.byteCount / max(1, header.rowElementCount)
            throw TrainerError(.data, "\(name) has bytes that are no text in row \(place + 1)")
          }
          texts.append(text)
        }
      }
      return .texts(shape: header.shape, texts)
    }
    var all: [UInt8] = []
    try forEachRawBlock { bytes, _ in all += type.native(bytes) }
    return .numbers(NumberTable(shape: header.shape.isEmpty ? [1] : header.shape, type: stored, bytes: all))
  }
}

/// The elements of an array.
package enum NPYValues {
  /// Numbers, in the type that they are stored in.
  case numbers(NumberTable)
  /// Texts, row-major.
  case texts(shape: [Int], [String])

  /// The extents.
  package var shape: [Int] {
    switch self {
    case .numbers(let table): table.shape
    case .texts(let shape, _): shape
    }
  }
}
