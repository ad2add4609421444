import CKernels

// The cases are the lines of `functions.inc` in CKernels: whoever writes a kernel there has its case here.

/// Element-wise functions of one argument.
public typealias UnaryFunction = ck_unary_function

/// Element-wise functions of two arguments; comparisons give 1 or 0.
public typealias BinaryFunction = ck_binary_function

/// How a reduction joins elements.
public typealias ReductionFunction = ck_reduction

extension UnaryFunction {
  /// All of them, in the order of the tables.
  public static var allCases: [UnaryFunction] {
    (0..<UInt32(ck_unary_count)).compactMap(UnaryFunction.init(rawValue:))
  }
  /// The case as text.
  public var name: String { String(cString: ck_unary_name(self)) }
}

extension BinaryFunction {
  /// All of them, in the order of the tables.
  public static var allCases: [BinaryFunction] {
    (0..<UInt32(ck_binary_count)).compactMap(BinaryFunction.init(rawValue:))
  }
  /// The case as text.
  public var name: String { String(cString: ck_binary_name(self)) }
}

extension ReductionFunction {
  /// All of them, in the order of the tables.
  public static var allCases: [ReductionFunction] {
    (0..<UInt32(ck_reduction_count)).compactMap(ReductionFunction.init(rawValue:))
  }
  /// The case as text.
  public var name: String { String(cString: ck_reduction_name(self)) }
}

/// A compiled loop of one argument: `(count, x, out)`; `out` may be `x`.
public typealias UnaryLoop = @convention(c) (Int, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
/// A compiled loop of two arguments: `(count, x, y, out)`; `out` may be `x` or `y`.
public typealias BinaryLoop =
  @convention(c) (Int, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
/// `out = condition != 0 ? x : y`: `(count, condition, x, y, out)`; `out` may be any of them.
public typealias SelectLoop =
  @convention(c) (Int, UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
