import Foundations

// The normal form as a formula that reads as a person would write it, and that parses back to the same value.
extension AlgebraicSum {
  /// The terms as they are written: by falling degree, first in names and then in functions, then by name, a number last; a
  /// positive one first if there is one.
  var orderedTerms: [(product: AlgebraicProduct, coefficient: ExactNumber)] {
    if terms.count == 1, let (product, coefficient) = terms.first { return [(product, coefficient)] }
    var ordered = terms.map { product, coefficient in
      (
        product: product, coefficient: coefficient, degree: product.degree, order: product.orderInFunctions,
        text: product.sortKey
      )
    }
    ordered.sort { a, b in
      if a.product.factors.isEmpty != b.product.factors.isEmpty { return b.product.factors.isEmpty }
      if a.degree != b.degree { return a.degree > b.degree }
      return a.order != b.order ? a.order > b.order : naturallyPrecedes(a.text, b.text)
    }
    if let first = ordered.first, first.coefficient.isNegative,
      let positive = ordered.firstIndex(where: { !$0.coefficient.isNegative })
    {
      ordered.insert(ordered.remove(at: positive), at: 0)
    }
    return ordered.map { ($0.product, $0.coefficient) }
  }

  /// The formula.
  var text: String {
    if case .comparison(let symbol, let left, let right)? = singleFactor {
      return "\(left.comparedText) \(symbol) \(right.comparedText)"
    }
    let ordered = orderedTerms
    if ordered.isEmpty { return "0" }
    return ordered.enumerated().reduce(into: "") { text, term in
      var (product, coefficient) = term.element
      // -(x - 1) reads better as 1 - x.
      if term.offset == 0, coefficient.isNegative, let turned = product.turned {
        (product, coefficient) = (turned, -coefficient)
      }
      text += term.offset == 0 ? (coefficient.isNegative ? "-" : "") : (coefficient.isNegative ? " - " : " + ")
      text += product.text(times: coefficient.magnitude)
    }
  }

  /// The formula as an operand of a power.
  fileprivate var operandText: String {
    switch singleFactor {
    case .symbol?, .constant?, .call?, .reduction?, .exponential?: return text
    default:
      guard let number, !number.isNegative, number.fraction?.below ?? 1 == 1 else { return "(\(text))" }
      return text
    }
  }

  /// The formula as an operand of a comparison, which cannot be chained.
  private var comparedText: String {
    if case .comparison? = singleFactor { return "(\(text))" }
    return text
  }
}

extension AlgebraicProduct {
  /// The sum of the exponents of names and brackets.
  var degree: Double {
    factors.reduce(0) { degree, factor in
      switch factor.key {
      case .symbol, .group: degree + factor.value.double
      default: degree
      }
    }
  }

  /// The sum of the exponents of functions.
  fileprivate var orderInFunctions: Double {
    factors.reduce(0) { order, factor in
      switch factor.key {
      case .call, .reduction, .exponential: order + factor.value.double
      default: order
      }
    }
  }

  fileprivate var sortKey: String { text(times: .one) }

  /// The negated product by a sum in brackets that then begins with a positive term; `nil` if there is none.
  fileprivate var turned: AlgebraicProduct? {
    let candidates = factors.compactMap { factor, exponent -> AlgebraicSum? in
      guard case .group(let sum) = factor, exponent == .one, sum.terms.values.contains(where: \.isNegative) else {
        return nil
      }
      return sum
    }
    guard let sum = candidates.min(by: { $0.text < $1.text }) else { return nil }
    var turned = self
    turned.factors[.group(sum)] = nil
    turned.factors[.group(-sum)] = .one
    return turned
  }

  /// The product with a coefficient that is not negative.
  fileprivate func text(times coefficient: ExactNumber) -> String {
    var (coefficient, powers) = (coefficient, factors)
    var above: [Written] = []
    var below: [Written] = []
    // Powers of one base with exponents that are no numbers are written as one, with the number that stands beside them.
    var exponents: [AlgebraicSum: AlgebraicSum] = [:]
    for (factor, exponent) in factors {
      switch factor {
      case .power(let base, let own):
        exponents[base] = (exponents[base] ?? AlgebraicSum(0)) + exponent * own
        powers[factor] = nil
      case .exponential(let own):
        above.append(Written(factor, "exp(\((exponent * own).text))"))
        powers[factor] = nil
      default: break
      }
    }
    for (base, exponent) in exponents {
      var exponent = exponent
      if let factor = base.singleFactor ?? (base.terms.count > 1 ? .group(base) : nil), let number = powers[factor] {
        exponent = exponent + AlgebraicSum(number)
        powers[factor] = nil
      }
      if let number = base.number?.whole { coefficient.moveFactors(number, to: &exponent) }
      above.append(Written(.power(base, exponent), "\(base.operandText)^\(exponent.operandText)"))
    }
    for (factor, exponent) in powers {
      let written = Written(factor, powerText(factor, exponent.magnitude))
      if exponent.isNegative { below.append(written) } else { above.append(written) }
    }
    // Constants come before names, but in a denominator behind them.
    above.sort { $0.isConstant != $1.isConstant ? $0.isConstant : Written.precedes($0, $1) }
    below.sort(by: Written.precedes)
    return joined(coefficient, above.map(\.text), below.map(\.text))
  }

