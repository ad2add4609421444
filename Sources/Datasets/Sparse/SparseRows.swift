import Foundations
import HDF5

/// Rows of a matrix of which a file holds the elements that are not zero, as a group of three datasets in the
/// compressed sparse row format (Tinney and Walker, 1967): `data`, the elements row by row; `indices`, the column of each;
/// `indptr`, where each row begins in both, and where the last one ends.
///
/// AnnData writes such groups (`encoding-type` `csr_matrix`), h5sparse did, and 10x Genomics writes the same datasets of a
/// matrix whose columns are the samples: its columns compressed are rows compressed of the matrix transposed. A row may
/// have its columns in any order, and a column twice; then its elements are added, as SciPy does.
struct SparseRows: StoredRows {
  let place: String
  /// Rows of samples, and columns.
  let rowCount: Int
  let columnCount: Int
  private let path: String
  private let group: HDF5.Group
  private let values: HDF5.Dataset
  private let columns: HDF5.Dataset
  private let starts: HDF5.Dataset

  /// Looks at a group.
  ///
  /// - Parameters:
  ///   - place: Where it is, for messages.
  ///   - rowAxis: The matrix's axis of samples, from the end if negative.
  ///   - path: The file, for messages.
  /// - Returns: `nil` if it is no such matrix.
  /// - Throws: `TrainerError` if it is a damaged one, or is stored the other way; `HDF5Error`.
  init?(_ group: HDF5.Group, place: String, rowAxis: Int, path: String) throws {
    guard let matrix = try SparseMatrix(group, place: place, path: path) else { return nil }
    let axis = rowAxis < 0 ? rowAxis + 2 : rowAxis
    guard 0...1 ~= axis else {
      throw matrix.fault("has two axes, but data.rowAxis is \(rowAxis); the axis of samples is 0 or 1")
    }
    guard axis == matrix.axis else {
      throw matrix.fault(
        axis == 0
          ? "is stored by column (csc_matrix), so that no row of it can be read alone; store it by row (in Python, "
            + "X.tocsr()), or set data.rowAxis to 1 if its columns are the samples"
          : "is stored by row (csr_matrix), so that no column of it can be read alone, and data.rowAxis makes its columns "
            + "the samples; store it by column (in Python, X.tocsc()), or leave data.rowAxis out if its rows are the samples"
      )
    }
    (rowCount, columnCount) = (matrix.shape[axis], matrix.shape[1 - axis])
    (values, columns, starts) = (matrix.values, matrix.indices, matrix.starts)
    (self.place, self.path, self.group) = (place, path, group)
    guard columnCount <= Int(Int32.max) else {
      throw fault("has \(columnCount) columns, expected at most \(Int32.max)")
    }
    try matrix.requireExtents(rows: rowCount)
  }

  func fault(_ what: String) -> TrainerError { TrainerError(.data, "\(path): \(place) \(what)") }

  // MARK: Stored rows

  var shape: [Int] { [rowCount, columnCount] }
  var numberType: NumberType? { values.datatype.numberType }
  var isNumeric: Bool { values.datatype.isNumeric }
  var typeName: String { "a sparse matrix of \(values.datatype)" }
  /// That of the dense matrix, as everything that goes into a fingerprint: the same numbers are the same data.
  var typeIdentity: String { numberType?.rawValue ?? "\(values.datatype.kind) \(values.datatype.byteCount)" }
  var rowsOfChunk: Int { 1 }

  /// How many elements are stored.
  var storedCount: Int { get throws { try values.dataspace.count } }

  /// That of the dense matrix.
  var byteCount: Double { Double(rowCount) * Double(columnCount) * Double(values.datatype.byteCount) }

  var unwritten: UnwrittenRows? {
    get throws {
      guard let unwritten = try values.unwritten ?? columns.unwritten ?? starts.unwritten else { return nil }
      // Which of its rows they belong to is not known from the places of elements.
      return unwritten == .all ? .all : .part
    }
  }

