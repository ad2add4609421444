import Foundations
import HDF5
import Kernels

extension DatasetReader {
  /// Reads what is stored of a group's rows of a sparse matrix, in double precision.
  ///
  /// - Parameter body: Takes a block, and the number of its first row in the group.
  /// - Throws: What `body` throws; `TrainerError` if the elements are no numbers, or one is NaN or an infinity, or the matrix
  ///   is damaged.
  func forEachBlock(
    of matrix: SparseRows, named name: String, in group: String,
    _ body: (SparseBlock<Double>, _ firstRow: Int) throws -> Void
  ) throws {
    _ = try (shape(of: name, in: group), numberType(of: name, in: group))
    try Self.translating(path) {
      try matrix.forEachBlock(Double.self, rows: selections[group]?.rows) { block, firstRow in
        if let index = block.values.firstIndex(where: { !$0.isFinite }) {
          throw try notFinite(
            block.values[index], of: name, in: group, row: firstRow + block.row(of: index),
            column: Int(block.columns[index]))
        }
        try body(block, firstRow)
      }
    }
  }

  /// Reads a group's rows of a sparse matrix and keeps them sparse: each element mapped in double precision and rounded
  /// once, and of each column the number that its zeros become.
  ///
  /// - Parameters:
  ///   - places: The columns that are taken, in their order; `nil` for all as they are.
  ///   - rowShape: The extents of a row of them.
  ///   - map: What is done to each column of those.
  /// - Throws: `TrainerError` for every fault of the matrix, or if `Scalar` cannot hold a result.
  func rows<Scalar: KernelElement & NativeScalar>(
    of matrix: SparseRows, named name: String, in group: String, places: [Int]? = nil, rowShape: [Int],
    map: AffineColumns? = nil
  ) throws -> RowSource<Scalar> {
    let rows = try shape(of: name, in: group).rows
    let columns = rowShape.reduce(1, *)
    let zeros = (0..<columns).map { map?(0, column: $0) ?? 0 }
    let type = matrix.numberType
    func fault(_ value: Double, _ place: String) -> TrainerError {
      TrainerError(
        .data,
        "\(path): \(self.place(name, group)) has \(value) \(place), which \(Scalar.elementType.rawValue) cannot hold; scale "
          + "the data or set \"precision\" to \"float64\"")
    }
    if let column = zeros.firstIndex(where: { !Scalar($0).isFinite }) {
      throw fault(zeros[column], "for the zeros of column \(column) (counted from 0)")
    }
    var precision = ColumnPrecision<Scalar>(
      background: zeros, areLongIntegers: type?.isLongInteger ?? false)
    let isExact = map == nil && type?.isExact(in: Scalar.elementType) ?? false
    let stored = try matrix.storedCount
    var elements = SparseElements(
      background: zeros.map { Scalar($0) }, rows: rows, count: rows == matrix.rowCount ? stored : 0)
    let placesOf = places.map { SparsePlaces($0, of: matrix.columnCount) }
    var row: [(column: Int32, value: Double)] = []
    try forEachBlock(of: matrix, named: name, in: group) { block, firstRow in
      for index in 0..<block.rowCount {
        row.removeAll(keepingCapacity: true)
        for element in block.starts[index]..<block.starts[index + 1] {
          let column = block.columns[element]
          guard let place = placesOf.map({ $0[column] }) ?? column else { continue }
          row.append((place, block.values[element]))
        }
        if placesOf != nil { row.sort { $0.column < $1.column } }
        for (column, value) in row {
          let exact = map?(value, column: Int(column)) ?? value
          let rounded = Scalar(exact)
          guard rounded.isFinite else {
            throw fault(
              exact,
              "in row \(fileRow(firstRow + index, in: group)), column \(column) (both counted from 0)")
          }
          if !isExact { precision.note(exact, rounded, column: Int(column)) }
          elements.append(rounded, column: column)
        }
        elements.endRow()
      }
    }
    return RowSource(
      rows: rows, rowShape: rowShape, storage: .sparse(elements),
      lostPrecision: isExact ? nil : precision.loss(rows: rows))
  }
}

extension SparseBlock {
  /// The row of an element.
  func row(of element: Int) -> Int { (starts.firstIndex { $0 > element } ?? starts.count) - 1 }
}

/// The sums of columns and of their squares, shifted by the first row so that large means cost no digits.
struct ColumnMoments {
  /// The first row.
  private(set) var shift: [Double] = []
  private(set) var sums: [Double]
  private(set) var squares: [Double]
  private(set) var count = 0
  /// Of a sparse matrix, the rows that each column is summed up to.
  private var summed: [Int] = []
  private let columns: Int

  init(columns: Int) {
    self.columns = columns
    sums = Array(repeating: 0, count: columns)
    squares = sums
  }

  private mutating func add(_ value: Double, _ column: Int) {
    let x = value - shift[column]
    sums[column] += x
    squares[column] += x * x
  }

  /// Adds whole rows.
  mutating func add(_ rows: [Double]) {
    if shift.isEmpty { shift = Array(rows.prefix(columns)) }
    for start in stride(from: 0, to: rows.count, by: columns) {
      for column in 0..<columns { add(rows[start + column], column) }
      count += 1
    }
  }

  /// Adds rows of a sparse matrix, to the same bits: a column's sum goes through its rows in their order, and a zero
  /// changes it only if the first row is not zero there.
  mutating func add(_ block: SparseBlock<Double>) {
    if shift.isEmpty, block.rowCount > 0 {
      shift = Array(repeating: 0, count: columns)
      for element in block.starts[0]..<block.starts[1] { shift[Int(block.columns[element])] = block.values[element] }
      summed = Array(repeating: 0, count: columns)
    }
    for row in 0..<block.rowCount {
      for element in block.starts[row]..<block.starts[row + 1] {
        let column = Int(block.columns[element])
        addZeros(column, upTo: count)
        add(block.values[element], column)
        summed[column] = count + 1
      }
      count += 1
    }
  }

  /// Adds the zeros that come behind the last element of each column of a sparse matrix.
  mutating func addLastZeros() {
    for column in summed.indices { addZeros(column, upTo: count) }
  }

  private mutating func addZeros(_ column: Int, upTo row: Int) {
    guard shift[column] != 0 else { return }
    for _ in summed[column]..<max(row, summed[column]) { add(0, column) }
  }
}
