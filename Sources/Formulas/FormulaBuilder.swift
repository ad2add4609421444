import Autodiff
import Foundations

/// Adds a formula's tree to a graph.
struct FormulaBuilder {
  let text: String
  let graph: Graph
  let names: [String: Node]

  func build(_ syntax: FormulaSyntax) throws -> Node {
    switch syntax.kind {
    case .number(let value): return try graph.constant(value)
    case .name(let name): return try named(name, at: syntax.offset)
    case .negate(let operand):
      if case .number(let value) = operand.kind { return try graph.constant(-value) }
      let x = try build(operand)
      return try located(syntax.offset) { try -x }
    case .binary(let symbol, let left, let right):
      let (x, y) = (try build(left), try build(right))
      return try located(syntax.offset) { try symbol.apply(x, y) }
    case .call(let name, let arguments): return try call(name, arguments, at: syntax.offset)
    case .index(let array, let indices): return try index(build(array), indices, at: syntax.offset)
    case .array(let elements): return try array(elements, at: syntax.offset)
    }
  }

  /// Gives an operation's error the place in the formula.
  func located<Result>(_ offset: Int, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as TrainerError {
      throw FormulaError(text, at: offset, error.fault, remedy: error.remedy)
    }
  }

  private func named(_ name: String, at offset: Int) throws -> Node {
    if let node = names[name] { return node }
    if let value = Formula.constants[name] { return try graph.constant(value) }
    if FormulaFunction.named(name) != nil {
      throw FormulaError(text, at: offset, "'\(name)' is a function: write its arguments in brackets, \(name)(…)")
    }
    let known = names.keys.sorted()
    let hint =
      suggestion(for: name, among: known).map { "; did you mean \"\($0)\"?" }
      ?? (known.isEmpty ? "; no names have values here" : "; the names here are \(known.joined(separator: ", "))")
    throw FormulaError(text, at: offset, "unknown name '\(name)'\(hint)")
  }

  private func call(_ name: String, _ arguments: [FormulaArgument], at offset: Int) throws -> Node {
    guard let function = FormulaFunction.named(name) else {
      if names[name] != nil {
        throw FormulaError(
          text, at: offset, "'\(name)' is no function: write \(name)*(…) for a product or \(name)[…] for an element")
      }
      let known = suggestion(for: name, among: FormulaFunction.known)
      throw FormulaError(
        text, at: offset, "unknown function '\(name)'\(known.map { "; did you mean \"\($0)\"?" } ?? "")",
        remedy: known == nil ? .init("functions", "Formula.functions lists those that there are") : nil)
    }
    let call = try FormulaCall(of: function, arguments, at: offset, builder: self)
    return try located(offset) { try function.build(call) }
  }

  // MARK: - Arrays

  /// `[a, b]`: numbers make a constant, other values are stacked along a new first axis.
  private func array(_ elements: [FormulaSyntax], at offset: Int) throws -> Node {
    let nodes = try elements.map(build)
    return try located(offset) {
      guard !nodes.isEmpty else { return try graph.constant([], shape: [0]) }
      guard nodes.dropFirst().allSatisfy({ $0.shape == nodes[0].shape }) else {
        let shapes = nodes.map { "\($0.shape)" }.joined(separator: ", ")
        throw TrainerError(.usage, "the elements of an array must have one shape; these have \(shapes)")
      }
      let constants = nodes.compactMap { if case .constant(let values) = $0.kind { values } else { nil } }
      guard constants.count == nodes.count else { return try stack(nodes) }
      return try graph.constant(constants.flatMap(\.self), shape: [nodes.count] + nodes[0].shape)
    }
  }

  private func index(_ array: Node, _ indices: [FormulaIndex], at offset: Int) throws -> Node {
    var selections: [AxisSelection] = []
    // An index that is no whole number but a value of the graph gathers along its axis.
    var gathered: (indices: Node, axis: Int)?
    for index in indices {
      switch index {
      case .range(let from, let to, let step, _):
        selections.append(
          .range(from: try from.map(wholeNumber), to: try to.map(wholeNumber), step: try step.map(wholeNumber) ?? 1))
      case .element(let value):
        if let number = value.wholeNumber {
          selections.append(.index(number))
          continue
        }
        guard gathered == nil else {
          throw FormulaError(text, at: value.offset, "only one index may be an array; the others must be whole numbers")
        }
        if value.isWhole { _ = try wholeNumber(value) }
        if case .number(let number) = value.kind {
          throw FormulaError(text, at: value.offset, "the index \(JSONValue.text(of: number)) is no whole number")
        }
        let axis = selections.count { if case .range = $0 { true } else { false } }
        gathered = (try build(value), axis)
        selections.append(.range())
      }
    }
    return try located(offset) {
      let part = try array.elements(selections)
      return try gathered.map { try part.gather($0.indices, axis: $0.axis) } ?? part
    }
  }

  /// The whole number that a part of the formula is.
  ///
  /// - Throws: ``FormulaError`` if it is anything else.
  func wholeNumber(_ syntax: FormulaSyntax) throws -> Int {
    guard let number = syntax.wholeNumber else {
      if syntax.isWhole {
        throw FormulaError(text, at: syntax.offset, "this number is too large for an index, an axis or an extent")
      }
      throw FormulaError(text, at: syntax.offset, "expected a whole number written out, such as 0 or -1")
    }
    return number
  }
}

extension FormulaSyntax {
  /// The value if this is a whole number, perhaps negated, and small enough to be exact: below 2^53.
  var wholeNumber: Int? {
    switch kind {
    case .number(let value): value < 0x1p53 ? Int(exactly: value) : nil
    case .negate(let operand): operand.wholeNumber.map { -$0 }
    default: nil
    }
  }

  /// Whether this is a whole number of any size, perhaps negated.
  fileprivate var isWhole: Bool {
    switch kind {
    case .number(let value): value == value.rounded()
    case .negate(let operand): operand.isWhole
    default: false
    }
  }
}

extension FormulaOperator {
  fileprivate func apply(_ x: Node, _ y: Node) throws -> Node {
    switch self {
    case .add: try x + y
    case .subtract: try x - y
    case .multiply: try x * y
    case .divide: try x / y
    case .matmul: try x.matmul(y)
    case .power: try x.power(y)
    case .less: try x.isLess(than: y)
    case .lessOrEqual: try x.isAtMost(y)
    case .greater: try x.isGreater(than: y)
    case .greaterOrEqual: try x.isAtLeast(y)
    case .equal: try x.isEqual(to: y)
    case .notEqual: try x.isNotEqual(to: y)
    }
  }
}
