import Foundation
import Foundations

/// A number of a formula: a fraction of whole numbers where that is exact, so that 1/3 stays 1/3, else a floating-point
/// number.
struct ExactNumber: Sendable {
  private let numerator: Int
  /// Positive; 0 for a floating-point number.
  private let denominator: Int
  private let real: Double
  /// Whether it was written with a decimal point, and is to be shown so.
  let isDecimal: Bool

  static let zero = ExactNumber(0)
  static let one = ExactNumber(1)

  init(_ whole: Int) { (numerator, denominator, real, isDecimal) = (whole, 1, 0, false) }

  /// A number of a formula, exactly as its shortest decimal text says it.
  init(_ value: Double) {
    if let whole = Int(exactly: value), abs(value) < 0x1p53 {
      self.init(whole)
    } else if let decimal = Self.decimal(value) {
      self.init(decimal.digits, decimal.scale, isDecimal: true)
    } else {
      self.init(real: value)
    }
  }

  private init(real: Double) { (numerator, denominator, self.real, isDecimal) = (0, 0, real, true) }

  /// A fraction in lowest terms.
  ///
  /// - Precondition: the denominator is positive, and neither is the least integer.
  private init(_ numerator: Int, _ denominator: Int, isDecimal: Bool) {
    let divisor = max(Self.greatestCommonDivisor(numerator, denominator), 1)
    (self.numerator, self.denominator, real) = (numerator / divisor, denominator / divisor, 0)
    self.isDecimal = isDecimal && self.denominator != 1
  }

  /// The digits of a number's shortest text and the power of ten that divides them; `nil` if there are too many.
  private static func decimal(_ value: Double) -> (digits: Int, scale: Int)? {
    let text = value.description
    guard value.isFinite, let point = text.firstIndex(of: "."), !text.contains("e") else {
      guard value.isFinite, abs(value) >= 1e-9, abs(value) < 1e-3 else { return nil }
      return decimal(value * 1e6).flatMap { digits, scale in
        scale <= 1_000_000_000 && Double(digits) / Double(scale * 1_000_000) == value
          ? (digits, scale * 1_000_000) : nil
      }
    }
    let places = text.distance(from: point, to: text.endIndex) - 1
    guard text.count <= 17, places <= 15, let digits = Int(text.replacing(".", with: "")) else { return nil }
    return (digits, (0..<places).reduce(1) { scale, _ in scale * 10 })
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (abs(a), abs(b))
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }

  // MARK: - What it is

  /// The nearest floating-point number.
  var double: Double { denominator == 0 ? real : Double(numerator) / Double(denominator) }
  var isZero: Bool { denominator == 0 ? real == 0 : numerator == 0 }
  var isNegative: Bool { double < 0 }
  /// The value if this is a whole number.
  var whole: Int? { denominator == 1 ? numerator : nil }
  var isWhole: Bool { denominator == 1 }
  var isEven: Bool { denominator == 1 && numerator.isMultiple(of: 2) }
  /// What stands above and below the line, if it is to be shown as a fraction.
  var fraction: (above: Int, below: Int)? { denominator == 0 || isDecimal ? nil : (numerator, denominator) }
  var magnitude: ExactNumber { isNegative ? -self : self }

  /// As a formula; a fraction has no brackets.
  var text: String {
    if let fraction { return fraction.below == 1 ? "\(fraction.above)" : "\(fraction.above)/\(fraction.below)" }
    // No formula writes these numbers; the quotients are their values.
    guard double.isFinite else { return double.isNaN ? "(0/0)" : "(\(double < 0 ? "-1" : "1")/0)" }
    return JSONValue.text(of: double)
  }

  // MARK: - Arithmetic

  static func + (left: ExactNumber, right: ExactNumber) -> ExactNumber {
    if left.denominator > 0, right.denominator > 0 {
      let (a, o1) = left.numerator.multipliedReportingOverflow(by: right.denominator)
      let (b, o2) = right.numerator.multipliedReportingOverflow(by: left.denominator)
      let (sum, o3) = a.addingReportingOverflow(b)
      let (below, o4) = left.denominator.multipliedReportingOverflow(by: right.denominator)
      if !o1, !o2, !o3, !o4, sum != .min {
        return ExactNumber(sum, below, isDecimal: left.isDecimal || right.isDecimal)
      }
    }
    return ExactNumber(real: left.double + right.double)
  }

  static func - (left: ExactNumber, right: ExactNumber) -> ExactNumber { left + -right }

  static prefix func - (number: ExactNumber) -> ExactNumber {
    number.denominator == 0
      ? ExactNumber(real: -number.real)
      : ExactNumber(-number.numerator, number.denominator, isDecimal: number.isDecimal)
  }

  static func * (left: ExactNumber, right: ExactNumber) -> ExactNumber {
    if left.denominator > 0, right.denominator > 0 {
      let (above, o1) = left.numerator.multipliedReportingOverflow(by: right.numerator)
      let (below, o2) = left.denominator.multipliedReportingOverflow(by: right.denominator)
      if !o1, !o2, above != .min {
        return ExactNumber(above, below, isDecimal: left.isDecimal || right.isDecimal)
      }
    }
    return ExactNumber(real: left.double * right.double)
  }

  static func / (left: ExactNumber, right: ExactNumber) -> ExactNumber { left * right.reciprocal }

  var reciprocal: ExactNumber {
    guard denominator > 0, numerator != 0 else { return ExactNumber(real: 1 / double) }
    return ExactNumber(numerator < 0 ? -denominator : denominator, abs(numerator), isDecimal: isDecimal)
  }

  /// This raised to a whole number.
  func power(_ exponent: Int) -> ExactNumber {
    if exponent < 0 { return power(-exponent).reciprocal }
    guard exponent <= 64 else { return ExactNumber(real: pow(double, Double(exponent))) }
    return (0..<exponent).reduce(.one) { result, _ in result * self }
  }

  /// The largest whole number that is not greater.
  var floor: Int? {
    guard denominator > 0 else { return nil }
    return numerator >= 0 ? numerator / denominator : -((-numerator + denominator - 1) / denominator)
  }

  /// The greatest number of which all are whole multiples. Decimals have none but a size that is common to all.
  static func content(of numbers: [ExactNumber]) -> ExactNumber {
    let sizes = numbers.map(\.magnitude)
    guard let first = sizes.first else { return .one }
    if sizes.allSatisfy({ $0 == first }), first.double.isFinite, !first.isZero { return first }
    var (above, below) = (0, 1)
    for size in sizes {
      guard let (a, b) = size.fraction else { return .one }
      above = greatestCommonDivisor(above, a)
      let (multiple, overflow) = (below / greatestCommonDivisor(below, b)).multipliedReportingOverflow(by: b)
      if overflow { return .one }
      below = multiple
    }
    return above == 0 ? .one : ExactNumber(above, below, isDecimal: false)
  }
}

extension ExactNumber: Hashable {
  // How a number is shown does not make it another.
  static func == (left: ExactNumber, right: ExactNumber) -> Bool {
    left.numerator == right.numerator && left.denominator == right.denominator
      && left.real.bitPattern == right.real.bitPattern
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(numerator)
    hasher.combine(denominator)
    hasher.combine(real)
  }
}

extension ExactNumber: Comparable {
  static func < (left: ExactNumber, right: ExactNumber) -> Bool { (left - right).isNegative }
}
