import Foundation

// Terms over one denominator, and what they share before brackets.
extension AlgebraicSum {
  /// With terms that share a denominator over it. Terms that are powers of names alone stay apart, as in 1/x + 1/x^2.
  var fractions: AlgebraicSum {
    var parts: [[Monomial]] = []
    for term in orderedMonomials {
      let (near, far) = (
        parts.filter { $0.contains { $0.sharesDenominator(with: term) } },
        parts.filter { !$0.contains { $0.sharesDenominator(with: term) } }
      )
      parts = far + [near.flatMap(\.self) + [term]]
    }
    return Self.total(
      parts.map { part in
        part.count == 1 || part.allSatisfy(\.isOfNames) ? Self.total(part.map(\.sum)) : Self.join(part)
      })
  }

  /// Terms as one product: what they share, over one denominator, and the rest in brackets.
  static func join(_ terms: [Monomial]) -> AlgebraicSum {
    var common = Monomial(.one)
    for factor in Set(terms.flatMap(\.factors.keys)) {
      let exponents = terms.map { $0.factors[factor] ?? .zero }
      let shared = factor.isDivisor ? exponents.min() : exponents.shared
      // Of exponents such as 1/2 and 1 none is left under the root.
      if let shared, !shared.isZero { common.multiply(factor, shared) }
    }
    let rest = quotient(of: terms, by: common)
    var numerator = rest.expanded
    var isReduced = false
    for (factor, exponent) in common.factors where exponent.isNegative && exponent.isWhole {
      guard case .group(let sum) = factor else { continue }
      while let left = common.factors[factor], left.isNegative, let quotient = numerator.divided(by: sum) {
        numerator = quotient
        common.multiply(factor, .one)
        isReduced = true
      }
    }
    let result = isReduced ? numerator : [rest, numerator].shortest
    return common.sum * result.withCommonNames
  }

  /// Whether a term has a denominator other than a number.
  var hasDenominator: Bool {
    terms.keys.contains { product in product.factors.contains { $0.key.isDivisor && $0.value.isNegative } }
  }

  // MARK: - Common factors

  /// With what all terms share before brackets, if that is more than a power of a name.
  var withCommonFactors: AlgebraicSum {
    let terms = orderedMonomials
    let common = Self.shared(by: terms)
    guard terms.count > 1, common.factors.keys.contains(where: { !$0.isName }) else { return self }
    return common.sum * Self.quotient(of: terms, by: common).orExpanded.withCommonNames
  }

  /// With whatever all terms share before brackets.
  private var withCommonNames: AlgebraicSum {
    let terms = orderedMonomials
    let common = Self.shared(by: terms)
    guard terms.count > 1, !common.factors.isEmpty else { return self }
    return common.sum * Self.quotient(of: terms, by: common)
  }

  /// The powers that are in all terms.
  private static func shared(by terms: [Monomial]) -> Monomial {
    var common = Monomial(.one)
    for factor in terms.first?.factors.keys.map(\.self) ?? [] {
      if let shared = terms.map({ $0.factors[factor] ?? .zero }).shared { common.multiply(factor, shared) }
    }
    return common
  }

  private static func quotient(of terms: [Monomial], by common: Monomial) -> AlgebraicSum {
    let inverse = common.power(ExactNumber(-1))
    return total(
      terms.map { term in
        var term = term
        term.multiply(by: inverse)
        return term.sum
      })
  }
}

extension Monomial {
  /// Whether there is nothing but whole powers of names.
  var isOfNames: Bool { factors.allSatisfy { $0.key.isName && $0.value.isWhole } }

  /// Whether both have a denominator that one fraction would put together: the same, or one under a root and the other
  /// not.
  fileprivate func sharesDenominator(with other: Monomial) -> Bool {
    factors.contains { factor, exponent in
      guard factor.isDivisor, let second = other.factors[factor] else { return false }
      if exponent.isNegative && second.isNegative { return true }
      return (exponent.isNegative || second.isNegative) && !exponent.isWhole && (exponent - second).isWhole
    }
  }
}

extension AlgebraicFactor {
  /// Whether its negative powers are written below a line that terms share: e^-x is no denominator.
  var isDivisor: Bool {
    switch self {
    case .symbol, .group, .call, .reduction: true
    case .constant, .root, .power, .exponential, .comparison: false
    }
  }

  /// Whether it alone is not worth brackets.
  var isName: Bool {
    if case .symbol = self { true } else { isConstant }
  }
}

extension [ExactNumber] {
  /// The exponent that is in all of them: the one nearest to 0 if all have its sign.
  fileprivate var shared: ExactNumber? {
    if allSatisfy({ $0 > .zero }) { return self.min() }
    return allSatisfy(\.isNegative) ? self.max() : nil
  }
}
