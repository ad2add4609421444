import Foundation

/// The finite number that a field of a table stands for.
package struct DecimalField {
  /// The nearest binary64 number, ties to even.
  package let value: Double
  /// Whether the text is a whole number, without point and exponent, that `value` is not equal to.
  package let isRoundedWholeNumber: Bool

  /// Reads a number in the same notation as ``decimalNumber(_:)``; `nil` for any other text, and for numbers beyond the
  /// range of binary64.
  ///
  /// - Parameter mark: The byte between whole part and fraction.
  package init?(_ text: UnsafeRawBufferPointer, mark: UInt8) {
    guard var at = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
    let end = at + text.count
    guard let field = Self.read(&at, end, mark: mark), at == end else { return nil }
    self = field
  }

  private init(_ value: Double, isRoundedWholeNumber: Bool) {
    self.value = value
    self.isRoundedWholeNumber = isRoundedWholeNumber
  }

  /// Reads the number that a text begins with.
  ///
  /// Up to 19 digits and 27 places are computed here, the rest is left to the standard library. The nearest number is
  /// found in one division or multiplication of exact binary64 numbers where both are (Clinger, 1990), else from a
  /// quotient or product of whole numbers, all of whose bits are known.
  ///
  /// - Parameters:
  ///   - at: Where it begins; then where it ends.
  ///   - end: Where the text ends.
  ///   - mark: The byte between whole part and fraction.
  package static func read(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, mark: UInt8
  ) -> DecimalField? {
    let start = at
    var next = at
    guard next < end else { return nil }
    let sign = next.pointee
    next += sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") ? 1 : 0
    let signBit: UInt64 = sign == UInt8(ascii: "-") ? 1 << 63 : 0
    var digits = UInt64(0)
    var count = readDigits(&next, end, &digits)
    var exponent = 0
    var isWholeNumber = true
    if next < end, next.pointee == mark {
      next += 1
      isWholeNumber = false
      exponent = -readDigits(&next, end, &digits)
      count -= exponent
    }
    guard count > 0 else { return nil }
    if next < end, next.pointee | 0x20 == UInt8(ascii: "e") {
      next += 1
      isWholeNumber = false
      guard let power = Self.exponent(&next, end) else { return nil }
      exponent += power
    }
    at = next
    let text = UnsafeRawBufferPointer(start: start, count: next - start)
    // Beyond 19 digits there may be more than 64 bits, unless those in front are zeros.
    guard count <= 19 || significantDigits(text, mark) <= 19 else {
      guard let value = slow(text, mark) else { return nil }
      return DecimalField(value, isRoundedWholeNumber: isWholeNumber && !isExact(text, value))
    }
    let magnitude: Double
    if digits <= 1 << 53, -22...22 ~= exponent {
      magnitude = exponent < 0 ? Double(digits) / powersOfTen[-exponent] : Double(digits) * powersOfTen[exponent]
    } else if digits == 0 {
      magnitude = 0
    } else if -27...27 ~= exponent {
      magnitude = nearest(digits, tenToThe: exponent)
    } else {
      guard let value = slow(text, mark) else { return nil }
      magnitude = value.magnitude
    }
    return DecimalField(
      Double(bitPattern: magnitude.bitPattern | signBit),
      isRoundedWholeNumber: isWholeNumber && digits > 1 << 53 && UInt64(exactly: magnitude) != digits)
  }

  /// Reads digits behind those that were read before; returns how many.
  @inline(__always)
  private static func readDigits(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ digits: inout UInt64
  ) -> Int {
    let first = at
    // Up to eight at a time, without a branch for their number, which no processor could foretell.
    while end - at >= 8 {
      let text = UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self)) ^ 0x3030_3030_3030_3030
      // The highest bit of each byte that is no digit; bytes behind the first of them do not matter.
      // In Swift | and &+ bind alike: without the inner parentheses bytes beyond ASCII would pass for digits.
      let others = (text | (text &+ 0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080
      let count = others.trailingZeroBitCount >> 3
      guard count > 0 else { return at - first }
      // Zeros in front, then pairs of digits, then of pairs, then of these.
      var value = text &<< UInt64(64 - 8 * count)
      value = (value &* 10 &+ value &>> 8) & 0x00FF_00FF_00FF_00FF
      value = (value &* 100 &+ value &>> 16) & 0x0000_FFFF_0000_FFFF
      value = (value &* 10_000 &+ value &>> 32) & 0xFFFF_FFFF
      digits = digits &* wholePowersOfTen[count] &+ value
      at += count
      if count < 8 { return at - first }
    }
    while at < end, case let digit = at.pointee &- UInt8(ascii: "0"), digit < 10 {
      digits = digits &* 10 &+ UInt64(digit)
      at += 1
    }
    return at - first
  }

  /// The digits before an exponent, without zeros in front.
  private static func significantDigits(_ text: UnsafeRawBufferPointer, _ mark: UInt8) -> Int {
    let number = text.prefix { $0 | 0x20 != UInt8(ascii: "e") }
    let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    return number.drop { $0 == UInt8(ascii: "0") || !isDigit($0) }.count(where: isDigit)
  }

  /// The same of a text with a point as its mark.
  package init?(_ text: String, mark: UInt8) {
    var text = text
    guard let field = text.withUTF8({ Self(UnsafeRawBufferPointer($0), mark: mark) }) else { return nil }
    self = field
  }

  /// The power behind an `e`; no number is so long that one beyond a million would not decide alone.
  private static func exponent(_ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int? {
    let isNegative = at < end && at.pointee == UInt8(ascii: "-")
    if isNegative || (at < end && at.pointee == UInt8(ascii: "+")) { at += 1 }
    let first = at
    var power = 0
    while at < end, case let digit = at.pointee &- UInt8(ascii: "0"), digit < 10 {
      power = min(power * 10 + Int(digit), 1_000_000)
      at += 1
    }
    return at == first ? nil : isNegative ? -power : power
  }

  private static func slow(_ text: UnsafeRawBufferPointer, _ mark: UInt8) -> Double? {
    let point = text.map { $0 == mark ? UInt8(ascii: ".") : $0 }
    guard let value = decimalNumber(String(decoding: point, as: UTF8.self)), value.isFinite else { return nil }
    return value
  }

  /// Whether a number of many digits is the one that they say.
  private static func isExact(_ text: UnsafeRawBufferPointer, _ value: Double) -> Bool {
    let digits = text.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "0") }
    return String(format: "%.0f", value.magnitude) == String(decoding: digits, as: UTF8.self)
  }
}

