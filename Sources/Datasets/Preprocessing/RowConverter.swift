import Foundations
import HDF5
import Kernels

/// Applies fitted preprocessing to rows in memory: to the same bits as ``FittedPreprocessing/rows(of:in:from:as:)`` and
/// ``RowSource/gather(_:following:columns:into:kernels:)`` do to rows of a file with the same numbers. It allocates
/// nothing.
public struct RowConverter<Scalar: KernelElement & NativeScalar>: Sendable {
  /// Numbers of a row before preprocessing.
  public let columns: Int
  /// Numbers of a row behind it.
  public let convertedColumns: Int
  private let expansion: RowExpansion
  private let isExpanding: Bool
  private let affine: AffineColumns
  private let isIdentity: Bool
  /// The affine map for bytes, which are mapped as they are gathered.
  private let scale: [Scalar]
  private let offset: [Scalar]
  /// The map that changes nothing.
  private let ones: [Scalar]
  private let zeros: [Scalar]
  private let kernels: Kernels<Scalar>

  /// Prepares the conversion.
  package init(_ preprocessing: FittedPreprocessing, kernels: Kernels<Scalar> = .best) {
    expansion = preprocessing.expansion
    isExpanding = !preprocessing.categories.isEmpty
    affine = preprocessing.affine
    isIdentity = preprocessing.affine.isIdentity
    columns = expansion.columns
    convertedColumns = expansion.expandedColumns
    scale = affine.scale.map { Scalar($0) }
    offset = affine.offset.map { Scalar($0) }
    ones = Array(repeating: 1, count: convertedColumns)
    zeros = Array(repeating: 0, count: convertedColumns)
    self.kernels = kernels
  }

  /// Converts rows that lie one behind the other.
  ///
  /// - Parameters:
  ///   - rows: [count, columns] numbers of `type`.
  ///   - first: The number of the first row, for messages.
  ///   - indices: The numbers 0 ..< count.
  ///   - scratch: [count, convertedColumns].
  ///   - out: [count, convertedColumns].
  /// - Throws: `TrainerError` with code `.data` for NaN, infinity, a number that `Scalar` cannot hold, or a category that
  ///   the training group does not have.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func convert(
    _ rows: UnsafeRawPointer, of type: NumberType, count: Int, first: Int, indices: UnsafePointer<Int64>,
    scratch: UnsafeMutablePointer<Scalar>, into out: UnsafeMutablePointer<Scalar>
  ) throws {
    let isByte = type == .uint8
    if isByte, !isExpanding {
      scale.withUnsafeBufferPointer { scale in
        offset.withUnsafeBufferPointer { offset in
          guard let scale = scale.baseAddress, let offset = offset.baseAddress else { return }
          // As in a region, where rows of a file are gathered.
          withoutSubnormals {
            kernels.gatherRows(
              bytes: rows.assumingMemoryBound(to: UInt8.self), width: columns, indices: indices, rows: count,
              columns: columns, scale: scale, offset: offset, into: out)
          }
        }
      }
      return
    }
    var source = UnsafePointer(scratch)
    if !isExpanding, isIdentity, type == Scalar.numberType {
      source = rows.assumingMemoryBound(to: Scalar.self)
    } else {
      try prepare(rows, of: type, count: count, first: first, isMapping: !isByte, into: scratch)
    }
    guard kernels.allFinite(source, count: count * convertedColumns) else {
      throw notFinite(rows, of: type, count: count, first: first)
    }
    gather(source, count: count, indices, isMapping: isByte, into: out)
  }

  /// Copies prepared rows, mapped if they were bytes.
  private func gather(
    _ source: UnsafePointer<Scalar>, count: Int, _ indices: UnsafePointer<Int64>, isMapping: Bool,
    into out: UnsafeMutablePointer<Scalar>
  ) {
    (isMapping ? scale : ones).withUnsafeBufferPointer { scale in
      (isMapping ? offset : zeros).withUnsafeBufferPointer { offset in
        guard let scale = scale.baseAddress, let offset = offset.baseAddress else { return }
        withoutSubnormals {
          kernels.gatherRows(
            source, width: convertedColumns, indices: indices, rows: count, columns: convertedColumns, scale: scale,
            offset: offset, into: out)
        }
      }
    }
  }

  /// Expands, and maps if asked, in double precision, and rounds once.
  private func prepare(
    _ rows: UnsafeRawPointer, of type: NumberType, count: Int, first: Int, isMapping: Bool,
    into out: UnsafeMutablePointer<Scalar>
  ) throws {
    switch type {
    case .int8: try prepare(rows, Int8.self, count, first, isMapping, out) { Double($0) }
    case .int16: try prepare(rows, Int16.self, count, first, isMapping, out) { Double($0) }
    case .int32: try prepare(rows, Int32.self, count, first, isMapping, out) { Double($0) }
    case .int64: try prepare(rows, Int64.self, count, first, isMapping, out) { Double($0) }
    case .uint8: try prepare(rows, UInt8.self, count, first, isMapping, out) { Double($0) }
    case .uint16: try prepare(rows, UInt16.self, count, first, isMapping, out) { Double($0) }
    case .uint32: try prepare(rows, UInt32.self, count, first, isMapping, out) { Double($0) }
    case .uint64: try prepare(rows, UInt64.self, count, first, isMapping, out) { Double($0) }
    case .float32: try prepare(rows, Float.self, count, first, isMapping, out) { Double($0) }
    case .float64: try prepare(rows, Double.self, count, first, isMapping, out) { $0 }
    }
  }

  @inline(__always)
  private func prepare<Number>(
    _ rows: UnsafeRawPointer, _ type: Number.Type, _ count: Int, _ first: Int, _ isMapping: Bool,
    _ out: UnsafeMutablePointer<Scalar>, _ double: (Number) -> Double
  ) throws {
    let numbers = rows.assumingMemoryBound(to: Number.self)
    let isMapping = isMapping && !isIdentity
    for row in 0..<count {
      let (from, to) = (numbers + row * columns, out + row * convertedColumns)
      do {
        try expansion.forEach(of: { double(from[$0]) }) { column, value in
          to[column] = Scalar(isMapping ? affine(value, column: column) : value)
        }
      } catch {
        throw error.error(inRow: first + row)
      }
    }
  }

  /// Says which number is at fault.
  private func notFinite(_ rows: UnsafeRawPointer, of type: NumberType, count: Int, first: Int) -> TrainerError {
    for index in 0..<count * columns {
      let value =
        switch type {
        case .float32: Double(rows.assumingMemoryBound(to: Float.self)[index])
        case .float64: rows.assumingMemoryBound(to: Double.self)[index]
        default: 0.0
        }
      guard !value.isFinite else { continue }
      return TrainerError(
        .data,
        "the inputs have \(value.isNaN ? "NaN" : "an infinity") in row \(first + index / columns), column "
          + "\(index % columns) (both counted from 0); remove or replace such values")
    }
    return TrainerError(
      .data,
      "the inputs have, behind preprocessing, a number that \(Scalar.elementType.rawValue) cannot hold, in a row from "
        + "\(first) to \(first + count - 1) (counted from 0)")
  }
}
