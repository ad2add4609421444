/// Turns tokens into a tree, by precedence climbing. From loose to tight:
///
///     comparison   a < b            at most one, no chains
///     sum          a + b - c        from the left
///     product      a * b / c @ d    from the left
///     sign         -a               looser than powers: -x^2 is -(x^2)
///     power        a ^ b            from the right: 2^3^2 is 2^9
///     index        a[0, 1:3]
struct FormulaParser {
  /// Deeper nesting than any formula that a person writes, and far from the end of the stack.
  private static let deepestNesting = 200

  private let text: String
  private let tokens: [FormulaToken]
  private var position = 0
  private var depth = 0

  private init(_ text: String) throws {
    self.text = text
    tokens = try FormulaLexer.tokens(of: text)
  }

  /// The tree of a whole formula.
  ///
  /// - Throws: `FormulaError` with the first place that does not fit.
  static func parse(_ text: String) throws -> FormulaSyntax {
    var parser = try FormulaParser(text)
    guard parser.tokens.count <= Formula.longest else {
      throw FormulaError(
        text, at: 0, "the formula has \(parser.tokens.count) parts; at most \(Formula.longest) are allowed")
    }
    if parser.tokens.count == 1 { throw FormulaError(text, at: 0, "the formula is empty") }
    let tree = try parser.comparison()
    guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
    return tree
  }

  private var token: FormulaToken { tokens[position] }

  private func isSymbol(_ symbol: String) -> Bool { token.kind == .symbol(symbol) }

  private mutating func accept(_ symbol: String) -> Bool {
    guard isSymbol(symbol) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ symbol: String, after opening: Int? = nil, _ expected: String) throws {
    if accept(symbol) { return }
    if token.kind == .end, let opening {
      throw FormulaError(text, at: opening, "this bracket is never closed: '\(symbol)' is missing")
    }
    throw unexpected(expected)
  }

  private func unexpected(_ expected: String) -> FormulaError {
    let previous = position > 0 ? tokens[position - 1] : token
    if case .number = previous.kind, case .name(let name) = token.kind, expected.hasPrefix("an operator") {
      return FormulaError(text, at: token.offset, "found '\(name)' after a number; write * between factors")
    }
    if isSymbol("=") {
      return FormulaError(text, at: token.offset, "found '=', expected \(expected); equality is written ==")
    }
    return FormulaError(text, at: token.offset, "found \(token.described), expected \(expected)")
  }

  private func acceptsOperator(_ operators: [FormulaOperator]) -> FormulaOperator? {
    guard case .symbol(let symbol) = token.kind, let found = FormulaOperator(rawValue: symbol) else { return nil }
    return operators.contains(found) ? found : nil
  }

  // MARK: - Levels

  private mutating func comparison() throws -> FormulaSyntax {
    let comparisons: [FormulaOperator] = [.less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual]
    let left = try sum()
    guard let found = acceptsOperator(comparisons) else { return left }
    let offset = token.offset
    position += 1
    let result = FormulaSyntax(kind: .binary(found, left, try sum()), offset: offset)
    if acceptsOperator(comparisons) != nil {
      throw FormulaError(
        text, at: token.offset, "comparisons cannot be chained; multiply them instead: (a < b)*(b < c)")
    }
    return result
  }

  private mutating func sum() throws -> FormulaSyntax {
    try leftAssociative([.add, .subtract]) { try $0.product() }
  }

  private mutating func product() throws -> FormulaSyntax {
    try leftAssociative([.multiply, .divide, .matmul]) { try $0.sign() }
  }

  private mutating func leftAssociative(
    _ operators: [FormulaOperator], _ operand: (inout FormulaParser) throws -> FormulaSyntax
  ) throws -> FormulaSyntax {
    var left = try operand(&self)
    while let found = acceptsOperator(operators) {
      let offset = token.offset
      position += 1
      left = FormulaSyntax(kind: .binary(found, left, try operand(&self)), offset: offset)
    }
    return left
  }

