import CHDF5

/// The fields that a number's bits are made of. libhdf5 takes from a file whatever it says, and some of it makes its
/// conversions read and write where they should not; so only what programs compute with is taken for a number.
///
/// Its functions are part of a locked call.
enum NumberFields {
  /// What is wrong with an integer type, as a name for it; `nil` if nothing is.
  static func integerFault(_ id: hid_t) -> String? {
    let size = H5Tget_size(id)
    guard [1, 2, 4, 8].contains(size) else { return "integer of \(size) bytes" }
    let (precision, offset) = (Int(clamping: H5Tget_precision(id)), Int(H5Tget_offset(id)))
    guard precision >= 1, offset >= 0, precision <= 8 * size, offset <= 8 * size - precision else {
      return "integer of \(precision) bits from bit \(offset) of \(size) bytes"
    }
    return orderFault(id, size: size)
  }

  /// What is wrong with a floating-point type, as a name for it; `nil` if nothing is.
  static func floatingPointFault(_ id: hid_t) -> String? {
    let size = H5Tget_size(id)
    var (sign, exponent, exponentSize, mantissa, mantissaSize) = (0, 0, 0, 0, 0)
    guard H5Tget_fields(id, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize) >= 0 else {
      return "floating-point number without fields"
    }
    let found = Format(
      size: size, precision: Int(clamping: H5Tget_precision(id)), offset: Int(H5Tget_offset(id)), sign: sign,
      exponent: exponent, exponentSize: exponentSize, mantissa: mantissa, mantissaSize: mantissaSize,
      bias: Int(clamping: H5Tget_ebias(id)))
    guard formats.contains(found) else {
      return "floating-point number of \(size) bytes and \(exponentSize) + \(mantissaSize) bits"
    }
    return orderFault(id, size: size)
  }

  private static func orderFault(_ id: hid_t, size: Int) -> String? {
    switch H5Tget_order(id) {
    case H5T_ORDER_LE, H5T_ORDER_BE: nil
    default: size == 1 ? nil : "number of \(size) bytes in an unknown order"
    }
  }

  private struct Format: Equatable {
    var size, precision, offset, sign, exponent, exponentSize, mantissa, mantissaSize, bias: Int
  }

  /// binary16, bfloat16, binary32, binary64, the 80 bits of x87 in 10, 12 or 16 bytes, and binary128.
  private static let formats =
    [
      Format(
        size: 2, precision: 16, offset: 0, sign: 15, exponent: 10, exponentSize: 5, mantissa: 0, mantissaSize: 10,
        bias: 15),
      Format(
        size: 2, precision: 16, offset: 0, sign: 15, exponent: 7, exponentSize: 8, mantissa: 0, mantissaSize: 7,
        bias: 127),
      Format(
        size: 4, precision: 32, offset: 0, sign: 31, exponent: 23, exponentSize: 8, mantissa: 0, mantissaSize: 23,
        bias: 127),
      Format(
        size: 8, precision: 64, offset: 0, sign: 63, exponent: 52, exponentSize: 11, mantissa: 0, mantissaSize: 52,
        bias: 1023),
      Format(
        size: 16, precision: 128, offset: 0, sign: 127, exponent: 112, exponentSize: 15, mantissa: 0, mantissaSize: 112,
        bias: 16383),
    ]
    + [10, 12, 16].map { size in
      Format(
        size: size, precision: 80, offset: 0, sign: 79, exponent: 64, exponentSize: 15, mantissa: 0, mantissaSize: 64,
        bias: 16383)
    }
}
