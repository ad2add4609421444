import Autodiff
import Foundations

/// A call with its arguments sorted to the parameters of the function.
struct FormulaCall {
  let builder: FormulaBuilder
  private let function: FormulaFunction
  private let offset: Int
  private var arguments: [String: FormulaSyntax] = [:]

  /// Sorts the arguments.
  ///
  /// - Throws: `FormulaError` for one too many, an unknown name, one given twice, or one that is missing.
  init(
    of function: FormulaFunction, _ given: [FormulaArgument], at offset: Int, builder: FormulaBuilder
  ) throws {
    (self.builder, self.function, self.offset) = (builder, function, offset)
    for (position, argument) in given.enumerated() {
      let name: String
      if let given = argument.name {
        guard function.parameters.contains(where: { $0.name == given }) else {
          let hint = suggestion(for: given, among: function.parameters.map(\.name)).map { "; did you mean \"\($0)\"?" }
          throw error(argument.value.offset, "\(function.signature) has no argument '\(given)'\(hint ?? "")")
        }
        name = given
      } else {
        if position > 0, given[..<position].contains(where: { $0.name != nil }) {
          throw error(argument.value.offset, "arguments by position must come before those with names")
        }
        guard position < function.parameters.count else {
          let (allowed, hint) = (function.parameters.count, function.hintForSurplus)
          throw error(
            argument.value.offset,
            "\(function.signature) takes at most \(allowed) argument\(allowed == 1 ? "" : "s")\(hint)")
        }
        name = function.parameters[position].name
      }
      guard arguments.updateValue(argument.value, forKey: name) == nil else {
        throw error(argument.value.offset, "the argument '\(name)' is given twice")
      }
    }
    for parameter in function.parameters where parameter.isRequired && arguments[parameter.name] == nil {
      throw error(offset, "\(function.signature) lacks its argument '\(parameter.name)'")
    }
  }

  private func error(_ offset: Int, _ message: String) -> FormulaError {
    FormulaError(builder.text, at: offset, message)
  }

  /// The value of an argument that must be given.
  func node(_ name: String) throws -> Node {
    guard let node = try optionalNode(name) else { throw error(offset, "the argument '\(name)' is missing") }
    return node
  }

  /// The value of an argument, or `nil` if it is not given.
  func optionalNode(_ name: String) throws -> Node? { try arguments[name].map(builder.build) }

  /// The values of an argument that is a list.
  func nodes(_ name: String) throws -> [Node] {
    guard let argument = arguments[name], case .array(let elements) = argument.kind else {
      throw error(arguments[name]?.offset ?? offset, "'\(name)' must be a list in brackets, such as [x, y]")
    }
    return try elements.map(builder.build)
  }

  /// A whole number, or `nil` if it is not given.
  func integer(_ name: String) throws -> Int? { try arguments[name].map(builder.wholeNumber) }

  /// Whole numbers in brackets, or one without; `nil` if not given.
  func integers(_ name: String) throws -> [Int]? {
    guard let argument = arguments[name] else { return nil }
    guard case .array(let elements) = argument.kind else { return [try builder.wholeNumber(argument)] }
    return try elements.map(builder.wholeNumber)
  }

  /// Whole numbers, in brackets within brackets or not, and how they are nested: for the widths of `pad`.
  func pairs(_ name: String, count: Int) throws -> [(Int, Int)] {
    guard let argument = arguments[name] else { return [] }
    if let width = argument.wholeNumber { return Array(repeating: (width, width), count: count) }
    guard case .array(let elements) = argument.kind else { throw badPairs(argument) }
    if elements.count == 2, let before = elements[0].wholeNumber, let after = elements[1].wholeNumber {
      return Array(repeating: (before, after), count: count)
    }
    return try elements.map { element in
      guard case .array(let pair) = element.kind, pair.count == 2 else { throw badPairs(element) }
      return (try builder.wholeNumber(pair[0]), try builder.wholeNumber(pair[1]))
    }
  }

  private func badPairs(_ syntax: FormulaSyntax) -> FormulaError {
    error(syntax.offset, "expected a width, a pair (before, after), or a list of a pair for each axis")
  }

  /// `true` or `false`, also 1 or 0; `false` if not given.
  func flag(_ name: String) throws -> Bool {
    guard let argument = arguments[name] else { return false }
    switch argument.kind {
    case .name(let word) where Self.flags[word] != nil: return Self.flags[word] ?? false
    case .number(let number) where number == 0 || number == 1: return number == 1
    default: throw error(argument.offset, "'\(name)' must be true or false")
    }
  }

  private static let flags = ["true": true, "True": true, "false": false, "False": false]

  /// Whether an argument is one of the words `true` and `false`.
  static func isFlag(_ syntax: FormulaSyntax) -> Bool {
    if case .name(let word) = syntax.kind { flags[word] != nil } else { false }
  }
}