  func texts(_ name: String) throws -> [String]? {
    if let texts = try group.texts(name) { return texts }
    return name == "features" ? try SparseNames(group, place: place, path: path).columns(columnCount) : nil
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws {
    func add<Value: NativeScalar>(_ type: Value.Type, _ range: Range<Int>) throws {
      try read(type, rows: range).withUnsafeBytes { bytes in
        let width = MemoryLayout<Value>.size
        guard 1.littleEndian != 1 else { return stream.update(bytes) }
        for start in stride(from: 0, to: bytes.count, by: width) {
          stream.update(Array(bytes[start..<start + width].reversed()))
        }
      }
    }
    let step = max(1, Self.elementsOfBlock / max(1, columnCount))
    let ranges =
      rows?.map { $0..<$0 + 1 } ?? stride(from: 0, to: rowCount, by: step).map { $0..<min(rowCount, $0 + step) }
    for range in ranges {
      switch numberType {
      case .int8: try add(Int8.self, range)
      case .int16: try add(Int16.self, range)
      case .int32: try add(Int32.self, range)
      case .int64: try add(Int64.self, range)
      case .uint8: try add(UInt8.self, range)
      case .uint16: try add(UInt16.self, range)
      case .uint32: try add(UInt32.self, range)
      case .uint64: try add(UInt64.self, range)
      case .float32: try add(Float.self, range)
      case .float64, nil: try add(Double.self, range)
      }
    }
  }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    let count = Double(rows.count) * Double(columnCount)
    try MemoryLimit.require(
      count * Double(MemoryLayout<Value>.stride), for: "\(path): \(place): \(rows.count) rows with their zeros",
      code: .data, advice: "leave out what needs all columns at once, such as oneHot or data.features")
    var result = [Value](repeating: .zero, count: rows.count * columnCount)
    try forEachBlock(type, in: rows) { block, firstRow in
      for row in 0..<block.rowCount {
        let start = (firstRow + row) * columnCount
        for index in block.starts[row]..<block.starts[row + 1] {
          result[start + Int(block.columns[index])] = block.values[index]
        }
      }
    }
    return result
  }

  // MARK: Blocks

  /// About so many elements are read at once, and at most so many rows.
  private static let elementsOfBlock = 1 << 20
  private static let rowsOfBlock = 1 << 16

  /// Hands on what is stored of rows, in order, in blocks of consecutive rows.
  ///
  /// - Parameters:
  ///   - rows: Ascending; `nil` for all. Rows that are not asked for are left out of a block.
  ///   - body: Takes a block, and how many rows came before it.
  /// - Throws: What `body` throws; `TrainerError` for a damaged matrix; `HDF5Error`.
  func forEachBlock<Value: NativeScalar>(
    _ type: Value.Type, rows: [Int]?, _ body: (SparseBlock<Value>, _ firstRow: Int) throws -> Void
  ) throws {
    guard let rows else { return try forEachBlock(type, in: 0..<rowCount, body) }
    guard let first = rows.first, let last = rows.last else { return }
    var next = 0
    try forEachBlock(
      type, in: first..<last + 1, where: { range in next < rows.count && rows[next] < range.upperBound },
      { block, firstRow in
        let begin = next
        while next < rows.count, rows[next] - first < firstRow + block.rowCount { next += 1 }
        guard next > begin else { return }
        try body(block.selecting(rows[begin..<next].map { $0 - first - firstRow }), begin)
      })
  }

  /// - Parameter isWanted: Whether a block of these rows of the file is to be read.
  private func forEachBlock<Value: NativeScalar>(
    _ type: Value.Type, in rows: Range<Int>, where isWanted: (Range<Int>) -> Bool = { _ in true },
    _ body: (SparseBlock<Value>, _ firstRow: Int) throws -> Void
  ) throws {
    guard !rows.isEmpty else { return }
    let starts = try rowStarts(rows)
    var row = 0
    while row < rows.count {
      var end = row + 1
      while end < rows.count, end - row < Self.rowsOfBlock, starts[end + 1] - starts[row] <= Self.elementsOfBlock {
        end += 1
      }
      let range = rows.lowerBound + row..<rows.lowerBound + end
      if isWanted(range) { try body(block(type, starts[row...end], firstRow: range.lowerBound), row) }
      row = end
    }
  }