  private func joined(_ coefficient: ExactNumber, _ above: [String], _ below: [String]) -> String {
    var (above, below) = (above, below)
    let inverse = coefficient.reciprocal
    if let (numerator, denominator) = coefficient.fraction {
      if numerator != 1 || above.isEmpty { above.insert("\(numerator)", at: 0) }
      if denominator != 1 { below.insert("\(denominator)", at: 0) }
    } else if !below.isEmpty, inverse.isWhole, coefficient.double.significand == 1 {
      // 0.5/sqrt(x) reads better as 1/(2*sqrt(x)), which is exact for powers of two.
      below.insert(inverse.text, at: 0)
    } else {
      above.insert(coefficient.text, at: 0)
    }
    if above.isEmpty { above = ["1"] }
    let numerator = above.joined(separator: "*")
    if below.isEmpty { return numerator }
    return numerator + "/" + (below.count == 1 ? below[0] : "(\(below.joined(separator: "*")))")
  }

  private func powerText(_ factor: AlgebraicFactor, _ exponent: ExactNumber) -> String {
    let base = factor.text
    if exponent == .one { return base }
    if exponent == ExactNumber(1) / ExactNumber(2) {
      // A base in brackets brings them along.
      if case .group = factor { return "sqrt\(base)" }
      return "sqrt(\(base))"
    }
    return "\(base)^\(AlgebraicSum(exponent).operandText)"
  }
}

/// A factor as it is written.
private struct Written {
  let factor: AlgebraicFactor
  let text: String
  let isConstant: Bool

  init(_ factor: AlgebraicFactor, _ text: String) {
    (self.factor, self.text, isConstant) = (factor, text, factor.isConstant)
  }

  static func precedes(_ a: Written, _ b: Written) -> Bool {
    a.factor.rank != b.factor.rank ? a.factor.rank < b.factor.rank : naturallyPrecedes(a.text, b.text)
  }
}

extension ExactNumber {
  /// Takes powers of a whole number out of this one into an exponent: 2·2^x is 2^(x + 1).
  fileprivate mutating func moveFactors(_ base: Int, to exponent: inout AlgebraicSum) {
    guard base > 1 else { return }
    while let (above, below) = fraction, above != 0 {
      if above.isMultiple(of: base) {
        self = self / ExactNumber(base)
        exponent = exponent + AlgebraicSum(1)
      } else if below.isMultiple(of: base) {
        self = self * ExactNumber(base)
        exponent = exponent - AlgebraicSum(1)
      } else {
        return
      }
    }
  }
}

extension AlgebraicFactor {
  /// Names come before functions, and those before brackets.
  fileprivate var rank: Int {
    switch self {
    case .symbol, .constant, .root: 0
    case .power: 1
    case .call, .reduction, .exponential: 2
    case .group: 3
    case .comparison: 4
    }
  }

  var text: String {
    switch self {
    case .symbol(let name), .constant(let name): name
    case .root(let number): "\(number)"
    case .group(let sum): "(\(sum.text))"
    case .power(let base, let exponent): "\(base.operandText)^\(exponent.operandText)"
    case .exponential(let exponent): "exp(\(exponent.text))"
    case .call(let name, let arguments): "\(name)(\(arguments.map(\.text).joined(separator: ", ")))"
    case .reduction(let name, let elements): "\(name)([\(elements.map(\.text).joined(separator: ", "))])"
    case .comparison: "(\(AlgebraicSum(self).text))"
    }
  }
}

/// Whether a text comes before another when runs of digits count as numbers: `w[2]` before `w[10]`.
private func naturallyPrecedes(_ left: String, _ right: String) -> Bool {
  var (a, b) = (Substring(left), Substring(right))
  while let x = a.first, let y = b.first {
    if x.isNumber, y.isNumber {
      let (m, n) = (a.prefix { $0.isNumber }, b.prefix { $0.isNumber })
      if m != n { return m.count != n.count ? m.count < n.count : m < n }
      (a, b) = (a.dropFirst(m.count), b.dropFirst(n.count))
    } else {
      if x != y { return x < y }
      (a, b) = (a.dropFirst(), b.dropFirst())
    }
  }
  return a.isEmpty && !b.isEmpty
}
