import Autodiff
import Testing

/// How the gradient check uses an operation: one row for each name in `OperationTable`.
struct OperationRow: Sendable, CustomTestStringConvertible {
  let name: String
  /// The operands' shapes, for each check.
  let shapes: [[Shape]]
  /// The operands' values; ties and 0 are avoided.
  var range: ClosedRange<Double> = -2...2
  /// Whether second derivatives are checked too.
  var isSmooth = true
  let build: @Sendable ([Node]) throws -> Node

  var testDescription: String { name }

  init(
    _ name: String, _ shapes: [[Shape]], in range: ClosedRange<Double> = -2...2, isSmooth: Bool = true,
    build: @escaping @Sendable ([Node]) throws -> Node
  ) {
    self.name = name
    self.shapes = shapes
    self.range = range
    self.isSmooth = isSmooth
    self.build = build
  }

  private static let one: [[Shape]] = [[[]], [[3]], [[2, 3]], [[0]], [[40, 70]]]
  private static let two: [[Shape]] = [
    [[], []], [[3], [3]], [[2, 3], [3]], [[2, 1], [1, 3]], [[], [2, 3]], [[0, 3], [3]], [[40, 70], [70]],
  ]
  private static let three: [[Shape]] = [[[3], [3], [3]], [[2, 3], [3], []], [[], [2, 1], [3]]]

  /// A row of an operation of one operand.
  private static func single(
    _ name: String, _ shapes: [[Shape]], isSmooth: Bool = true, _ build: @escaping @Sendable (Node) throws -> Node
  ) -> OperationRow {
    OperationRow(name, shapes, isSmooth: isSmooth) { try build($0[0]) }
  }

  /// All operations whose gradient central differences can confirm.
  static let all: [OperationRow] = leaves + functions + elementwise + reductions + movements + WindowRows.all

  /// Operations that differences cannot confirm, each with a test of its own.
  static let confirmedElsewhere = ["argmax", "stopGradient"]

  private static let logits: [[Shape]] = [[[3, 4]], [[1, 2]], [[0, 3]], [[40, 33]]]

  private static func classes(for logits: Node) throws -> Node {
    let classes = (0..<logits.shape[0]).map { Double($0 * 7 % logits.shape[1]) }
    return try logits.graph.constant(classes, shape: [classes.count])
  }

  private static let leaves: [OperationRow] = [
    OperationRow("parameter", [[[2, 2]]]) { $0[0] },
    OperationRow("constant", [[[3]]]) { try $0[0] * $0[0].graph.constant([1, -2, 0.5], shape: [3]) },
    OperationRow("variable", [[[3]]]) { try $0[0] * $0[0].graph.variable([1, -2, 0.5]) },
    OperationRow("input", [[[3]]]) { try $0[0] * $0[0].graph.input("given", shape: [3]) },
    single("dropoutMask", [[[4, 5]]]) { x in
      try x * x.graph.dropoutMask(rate: 0.5, stream: 3, shape: x.shape)
    },
    single("normalNoise", [[[4, 5]]]) { x in
      try x * x.graph.normalNoise(deviation: 0.5, stream: 3, shape: x.shape)
    },
  ]

  /// The functions and reductions by the rows of their own tables.
  private static var functions: [OperationRow] {
    let unary = UnaryRow.all.map { row in
      OperationRow(row.function.name, one, in: row.domain.range, isSmooth: row.isSmooth) {
        try $0[0].apply(row.function)
      }
    }
    let binary = BinaryRow.all.map { row in
      OperationRow(row.function.name, two, in: row.domain.range, isSmooth: row.isSmooth) {
        try $0[0].apply(row.function, $0[1])
      }
    }
    let reductions = ReductionRow.all.map { row in
      single(row.function.name, reduced + (row.takesNone ? [[[2, 0]], [[0]]] : []), isSmooth: row.isSmooth) { x in
        let rows = try x.reduce(row.function, axes: [-1], keepingAxes: true)
        let product = try x.reduce(row.function, axes: [0]).sum() * x.reduce(row.function, axes: [-1]).sum()
        return try x.reduce(row.function) * 0.5 + product + rows.square().sum()
      }
    }
    return unary + binary + reductions
  }

  private static let elementwise: [OperationRow] = [
    OperationRow("where", three, isSmooth: false) {
      try select($0[0].isGreater(than: $0[0].graph.constant(0)), $0[1], $0[2])
    },
    single("broadcast", [[[3]], [[2, 1]], [[]], [[1, 1, 3]]]) { x in
      try x.broadcast(to: x.shape.count == 3 ? [4, 2, 3] : [2, 3])
    },
  ]

  private static let reduced: [[Shape]] = [[[3]], [[2, 3]], [[2, 1, 4]], [[40, 70]]]

  private static let reductions: [OperationRow] = [
    single("softmax", reduced + [[[0, 3]]]) { try $0.softmax() + $0.softmax(axis: 0) },
    single("crossEntropy", logits) { try $0.crossEntropy(classes: classes(for: $0)) },
    single("softmaxResidual", logits) { try $0.softmaxResidual(classes: classes(for: $0)) },
    single("logSoftmax", reduced + [[[0, 3]]]) { try $0.logSoftmax() * $0.logSoftmax(axis: 0) },
    single("logSumExp", reduced + [[[0, 3]]]) { try $0.logSumExp() + $0.logSumExp(axes: [0], keepingAxes: true) },
  ]

  private static let movements: [OperationRow] = [
    OperationRow(
      "matmul",
      [
        [[2, 3], [3, 4]], [[3], [3]], [[3], [3, 2]], [[2, 3], [3]], [[5, 2, 3], [3, 4]], [[5, 1, 2, 3], [4, 3, 2]],
        [[3], [2, 3, 4]], [[0, 3], [3, 2]], [[2, 0], [0, 3]], [[20, 30], [30, 40]],
      ]
    ) { try $0[0].matmul($0[1]) },
    OperationRow("reshape", [[[2, 6]], [[3, 4]]]) { try $0[0].reshape([4, 3]).square() },
    single("transpose", [[[2, 3]], [[2, 3, 4]], [[0, 2]]]) { x in
      try x.shape.count == 3 ? x.transpose([1, 2, 0]).square() : x.transpose().square()
    },
    single("slice", [[[5]], [[5, 4]], [[4, 3, 5]]]) { x in
      try x[-1].sum() * x.elements([.range(from: 3, to: 0, step: -2)]).sum() + x[1..<3].square().sum()
    },
    single("pad", [[[3]], [[2, 3]], [[0, 2]]]) { x in
      try x.pad(x.shape.indices.map { (before: $0 + 1, after: 2) }).exp()
    },
    OperationRow("concatenate", [[[2, 3], [2, 1]], [[0, 2], [0, 3]]]) {
      try concatenate([$0[0], $0[1], $0[0].square()], axis: -1).exp()
    },
    single("gather", [[[4]], [[4, 3]]]) { x in
      try x.gather(x.graph.constant([3, 0, -1, 0], shape: [2, 2])).square()
    },
    single("scatterAdd", [[[4]], [[4, 3]]]) { x in
      try x.scatterAdd(x.graph.constant([1, 0, -1, 1], shape: [4]), extent: 5).square()
    },
    single("oneHot", [[[2]]], isSmooth: false) { x in try (x * 100).oneHot(count: 3) + x.sum() },
  ]
}