  /// Where rows begin, and where the last one ends, among the stored elements.
  private func rowStarts(_ rows: Range<Int>) throws -> [Int] {
    let starts: [Int] = try self.starts.read(selecting: .range(rows.lowerBound..<rows.upperBound + 1))
    let count = try storedCount
    if rows.lowerBound == 0, let first = starts.first, first != 0 {
      throw fault("is damaged: its indptr begins with \(first), expected 0; write it again")
    }
    for row in 0..<rows.count where starts[row + 1] < starts[row] {
      throw fault(
        "is damaged: its indptr falls from \(starts[row]) to \(starts[row + 1]) behind row \(rows.lowerBound + row) (counted "
          + "from 0); write it again")
    }
    if let first = starts.first, let last = starts.last, first < 0 || last > count {
      throw fault(
        "is damaged: its indptr says that rows end at element \(first < 0 ? first : last), and there are \(count); write it again"
      )
    }
    return starts
  }

  /// Reads the elements of rows that begin at `starts`, but for its last, where they end.
  private func block<Value: NativeScalar>(
    _ type: Value.Type, _ starts: ArraySlice<Int>, firstRow: Int
  ) throws -> SparseBlock<Value> {
    let first = starts.first ?? 0
    let range = first..<(starts.last ?? 0)
    var block = SparseBlock<Value>(starts: starts.map { $0 - first })
    guard !range.isEmpty else { return block }
    let found: [Int] = try columns.read(selecting: .range(range))
    block.values = try values.read(selecting: .range(range))
    block.columns = found.map { Int32(truncatingIfNeeded: $0) }
    var areAscending = true
    for row in 0..<block.rowCount {
      for index in block.starts[row]..<block.starts[row + 1] {
        guard 0..<columnCount ~= found[index] else {
          throw fault(
            "is damaged: row \(firstRow + row) (counted from 0) has an element in column \(found[index]), and there are "
              + "\(columnCount) columns; write it again")
        }
        if index > block.starts[row], found[index] <= found[index - 1] { areAscending = false }
      }
    }
    if !areAscending, let (row, value) = block.order(sum: sum) {
      throw fault(
        "has several elements of one column in row \(firstRow + row) (counted from 0), which add up to \(value), more than "
          + "\(values.datatype) can hold; add them before (in Python, X.sum_duplicates()) in a wider type")
    }
    return block
  }

  /// The sum of two elements, rounded as the file's type rounds it.
  private func sum<Value: NativeScalar>(_ left: Value, _ right: Value) -> (value: Value?, exact: Double) {
    let exact = Self.double(left) + Self.double(right)
    guard numberType?.isFloatingPoint ?? true else {
      // The type of the file has bounds of its own, whatever it is read as.
      let isWhole =
        switch numberType {
        case .int8: Int8(exactly: exact) != nil
        case .int16: Int16(exactly: exact) != nil
        case .int32: Int32(exactly: exact) != nil
        case .uint8: UInt8(exactly: exact) != nil
        case .uint16: UInt16(exactly: exact) != nil
        case .uint32: UInt32(exactly: exact) != nil
        default: abs(exact) < 0x1p53
        }
      return (isWhole ? Value(exactly: exact) : nil, exact)
    }
    let rounded = numberType == .float32 ? Double(Float(exact)) : exact
    return (Value(exactly: rounded) ?? (Float(rounded) as? Value), rounded)
  }

  private static func double<Value: NativeScalar>(_ value: Value) -> Double {
    if let value = value as? any BinaryFloatingPoint { return Double(value) }
    if let value = value as? any BinaryInteger { return Double(value) }
    return 0
  }
}
