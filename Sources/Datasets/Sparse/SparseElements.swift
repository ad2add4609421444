import Kernels

/// A matrix in memory by its elements that differ from their columns' backgrounds, row by row: what preprocessing makes
/// of a sparse matrix, in which a column's zeros all become one number.
///
/// Everything is as gathering gives it, so that gathering only copies.
struct SparseElements<Scalar: KernelElement>: Sendable {
  /// Where each row begins in `columns` and `values`, and where the last one ends.
  private(set) var starts: [Int]
  /// The column of each element, ascending in a row.
  private(set) var columns: [Int32]
  /// The elements.
  private(set) var values: [Scalar]
  /// What every other element of a column is.
  private(set) var background: [Scalar]

  /// - Parameters:
  ///   - background: What every other element of a column is.
  ///   - rows: How many there will be.
  ///   - count: How many elements there will be.
  init(background: [Scalar], rows: Int, count: Int) {
    self.background = background
    (starts, columns, values) = ([0], [], [])
    starts.reserveCapacity(rows + 1)
    columns.reserveCapacity(count)
    values.reserveCapacity(count)
  }

  /// Adds an element to the row that is not ended.
  mutating func append(_ value: Scalar, column: Int32) {
    columns.append(column)
    values.append(value)
  }

  /// Ends a row.
  mutating func endRow() { starts.append(columns.count) }

  /// The same matrix with x ↦ x · scale + offset applied to each column, to the bits that gathering a row of numbers gives.
  ///
  /// - Parameters:
  ///   - scale: For each column; `nil` for 1.
  ///   - offset: For each column; `nil` for 0.
  func mapped(scale: [Scalar]?, offset: [Scalar]?, kernels: Kernels<Scalar> = .best) -> SparseElements {
    var result = self
    let all = (0..<Int32(background.count)).map { $0 }
    Self.map(&result.background, all, scale, offset, kernels)
    Self.map(&result.values, columns, scale, offset, kernels)
    return result
  }

  /// Through the kernel that gathers rows, as one row after the other of a few elements.
  private static func map(
    _ values: inout [Scalar], _ columns: [Int32], _ scale: [Scalar]?, _ offset: [Scalar]?, _ kernels: Kernels<Scalar>
  ) {
    let size = 4096
    var (scales, offsets) = ([Scalar](repeating: 1, count: size), [Scalar](repeating: 0, count: size))
    var mapped = offsets
    let first: [Int64] = [0]
    for start in stride(from: 0, to: values.count, by: size) {
      let count = min(size, values.count - start)
      for index in 0..<count {
        let column = Int(columns[start + index])
        if let scale { scales[index] = scale[column] }
        if let offset { offsets[index] = offset[column] }
      }
      first.withUnsafeBufferPointer { first in
        scales.withUnsafeBufferPointer { scales in
          offsets.withUnsafeBufferPointer { offsets in
            values.withUnsafeBufferPointer { values in
              mapped.withUnsafeMutableBufferPointer { mapped in
                guard let first = first.baseAddress, let scales = scales.baseAddress,
                  let offsets = offsets.baseAddress, let values = values.baseAddress, let out = mapped.baseAddress
                else { return }
                // As in a region, where rows are gathered.
                withoutSubnormals {
                  kernels.gatherRows(
                    values + start, width: count, indices: first, rows: 1, columns: count, scale: scales,
                    offset: offsets, into: out)
                }
              }
            }
          }
        }
      }
      values.replaceSubrange(start..<start + count, with: mapped[0..<count])
    }
  }

  /// A row with all its elements.
  func row(_ index: Int) -> [Scalar] {
    var row = background
    for element in starts[index]..<starts[index + 1] { row[Int(columns[element])] = values[element] }
    return row
  }

  /// From the least to the greatest element.
  var range: ClosedRange<Scalar> {
    var counts = [Int](repeating: 0, count: background.count)
    for column in columns { counts[Int(column)] += 1 }
    let rows = starts.count - 1
    let others = background.indices.lazy.filter { counts[$0] < rows }.map { background[$0] }
    var (least, greatest) = (others.first ?? values.first ?? 0, others.first ?? values.first ?? 0)
    for value in others { (least, greatest) = (min(least, value), max(greatest, value)) }
    for value in values { (least, greatest) = (min(least, value), max(greatest, value)) }
    return least...greatest
  }

  /// Bytes of a row, on average.
  var rowByteCount: Int {
    let rows = max(1, starts.count - 1)
    return MemoryLayout<Int>.stride + values.count * (MemoryLayout<Scalar>.stride + MemoryLayout<Int32>.stride) / rows
  }

  /// Some columns in the order asked for.
  func selecting(columns chosen: [Int]) -> SparseElements {
    var result = SparseElements(
      background: chosen.map { background[$0] }, rows: starts.count - 1, count: values.count)
    let places = SparsePlaces(chosen, of: background.count)
    var row: [(column: Int32, value: Scalar)] = []
    for index in 0..<starts.count - 1 {
      row.removeAll(keepingCapacity: true)
      for element in starts[index]..<starts[index + 1] {
        if let column = places[columns[element]] { row.append((column, values[element])) }
      }
      for (column, value) in row.sorted(by: { $0.column < $1.column }) { result.append(value, column: column) }
      result.endRow()
    }
    return result
  }

  /// Writes some columns of rows to `out` [rows, columns.count].
  @inline(__always)
  func gather(
    _ indices: UnsafePointer<Int64>, rows: Int, columns range: Range<Int>, into out: UnsafeMutablePointer<Scalar>
  ) {
    let (from, to) = (Int32(range.lowerBound), Int32(range.upperBound))
    starts.withUnsafeBufferPointer { starts in
      columns.withUnsafeBufferPointer { columns in
        values.withUnsafeBufferPointer { values in
          background.withUnsafeBufferPointer { background in
            guard let background = background.baseAddress else { return }
            for row in 0..<rows {
              let out = out + row * range.count
              out.update(from: background + range.lowerBound, count: range.count)
              let index = Int(indices[row])
              let end = starts[index + 1]
              var element = from == 0 ? starts[index] : Self.first(atLeast: from, columns, starts[index]..<end)
              while element < end, columns[element] < to {
                out[Int(columns[element] - from)] = values[element]
                element += 1
              }
            }
          }
        }
      }
    }
  }

  /// The first of ascending columns that is not below a bound.
  @inline(__always)
  private static func first(atLeast bound: Int32, _ columns: UnsafeBufferPointer<Int32>, _ range: Range<Int>) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = low + (high - low) / 2
      if columns[middle] < bound { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Where columns of a file are among those that are taken of it.
struct SparsePlaces {
  private let places: [Int32]

  /// - Parameters:
  ///   - chosen: The columns that are taken, each once, in their order.
  ///   - count: How many the file has.
  init(_ chosen: [Int], of count: Int) {
    var places = [Int32](repeating: -1, count: count)
    for (place, column) in chosen.enumerated() { places[column] = Int32(place) }
    self.places = places
  }

  /// The place of a column; `nil` if it is left out.
  subscript(column: Int32) -> Int32? {
    let place = places[Int(column)]
    return place < 0 ? nil : place
  }
}
