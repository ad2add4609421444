import Foundation

// A normal form brought into the form in which a person would write it: quotients over one denominator, common factors
// before brackets, and brackets multiplied out where that is shorter.
extension AlgebraicSum {
  /// Expressions beyond this size stay as they are: nobody reads them, and the work grows with the square.
  private static let mostTidied = 600
  /// The most terms that multiplying out may give.
  private static let mostTerms = 200

  /// The same value in a form that is easier to read.
  var tidied: AlgebraicSum {
    guard size <= Self.mostTidied else { return self }
    let whole = withJoinedChoices.withTidyParts.withAlignedSigns.withJoinedSquares
    guard whole.terms.count > 1 else { return whole.isPolynomial ? whole.orExpanded : whole }
    let joined = whole.fractions
    if joined.terms.count > 1, joined.hasDenominator, !joined.orderedMonomials.allSatisfy(\.isOfNames) {
      // 2 - (x^2 + 1)/x^2 is 1 - 1/x^2.
      return [joined.withCommonFactors, Self.join(joined.orderedMonomials), whole.expanded.fractions].shortest
    }
    let factored = joined.withCommonFactors
    return factored.isPolynomial ? factored.orExpanded : factored
  }

  private var orExpanded: AlgebraicSum { [self, expanded].shortest }

  /// The terms in the order in which they are written.
  private var orderedMonomials: [Monomial] {
    orderedTerms.map { Monomial($0.coefficient, factors: $0.product.factors) }
  }

  private static func total(_ sums: [AlgebraicSum]) -> AlgebraicSum { sums.reduce(AlgebraicSum(0), +) }

  // MARK: - Parts

  /// With each part that stands in brackets tidied, and those with denominators of their own over one.
  private var withTidyParts: AlgebraicSum {
    Self.total(
      orderedMonomials.map { term in
        let hasDenominator = term.factors.contains { $0.key.isDivisor && $0.value.isNegative }
        var result = Monomial(term.coefficient)
        for (factor, exponent) in term.factors.sorted(by: { $0.key.text < $1.key.text }) {
          if case .group(let sum) = factor, exponent.isWhole {
            var part = sum.tidied
            if hasDenominator, part.hasDenominator { part = Self.join(part.orderedMonomials) }
            result.multiply(by: part.factored.power(exponent))
          } else {
            result.multiply(factor, exponent)
          }
        }
        return result.sum
      })
  }

  /// With choices by one condition as one, and what stands before a choice in its branch: where(c, 1, 0)*x +
  /// where(c, 0, 1)*y is where(c, x, y).
  private var withJoinedChoices: AlgebraicSum {
    var others = AlgebraicSum(0)
    var branches: [AlgebraicSum: (AlgebraicSum, AlgebraicSum)] = [:]
    for term in orderedMonomials {
      let choices = term.factors.keys.filter { factor in
        guard case .call("where", let parts) = factor, term.factors[factor] == .one else { return false }
        return parts[1].number == .zero || parts[2].number == .zero
      }
      guard let choice = choices.min(by: { $0.text < $1.text }), case .call(_, let parts) = choice else {
        others = others + term.sum
        continue
      }
      var rest = term
      rest.multiply(choice, ExactNumber(-1))
      let (yes, no) = branches[parts[0]] ?? (AlgebraicSum(0), AlgebraicSum(0))
      branches[parts[0]] = (yes + parts[1] * rest.sum, no + parts[2] * rest.sum)
    }
    for (condition, (yes, no)) in branches {
      others = others + (yes == no ? yes : AlgebraicSum(.call("where", [condition, yes.tidied, no.tidied])))
    }
    return others
  }

  /// With sin(x)^2 + cos(x)^2 and cosh(x)^2 - sinh(x)^2 as 1.
  private var withJoinedSquares: AlgebraicSum {
    var result = self
    for (name, other, sign) in [("cos", "sin", 1), ("cosh", "sinh", -1)] {
      for (product, coefficient) in orderedTerms {
        for case (.call(name, let arguments), let exponent) in product.factors where exponent >= ExactNumber(2) {
          var rest = Monomial(.one, factors: product.factors)
          rest.multiply(.call(name, arguments), ExactNumber(-2))
          var partner = rest
          partner.multiply(.call(other, arguments), ExactNumber(2))
          let second = AlgebraicProduct(factors: partner.factors)
          guard result.terms[product] == coefficient, result.terms[second] == ExactNumber(sign) * coefficient else {
            continue
          }
          let pair = AlgebraicSum(terms: [product: coefficient, second: ExactNumber(sign) * coefficient])
          result = result - pair + coefficient * rest.sum
        }
      }
    }
    return result
  }

