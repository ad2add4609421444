import Autodiff
import Foundations
import Models
import TestSupport
import Testing

/// Layers that see positions, and layers that hold layers.
@Suite struct LayerTests {
  private static let fixture = Result { try Fixture.read("layers").member("cases").elements ?? [] }

  /// Outputs and gradients as PyTorch has them, with the layers as a config writes them.
  @Test func layersEqualPyTorch() throws {
    let cases = try Self.fixture.get()
    #expect(cases.count > 15)
    for row in cases {
      let layers = try row.member("layers")
      let settings = try Settings(text: #"{"layers": \#(layers.compactText)}"#, source: "x.json", directory: "/")
      let model = try Model(from: settings)
      #expect(settings.resolved.compactText.contains(#""type":"#))
      let (inputs, value, cotangent) = try (row.member("inputs"), row.member("value"), row.member("cotangent"))
      let parameters = try row.member("parameters").elements ?? []
      let layout = try model.parameters(inputShape: Array(inputs.shape.dropFirst())).layout
      #expect(layout.entries.map(\.shape) == parameters.map(\.shape), "\(layers.compactText)")
      let graph = Graph()
      let x = try graph.input("x", shape: inputs.shape)
      let y = try model.apply(to: x, isTraining: true)
      #expect(y.shape == value.shape, "\(layers.compactText)")
      let objective = try (y * graph.constant(cotangent.values, shape: cotangent.shape)).sum()
      let leaves = [x] + graph.nodes.filter { $0.parameterName != nil }
      let found = try graph.evaluate(
        [y] + graph.gradient(of: objective, withRespectTo: leaves), inputs: ["x": inputs.values],
        parameters: parameters.flatMap(\.values), layout: layout)
      let expected = try [value] + (row.member("gradients").elements ?? [])
      for (number, (found, expected)) in zip(found, expected).enumerated() {
        #expect(
          difference(found, expected.values, within: 1e-12) == nil,
          "\(number == 0 ? "value" : "gradient \(number - 1)") of \(layers.compactText)")
      }
    }
  }

