/// The numbers that a setting may have.
public struct NumberRange: Sendable, Equatable, CustomStringConvertible {
  private let lower: Double
  private let upper: Double
  private let includesLower: Bool
  private let includesUpper: Bool

  /// Any finite number.
  public static let finite = NumberRange(-.infinity, .infinity, includesLower: false, includesUpper: false)
  /// Greater than 0.
  public static let positive = NumberRange(0, .infinity, includesLower: false, includesUpper: false)
  /// 0 or greater.
  public static let nonNegative = NumberRange(0, .infinity, includesLower: true, includesUpper: false)
  /// From 0 to 1, both included.
  public static let unit = NumberRange(0, 1, includesLower: true, includesUpper: true)
  /// From 0, included, to 1, excluded: decay rates, dropout rates.
  public static let rate = NumberRange(0, 1, includesLower: true, includesUpper: false)

  /// From `bounds`' lower to its upper bound, both included.
  public static func from(_ bounds: ClosedRange<Double>) -> NumberRange {
    NumberRange(bounds.lowerBound, bounds.upperBound, includesLower: true, includesUpper: true)
  }

  /// Creates a range; `includesLower` and `includesUpper` say whether the bounds belong to it.
  public init(_ lower: Double, _ upper: Double, includesLower: Bool, includesUpper: Bool) {
    self.lower = lower
    self.upper = upper
    self.includesLower = includesLower
    self.includesUpper = includesUpper
  }

  /// Whether a number is finite and in the range.
  public func contains(_ number: Double) -> Bool {
    number.isFinite && (includesLower ? number >= lower : number > lower)
      && (includesUpper ? number <= upper : number < upper)
  }

  /// A number in the range.
  var example: Double {
    [1, 0.5, lower, upper, (lower + upper) / 2, lower + 1, upper - 1].first(where: contains) ?? 0
  }

  /// The keys of a JSON Schema that say the same.
  var schema: [(key: String, value: JSONValue?)] {
    [
      (includesLower ? "minimum" : "exclusiveMinimum", lower.isFinite ? .number(lower) : nil),
      (includesUpper ? "maximum" : "exclusiveMaximum", upper.isFinite ? .number(upper) : nil),
    ]
  }

  /// As in "expected a number greater than 0 and at most 1".
  public var description: String {
    var bounds: [String] = []
    if lower.isFinite { bounds.append((includesLower ? "at least " : "greater than ") + JSONValue.text(of: lower)) }
    if upper.isFinite { bounds.append((includesUpper ? "at most " : "less than ") + JSONValue.text(of: upper)) }
    return bounds.isEmpty ? "a number" : "a number " + bounds.joined(separator: " and ")
  }
}

extension ClosedRange<Int> {
  /// The most of anything that a setting counts: steps, epochs, samples, units. Nobody has the time or the memory
  /// for more, and sums of such numbers, and products with a machine's cores, do not overflow.
  public static var mostCount: Int { 1_000_000_000_000 }

  /// Every integer.
  public static var any: ClosedRange<Int> { .min ... .max }
  /// From 1 to ``mostCount``.
  public static var positive: ClosedRange<Int> { 1...mostCount }
  /// From 0 to ``mostCount``.
  public static var nonNegative: ClosedRange<Int> { 0...mostCount }

  /// As in "expected an integer from 1 to 10".
  var settingDescription: String {
    switch (lowerBound, upperBound) {
    case (.min, .max): "an integer"
    case (_, .max): "an integer from \(lowerBound)"
    case (.min, _): "an integer up to \(upperBound)"
    default: "an integer from \(lowerBound) to \(upperBound)"
    }
  }
}
