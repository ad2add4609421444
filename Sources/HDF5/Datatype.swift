import CHDF5

/// The type of one element of a dataset or attribute.
public final class Datatype: Sendable, Equatable, CustomStringConvertible {
  /// The order of a number's bytes in the file.
  public enum ByteOrder: String, Sendable, CaseIterable {
    /// Least significant byte first.
    case littleEndian = "little-endian"
    /// Most significant byte first.
    case bigEndian = "big-endian"

    /// This machine's order.
    public static var native: ByteOrder { 1.littleEndian == 1 ? .littleEndian : .bigEndian }
  }

  /// What the elements are.
  public enum Kind: Sendable, Equatable {
    /// Integers of `byteCount` bytes.
    case integer(signed: Bool)
    /// Floating-point numbers of `byteCount` bytes.
    case floatingPoint
    /// Integers of `byteCount` bytes that have names, booleans too; see `enumerationMembers`.
    case enumeration(signed: Bool)
    /// Text; fixed-length strings have `byteCount` bytes each.
    case string(isVariableLength: Bool, isUTF8: Bool)
    /// A type that this module can name but not read: compound, reference and so on, or a number that no program computes
    /// with, as damaged files have.
    case other(String)
  }

  /// What the elements are.
  public let kind: Kind
  /// Bytes of one element in the file; for variable-length strings, of the reference to it.
  public let byteCount: Int
  /// The order of a number's bytes; nil for what has none.
  public let byteOrder: ByteOrder?
  let handle: Handle

  /// A number type.
  public static func number(_ type: NumberType, order: ByteOrder = .native) throws -> Datatype {
    try Datatype(label: type.rawValue) {
      let id = H5Tcopy(type.nativeIdentifier)
      guard id >= 0, order != .native else { return id }
      return H5Tset_order(id, order == .bigEndian ? H5T_ORDER_BE : H5T_ORDER_LE) < 0 ? -1 : id
    }
  }

  /// UTF-8 text of any length.
  public static func variableLengthString() throws -> Datatype {
    try Datatype(label: "string") { makeString(length: chdf5_variable_length()) }
  }

  /// UTF-8 text of up to that many bytes, filled up with zeros.
  public static func fixedLengthString(byteCount: Int) throws -> Datatype {
    guard byteCount > 0 else { throw HDF5Error(.datatype, "a fixed-length string needs at least one byte") }
    return try Datatype(label: "string") {
      let id = makeString(length: byteCount)
      return id >= 0 && H5Tset_strpad(id, H5T_STR_NULLPAD) < 0 ? -1 : id
    }
  }

  private static func makeString(length: Int) -> hid_t {
    let id = H5Tcopy(chdf5_c_string())
    return id >= 0 && (H5Tset_size(id, length) < 0 || H5Tset_cset(id, H5T_CSET_UTF8) < 0) ? -1 : id
  }

  /// Takes over the identifier that the calls return.
  init(label: String, _ make: () -> hid_t) throws {
    let id = try Library.call("make or read the type of \(label)", make)
    handle = Handle(id, label: "the type of \(label)")
    (kind, byteCount, byteOrder) = Library.value {
      let kind: Kind =
        switch H5Tget_class(id) {
        case H5T_INTEGER:
          NumberFields.integerFault(id).map(Kind.other) ?? .integer(signed: H5Tget_sign(id) != H5T_SGN_NONE)
        case H5T_FLOAT: NumberFields.floatingPointFault(id).map(Kind.other) ?? .floatingPoint
        case H5T_STRING: .string(isVariableLength: H5Tis_variable_str(id) > 0, isUTF8: H5Tget_cset(id) == H5T_CSET_UTF8)
        case H5T_COMPOUND: .other(UnreadableType.compoundName(id))
        case H5T_ENUM: EnumerationFields.kind(id)
        case H5T_ARRAY: .other("array")
        case H5T_VLEN: .other("variable-length sequence")
        case H5T_OPAQUE: .other(UnreadableType.opaqueName(id))
        case H5T_REFERENCE: .other("reference")
        case H5T_BITFIELD: .other("bit field")
        case H5T_TIME: .other("time")
        default: .other("unknown type")
        }
      let order: ByteOrder? =
        switch kind {
        case .integer, .enumeration, .floatingPoint:
          switch H5Tget_order(id) {
          case H5T_ORDER_LE: .littleEndian
          case H5T_ORDER_BE: .bigEndian
          default: nil
          }
        default: nil
        }
      return (kind, H5Tget_size(id), order)
    }
  }

