import Autodiff
import Foundations

/// A formula in usual notation, such as `w[0]^2 + w[1]^2 - w[0]*w[1]` or `sum((x - b)^2)`.
///
/// - Numbers (`2`, `.5`, `1e-3`), names, arrays `[1, 2, 3]`, and the constants `pi` and `e` unless the caller has
///   something else of that name.
/// - `+ - * / ^` and unary minus with the usual precedence: `-x^2` is −(x²), `2^3^2` is 2^9; `**` is `^`. Comparisons
///   `< <= > >= == !=` give 1 or 0. `@` is the matrix product. Everything broadcasts as in NumPy.
/// - `w[0]`, `m[1, :]`, `x[::-1]` as NumPy indexes; an array of indices gathers: `x[labels]`.
/// - Calls of ``functions`` under NumPy's names: `sum(x, axis=0)`; `max(x)` reduces, `maximum(x, y)` compares element by
///   element. `logSumExp` and `log_sum_exp` are the same name.
///
/// A formula becomes part of a graph once its names have values:
///
///     let graph = Graph()
///     let w = try graph.parameter("w", shape: [2])
///     let bowl = try Formula("w[0]^2 + w[1]^2 - w[0]*w[1]").build(in: graph, names: ["w": w])
public struct Formula: Sendable {
  /// The most tokens that a formula may have: it bounds the depth of its tree.
  static let longest = 4096

  /// The formula as written.
  public let text: String
  let syntax: FormulaSyntax

  /// Reads a formula.
  ///
  /// - Throws: ``FormulaError`` with the first place that does not fit the grammar.
  public init(_ text: String) throws {
    self.text = text
    syntax = try FormulaParser.parse(text)
  }

  /// What the names `pi` (also `π`) and `e` stand for where the caller has nothing else of that name.
  public static let constants: [String: Double] = ["pi": .pi, "π": .pi, "e": 2.718281828459045]

  /// All names in the formula but those of functions, in order of first appearance; also ``constants``.
  public var names: [String] {
    var names: [String] = []
    syntax.forEachName { name, _ in if !names.contains(name) { names.append(name) } }
    return names
  }

  /// An error about a name, which points at its first place in the formula.
  public func error(at name: String, _ message: String) -> FormulaError {
    var place: Int?
    syntax.forEachName { found, offset in if found == name, place == nil { place = offset } }
    return FormulaError(text, at: place ?? 0, message)
  }

  /// Adds the formula's value to a graph.
  ///
  /// - Parameter names: What each name stands for: parameters, inputs, or any other nodes of the graph.
  /// - Throws: ``FormulaError`` for an unknown name or function, or shapes that do not fit.
  public func build(in graph: Graph, names: [String: Node]) throws -> Node {
    try FormulaBuilder(text: text, graph: graph, names: names).build(syntax)
  }

  /// The value of a formula without names, such as `pi/2` or `[1/3, -2*pi]`.
  ///
  /// - Throws: ``FormulaError`` if it cannot be computed without a name's value, and `TrainerError` for operations that
  ///   have no value for these operands.
  public func constantValue() throws -> ArrayValue {
    let graph = Graph()
    let node = try build(in: graph, names: [:])
    return ArrayValue(try graph.evaluate(node), shape: node.shape)
  }

  /// A function that formulas may call.
  public struct Function: Sendable {
    /// How it is called: `sum(x, axis=…, keepdims=…)`.
    public let signature: String
    /// What it gives.
    public let summary: String
    /// Whether it is an operator under another name, such as `add`.
    public let isOperator: Bool
  }

  /// All functions, in the order of documentation.
  public static var functions: [Function] {
    FormulaFunction.all.map { Function(signature: $0.signature, summary: $0.summary, isOperator: $0.isOperator) }
  }
}