  private func model(_ layers: String) throws -> Model {
    try Model(from: Settings(text: #"{"layers": [\#(layers)]}"#, source: "x.json", directory: "/"))
  }

  @Test func layersWithinLayersHaveTheirNames() throws {
    let model = try model(
      """
      {"type": "residual", "layers": [{"type": "dense", "units": 3}], "shortcut": [{"type": "dense", "units": 3}]},
      {"type": "repeat", "name": "tail", "count": 2, "layers": [{"type": "residual", "layers": [{"type": "dense", "units": 3}]}]},
      {"type": "parallel", "branches": [{"layers": []}, {"layers": [{"type": "dense", "name": "side", "units": 2, "useBias": false}]}]}
      """)
    let parameters = try model.parameters(inputShape: [4])
    #expect(
      parameters.layout.entries.map(\.name) == [
        "residual1/dense1/weight", "residual1/dense1/bias", "residual1/shortcut/dense1/weight",
        "residual1/shortcut/dense1/bias", "tail/1/residual1/dense1/weight", "tail/1/residual1/dense1/bias",
        "tail/2/residual1/dense1/weight", "tail/2/residual1/dense1/bias", "parallel1/branch2/side/weight",
      ])
    #expect(parameters.outputShape == [5])
  }

  @Test(arguments: [
    (
      #"{"type": "convolution", "filters": 2, "kernel": [3, 3]}"#, [28, 28],
      #"layer 'convolution1': "kernel" has 2 numbers, but there is 1 spatial axis; the last axis of a sample is its channels ("reshape" adds one)"#
    ),
    (
      #"{"type": "convolution", "filters": 2, "kernel": 3}"#, [28],
      #"layer 'convolution1': convolution takes samples of one to three spatial axes and a last one of channels, such as [28, 28, 1]; these have the shape [28]; put {"type": "reshape", "shape": […]} before it"#
    ),
    (
      #"{"type": "convolution", "filters": 2, "kernel": 5}"#, [4, 4, 1],
      "layer 'convolution1': 'convolution': no window of size [5, 5] fits into the extents [4, 4]"
    ),
    (
      #"{"type": "convolution", "filters": 4, "kernel": 1, "groups": 2}"#, [4, 3],
      "layer 'convolution1': 2 groups cannot take 3 channels to 4 filters; both must be multiples of the groups"
    ),
    (
      #"{"type": "maxPooling", "size": 2, "padding": 2}"#, [4, 1],
      #"layer 'maxPooling1': "padding" [2] is not less than the windows' size [2]"#
    ),
    (
      #"{"type": "reshape", "shape": [5, -1]}"#, [12],
      "layer 'reshape1': samples of the shape [12] have 12 elements, which do not fill the shape [5, -1]"
    ),
    (
      #"{"type": "permute", "axes": [0, 0]}"#, [2, 3],
      #"layer 'permute1': "axes" [0, 0] must name each axis of the samples, whose shape is [2, 3], once"#
    ),
    (
      #"{"type": "groupNormalization", "groups": 2}"#, [2, 3],
      "layer 'groupNormalization1': 2 groups do not divide the channels of samples of the shape [2, 3]"
    ),
    (
      #"{"type": "residual", "layers": [{"type": "flatten"}, {"type": "dense", "units": 5}]}"#, [3],
      #"layer 'residual1': the layers give [5] a sample and get [3], which cannot be added; add a "shortcut", such as [{"type": "convolution", "filters": 5, "kernel": 1}]"#
    ),
    (
      #"{"type": "residual", "layers": [{"type": "convolution", "filters": 1, "kernel": 9}]}"#, [4, 1],
      "layer 'residual1/convolution1': 'convolution': no window of size [9] fits into the extents [4]"
    ),
    (
      #"{"type": "parallel", "join": "add", "branches": [{"layers": []}, {"layers": [{"type": "flatten"}]}]}"#, [2, 2],
      "layer 'parallel1': the branches give [2, 2], [4] a sample, which cannot be added"
    ),
    (
      #"{"type": "transposedConvolution", "filters": 1, "kernel": 2, "outputPadding": 1}"#, [3, 1],
      #"layer 'transposedConvolution1': "outputPadding" [1] is not less than the stride [1]"#
    ),
  ])
  func faultsNameTheLayer(layers: String, shape: [Int], message: String) throws {
    let model = try model(layers)
    #expect(throws: TrainerError(.usage, message)) { try model.parameters(inputShape: shape) }
  }

  @Test(arguments: [
    (
      #"{"type": "convolution", "kernel": 3}"#,
      "layers[0].filters: is required: the number of channels that the convolution gives"
    ),
    (
      #"{"type": "convolution", "filters": 1, "kernel": 0}"#,
      "x.json:1:51: layers[0].kernel: found 0, expected an integer from 1 to 1000000000000"
    ),
    (
      #"{"type": "convolution", "filters": 1, "kernel": [3, 0]}"#,
      "layers[0].kernel[1]: found 0, expected an integer from 1 to 1000000000000"
    ),
    (
      #"{"type": "convolution", "filters": 1, "kernel": 3, "padding": "full"}"#,
      #"layers[0].padding: found the string "full", expected one of "valid", "same""#
    ),
    (#"{"type": "parallel", "branches": []}"#, "layers[0].branches: found none, expected at least one branch"),
    (
      #"{"type": "residual", "layers": [{"type": "dens"}]}"#,
      #"x.json:1:46: layers[0].layers[0].type: found the string "dens", expected one of "dense", "dropout""#
    ),
    (
      #"{"type": "repeat", "count": 2, "layers": [{"type": "flatten", "axes": 1}]}"#,
      "layers[0].layers[0].axes: unknown key"
    ),
  ])
  func faultsOfSettings(layers: String, message: String) throws {
    let error = try #require(throws: TrainerError.self) { try model(layers) }
    #expect(error.message.contains(message), "\(error.message)")
  }

  /// Batch normalization in training, in evaluation, and what a step takes off its running averages.
  @Test func batchNormalizationEqualsPyTorch() throws {
    let cases = try Fixture.read("layers").member("batchNormalization").elements ?? []
    #expect(cases.count == 3)
    for row in cases {
      let model = try Model([BatchNormalization()])
      let (inputs, cotangent) = try (row.member("inputs"), row.member("cotangent"))
      let layout = try model.parameters(inputShape: Array(inputs.shape.dropFirst())).layout
      #expect(layout.trained.map(\.name) == ["batchNormalization1/scale", "batchNormalization1/shift"])
      #expect(
        layout.entries.filter(\.isState).map(\.name) == ["batchNormalization1/mean", "batchNormalization1/variance"])
      let parameters = try (row.member("parameters").elements ?? []).flatMap(\.values)
      let graph = Graph()
      let x = try graph.input("x", shape: inputs.shape)
      let (y, changes) = try model.applyInTraining(to: x)
      let objective = try (y * graph.constant(cotangent.values, shape: cotangent.shape)).sum()
      let trained = graph.nodes.filter { layout[$0.parameterName ?? ""]?.isState == false }
      let evaluated = try model.apply(to: x, isTraining: false)
      let found = try graph.evaluate(
        [y, evaluated] + layout.entries.filter(\.isState).compactMap { changes[$0.name] }
          + graph.gradient(of: objective, withRespectTo: [x] + trained), inputs: ["x": inputs.values],
        parameters: parameters, layout: layout)
      let expected =
        try [row.member("value"), row.member("evaluated")] + (row.member("changes").elements ?? [])
        + (row.member("gradients").elements ?? [])
      #expect(found.count == expected.count)
      for (number, (found, expected)) in zip(found, expected).enumerated() {
        #expect(difference(found, expected.values, within: 1e-12) == nil, "result \(number) of \(inputs.shape)")
      }
    }
  }

  /// One value a channel has no variance: the running averages serve, and stay.
  @Test func aSingleValueLeavesTheRunningAverages() throws {
    let graph = Graph()
    let model = try Model([BatchNormalization(epsilon: 1)])
    let (y, changes) = try model.applyInTraining(to: graph.input("x", shape: [1, 2]))
    #expect(changes.isEmpty)
    let found = try graph.evaluate(
      y, inputs: ["x": [5, 7]], parameters: [1, 1, 0, 0, 1, 3, 3, 0], layout: model.parameters(inputShape: [2]).layout)
    #expect(found == [2, 4])
  }
}
