import Autodiff
import Foundations
import Kernels

/// A function that formulas may call.
struct FormulaFunction: Sendable {
  struct Parameter: Sendable {
    let name: String
    let isRequired: Bool
  }

  /// NumPy's name, or SciPy's or PyTorch's where NumPy has none.
  let name: String
  let parameters: [Parameter]
  let summary: String
  let build: @Sendable (FormulaCall) throws -> Node

  /// Creates a function; parameters whose names end in `?` may be left out.
  private init(
    _ name: String, _ parameters: String..., is summary: String, build: @escaping @Sendable (FormulaCall) throws -> Node
  ) {
    self.name = name
    self.parameters = parameters.map {
      Parameter(name: $0.hasSuffix("?") ? String($0.dropLast()) : $0, isRequired: !$0.hasSuffix("?"))
    }
    self.summary = summary
    self.build = build
  }

  /// `sum(x, axis=…, keepdims=…)`.
  var signature: String {
    "\(name)(\(parameters.map { $0.isRequired ? $0.name : "\($0.name)=…" }.joined(separator: ", ")))"
  }

  /// Whether it is an operator under another name.
  var isOperator: Bool {
    [
      "pow", "add", "sub", "mul", "div", "neg", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    ].contains(name)
  }

  /// What someone means who gives too many arguments.
  var hintForSurplus: String {
    switch name {
    case "max": "; maximum(x, y) compares element by element"
    case "min": "; minimum(x, y) compares element by element"
    default: ""
    }
  }

  /// The function of that name, whether its words are joined, set apart by underscores or by capitals.
  static func named(_ name: String) -> FormulaFunction? { byName[fold(name)] }

  /// Every name that can be called, for suggestions.
  static var known: [String] { all.map(\.name) + aliases.keys.sorted() }

  private static func fold(_ name: String) -> String { name.lowercased().filter { $0 != "_" } }

  private static let byName: [String: FormulaFunction] = {
    var functions: [String: FormulaFunction] = [:]
    for function in all { functions[fold(function.name)] = function }
    for (alias, name) in aliases { functions[alias] = functions[fold(name)] }
    for row in UnaryRow.all { functions[fold(row.function.name)] = functions[fold(row.formulaName)] }
    for row in BinaryRow.all { functions[fold(row.function.name)] = functions[fold(row.formulaName)] }
    return functions
  }()

  // Folded spellings of other libraries; the names of this package's own operations are known too.
  private static let aliases = [
    "variance": "var", "gather": "take", "negative": "neg", "amax": "max", "amin": "min", "select": "where",
    "absolute": "abs", "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
  ]

  /// All functions, in the order of documentation.
  static let all: [FormulaFunction] =
    elementwise + [
      FormulaFunction("clip", "x", "min?", "max?", is: "x, but at least min and at most max") {
        try $0.node("x").clip(from: $0.optionalNode("min"), to: $0.optionalNode("max"))
      },
      FormulaFunction("where", "condition", "x", "y", is: "x where the condition is not 0, else y") {
        try select($0.node("condition"), $0.node("x"), $0.node("y"))
      },
      FormulaFunction("not_equal", "x", "y", is: "1 where x != y, else 0") {
        try $0.node("x").isNotEqual(to: $0.node("y"))
      },
      FormulaFunction("greater", "x", "y", is: "1 where x > y, else 0") {
        try $0.node("x").isGreater(than: $0.node("y"))
      },
      FormulaFunction("greater_equal", "x", "y", is: "1 where x >= y, else 0") {
        try $0.node("x").isAtLeast($0.node("y"))
      },
    ] + reductions + movements

  private static let elementwise: [FormulaFunction] =
    UnaryRow.all.map { row in
      FormulaFunction(row.formulaName, "x", is: row.summary) { try $0.node("x").apply(row.function) }
    }
    + BinaryRow.all.map { row in
      FormulaFunction(row.formulaName, "x", "y", is: row.summary) {
        try $0.node("x").apply(row.function, $0.node("y"))
      }
    }