  /// With x - 1 and 1 - x as one factor: that which is a denominator, or begins with its highest power.
  private var withAlignedSigns: AlgebraicSum {
    var groups: [AlgebraicSum: Bool] = [:]
    for product in terms.keys {
      for case (.group(let sum), let exponent) in product.factors where exponent.isWhole {
        groups[sum] = (groups[sum] ?? false) || exponent.isNegative
      }
    }
    let turned = groups.keys.filter { sum in
      guard let isDenominator = groups[sum], let isOther = groups[-sum] else { return false }
      if isDenominator != isOther { return isOther }
      let (own, other) = (sum.beginsWithHighestPower, (-sum).beginsWithHighestPower)
      return own == other ? (-sum).text < sum.text : other
    }
    guard !turned.isEmpty else { return self }
    return Self.total(
      orderedMonomials.map { term in
        var result = Monomial(term.coefficient)
        for (factor, exponent) in term.factors {
          if case .group(let sum) = factor, exponent.isWhole, turned.contains(sum) {
            result.multiply(by: Monomial(ExactNumber(exponent.isEven ? 1 : -1)))
            result.multiply(.group(-sum), exponent)
          } else {
            result.multiply(factor, exponent)
          }
        }
        return result.sum
      })
  }

  private var beginsWithHighestPower: Bool {
    let degrees = orderedTerms.map(\.product.degree)
    return degrees.first == degrees.max()
  }

  // MARK: - Denominators

