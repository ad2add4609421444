import Autodiff
import Foundations
import Models
import TestSupport
import Testing

/// The functions that models are made of, against PyTorch's values and gradients, at their kinks and far out too.
@Suite struct ActivationTests {
  @Test func activationsEqualPyTorch() throws {
    var compared: Set<String> = []
    for row in try Fixture.read("operations").member("cases").elements ?? [] {
      let name = try row.member("operation").text ?? ""
      let attributes = try row.member("attributes")
      let activation: Activation
      switch Activation(named: name) {
      case .leakyReLU?: activation = .leakyReLU(slope: try #require(attributes.member("slope").double))
      case .elu?: activation = .elu(alpha: try #require(attributes.member("alpha").double))
      case let found?: activation = found
      case nil: continue
      }
      compared.insert(name)
      let x = try #require(row.member("inputs").elements)[0]
      let (value, gradient) = try evaluate({ try activation.apply(to: $0[0]) }, [x], cotangent: row.member("cotangent"))
      let expected = try row.member("value").values
      #expect(difference(value, expected, within: 1e-13) == nil, "\(name)")
      let slopes = try #require(row.member("gradients").elements)[0].values
      #expect(difference(gradient[0], slopes, within: 1e-13) == nil, "gradient of \(name)")
    }
    #expect(compared == Set(Activation.allCases.map(\.type)).subtracting(["linear"]))
  }

  @Test func layerNormalizationEqualsPyTorch() throws {
    let rows = try Fixture.read("operations").member("cases").elements ?? []
    let row = try #require(try rows.first { try $0.member("operation").text == "layerNormalization" })
    let inputs = try #require(row.member("inputs").elements)
    let model = try Model([LayerNormalization(epsilon: #require(row.member("attributes").member("epsilon").double))])
    let graph = Graph()
    let x = try graph.input("x", shape: inputs[0].shape)
    let y = try model.apply(to: x, isTraining: true)
    let cotangent = try row.member("cotangent")
    let objective = try (y * graph.constant(cotangent.values, shape: cotangent.shape)).sum()
    let targets = [x] + graph.nodes.filter { $0.parameterName != nil }
    let layout = try model.parameters(inputShape: [4]).layout
    #expect(layout.entries.map(\.name) == ["layerNormalization1/scale", "layerNormalization1/shift"])
    let found = try graph.evaluate(
      [y] + graph.gradient(of: objective, withRespectTo: targets), inputs: ["x": inputs[0].values],
      parameters: inputs[1].values + inputs[2].values, layout: layout)
    #expect(difference(found[0], try row.member("value").values, within: 1e-13) == nil)
    for (index, gradient) in try #require(row.member("gradients").elements).enumerated() {
      #expect(difference(found[index + 1], gradient.values, within: 1e-12) == nil, "gradient \(index)")
    }
    #expect(try model.parameters(inputShape: [4]).initialValues(seed: 1) == [1, 1, 1, 1, 0, 0, 0, 0])
  }

  // The largest numbers, infinities and what is no number, as the functions' limits; PyTorch gives NaN at minus infinity.
  @Test func extremesOfSmoothRectifiers() throws {
    let points = [-Double.infinity, -1e300, -1e5, 1e5, 1e300, .infinity]
    for activation in [Activation.silu, .hardSwish, .mish] {
      func values(_ points: [Double]) throws -> [Double] {
        try activation.apply(to: Graph().variable(points, shape: [points.count])).value()
      }
      #expect(try values(points) == [0, 0, 0, 1e5, 1e300, .infinity], "\(activation)")
      #expect(try values([.nan])[0].isNaN, "\(activation)")
    }
  }

  @Test func preluEqualsPyTorch() throws {
    let rows = try Fixture.read("operations").member("cases").elements ?? []
    let row = try #require(try rows.first { try $0.member("operation").text == "prelu" })
    let inputs = try #require(row.member("inputs").elements)
    let model = try Model([PReLU()])
    let graph = Graph()
    let x = try graph.input("x", shape: inputs[0].shape)
    let y = try model.apply(to: x, isTraining: true)
    let cotangent = try row.member("cotangent")
    let objective = try (y * graph.constant(cotangent.values, shape: cotangent.shape)).sum()
    let targets = [x] + graph.nodes.filter { $0.parameterName != nil }
    let parameters = try model.parameters(inputShape: [4])
    #expect(parameters.layout.entries.map(\.name) == ["prelu1/slope"])
    #expect(parameters.initialValues(seed: 1) == [0.25, 0.25, 0.25, 0.25])
    let found = try graph.evaluate(
      [y] + graph.gradient(of: objective, withRespectTo: targets), inputs: ["x": inputs[0].values],
      parameters: inputs[1].values, layout: parameters.layout)
    #expect(difference(found[0], try row.member("value").values, within: 1e-15) == nil)
    for (index, gradient) in try #require(row.member("gradients").elements).enumerated() {
      #expect(difference(found[index + 1], gradient.values, within: 1e-15) == nil, "gradient \(index)")
    }
    // A slope for each channel of images.
    #expect(try model.parameters(inputShape: [5, 6, 3]).layout.entries.map(\.shape) == [[3]])
  }

  private func evaluate(
    _ function: ([Node]) throws -> Node, _ inputs: [JSONValue], cotangent: JSONValue
  ) throws -> (value: [Double], gradients: [[Double]]) {
    let graph = Graph()
    let x = try inputs.map { try graph.variable($0.values, shape: $0.shape) }
    let y = try function(x)
    let objective = try (y * graph.constant(cotangent.values, shape: cotangent.shape)).sum()
    return (try y.value(), try x.map { try objective.gradient(of: $0) })
  }
}