  private static let reductions: [FormulaFunction] =
    ReductionRow.all.map { row in
      FormulaFunction(row.function.name, "x", "axis?", "keepdims?", is: row.summary) {
        try $0.node("x").reduce(row.function, axes: $0.integers("axis"), keepingAxes: $0.flag("keepdims"))
      }
    } + [
      FormulaFunction("mean", "x", "axis?", "keepdims?", is: "the mean") {
        try $0.node("x").mean(axes: $0.integers("axis"), keepingAxes: $0.flag("keepdims"))
      },
      FormulaFunction("var", "x", "axis?", "keepdims?", "ddof?", is: "variance; divides by the number - ddof") {
        try $0.node("x").variance(
          axes: $0.integers("axis"), keepingAxes: $0.flag("keepdims"), correction: Double($0.integer("ddof") ?? 0))
      },
      FormulaFunction("logsumexp", "x", "axis?", "keepdims?", is: "log(sum(exp(x))), without overflow") {
        try $0.node("x").logSumExp(axes: $0.integers("axis"), keepingAxes: $0.flag("keepdims"))
      },
      FormulaFunction("softmax", "x", "axis?", is: "exp(x)/sum(exp(x)) along the last axis") {
        try $0.node("x").softmax(axis: $0.integer("axis") ?? -1)
      },
      FormulaFunction("log_softmax", "x", "axis?", is: "log(softmax(x)), without overflow") {
        try $0.node("x").logSoftmax(axis: $0.integer("axis") ?? -1)
      },
      FormulaFunction(
        "argmax", "x", "axis?", "keepdims?", is: "the place of the first largest element"
      ) {
        try $0.node("x").argmax(axis: $0.integer("axis"), keepingAxes: $0.flag("keepdims"))
      },
    ]

  private static let movements: [FormulaFunction] = [
    FormulaFunction("matmul", "x", "y", is: "the matrix product x @ y") { try $0.node("x").matmul($0.node("y")) },
    FormulaFunction("transpose", "x", "axes?", is: "the axes in reverse, or in another order") {
      try $0.node("x").transpose($0.integers("axes"))
    },
    FormulaFunction("reshape", "x", "shape", is: "another shape; one extent may be -1") {
      let x = try $0.node("x")
      return try x.reshape(x.shape.inferred($0.integers("shape") ?? []))
    },
    FormulaFunction("broadcast_to", "x", "shape", is: "x repeated up to a shape") {
      try $0.node("x").broadcast(to: $0.integers("shape") ?? [])
    },
    FormulaFunction("concatenate", "arrays", "axis?", is: "[x, y, …] one behind the other") {
      try concatenate($0.nodes("arrays"), axis: $0.integer("axis") ?? 0)
    },
    FormulaFunction("stack", "arrays", is: "[x, y, …] along a new first axis") {
      try stack($0.nodes("arrays"))
    },
    FormulaFunction("pad", "x", "width", is: "zeros around x: n, (before, after), or one for each axis") {
      let x = try $0.node("x")
      return try x.pad($0.pairs("width", count: x.shape.count).map { (before: $0.0, after: $0.1) })
    },
    FormulaFunction("take", "x", "indices", "axis?", is: "the parts of x that indices name") {
      try $0.node("x").gather($0.node("indices"), axis: $0.integer("axis") ?? 0)
    },
    FormulaFunction(
      "scatter_add", "x", "indices", "extent", "axis?", is: "what undoes take"
    ) {
      try $0.node("x").scatterAdd(
        $0.node("indices"), extent: $0.integer("extent") ?? 0, axis: $0.integer("axis") ?? 0)
    },
    FormulaFunction("one_hot", "x", "count", is: "vectors with a 1 where x says, else 0") {
      try $0.node("x").oneHot(count: $0.integer("count") ?? 0)
    },
    FormulaFunction("stop_gradient", "x", is: "x, taken as a constant when differentiating") {
      try $0.node("x").stopGradient()
    },
  ]
}

extension Shape {
  /// A shape with as many elements as this, in which one extent that was given as -1 is worked out.
  fileprivate func inferred(_ shape: [Int]) throws -> Shape {
    guard shape.count(where: { $0 == -1 }) <= 1, shape.allSatisfy({ $0 >= -1 }) else {
      throw TrainerError(.usage, "only one extent of the shape \(shape) may be -1, and none smaller")
    }
    let known = Shape(shape.filter { $0 != -1 }).elementCount
    guard let place = shape.firstIndex(of: -1) else { return shape }
    guard known > 0, elementCount % known == 0 else {
      throw TrainerError(.usage, "an array of shape \(self) cannot be reshaped to \(shape)")
    }
    var result = shape
    result[place] = elementCount / known
    return result
  }
}
