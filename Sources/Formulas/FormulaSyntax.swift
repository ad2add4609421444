/// A formula as a tree, before names have values and shapes.
struct FormulaSyntax: Sendable {
  indirect enum Kind: Sendable {
    case number(Double)
    case name(String)
    case negate(FormulaSyntax)
    case binary(FormulaOperator, FormulaSyntax, FormulaSyntax)
    case call(String, [FormulaArgument])
    case index(FormulaSyntax, [FormulaIndex])
    case array([FormulaSyntax])
  }

  let kind: Kind
  /// Where it begins, or where its operator stands, for errors: in characters from 0.
  let offset: Int
}

/// An argument of a call, named or by position.
struct FormulaArgument: Sendable {
  let name: String?
  let value: FormulaSyntax
}

/// What stands between the brackets of an index, for one axis.
enum FormulaIndex: Sendable {
  case element(FormulaSyntax)
  case range(from: FormulaSyntax?, to: FormulaSyntax?, step: FormulaSyntax?, offset: Int)
}

/// An operator between two operands.
enum FormulaOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case matmul = "@"
  case power = "^"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case equal = "=="
  case notEqual = "!="
}

/// The smallest parts of a formula.
struct FormulaToken: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case number(Double)
    case name(String)
    /// An operator or a bracket.
    case symbol(String)
    case end
  }

  let kind: Kind
  let offset: Int

  var described: String {
    switch kind {
    case .number(let value): "the number \(value)"
    case .name(let name): "'\(name)'"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end"
    }
  }
}

/// Cuts a formula into tokens.
struct FormulaLexer {
  private let text: String
  private let characters: [Character]
  private var position = 0

  init(_ text: String) {
    self.text = text
    characters = Array(text)
  }

  /// All tokens, the last of them `end`.
  ///
  /// - Throws: `FormulaError` for a character or a number that no formula has.
  static func tokens(of text: String) throws -> [FormulaToken] {
    var lexer = FormulaLexer(text)
    var tokens: [FormulaToken] = []
    repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
    return tokens
  }

  private func peek(_ distance: Int = 0) -> Character? {
    position + distance < characters.count ? characters[position + distance] : nil
  }

  private mutating func next() throws -> FormulaToken {
    while let character = peek(), character.isWhitespace { position += 1 }
    let start = position
    guard let character = peek() else { return FormulaToken(kind: .end, offset: start) }
    if isDigit(character) || (character == "." && peek(1).map(isDigit) == true) { return try number() }
    if character.isLetter || character == "_" {
      while let character = peek(), character.isLetter || character == "_" || isDigit(character) { position += 1 }
      return FormulaToken(kind: .name(String(characters[start..<position])), offset: start)
    }
    for symbol in ["**", "<=", ">=", "==", "!="] where peek(1) == symbol.last && character == symbol.first {
      position += 2
      return FormulaToken(kind: .symbol(symbol == "**" ? "^" : symbol), offset: start)
    }
    position += 1
    // Signs that are copied from printed mathematics.
    let printed: [Character: String] = ["−": "-", "×": "*", "·": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!="]
    let symbol = printed[character] ?? String(character)
    guard printed[character] != nil || "+-*/^@()[],:<>=".contains(character) else {
      throw FormulaError(text, at: start, "'\(character)' has no meaning in a formula")
    }
    return FormulaToken(kind: .symbol(symbol), offset: start)
  }

  private mutating func number() throws -> FormulaToken {
    let start = position
    position = endOfDigits(from: position)
    if peek() == "." { position = endOfDigits(from: position + 1) }
    if peek() == "e" || peek() == "E" {
      var digits = position + 1
      if digits < characters.count, "+-".contains(characters[digits]) { digits += 1 }
      let end = endOfDigits(from: digits)
      // `2e` is no number with an exponent but the number 2 before the name e, which the parser complains about.
      if end > digits { position = end }
    }
    let digits = String(characters[start..<position])
    guard let value = Double(digits), value.isFinite else {
      throw FormulaError(text, at: start, "the number '\(digits)' is beyond the range of float64")
    }
    return FormulaToken(kind: .number(value), offset: start)
  }

  private func endOfDigits(from start: Int) -> Int {
    characters[start...].firstIndex { !isDigit($0) } ?? characters.count
  }

  private func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
