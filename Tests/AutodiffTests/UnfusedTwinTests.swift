import Autodiff
import TestSupport
import Testing

/// Operations that compute in one kernel what others could, held to the composition that each one replaces.
@Suite struct UnfusedTwinTests {
  typealias Function = @Sendable (Node) throws -> Node

  private static let twins: [(name: String, fused: Function, unfused: Function)] = [
    ("softmax", { try $0.softmax() }, { try $0.exp() / $0.exp().sum(axes: [-1], keepingAxes: true) }),
    ("logSoftmax", { try $0.logSoftmax() }, { try $0 - $0.exp().sum(axes: [-1], keepingAxes: true).log() }),
    ("logSumExp", { try $0.logSumExp() }, { try $0.exp().sum(axes: [-1], keepingAxes: true).log() }),
    ("softmax along axis 0", { try $0.softmax(axis: 0) }, { try $0.exp() / $0.exp().sum(axes: [0]) }),
    ("sigmoid", { try $0.sigmoid() }, { try 1 / (1 + (-$0).exp()) }),
    ("softplus", { try $0.softplus() }, { try (1 + $0.exp()).log() }),
    ("tanh", { try $0.tanh() }, { try ($0.exp() - (-$0).exp()) / ($0.exp() + (-$0).exp()) }),
    ("expm1", { try $0.expm1() }, { try $0.exp() - 1 }),
    ("log1p", { try $0.square().log1p() }, { try (1 + $0 * $0).log() }),
    ("square", { try $0.square() }, { try $0 * $0 }),
    ("reciprocal", { try ($0 + 3).reciprocal() }, { try 1 / ($0 + 3) }),
    ("rsqrt", { try ($0 + 3).rsqrt() }, { try ($0 + 3).power(-0.5) }),
    ("relu", { try $0.relu() }, { try $0 * $0.isGreater(than: $0.graph.constant(0)) }),
    ("abs", { try $0.abs() }, { try $0 * $0.sign() }),
    (
      "variance", { try $0.variance(axes: [-1]) }, { try $0.square().mean(axes: [-1]) - $0.mean(axes: [-1]).square() }
    ),
  ]

  /// Value, gradient, and the gradient's gradient.
  @Test(arguments: twins.indices) func fusedEqualsUnfused(index: Int) throws {
    let twin = Self.twins[index]
    var generator = SeededGenerator(UInt64(index))
    let values: [Double] = generator.numbers(35, in: -2...2)
    let results = try [twin.fused, twin.unfused].map { function -> [[Double]] in
      let graph = Graph()
      let x = try graph.variable(values, shape: [5, 7])
      let y = try function(x)
      let weights = try graph.constant(
        (0..<y.shape.reduce(1, *)).map { 1 + 0.25 * Double($0 % 7) }, shape: y.shape)
      let gradient = try graph.gradient(of: (y * weights).sum(), withRespectTo: [x])[0]
      let second = try graph.gradient(of: (gradient * x).sum(), withRespectTo: [x])[0]
      return try [y.value(), gradient.value(), second.value()]
    }
    for (what, (fused, unfused)) in zip(["value", "gradient", "second derivative"], zip(results[0], results[1])) {
      #expect(difference(fused, unfused, within: 1e-12) == nil, "\(what) of \(twin.name)")
    }
  }
}