  /// The number type with the same values, of an enumeration that of its values; nil for strings, other kinds and numbers
  /// of unusual width.
  public var numberType: NumberType? {
    switch (kind, byteCount) {
    case (.integer(signed: true), 1), (.enumeration(signed: true), 1): .int8
    case (.integer(signed: true), 2), (.enumeration(signed: true), 2): .int16
    case (.integer(signed: true), 4), (.enumeration(signed: true), 4): .int32
    case (.integer(signed: true), 8), (.enumeration(signed: true), 8): .int64
    case (.integer(signed: false), 1), (.enumeration(signed: false), 1): .uint8
    case (.integer(signed: false), 2), (.enumeration(signed: false), 2): .uint16
    case (.integer(signed: false), 4), (.enumeration(signed: false), 4): .uint32
    case (.integer(signed: false), 8), (.enumeration(signed: false), 8): .uint64
    case (.floatingPoint, 4): .float32
    case (.floatingPoint, 8): .float64
    default: nil
    }
  }

  /// Whether elements can be read as numbers.
  public var isNumeric: Bool {
    switch kind {
    case .integer, .enumeration, .floatingPoint: true
    case .string, .other: false
    }
  }

  /// Whether elements are numbers whose conversion looks at nothing but their bytes.
  var isPlainNumber: Bool { if case .enumeration = kind { false } else { isNumeric } }

  /// Whether elements are numbers with the fields that memory has for ``numberType``, in either byte order: other programs
  /// could take their bytes for such numbers.
  public var hasUsualFields: Bool {
    get throws {
      guard let type = numberType, byteOrder != nil || byteCount == 1 else { return false }
      let id = try handle.id
      let isSwapped = byteCount > 1 && byteOrder != .native
      return Library.value {
        let own = H5Tget_class(id) == H5T_ENUM ? H5Tget_super(id) : H5Tcopy(id)
        let usual = H5Tcopy(type.nativeIdentifier)
        defer {
          H5Tclose(own)
          H5Tclose(usual)
        }
        // Bytes have an order too, which means nothing.
        if byteCount == 1, own >= 0 { H5Tset_order(usual, H5Tget_order(own)) }
        if isSwapped { H5Tset_order(usual, Datatype.ByteOrder.native == .littleEndian ? H5T_ORDER_BE : H5T_ORDER_LE) }
        return own >= 0 && usual >= 0 && H5Tequal(own, usual) > 0
      }
    }
  }

  /// Whether elements in the file have the bytes that they have in memory.
  public var isNative: Bool { byteCount == 1 || byteOrder == .native }

  /// For people, such as `uint8`, `float32 big-endian` or `string (variable length, UTF-8)`.
  public var description: String {
    let order = byteCount > 1 && byteOrder != .littleEndian ? byteOrder.map { " " + $0.rawValue } ?? "" : ""
    switch kind {
    case .integer(let signed): return (signed ? "int" : "uint") + "\(8 * byteCount)" + order
    case .enumeration(let signed): return "enumeration (\(signed ? "int" : "uint")\(8 * byteCount)\(order))"
    case .floatingPoint: return "float\(8 * byteCount)" + order
    case .string(let isVariableLength, let isUTF8):
      return "string (\(isVariableLength ? "variable length" : "\(byteCount) bytes"), \(isUTF8 ? "UTF-8" : "ASCII"))"
    case .other(let name): return name
    }
  }

  /// Whether both have the same kind, size and byte order.
  public static func == (left: Datatype, right: Datatype) -> Bool {
    left.kind == right.kind && left.byteCount == right.byteCount && left.byteOrder == right.byteOrder
  }
}