  /// Every bracket, sign and power comes through here, which is where nesting is counted.
  private mutating func sign() throws -> FormulaSyntax {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepestNesting else {
      throw FormulaError(text, at: token.offset, "brackets and signs are nested more than \(Self.deepestNesting) deep")
    }
    let offset = token.offset
    if accept("+") { return try sign() }
    guard accept("-") else { return try power() }
    return FormulaSyntax(kind: .negate(try sign()), offset: offset)
  }

  private mutating func power() throws -> FormulaSyntax {
    let base = try postfix()
    let offset = token.offset
    guard accept("^") else { return base }
    // The exponent may have a sign, and is itself a power: both come from the right.
    return FormulaSyntax(kind: .binary(.power, base, try sign()), offset: offset)
  }

  private mutating func postfix() throws -> FormulaSyntax {
    var value = try primary()
    while isSymbol("[") {
      let opening = token.offset
      position += 1
      var indices: [FormulaIndex] = []
      repeat { indices.append(try index()) } while accept(",")
      try expect("]", after: opening, "',' or ']'")
      value = FormulaSyntax(kind: .index(value, indices), offset: opening)
    }
    return value
  }

  private mutating func index() throws -> FormulaIndex {
    let offset = token.offset
    func ends(_ parser: FormulaParser) -> Bool {
      parser.isSymbol(":") || parser.isSymbol(",") || parser.isSymbol("]") || parser.token.kind == .end
    }
    let from = ends(self) && isSymbol(":") ? nil : try comparison()
    guard accept(":") else {
      guard let from else { throw unexpected("an index") }
      return .element(from)
    }
    let to = ends(self) ? nil : try comparison()
    let step = accept(":") && !ends(self) ? try comparison() : nil
    return .range(from: from, to: to, step: step, offset: offset)
  }

  private mutating func primary() throws -> FormulaSyntax {
    let start = token
    switch start.kind {
    case .number(let value):
      position += 1
      return FormulaSyntax(kind: .number(value), offset: start.offset)
    case .name(let name):
      position += 1
      return isSymbol("(")
        ? try call(name, at: start.offset) : FormulaSyntax(kind: .name(name), offset: start.offset)
    case .symbol("("):
      position += 1
      let first = try comparison()
      guard isSymbol(",") else {
        try expect(")", after: start.offset, "an operator or ')'")
        return first
      }
      return try list(from: first, until: ")", start.offset)
    case .symbol("["):
      position += 1
      if accept("]") { return FormulaSyntax(kind: .array([]), offset: start.offset) }
      return try list(from: comparison(), until: "]", start.offset)
    default:
      throw unexpected("a number, a name or '('")
    }
  }

  /// The rest of a list whose bracket and first element are read. Round brackets make the same list as square ones, so
  /// that `axis=(0, 1)` and `reshape(x, (2, 3))` read as in Python.
  private mutating func list(from first: FormulaSyntax, until closing: String, _ opening: Int) throws -> FormulaSyntax {
    var elements = [first]
    while accept(",") {
      if isSymbol(closing) { break }
      elements.append(try comparison())
    }
    try expect(closing, after: opening, "',' or '\(closing)'")
    return FormulaSyntax(kind: .array(elements), offset: opening)
  }

  private mutating func call(_ name: String, at offset: Int) throws -> FormulaSyntax {
    let opening = token.offset
    position += 1
    var arguments: [FormulaArgument] = []
    if !isSymbol(")") {
      repeat { arguments.append(try argument()) } while accept(",")
    }
    try expect(")", after: opening, "',' or ')'")
    return FormulaSyntax(kind: .call(name, arguments), offset: offset)
  }

  private mutating func argument() throws -> FormulaArgument {
    guard case .name(let name) = token.kind, tokens[position + 1].kind == .symbol("=") else {
      return FormulaArgument(name: nil, value: try comparison())
    }
    position += 2
    return FormulaArgument(name: name, value: try comparison())
  }
}
