/// Element-wise functions of one argument.
public enum UnaryFunction: String, Sendable, CaseIterable {
  case copy, negate, exp, log, log1p, expm1, sqrt, rsqrt, abs, sign, sin, cos, tanh, sigmoid, softplus, erf, square
  case reciprocal, relu
}

/// Element-wise functions of two arguments; comparisons give 1 or 0.
public enum BinaryFunction: String, Sendable, CaseIterable {
  case add, subtract, multiply, divide, power, minimum, maximum, equal, less, lessOrEqual
}

/// How a reduction joins elements.
public enum ReductionFunction: String, Sendable, CaseIterable { case sum, max, min }

/// A compiled loop of one argument: `(count, x, out)`; `out` may be `x`.
public typealias UnaryLoop = @convention(c) (Int, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
/// A compiled loop of two arguments: `(count, x, y, out)`; `out` may be `x` or `y`.
public typealias BinaryLoop =
  @convention(c) (Int, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
/// `out = condition != 0 ? x : y`: `(count, condition, x, y, out)`; `out` may be any of them.
public typealias SelectLoop =
  @convention(c) (Int, UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
