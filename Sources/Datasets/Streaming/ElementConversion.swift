import Foundations
import HDF5
import Kernels

/// Converts numbers as a file stores them, of any type and either byte order, aligned or not, to `Scalar`: through double
/// precision, mapped if asked, rounded once. Every number that `Scalar` has stays what it is.
struct ElementConversion<Scalar: KernelElement>: Sendable {
  /// The type of the numbers.
  let type: NumberType
  /// Whether their bytes are in the order that this machine does not have.
  let isSwapped: Bool
  /// The map of each column; `nil` for none.
  let affine: AffineColumns?
  private let kernels: Kernels<Scalar>
  /// Whether nothing has to be done but to copy.
  let isCopy: Bool
  /// Whether a result may be NaN or an infinity.
  private let mayFail: Bool

  /// A number that cannot be taken.
  struct Fault {
    /// Which one.
    let index: Int
    /// As it is stored.
    let value: Double
  }

  init(_ type: NumberType, isSwapped: Bool, affine: AffineColumns? = nil, kernels: Kernels<Scalar> = .best) {
    self.type = type
    self.isSwapped = isSwapped && type.byteCount > 1
    self.affine = affine
    self.kernels = kernels
    isCopy = !self.isSwapped && affine == nil && type.elementType == Scalar.elementType
    mayFail = type.isFloatingPoint || affine != nil
  }

  /// Converts numbers of one row, or without a map of several.
  ///
  /// - Parameters:
  ///   - from: The first number; where nothing is done but to copy it may be `out`.
  ///   - count: How many they are.
  ///   - column: The column of the first, for the map.
  /// - Returns: The first that is NaN or an infinity, before or behind the map.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func convert(
    _ from: UnsafeRawPointer, count: Int, column: Int, into out: UnsafeMutablePointer<Scalar>
  ) -> Fault? {
    fill(out, from: from, count: count, column: column)
    guard mayFail, !kernels.allFinite(out, count: count) else { return nil }
    let index = (0..<count).first { !out[$0].isFinite } ?? 0
    return Fault(index: index, value: double(from, at: index))
  }

  /// As ``convert(_:count:column:into:)``, without looking whether the results are finite.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func fill(_ out: UnsafeMutablePointer<Scalar>, from: UnsafeRawPointer, count: Int, column: Int) {
    if isCopy {
      if from != UnsafeRawPointer(out) {
        UnsafeMutableRawPointer(out).copyMemory(from: from, byteCount: count * MemoryLayout<Scalar>.stride)
      }
    } else {
      switch type {
      case .int8: convert(from, Int8.self, count, column, out)
      case .int16: convert(from, Int16.self, count, column, out)
      case .int32: convert(from, Int32.self, count, column, out)
      case .int64: convert(from, Int64.self, count, column, out)
      case .uint8: convert(from, UInt8.self, count, column, out)
      case .uint16: convert(from, UInt16.self, count, column, out)
      case .uint32: convert(from, UInt32.self, count, column, out)
      case .uint64: convert(from, UInt64.self, count, column, out)
      case .float32: convert(from, Float.self, count, column, out)
      case .float64: convert(from, Double.self, count, column, out)
      }
    }
  }

  @inline(__always)
  private func convert<Number: StoredNumber>(
    _ from: UnsafeRawPointer, _ number: Number.Type, _ count: Int, _ column: Int, _ out: UnsafeMutablePointer<Scalar>
  ) {
    let width = MemoryLayout<Number>.size
    if let affine {
      for index in 0..<count {
        let value = Number(at: from + index &* width, isSwapped: isSwapped).double
        out[index] = Scalar(affine(value, column: column + index))
      }
    } else if isSwapped {
      for index in 0..<count { out[index] = Scalar(Number(at: from + index &* width, isSwapped: true).double) }
    } else {
      for index in 0..<count { out[index] = Scalar(Number(at: from + index &* width, isSwapped: false).double) }
    }
  }

  /// One number as it is stored.
  func double(_ from: UnsafeRawPointer, at index: Int) -> Double {
    let place = from + index * type.byteCount
    return switch type {
    case .int8: Int8(at: place, isSwapped: isSwapped).double
    case .int16: Int16(at: place, isSwapped: isSwapped).double
    case .int32: Int32(at: place, isSwapped: isSwapped).double
    case .int64: Int64(at: place, isSwapped: isSwapped).double
    case .uint8: UInt8(at: place, isSwapped: isSwapped).double
    case .uint16: UInt16(at: place, isSwapped: isSwapped).double
    case .uint32: UInt32(at: place, isSwapped: isSwapped).double
    case .uint64: UInt64(at: place, isSwapped: isSwapped).double
    case .float32: Float(at: place, isSwapped: isSwapped).double
    case .float64: Double(at: place, isSwapped: isSwapped).double
    }
  }
}

extension NumberType {
  /// The element type of the same numbers; `nil` for all but floating point.
  var elementType: ElementType? {
    switch self {
    case .float32: .float32
    case .float64: .float64
    default: nil
    }
  }
}

/// A number that a file stores in as many bytes as memory has for it.
private protocol StoredNumber {
  /// Reads a number at any place.
  init(at place: UnsafeRawPointer, isSwapped: Bool)
  /// The nearest number in double precision.
  var double: Double { get }
}

extension StoredNumber where Self: FixedWidthInteger & BitwiseCopyable {
  @inline(__always)
  init(at place: UnsafeRawPointer, isSwapped: Bool) {
    let number = place.loadUnaligned(as: Self.self)
    self = isSwapped ? number.byteSwapped : number
  }
}

extension Int8: StoredNumber { @inline(__always) var double: Double { Double(self) } }
extension Int16: StoredNumber { @inline(__always) var double: Double { Double(self) } }
extension Int32: StoredNumber { @inline(__always) var double: Double { Double(self) } }
extension Int64: StoredNumber { @inline(__always) var double: Double { Double(self) } }
extension UInt8: StoredNumber { @inline(__always) var double: Double { Double(self) } }
extension UInt16: StoredNumber { @inline(__always) var double: Double { Double(self) } }
extension UInt32: StoredNumber { @inline(__always) var double: Double { Double(self) } }
extension UInt64: StoredNumber { @inline(__always) var double: Double { Double(self) } }
extension Float: StoredNumber {
  @inline(__always)
  init(at place: UnsafeRawPointer, isSwapped: Bool) { self.init(bitPattern: UInt32(at: place, isSwapped: isSwapped)) }
  @inline(__always) var double: Double { Double(self) }
}
extension Double: StoredNumber {
  @inline(__always)
  init(at place: UnsafeRawPointer, isSwapped: Bool) { self.init(bitPattern: UInt64(at: place, isSwapped: isSwapped)) }
  @inline(__always) var double: Double { self }
}
