import Foundation

/// A product while it is made: a coefficient and powers of factors, to which factors are multiplied one by one.
struct Monomial: Sendable {
  private(set) var coefficient: ExactNumber
  private(set) var factors: [AlgebraicFactor: ExactNumber]

  init(_ coefficient: ExactNumber, factors: [AlgebraicFactor: ExactNumber] = [:]) {
    (self.coefficient, self.factors) = (coefficient, factors)
  }

  /// The product as an expression.
  var sum: AlgebraicSum { AlgebraicSum(AlgebraicProduct(factors: factors), times: coefficient) }

  /// The product of all powers with their exponents multiplied by a whole number.
  func power(_ exponent: ExactNumber) -> Monomial {
    var result = Monomial(coefficient, raisedTo: exponent)
    for (factor, own) in factors { result.multiply(factor, own * exponent) }
    return result
  }

  mutating func multiply(by other: Monomial) {
    coefficient = coefficient * other.coefficient
    for (factor, exponent) in other.factors { multiply(factor, exponent) }
  }

  /// Multiplies by a power of a factor.
  mutating func multiply(_ factor: AlgebraicFactor, _ exponent: ExactNumber) {
    let total = (factors[factor] ?? .zero) + exponent
    factors[factor] = nil
    if total.isZero { return }
    switch factor {
    case .comparison:
      // It is 0 or 1 and thus its own square.
      factors[factor] = total > .one ? .one : total
    case .root(let number):
      let whole = total.floor ?? 0
      coefficient = coefficient * ExactNumber(number).power(whole)
      let rest = total - ExactNumber(whole)
      if !rest.isZero { factors[factor] = rest }
    case .group(let sum) where total.isWhole: multiplyWhole(sum, total)
    case .call("abs", let arguments) where total.isEven: multiply(by: arguments[0].factored.power(total))
    case .call("sign", let arguments):
      // The square is 1 but at a single point.
      if !total.isEven { factors[factor] = total.isWhole ? .one : total }
      joinSign(of: arguments[0])
    default: factors[factor] = total
    }
    if case .call("abs", let arguments) = factor { joinSign(of: arguments[0]) }
    if case .symbol = factor { joinSign(of: AlgebraicSum(factor)) }
  }

  /// Multiplies by a whole power of a sum, in which nothing stands that could come before its brackets.
  private mutating func multiplyWhole(_ sum: AlgebraicSum, _ exponent: ExactNumber) {
    let base = sum.factored
    guard sum.terms.count > 1, case .group(let inner)? = base.factors.keys.first else {
      return multiply(by: base.power(exponent))
    }
    coefficient = coefficient * Monomial(base.coefficient, raisedTo: exponent).coefficient
    let opposite = AlgebraicFactor.group(-inner)
    // (x - 1)·(1 - x) is -(1 - x)^2.
    let isTurned = factors[opposite]?.isWhole ?? false
    if isTurned, !exponent.isEven { coefficient = -coefficient }
    let factor = isTurned ? opposite : .group(inner)
    let total = (factors[factor] ?? .zero) + exponent
    factors[factor] = total.isZero ? nil : total
  }

  /// sign(x)·|x| is x, and x·sign(x) is |x|.
  private mutating func joinSign(of argument: AlgebraicSum) {
    let (sign, size) = (AlgebraicFactor.call("sign", [argument]), AlgebraicFactor.call("abs", [argument]))
    guard factors[sign] == .one else { return }
    if let exponent = factors[size], exponent.isWhole {
      (factors[sign], factors[size]) = (nil, nil)
      multiply(by: argument.factored.power(exponent))
    } else if let factor = argument.singleFactor, let exponent = factors[factor], exponent >= .one {
      factors[sign] = nil
      multiply(factor, ExactNumber(-1))
      multiply(size, .one)
    }
  }
}

extension Monomial {
  /// A number raised to another: exactly, with a root where there is one, or else rounded.
  init(_ number: ExactNumber, raisedTo exponent: ExactNumber) {
    if let whole = exponent.whole {
      self.init(number.power(whole))
      return
    }
    guard let (above, below) = number.fraction, above > 0, exponent.fraction != nil || number == .one else {
      self.init(ExactNumber(pow(number.double, exponent.double)))
      return
    }
    self.init(.one)
    multiplyRoot(above, exponent)
    multiplyRoot(below, -exponent)
  }

  /// Multiplies by a power of a whole number: √12 is 2√3.
  private mutating func multiplyRoot(_ number: Int, _ exponent: ExactNumber) {
    var rest = number
    var left: [ExactNumber: Int] = [:]
    func take(_ prime: Int, _ count: Int, into product: inout Monomial) {
      let total = ExactNumber(count) * exponent
      let whole = total.floor ?? 0
      product.coefficient = product.coefficient * ExactNumber(prime).power(whole)
      let fraction = total - ExactNumber(whole)
      if !fraction.isZero { left[fraction, default: 1] *= prime }
    }
    var prime = 2
    while prime <= rest / prime, prime < 1000 {
      var count = 0
      while rest.isMultiple(of: prime) { (rest, count) = (rest / prime, count + 1) }
      if count > 0 { take(prime, count, into: &self) }
      prime += 1
    }
    if rest > 1 { take(rest, 1, into: &self) }
    for (fraction, base) in left { multiply(.root(base), fraction) }
  }
}
