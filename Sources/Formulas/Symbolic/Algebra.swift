import Foundation

/// A scalar expression in a normal form in which ordinary algebra is done by itself: like terms and like factors are
/// collected, numbers are multiplied out. Products of sums stay products.
///
/// The rules are those of real numbers where both sides are defined: 0·x is 0, x/x is 1, and x·x^(x − 1) is x^x.
struct AlgebraicSum: Hashable, Sendable {
  /// The coefficient of each product; none is 0. The number itself is the coefficient of the empty product.
  private(set) var terms: [AlgebraicProduct: ExactNumber]

  init(terms: [AlgebraicProduct: ExactNumber]) { self.terms = terms }

  /// A number.
  init(_ number: ExactNumber) { terms = number.isZero ? [:] : [AlgebraicProduct(): number] }

  /// A whole number.
  init(_ number: Int) { self.init(ExactNumber(number)) }

  /// An indivisible factor.
  init(_ factor: AlgebraicFactor) { self.init(AlgebraicProduct(factors: [factor: .one]), times: .one) }

  /// A product of factors with a coefficient.
  init(_ product: AlgebraicProduct, times coefficient: ExactNumber) {
    // A sum in brackets with nothing but a number before it needs no brackets.
    if product.factors.count == 1, let (factor, exponent) = product.factors.first, exponent == .one,
      case .group(let sum) = factor
    {
      self = coefficient * sum
    } else {
      terms = coefficient.isZero ? [:] : [product: coefficient]
    }
  }

  /// The value if this is a number.
  var number: ExactNumber? {
    if terms.isEmpty { return .zero }
    return terms.count == 1 ? terms[AlgebraicProduct()] : nil
  }

  /// The factor if this is one and nothing else.
  var singleFactor: AlgebraicFactor? {
    guard terms.count == 1, let (product, coefficient) = terms.first, coefficient == .one, product.factors.count == 1,
      let (factor, exponent) = product.factors.first, exponent == .one
    else { return nil }
    return factor
  }

  /// The number that stands beside the other terms.
  var constantTerm: ExactNumber { terms[AlgebraicProduct()] ?? .zero }

  static func + (left: AlgebraicSum, right: AlgebraicSum) -> AlgebraicSum {
    var terms = left.terms
    for (product, coefficient) in right.terms {
      let sum = (terms[product] ?? .zero) + coefficient
      terms[product] = sum.isZero ? nil : sum
    }
    return AlgebraicSum(terms: terms)
  }

  static func - (left: AlgebraicSum, right: AlgebraicSum) -> AlgebraicSum { left + -right }

  static prefix func - (sum: AlgebraicSum) -> AlgebraicSum { ExactNumber(-1) * sum }

  static func * (number: ExactNumber, sum: AlgebraicSum) -> AlgebraicSum {
    number.isZero ? AlgebraicSum(0) : AlgebraicSum(terms: sum.terms.mapValues { number * $0 })
  }

  static func * (left: AlgebraicSum, right: AlgebraicSum) -> AlgebraicSum {
    if let number = left.number { return number * right }
    if let number = right.number { return number * left }
    var monomial = left.factored
    monomial.multiply(by: right.factored)
    return monomial.sum
  }

  static func / (left: AlgebraicSum, right: AlgebraicSum) -> AlgebraicSum { left * right.power(ExactNumber(-1)) }

  /// This raised to a number.
  func power(_ exponent: ExactNumber) -> AlgebraicSum {
    if exponent == .one { return self }
    if exponent.isZero { return AlgebraicSum(1) }
    if let number { return Monomial(number, raisedTo: exponent).sum }
    let base = factored
    // (a b)^n is a^n b^n, and (a^m)^n is a^(mn), for whole n; else only what is known to be positive comes out.
    if exponent.isWhole { return base.power(exponent).sum }
    let content = Monomial(base.coefficient, raisedTo: exponent)
    if content.factors.isEmpty, !base.coefficient.isNegative {
      var root = Monomial(content.coefficient)
      let rest = (base.coefficient.reciprocal) * self
      if base.factors.count == 1, let (factor, own) = base.factors.first, terms.count == 1,
        factor.isPositive || !own.isEven
      {
        root.multiply(factor, own * exponent)
      } else {
        root.multiply(.group(rest), exponent)
      }
      return root.sum
    }
    return AlgebraicSum(AlgebraicProduct(factors: [.group(self): exponent]), times: .one)
  }

