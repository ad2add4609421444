/// A derivative by differences, in double precision.
///
/// It is taken as (8 (f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h, the five-point rule, whose error falls with h⁴: with h
/// about 10⁻³ of the size of what moves, it and the rounding of f both stay near 10⁻¹² of what f itself measures. Where a
/// kink lies within two steps, a shorter step is tried, which sees less of it and more of the rounding.
package struct CentralDifference: Sendable {
  /// The derivative.
  package let value: Double
  /// Whether the derivatives from both sides differ, or those of two steps: then there is a kink near, and no one
  /// derivative.
  package let isNearKink: Bool
  /// Derivatives below this are known to 10⁻⁶ of it and not of themselves: differences see none below the rounding of
  /// the function, which they magnify.
  package let resolution: Double

  /// Whether they differ by more than rounding can make of them.
  private let isRough: Bool

  /// The step that is tried first, as a share of what moves.
  package static let longStep = 1e-3

  /// The derivative of f at 0.
  ///
  /// - Parameters:
  ///   - size: How large what moves is; at least 1 counts.
  ///   - step: The step, as a share of it.
  ///   - f: The function of the offset.
  package init(size: Double = 1, step: Double = longStep, of f: (Double) throws -> Double) rethrows {
    let middle = try f(0)
    let long = try Self(step: step, size: size, middle: middle, f)
    // What is only rounding grows with a shorter step.
    guard long.isRough else {
      self = long
      return
    }
    let short = try Self(step: step / 32, size: size, middle: middle, f)
    self = short.isNearKink ? long : short
  }

  private init(step: Double, size: Double, middle: Double, _ f: (Double) throws -> Double) rethrows {
    let h = step * max(1, size)
    let quarter = h / 4
    let (before, after, farBefore, farAfter) = try (f(-h), f(h), f(-2 * h), f(2 * h))
    let (nearBefore, nearAfter) = try (f(-quarter), f(quarter))
    let (halfBefore, halfAfter) = try (f(-2 * quarter), f(2 * quarter))
    let long = (8 * (after - before) - (farAfter - farBefore)) / (12 * h)
    let short = (8 * (nearAfter - nearBefore) - (halfAfter - halfBefore)) / (12 * quarter)
    // Of second order: for a smooth function both sides differ by a few h squared.
    let left = (4 * before - farBefore - 3 * middle) / (-2 * h)
    let right = (4 * after - farAfter - 3 * middle) / (2 * h)
    let magnified = max(1, abs(middle)) * Self.longStep / step
    let noise = 1e-3 * magnified
    value = long
    resolution = 1e-5 * magnified
    let sides = max(abs(left), abs(right), abs(long), noise)
    let (asymmetry, change) = (abs(right - left) / sides, abs(long - short) / max(abs(long), noise))
    // A function without a value there has no kink: its derivative is not a number, and agrees with nothing.
    isNearKink = asymmetry > 1e-2 || change > 2e-8
    isRough = asymmetry > 1e-2 || change > 1e-6
  }
}
