import Autodiff

extension Formula {
  /// The least shapes that the names can have by how the formula indexes them: `w[0, 2]` makes `w` a matrix of at least
  /// 1 row and 3 columns, and what is never indexed is taken for a scalar. A guess, for pictures of formulas whose names
  /// have no values.
  public var leastShapes: [(name: String, shape: Shape)] {
    var shapes: [String: Shape] = [:]
    syntax.forEachIndexedName { name, indices in
      var shape = shapes[name] ?? []
      for (axis, index) in indices.enumerated() {
        if axis == shape.count { shape.append(1) }
        shape[axis] = max(shape[axis], index.leastExtent)
      }
      shapes[name] = shape
    }
    return names.filter { Formula.constants[$0] == nil || shapes[$0] != nil }.map { ($0, shapes[$0] ?? []) }
  }
}

extension FormulaIndex {
  fileprivate var leastExtent: Int {
    func extent(_ syntax: FormulaSyntax?, isEnd: Bool) -> Int {
      guard let number = syntax?.wholeNumber else { return 1 }
      return number < 0 ? -number : isEnd ? max(number, 1) : number + 1
    }
    switch self {
    case .element(let value): return extent(value, isEnd: false)
    case .range(let from, let to, _, _): return max(extent(from, isEnd: false), extent(to, isEnd: true))
    }
  }
}

extension FormulaSyntax {
  /// The parts that this one is made of.
  var parts: [FormulaSyntax] {
    switch kind {
    case .number, .name: []
    case .negate(let operand): [operand]
    case .binary(_, let left, let right): [left, right]
    // In sum(x, keepdims=true) the last word is no name.
    case .call(_, let arguments): arguments.map(\.value).filter { !FormulaCall.isFlag($0) }
    case .index(let array, let indices):
      [array]
        + indices.flatMap { index in
          switch index {
          case .element(let value): [value]
          case .range(let from, let to, let step, _): [from, to, step].compactMap { $0 }
          }
        }
    case .array(let elements): elements
    }
  }

  /// Calls `body` with each name and the place where it stands, in order.
  func forEachName(_ body: (String, Int) -> Void) {
    if case .name(let name) = kind { body(name, offset) }
    for part in parts { part.forEachName(body) }
  }

  fileprivate func forEachIndexedName(_ body: (String, [FormulaIndex]) -> Void) {
    if case .index(let array, let indices) = kind, case .name(let name) = array.kind { body(name, indices) }
    for part in parts { part.forEachIndexedName(body) }
  }
}
