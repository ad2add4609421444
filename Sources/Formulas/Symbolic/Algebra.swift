import Foundation

/// A scalar expression in a normal form in which ordinary algebra is done by itself: like terms and like factors are
/// collected, numbers are multiplied out. Products of sums stay products.
///
/// The rules are those of real numbers where both sides are defined: 0·x is 0 and x/x is 1.
struct AlgebraicSum: Hashable, Sendable {
  /// The coefficient of each product; none is 0. The number itself is the coefficient of the empty product.
  private(set) var terms: [AlgebraicProduct: Double]

  private init(terms: [AlgebraicProduct: Double]) { self.terms = terms }

  /// A number.
  init(_ number: Double) { terms = number == 0 ? [:] : [AlgebraicProduct(): number] }

  /// An indivisible factor.
  init(_ factor: AlgebraicFactor) { self.init(product: AlgebraicProduct(factors: [factor: 1]), coefficient: 1) }

  /// The value if this is a number.
  var number: Double? {
    if terms.isEmpty { return 0 }
    return terms.count == 1 ? terms[AlgebraicProduct()] : nil
  }

  /// A product of factors with a coefficient.
  private init(product: AlgebraicProduct, coefficient: Double) {
    // A sum in brackets with nothing but a number before it needs no brackets.
    if product.factors.count == 1, let (factor, exponent) = product.factors.first, exponent == 1,
      case .group(let sum) = factor
    {
      self = coefficient * sum
    } else {
      terms = coefficient == 0 ? [:] : [product: coefficient]
    }
  }

  static func + (left: AlgebraicSum, right: AlgebraicSum) -> AlgebraicSum {
    var terms = left.terms
    for (product, coefficient) in right.terms {
      let sum = (terms[product] ?? 0) + coefficient
      terms[product] = sum == 0 ? nil : sum
    }
    return AlgebraicSum(terms: terms)
  }

  static func - (left: AlgebraicSum, right: AlgebraicSum) -> AlgebraicSum { left + -1 * right }

  static func * (number: Double, sum: AlgebraicSum) -> AlgebraicSum {
    number == 0 ? AlgebraicSum(0) : AlgebraicSum(terms: sum.terms.mapValues { number * $0 })
  }

  static func * (left: AlgebraicSum, right: AlgebraicSum) -> AlgebraicSum {
    if let number = left.number { return number * right }
    if let number = right.number { return number * left }
    let (a, b) = (left.factored, right.factored)
    return AlgebraicSum(product: a.product * b.product, coefficient: a.coefficient * b.coefficient)
  }

  static func / (left: AlgebraicSum, right: AlgebraicSum) -> AlgebraicSum { left * right.power(-1) }

  /// This raised to a number.
  func power(_ exponent: Double) -> AlgebraicSum {
    if exponent == 1 { return self }
    if exponent == 0 { return AlgebraicSum(1) }
    if let number { return AlgebraicSum(pow(number, exponent)) }
    let (product, coefficient) = factored
    // (a b)^n is a^n b^n, and (a^m)^n is a^(mn), for whole n; else only what is known to be positive comes out.
    if exponent == exponent.rounded() {
      return AlgebraicSum(
        product: product.power(exponent), coefficient: pow(coefficient, exponent))
    }
    if product.factors.count == 1, product.factors.values.first == 1, coefficient > 0 {
      return AlgebraicSum(
        product: product.power(exponent), coefficient: pow(coefficient, exponent))
    }
    return AlgebraicSum(product: AlgebraicProduct(factors: [.group(self): exponent]), coefficient: 1)
  }

  /// This as one product with a coefficient: a sum of several terms becomes a factor in brackets, without the sign and
  /// the divisor that its terms have in common, so that x − y and 2y − 2x are the same factor.
  private var factored: (product: AlgebraicProduct, coefficient: Double) {
    if terms.count == 1, let (product, coefficient) = terms.first { return (product, coefficient) }
    let ordered = orderedTerms
    let divisor = commonDivisor * ((ordered.first?.coefficient ?? 1) < 0 ? -1 : 1)
    let reduced = AlgebraicSum(terms: terms.mapValues { $0 / divisor })
    return (AlgebraicProduct(factors: [.group(reduced): 1]), divisor)
  }

  /// The size of coefficients that differ only in sign, the greatest common divisor of whole ones, else 1.
  private var commonDivisor: Double {
    let sizes = Set(terms.values.map(abs))
    if sizes.count == 1, let size = sizes.first, size.isFinite { return size }
    var divisor = 0.0
    for coefficient in terms.values {
      guard coefficient == coefficient.rounded(), abs(coefficient) < 1e15 else { return 1 }
      (divisor, _) = gcd(divisor, abs(coefficient))
    }
    return max(divisor, 1)
  }

  private func gcd(_ a: Double, _ b: Double) -> (Double, Double) {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a.truncatingRemainder(dividingBy: b)) }
    return (a, b)
  }

  /// The number of factors in all, however deep: what bounds the text's length.
  var size: Int { terms.keys.reduce(1) { $0 + $1.size } }
}

/// A product of powers of factors, without a coefficient.
struct AlgebraicProduct: Hashable, Sendable {
  /// The exponent of each factor; none is 0.
  var factors: [AlgebraicFactor: Double] = [:]

  static func * (left: AlgebraicProduct, right: AlgebraicProduct) -> AlgebraicProduct {
    var product = left
    for (factor, exponent) in right.factors {
      var sum = (product.factors[factor] ?? 0) + exponent
      // A comparison is 0 or 1 and thus its own square.
      if case .comparison = factor, sum > 1 { sum = 1 }
      product.factors[factor] = sum == 0 ? nil : sum
    }
    return product
  }

  func power(_ exponent: Double) -> AlgebraicProduct {
    AlgebraicProduct(
      factors: Dictionary(
        uniqueKeysWithValues: factors.map { factor, own in
          if case .comparison = factor, own * exponent > 1 { (factor, 1) } else { (factor, own * exponent) }
        }))
  }

  var size: Int { factors.keys.reduce(1) { $0 + $1.size } }
}

/// What algebra does not take apart.
indirect enum AlgebraicFactor: Hashable, Sendable {
  /// A name, with its index where it is an element of an array.
  case symbol(String)
  /// A sum in brackets.
  case group(AlgebraicSum)
  /// A power whose exponent is no number.
  case power(AlgebraicSum, AlgebraicSum)
  /// A function of scalars.
  case call(String, [AlgebraicSum])
  /// A function of one array.
  case reduction(String, [AlgebraicSum])
  /// 1 where the comparison holds, else 0.
  case comparison(String, AlgebraicSum, AlgebraicSum)

  var size: Int {
    switch self {
    case .symbol: 1
    case .group(let sum): sum.size
    case .power(let x, let y), .comparison(_, let x, let y): x.size + y.size
    case .call(_, let arguments), .reduction(_, let arguments): arguments.reduce(1) { $0 + $1.size }
    }
  }
}
