import Foundation

// A normal form brought into the form in which a person would write it: quotients over one denominator, common factors
// before brackets, and brackets multiplied out where that is shorter.
extension AlgebraicSum {
  /// Expressions beyond this size stay as they are: nobody reads them, and the work grows with the square.
  private static let mostTidied = 600
  /// The most terms that multiplying out may give.
  static let mostTerms = 200

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
    if factored.terms.count > 1 { return [factored, joined.expanded.withCommonFactors].shortest }
    return factored.isPolynomial ? factored.orExpanded : factored
  }

  var orExpanded: AlgebraicSum { [self, expanded].shortest }

  /// The terms in the order in which they are written.
  var orderedMonomials: [Monomial] {
    orderedTerms.map { Monomial($0.coefficient, factors: $0.product.factors) }
  }

  static func total(_ sums: [AlgebraicSum]) -> AlgebraicSum { sums.reduce(AlgebraicSum(0), +) }

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
  var withJoinedSquares: AlgebraicSum {
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
}

extension [AlgebraicSum] {
  /// The one that is written with the fewest characters, the first of several.
  var shortest: AlgebraicSum {
    self.min { $0.text.count < $1.text.count } ?? AlgebraicSum(0)
  }
}
