import Autodiff
import Foundation
import Kernels

// Functions of expressions: what is known of a function's values and inverses is used, anything else is a call.
extension AlgebraicSum {
  /// A function of one argument.
  static func apply(_ function: UnaryFunction, _ x: AlgebraicSum) -> AlgebraicSum {
    switch function {
    case .negate: return -x
    case .square: return x.power(ExactNumber(2))
    case .reciprocal: return x.power(ExactNumber(-1))
    case .sqrt: return x.power(ExactNumber(1) / ExactNumber(2))
    case .rsqrt: return x.power(ExactNumber(-1) / ExactNumber(2))
    case .exp: return exponential(x)
    default: break
    }
    if let known = known(function, x) { return known }
    return AlgebraicSum(.call(UnaryRow.of(function).formulaName, [x]))
  }

  private static func exponential(_ x: AlgebraicSum) -> AlgebraicSum {
    if x.number == .zero { return AlgebraicSum(1) }
    let (content, exponent) = (x.content, x.content.reciprocal * x)
    // e^(n log x) is x^n.
    if case .call("log", let arguments)? = exponent.singleFactor { return arguments[0].power(content) }
    return Monomial(.one, factors: [.exponential(exponent): content]).sum
  }

  /// A value that needs no function.
  private static func known(_ function: UnaryFunction, _ x: AlgebraicSum) -> AlgebraicSum? {
    switch function {
    case .log:
      if x.number == .one { return AlgebraicSum(0) }
      if x.singleFactor == .constant("e") { return AlgebraicSum(1) }
      guard x.terms.count == 1, let (product, coefficient) = x.terms.first, coefficient == .one,
        product.factors.count == 1, case (.exponential(let exponent), let number)? = product.factors.first
      else { return nil }
      return number * exponent
    case .log2, .log10:
      guard let number = x.number else { return nil }
      let base = ExactNumber(function == .log2 ? 2 : 10)
      return (-20...20).first { base.power($0) == number }.map { AlgebraicSum($0) }
    case .sin, .tan, .asin, .atan, .sinh, .tanh, .erf, .expm1, .log1p:
      return x.number == .zero ? AlgebraicSum(0) : nil
    case .cos, .cosh: return x.number == .zero ? AlgebraicSum(1) : nil
    case .abs, .relu:
      guard let value = x.constantValue else { return nil }
      return value >= 0 ? x : function == .abs ? -x : AlgebraicSum(0)
    case .sign: return x.constantValue.map { AlgebraicSum($0 > 0 ? 1 : $0 < 0 ? -1 : 0) }
    default: return nil
    }
  }

  /// A function of two arguments.
  static func apply(_ function: BinaryFunction, _ x: AlgebraicSum, _ y: AlgebraicSum) -> AlgebraicSum {
    switch function {
    case .add: return x + y
    case .subtract: return x - y
    case .multiply: return x * y
    case .divide: return x / y
    case .power: return y.number.map(x.power) ?? x.power(of: y)
    case .minimum where x == y, .maximum where x == y: return x
    case .equal: return compare("==", x, y)
    case .less: return compare("<", x, y)
    case .lessOrEqual: return compare("<=", x, y)
    default: break
    }
    if let a = x.constantValue, let b = y.constantValue {
      return (function == .minimum) == (a < b) ? x : y
    }
    return AlgebraicSum(.call(BinaryRow.of(function).formulaName, [x, y]))
  }

  /// This raised to an exponent that is no number, x^(n - 1) as x^n·x^(-1).
  private func power(of exponent: AlgebraicSum) -> AlgebraicSum {
    if number == .one { return self }
    // 0^x is no 0·0^(x - 1).
    if number == .zero { return AlgebraicSum(.power(self, exponent)) }
    if terms.count == 1, let (product, coefficient) = terms.first, coefficient == .one, product.factors.count == 1,
      case (.exponential(let own), let content)? = product.factors.first
    {
      return Self.exponential(content * own * exponent)
    }
    let number = exponent.constantTerm
    // Whole numbers come out of any exponent, others where no root of a negative number can arise.
    let isSplit = isPositive || number.isWhole
    let rest = isSplit ? exponent - AlgebraicSum(number) : exponent
    let content = rest.content
    let isDivided = isPositive || content.isWhole
    var result = isSplit ? power(number).factored : Monomial(.one)
    result.multiply(
      .power(self, isDivided ? content.reciprocal * rest : rest), isDivided ? content : .one)
    return result.sum
  }

  /// A comparison, with a number on the right where there is one.
  static func compare(_ symbol: String, _ x: AlgebraicSum, _ y: AlgebraicSum) -> AlgebraicSum {
    if let a = x.constantValue, let b = y.constantValue {
      let holds =
        switch symbol {
        case "<": a < b
        case "<=": a <= b
        default: a == b
        }
      return AlgebraicSum(holds ? 1 : 0)
    }
    let mirrored = ["<": ">", "<=": ">=", "==": "=="]
    if x.number != nil { return AlgebraicSum(.comparison(mirrored[symbol] ?? symbol, y, x)) }
    return AlgebraicSum(.comparison(symbol, x, y))
  }

  // MARK: - Values

  /// The value if there is no name in it.
  var constantValue: Double? {
    var sum = 0.0
    for (product, coefficient) in terms {
      var value = coefficient.double
      for (factor, exponent) in product.factors {
        guard let number = factor.constantValue else { return nil }
        value *= pow(number, exponent.double)
      }
      sum += value
    }
    return sum
  }
}

extension AlgebraicFactor {
  fileprivate var constantValue: Double? {
    switch self {
    case .constant(let name): return Formula.constants[name]
    case .root(let number): return Double(number)
    case .symbol, .reduction: return nil
    case .group(let sum): return sum.constantValue
    case .exponential(let sum): return sum.constantValue.map { exp($0) }
    case .power(let base, let exponent):
      return base.constantValue.flatMap { x in exponent.constantValue.map { pow(x, $0) } }
    case .call(let name, let arguments):
      let values = arguments.compactMap(\.constantValue)
      guard values.count == arguments.count else { return nil }
      if name == "where" { return values[0] != 0 ? values[1] : values[2] }
      var (x, y, output) = (values[0], values.last ?? 0, 0.0)
      if let row = UnaryRow.all.first(where: { $0.formulaName == name }) {
        Kernels<Double>.best.loop(row.function)(1, &x, &output)
      } else if let row = BinaryRow.all.first(where: { $0.formulaName == name }) {
        Kernels<Double>.best.loop(row.function)(1, &x, &y, &output)
      } else {
        return nil
      }
      return output
    case .comparison(let symbol, let left, let right):
      guard let x = left.constantValue, let y = right.constantValue else { return nil }
      let holds =
        switch symbol {
        case "<": x < y
        case "<=": x <= y
        case ">": x > y
        case ">=": x >= y
        default: x == y
        }
      return holds ? 1 : 0
    }
  }
}