// Written out, these are constants; made when they are first used, each use would look whether they are there.

/// 10^0 to 10^22, all of which binary64 holds.
private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
  1e20, 1e21, 1e22,
]

/// 10^0 to 10^8.
private let wholePowersOfTen: [UInt64] = [
  1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
]

/// 5^0 to 5^27, all of which 64 bits hold.
private let powersOfFive: [UInt64] = [
  1, 5, 25, 125, 625, 3_125, 15_625, 78_125, 390_625, 1_953_125, 9_765_625, 48_828_125, 244_140_625, 1_220_703_125,
  6_103_515_625, 30_517_578_125, 152_587_890_625, 762_939_453_125, 3_814_697_265_625, 19_073_486_328_125,
  95_367_431_640_625, 476_837_158_203_125, 2_384_185_791_015_625, 11_920_928_955_078_125, 59_604_644_775_390_625,
  298_023_223_876_953_125, 1_490_116_119_384_765_625, 7_450_580_596_923_828_125,
]

/// The binary64 number nearest to `digits` · 10^`exponent`, ties to even.
///
/// - Precondition: `digits` is not 0, and `exponent` is from -27 to 27.
private func nearest(_ digits: UInt64, tenToThe exponent: Int) -> Double {
  // The number is (bits + less than one) · 2^power, and isMore says whether there is a rest.
  var bits: UInt64
  var power = exponent
  let isMore: Bool
  if exponent >= 0 {
    let product = digits.multipliedFullWidth(by: powersOfFive[exponent])
    if product.high == 0 {
      (bits, isMore) = (product.low, false)
    } else {
      let shift = product.high.leadingZeroBitCount
      bits = product.high << shift | product.low >> (64 - shift)
      isMore = product.low << shift != 0
      power += 64 - shift
    }
  } else {
    let divisor = powersOfFive[-exponent]
    let (shift, divisorShift) = (digits.leadingZeroBitCount, divisor.leadingZeroBitCount)
    let (high, scaled) = (digits << shift, divisor << divisorShift)
    power += divisorShift - shift - 64
    let isLess = high < scaled
    let dividend = isLess ? (high, UInt64(0)) : (high >> 1, high << 63)
    let result = scaled.dividingFullWidth(dividend)
    if !isLess { power += 1 }
    (bits, isMore) = (result.quotient, result.remainder != 0)
  }
  let shift = bits.leadingZeroBitCount
  bits <<= shift
  power -= shift
  // 53 bits are kept of 64.
  var kept = bits >> 11
  let rest = bits & 0x7FF
  if rest > 0x400 || (rest == 0x400 && (isMore || kept & 1 == 1)) { kept += 1 }
  // The leading bit is not stored; where rounding has made one more of it, the sum carries into the exponent.
  return Double(bitPattern: UInt64(power + 11 + 52 + 1023) << 52 + (kept - 1 << 52))
}