  /// This as one product with a coefficient: a sum of several terms becomes a factor in brackets, without the number
  /// that its terms have in common.
  var factored: Monomial {
    if terms.count == 1, let (product, coefficient) = terms.first {
      return Monomial(coefficient, factors: product.factors)
    }
    if terms.isEmpty { return Monomial(.zero) }
    let content = self.content
    return Monomial(content, factors: [.group(content.reciprocal * self): .one])
  }

  /// The number that all terms have in common; negative if all are.
  var content: ExactNumber {
    let content = ExactNumber.content(of: Array(terms.values))
    return terms.values.allSatisfy(\.isNegative) ? -content : content
  }

  /// The number of factors in all, however deep: what bounds the text's length.
  var size: Int { terms.keys.reduce(1) { $0 + $1.size } }

  /// Whether a part of it, other than a comparison that stands alone, is another formula in one part of its domain than
  /// in another.
  var isPiecewise: Bool { terms.keys.contains { $0.factors.keys.contains(where: \.isPiecewise) } }

  /// Whether there is no name in it.
  var isConstant: Bool { terms.keys.allSatisfy { $0.factors.keys.allSatisfy(\.isConstant) } }
}

/// A product of powers of factors, without a coefficient.
struct AlgebraicProduct: Hashable, Sendable {
  /// The exponent of each factor; none is 0.
  var factors: [AlgebraicFactor: ExactNumber] = [:]

  var size: Int { factors.keys.reduce(1) { $0 + $1.size } }
}

/// What algebra does not take apart.
indirect enum AlgebraicFactor: Hashable, Sendable {
  /// `pi` or `e`.
  case constant(String)
  /// A whole number greater than 1 below a root: its exponent lies between 0 and 1.
  case root(Int)
  /// A name, with its index where it is an element of an array.
  case symbol(String)
  /// A sum in brackets.
  case group(AlgebraicSum)
  /// A power whose exponent has no number beside it.
  case power(AlgebraicSum, AlgebraicSum)
  /// e to the power of a sum without a number before it.
  case exponential(AlgebraicSum)
  /// A function of scalars.
  case call(String, [AlgebraicSum])
  /// A function of one array.
  case reduction(String, [AlgebraicSum])
  /// 1 where the comparison holds, else 0.
  case comparison(String, AlgebraicSum, AlgebraicSum)

  var size: Int {
    switch self {
    case .constant, .root, .symbol: 1
    case .group(let sum): sum.size
    case .exponential(let sum): sum.size + 1
    case .power(let x, let y), .comparison(_, let x, let y): x.size + y.size
    case .call(_, let arguments), .reduction(_, let arguments): arguments.reduce(1) { $0 + $1.size }
    }
  }

  var isConstant: Bool {
    switch self {
    case .constant, .root: true
    case .symbol: false
    case .group(let sum), .exponential(let sum): sum.isConstant
    case .power(let x, let y), .comparison(_, let x, let y): x.isConstant && y.isConstant
    case .call(_, let arguments), .reduction(_, let arguments): arguments.allSatisfy(\.isConstant)
    }
  }

  /// Whether it is another formula in one part of its domain than in another, but for the comparison that it may be itself.
  fileprivate var isPiecewise: Bool {
    switch self {
    case .constant, .root, .symbol: false
    case .group(let sum), .exponential(let sum): sum.isPiecewise
    case .power(let x, let y), .comparison(_, let x, let y): x.isPiecewise || y.isPiecewise
    case .reduction: true
    case .call(let name, let arguments):
      ["relu", "minimum", "maximum", "where", "sign"].contains(name) || arguments.contains(where: \.isPiecewise)
    }
  }

  /// Whether it is above 0 whatever its names stand for.
  var isPositive: Bool {
    switch self {
    case .constant, .root, .exponential: true
    case .power(let base, _): base.isPositive
    case .call(let name, _): ["cosh", "sigmoid", "softplus"].contains(name)
    case .symbol, .group, .reduction, .comparison: false
    }
  }
}

extension AlgebraicSum {
  /// Whether this is a positive number or a factor that is above 0 whatever its names stand for.
  var isPositive: Bool { number.map { !$0.isNegative && !$0.isZero } ?? singleFactor?.isPositive ?? false }
}
