import CHDF5

/// The number types that this module reads and writes: what Swift and C have alike.
public enum NumberType: String, Sendable, CaseIterable {
  /// Signed integers, two's complement.
  case int8, int16, int32, int64
  /// Unsigned integers.
  case uint8, uint16, uint32, uint64
  /// IEEE 754 binary32 and binary64.
  case float32, float64

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Whether this is one of the floating-point types.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// The library's identifier of the type in this machine's byte order; only inside a locked call.
  var nativeIdentifier: hid_t {
    switch self {
    case .int8: chdf5_native_int8()
    case .int16: chdf5_native_int16()
    case .int32: chdf5_native_int32()
    case .int64: chdf5_native_int64()
    case .uint8: chdf5_native_uint8()
    case .uint16: chdf5_native_uint16()
    case .uint32: chdf5_native_uint32()
    case .uint64: chdf5_native_uint64()
    case .float32: chdf5_native_float()
    case .float64: chdf5_native_double()
    }
  }
}

/// A Swift number that datasets and attributes can be read into and written from.
public protocol NativeScalar: BitwiseCopyable, Sendable {
  /// The HDF5 type with the same bytes in memory.
  static var numberType: NumberType { get }
  /// Zero, with which new buffers begin.
  static var zero: Self { get }
  /// Creates the same value, or nil if this type has none.
  init?(exactly value: Int64)
  /// Creates the same value, or nil if this type has none.
  init?(exactly value: UInt64)
  /// Creates the same value, or nil if this type has none.
  init?(exactly value: Double)
}

extension Int8: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .int8 }
}
extension Int16: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .int16 }
}
extension Int32: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .int32 }
}
extension Int64: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .int64 }
}
extension Int: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .int64 }
}
extension UInt8: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .uint8 }
}
extension UInt16: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .uint16 }
}
extension UInt32: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .uint32 }
}
extension UInt64: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .uint64 }
}
extension Float: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .float32 }
}
extension Double: NativeScalar {
  /// The HDF5 type with the same bytes in memory.
  public static var numberType: NumberType { .float64 }
}
