import Foundations

// The normal form as a formula that reads as a person would write it, and that parses back to the same value.
extension AlgebraicSum {
  /// The terms as they are written: by falling degree, then by name, a number last; a positive one first if there is
  /// one.
  var orderedTerms: [(product: AlgebraicProduct, coefficient: Double)] {
    var ordered = terms.map { (product: $0.key, coefficient: $0.value, degree: $0.key.degree, text: $0.key.sortKey) }
    ordered.sort { a, b in
      if a.product.factors.isEmpty != b.product.factors.isEmpty { return b.product.factors.isEmpty }
      return a.degree != b.degree ? a.degree > b.degree : naturallyPrecedes(a.text, b.text)
    }
    if let first = ordered.first, first.coefficient < 0,
      let positive = ordered.firstIndex(where: { $0.coefficient > 0 })
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
      let (product, coefficient) = term.element
      let isNegative = coefficient < 0
      text += term.offset == 0 ? (isNegative ? "-" : "") : (isNegative ? " - " : " + ")
      text += product.text(times: abs(coefficient))
    }
  }

  /// The formula as an operand of a power.
  fileprivate var operandText: String {
    switch singleFactor {
    case .symbol?, .call?, .reduction?: return text
    default: return number.map { $0 >= 0 } == true ? text : "(\(text))"
    }
  }

  /// The formula as an operand of a comparison, which cannot be chained.
  private var comparedText: String {
    if case .comparison? = singleFactor { return "(\(text))" }
    return text
  }

  private var singleFactor: AlgebraicFactor? {
    guard terms.count == 1, let (product, coefficient) = terms.first, coefficient == 1, product.factors.count == 1,
      let (factor, exponent) = product.factors.first, exponent == 1
    else { return nil }
    return factor
  }
}

extension AlgebraicProduct {
  /// The sum of the exponents of names and brackets.
  fileprivate var degree: Double {
    factors.reduce(0) { degree, factor in
      switch factor.key {
      case .symbol, .group: degree + factor.value
      default: degree
      }
    }
  }

  fileprivate var sortKey: String { text(times: 1) }

  /// The product with a coefficient that is not negative.
  fileprivate func text(times coefficient: Double) -> String {
    let ordered = factors.map { (factor: $0.key, exponent: $0.value, text: $0.key.text) }.sorted { a, b in
      a.factor.rank != b.factor.rank ? a.factor.rank < b.factor.rank : naturallyPrecedes(a.text, b.text)
    }
    var above = ordered.filter { $0.exponent > 0 }.map { powerText($0.factor, $0.text, $0.exponent) }
    var below = ordered.filter { $0.exponent < 0 }.map { powerText($0.factor, $0.text, -$0.exponent) }
    // 0.5/sqrt(x) reads better as 1/(2*sqrt(x)), which is exact for powers of two.
    let inverse = 1 / coefficient
    if !below.isEmpty, coefficient < 1, inverse == inverse.rounded(), coefficient.significand == 1 {
      below.insert(numberText(inverse), at: 0)
    } else if coefficient != 1 || above.isEmpty {
      above.insert(numberText(coefficient), at: 0)
    }
    if above.isEmpty { above = ["1"] }
    let numerator = above.joined(separator: "*")
    if below.isEmpty { return numerator }
    return numerator + "/" + (below.count == 1 ? below[0] : "(\(below.joined(separator: "*")))")
  }

  private func powerText(_ factor: AlgebraicFactor, _ base: String, _ exponent: Double) -> String {
    if exponent == 1 { return base }
    // Powers bind from the right.
    if case .power = factor { return "(\(base))^\(numberText(exponent))" }
    if exponent == 0.5 {
      // A base in brackets brings them along.
      return base.hasPrefix("(") && base.hasSuffix(")") ? "sqrt\(base)" : "sqrt(\(base))"
    }
    return "\(base)^\(numberText(exponent))"
  }
}

extension AlgebraicFactor {
  /// Names come before functions, and those before brackets.
  fileprivate var rank: Int {
    switch self {
    case .symbol: 0
    case .power: 1
    case .call, .reduction: 2
    case .group: 3
    case .comparison: 4
    }
  }

  fileprivate var text: String {
    switch self {
    case .symbol(let name): name
    case .group(let sum): "(\(sum.text))"
    case .power(let base, let exponent): "\(base.operandText)^\(exponent.operandText)"
    case .call(let name, let arguments): "\(name)(\(arguments.map(\.text).joined(separator: ", ")))"
    case .reduction(let name, let elements): "\(name)([\(elements.map(\.text).joined(separator: ", "))])"
    case .comparison: "(\(AlgebraicSum(self).text))"
    }
  }
}

private func numberText(_ number: Double) -> String {
  number.isFinite ? JSONValue.text(of: number) : "\(number)"
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
