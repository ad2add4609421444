/// A small generator with a fixed seed, so that a test meets the same numbers in every run: SplitMix64 (Steele, Lea
/// and Flood, 2014).
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  /// Creates a generator.
  public init(_ seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Numbers drawn evenly from a range.
  public mutating func numbers<Scalar: BinaryFloatingPoint>(
    _ count: Int, in range: ClosedRange<Double> = -1...1, of type: Scalar.Type = Scalar.self
  ) -> [Scalar] {
    (0..<count).map { _ in Scalar(Double.random(in: range, using: &self)) }
  }
}

/// The distance of `value` from the exact result, given in a wider type, in units of the last place of the exact
/// result's rounding.
///
/// A NaN in the wrong place and a zero of the wrong sign are infinitely far off. Infinity counts as the number after
/// the greatest finite one.
@inlinable
public func ulpError<Narrow: BinaryFloatingPoint, Wide: BinaryFloatingPoint>(_ value: Narrow, exact: Wide) -> Double {
  if exact.isNaN || value.isNaN { return exact.isNaN && value.isNaN ? 0 : .infinity }
  if value == 0, value.sign != exact.sign { return .infinity }
  let greatest = Narrow.greatestFiniteMagnitude
  let beyond = Wide(greatest) + Wide(greatest.ulp)
  func clamped(_ x: Wide) -> Wide { min(max(x, -beyond), beyond) }
  let rounded = Narrow(clamped(exact))
  let ulp = rounded.isFinite ? rounded.ulp : greatest.ulp
  return Double(abs(clamped(Wide(value)) - clamped(exact)) / Wide(ulp))
}

/// Whether two numbers have the same bits, all NaNs counting as one.
@inlinable
public func haveSameBits<Scalar: BinaryFloatingPoint>(_ x: Scalar, _ y: Scalar) -> Bool {
  x == y ? x.sign == y.sign : x.isNaN && y.isNaN
}

/// The first place where two arrays differ in a bit, as text for a failed expectation; `nil` if there is none.
public func bitDifference<Scalar: BinaryFloatingPoint>(_ found: [Scalar], _ expected: [Scalar]) -> String? {
  guard found.count == expected.count else { return "\(found.count) elements, expected \(expected.count)" }
  return found.indices.first { !haveSameBits(found[$0], expected[$0]) }.map {
    "element \($0) is \(found[$0]), expected \(expected[$0])"
  }
}

/// The first place where |found − expected| > tolerance · max(scale, |expected|), as text for a failed expectation;
/// `nil` if there is none. NaN and infinity must be matched exactly.
public func difference<Scalar: BinaryFloatingPoint>(
  _ found: [Scalar], _ expected: [Scalar], within tolerance: Double, scale: Double = 1
) -> String? {
  guard found.count == expected.count else { return "\(found.count) elements, expected \(expected.count)" }
  return found.indices.first { index in
    let (x, y) = (Double(found[index]), Double(expected[index]))
    guard x.isFinite, y.isFinite else { return !(x == y || x.isNaN && y.isNaN) }
    return abs(x - y) > tolerance * max(scale, abs(y))
  }.map { "element \($0) is \(found[$0]), expected \(expected[$0])" }
}
