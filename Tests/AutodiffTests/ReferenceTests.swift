import Autodiff
import Formulas
import Foundations
import TestSupport
import Testing

/// Values and gradients against those that PyTorch gives, at kinks, ties and the ends of the range too.
@Suite struct ReferenceTests {
  @Test func operationsEqualPyTorch() throws {
    let cases = try Fixture.read("operations").member("cases").elements ?? []
    #expect(cases.count > 100)
    for row in cases {
      let name = try #require(row["operation"]?.text)
      // Functions of Models, tested there.
      if [
        "leakyRelu", "elu", "gelu", "geluTanh", "silu", "hardSwish", "mish", "prelu", "layerNormalization",
      ].contains(name) {
        continue
      }
      let tensors = try row.member("inputs").elements ?? []
      let upstream = try row.member("cotangent")
      let graph = Graph()
      let inputs = try tensors.map { try graph.variable($0.values, shape: $0.shape) }
      let attributes = try row.member("attributes")
      let output =
        try attributes["formula"]?.text.map { formula in
          try Formula(formula).build(in: graph, names: Dictionary(uniqueKeysWithValues: zip(["a", "b", "c"], inputs)))
        } ?? build(name, inputs, attributes)
      let objective = try (output * graph.constant(upstream.values, shape: upstream.shape)).sum()
      let expected = try row.member("value")
      #expect(output.shape == expected.shape, "\(name)")
      let call = "\(attributes["formula"]?.text ?? name) of \(tensors.map(\.values))"
      compare(try output.value(), expected.values, call)
      // Of one element no sum loses digits: a small value is as exact as a large one.
      if UnaryRow.all.contains(where: { $0.function.name == name }) {
        #expect(difference(try output.value(), expected.values, within: 1e-14, scale: 0) == nil, "\(call)")
      }
      // A step function has no gradient rule here, where PyTorch gives none either.
      if name == "argmax" { continue }
      for (position, gradient) in try (row.member("gradients").elements ?? []).enumerated() {
        compare(try objective.gradient(of: inputs[position]), gradient.values, "gradient \(position) of \(call)")
      }
    }
  }

  /// Every operation that computes something has such numbers.
  @Test func everyOperationHasReferenceNumbers() throws {
    let cases = try ["operations", "windows"].flatMap { try Fixture.read($0).member("cases").elements ?? [] }
    // What is random is PyTorch's own; tests of Models look at it.
    let leaves: Set = [
      "input", "parameter", "constant", "variable", "dropoutMask", "normalNoise", "randomWindow", "randomWindowReverse",
    ]
    let missing = Set(OperationTable.names).subtracting(leaves).subtracting(cases.compactMap { $0["operation"]?.text })
    #expect(missing.isEmpty, "\(missing.sorted())")
  }

  /// Convolutions and pooling, with the channels last.
  @Test func windowsEqualPyTorch() throws {
    let cases = try Fixture.read("windows").member("cases").elements ?? []
    #expect(cases.count > 50)
    for row in cases {
      let name = try #require(row["operation"]?.text)
      let attributes = try row.member("attributes")
      func numbers(_ key: String) throws -> [Int] { try attributes.member(key).numbers.map { Int($0) } }
      let geometry = try WindowGeometry(
        size: numbers("size"), stride: numbers("stride"), dilation: numbers("dilation"), before: numbers("before"),
        after: numbers("after"))
      let (groups, extents) = (try #require(attributes["groups"]?.int), try numbers("extents"))
      let graph = Graph()
      let x = try (row.member("inputs").elements ?? []).map { try graph.variable($0.values, shape: $0.shape) }
      let output =
        switch name {
        case "convolution": try x[0].convolution(x[1], geometry, groups: groups)
        case "convolutionInputGradient":
          try x[0].transposedConvolution(x[1], geometry, extents: extents, groups: groups)
        case "convolutionFilterGradient": try x[0].convolutionFilterGradient(x[1], geometry, groups: groups)
        case "maxPool": try x[0].maxPool(geometry)
        case "maxPoolScatter": try x[0].maxPoolScatter(x[1], geometry)
        case "maxPoolGather": try x[0].maxPoolGather(x[1], geometry)
        case "meanPool": try x[0].meanPool(geometry)
        default: try x[0].meanPoolScatter(geometry, extents: extents)
        }
      let upstream = try row.member("cotangent")
      let objective = try (output * graph.constant(upstream.values, shape: upstream.shape)).sum()
      let call = "\(name) \(attributes.compactText)"
      #expect(try output.shape == row.member("value").shape, "\(call)")
      compare(try output.value(), try row.member("value").values, call)
      for (position, gradient) in try (row.member("gradients").elements ?? []).enumerated() {
        compare(try objective.gradient(of: x[position]), gradient.values, "gradient \(position) of \(call)")
      }
    }
  }

  private func compare(_ found: [Double], _ expected: [Double], _ what: String) {
    // PyTorch takes this gradient from exp(x - logsumexp), which loses what rounding x = 1e4 loses.
    let tolerance = what.hasPrefix("gradient") && what.contains("logSumExp") ? 1e-11 : 1e-13
    #expect(found.count == expected.count)
    for (index, (a, b)) in zip(found, expected).enumerated() where !a.isClose(to: b, within: tolerance) {
      Issue.record("\(what): element \(index) is \(a), PyTorch has \(b)")
    }
  }

  private func classes(_ attributes: JSONValue, _ graph: Graph) throws -> Node {
    let classes = try #require(attributes["classes"]?.elements).compactMap(\.double)
    return try graph.constant(classes, shape: [classes.count])
  }

  private func build(_ name: String, _ x: [Node], _ attributes: JSONValue) throws -> Node {
    let axis = attributes["axis"]?.int ?? 0
    if let row = UnaryRow.all.first(where: { $0.function.name == name }) { return try x[0].apply(row.function) }
    if let row = BinaryRow.all.first(where: { $0.function.name == name }) { return try x[0].apply(row.function, x[1]) }
    if let row = ReductionRow.all.first(where: { $0.function.name == name }) {
      return try x[0].reduce(row.function, axes: [axis])
    }
    switch name {
    case "clip":
      return try x[0].clip(
        from: #require(attributes["minimum"]?.double), to: #require(attributes["maximum"]?.double))
    case "where": return try select(x[0].isGreater(than: x[0].graph.constant(0)), x[0] * x[1], x[1] - x[0])
    case "mean": return try x[0].mean(axes: [axis])
    case "variance": return try x[0].variance(axes: [axis])
    case "logSumExp": return try x[0].logSumExp(axes: [axis])
    case "crossEntropy": return try x[0].crossEntropy(classes: classes(attributes, x[0].graph))
    case "softmaxResidual": return try x[0].softmaxResidual(classes: classes(attributes, x[0].graph))
    case "softmax": return try x[0].softmax(axis: axis)
    case "logSoftmax": return try x[0].logSoftmax(axis: axis)
    case "matmul": return try x[0].matmul(x[1])
    default: throw TrainerError(.usage, "the fixture has an operation '\(name)' that this test does not build")
    }
  }
}