  /// With terms that share a denominator over it. Terms that are powers of names alone stay apart, as in 1/x + 1/x^2.
  private var fractions: AlgebraicSum {
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
  private static func join(_ terms: [Monomial]) -> AlgebraicSum {
    var common = Monomial(.one)
    for factor in Set(terms.flatMap(\.factors.keys)) {
      let exponents = terms.map { $0.factors[factor] ?? .zero }
      let shared = factor.isDivisor ? exponents.min() : exponents.shared
      // Of exponents such as 1/2 and 1 none is left under the root.
      if let shared, !shared.isZero { common.multiply(factor, shared) }
    }
    let inverse = common.power(ExactNumber(-1))
    let rest = total(
      terms.map { term in
        var term = term
        term.multiply(by: inverse)
        return term.sum
      })
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
  private var hasDenominator: Bool {
    terms.keys.contains { product in product.factors.contains { $0.key.isDivisor && $0.value.isNegative } }
  }

  // MARK: - Common factors

  /// With what all terms share before brackets, if that is more than a power of a name.
  private var withCommonFactors: AlgebraicSum {
    let terms = orderedMonomials
    guard terms.count > 1 else { return self }
    let isWorth = terms[0].factors.keys.contains { factor in
      !factor.isName && terms.map { $0.factors[factor] ?? .zero }.shared != nil
    }
    return isWorth ? Self.join(terms, sharing: true) : self
  }

  private static func join(_ terms: [Monomial], sharing: Bool) -> AlgebraicSum {
    var common = Monomial(.one)
    for factor in terms[0].factors.keys {
      if let shared = terms.map({ $0.factors[factor] ?? .zero }).shared { common.multiply(factor, shared) }
    }
    let inverse = common.power(ExactNumber(-1))
    let rest = total(
      terms.map { term in
        var term = term
        term.multiply(by: inverse)
        return term.sum
      })
    return common.sum * rest.orExpanded
  }

  /// With the powers that all terms share before brackets.
  private var withCommonNames: AlgebraicSum {
    let terms = orderedMonomials
    guard terms.count > 1 else { return self }
    var common = Monomial(.one)
    for factor in terms[0].factors.keys {
      if let shared = terms.map({ $0.factors[factor] ?? .zero }).shared { common.multiply(factor, shared) }
    }
    if common.factors.isEmpty { return self }
    let inverse = common.power(ExactNumber(-1))
    return common.sum
      * Self.total(
        terms.map { term in
          var term = term
          term.multiply(by: inverse)
          return term.sum
        })
  }

  // MARK: - Multiplying out

  /// Whether it is made of sums, products and whole powers of names and numbers alone.
  private var isPolynomial: Bool {
    terms.keys.allSatisfy { product in
      product.factors.allSatisfy { factor, exponent in
        switch factor {
        case .symbol, .constant: exponent.isWhole && !exponent.isNegative
        case .group(let sum): exponent.isWhole && !exponent.isNegative && sum.isPolynomial
        default: false
        }
      }
    }
  }

  /// With the brackets multiplied out that have a positive whole power; unchanged if that gives too many terms.
  private var expanded: AlgebraicSum {
    var result = AlgebraicSum(0)
    for term in orderedMonomials {
      var kept = Monomial(term.coefficient)
      var sums: [AlgebraicSum] = []
      for (factor, exponent) in term.factors {
        if case .group(let sum) = factor, let power = exponent.whole, power > 0 {
          guard power <= 8 else { return self }
          sums += Array(repeating: sum, count: power)
        } else {
          kept.multiply(factor, exponent)
        }
      }
      var products = AlgebraicSum(terms: [AlgebraicProduct(factors: kept.factors): kept.coefficient])
      for sum in sums.sorted(by: { $0.text < $1.text }) {
        guard products.terms.count * sum.terms.count <= Self.mostTerms else { return self }
        products = products.distributed(over: sum)
      }
      result = result + products
      guard result.terms.count <= Self.mostTerms else { return self }
    }
    return result.withJoinedSquares
  }

  private func distributed(over sum: AlgebraicSum) -> AlgebraicSum {
    var result = AlgebraicSum(0)
    for left in orderedMonomials {
      for right in sum.orderedMonomials {
        var product = left
        product.multiply(by: right)
        result = result + product.sum
      }
    }
    return result
  }

  /// The quotient by a sum if nothing is left over: long division by the terms that come first when exponents are
  /// compared factor by factor.
  private func divided(by divisor: AlgebraicSum) -> AlgebraicSum? {
    let factors = Set((Array(terms.keys) + Array(divisor.terms.keys)).flatMap(\.factors.keys))
      .sorted { $0.text < $1.text }
    func leading(_ sum: AlgebraicSum) -> Monomial? {
      let first = sum.terms.max { a, b in
        for factor in factors {
          let (x, y) = (a.key.factors[factor] ?? .zero, b.key.factors[factor] ?? .zero)
          if x != y { return x < y }
        }
        return false
      }
      return first.map { Monomial($0.value, factors: $0.key.factors) }
    }
    guard let first = leading(divisor), !terms.isEmpty else { return nil }
    let inverse = first.power(ExactNumber(-1))
    var (rest, quotient) = (self, AlgebraicSum(0))
    for _ in 0..<64 {
      guard var step = leading(rest) else { return quotient }
      step.multiply(by: inverse)
      guard step.factors.allSatisfy({ !$0.key.isDivisor || !$0.value.isNegative }) else { return nil }
      quotient = quotient + step.sum
      rest = rest - step.sum.distributed(over: divisor)
      guard rest.terms.count <= Self.mostTerms else { return nil }
    }
    return nil
  }
}

extension Monomial {
  /// Whether there is nothing but whole powers of names.
  fileprivate var isOfNames: Bool { factors.allSatisfy { $0.key.isName && $0.value.isWhole } }

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
  fileprivate var isDivisor: Bool {
    switch self {
    case .symbol, .group, .call, .reduction: true
    case .constant, .root, .power, .exponential, .comparison: false
    }
  }

  /// Whether it alone is not worth brackets.
  fileprivate var isName: Bool {
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

extension [AlgebraicSum] {
  /// The one that is written with the fewest characters, the first of several.
  fileprivate var shortest: AlgebraicSum {
    self.min { $0.text.count < $1.text.count } ?? AlgebraicSum(0)
  }
}
