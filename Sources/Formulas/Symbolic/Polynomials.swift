import Foundation

// Sums of products of names: multiplied out, and divided.
extension AlgebraicSum {
  /// Whether it is made of sums, products and whole powers of names and numbers alone.
  var isPolynomial: Bool {
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
  var expanded: AlgebraicSum {
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
  func divided(by divisor: AlgebraicSum) -> AlgebraicSum? {
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
