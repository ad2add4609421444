import Datasets
import Foundations
import Training

/// A checkpoint's model as an ONNX file: raw rows in, predictions out.
struct ONNXModel {
  /// The file.
  let bytes: [UInt8]
  let inputs: [ONNXPort]
  let outputs: [ONNXPort]
  /// Whether some operators compute in single precision though the model is of double.
  let isPartlySingle: Bool

  /// Writes the model.
  ///
  /// - Throws: `TrainerError` with code `.usage` for what has no form in ONNX, or is too large for it.
  init(_ model: PortableModel) throws {
    var translation = try ONNXTranslation(model)
    translation.graph.reserve(ONNXOutputs.names)
    let inputs = try translation.addInputs()
    let results = try translation.add(inputs: inputs)
    var outputs = ONNXOutputs(translation.graph, model)
    try outputs.add(results)
    let graph = outputs.graph
    guard graph.storedBytes < ONNXGraph.mostBytes - (1 << 24) else {
      throw TrainerError(
        .usage,
        "\(model.path): its parameters are \(ByteText.text(graph.storedBytes)), and an ONNX file holds at most 2 GB; export "
          + "them to safetensors")
    }
    let configuration = model.trained.configuration
    bytes = graph.model(
      named: configuration.name,
      description: "\(configuration.name) after \(model.trained.checkpoint.step) steps, by trainer \(Program.version)",
      metadata: try ModelMetadata(model.trained).entries)
    (self.inputs, self.outputs, isPartlySingle) = (graph.inputs, graph.outputs, graph.isPartlySingle)
  }
}

/// What stands behind the model: predictions, probabilities and names of classes, as `predict` writes them.
private struct ONNXOutputs {
  /// The names of outputs, unless an input has them.
  static let names = ["prediction", "label", "probabilities", "logits"]

  private(set) var graph: ONNXGraph
  private let model: PortableModel
  private var positions: [Int] { model.names.positions == 1 ? [] : [model.names.positions] }

  init(_ graph: ONNXGraph, _ model: PortableModel) { (self.graph, self.model) = (graph, model) }

  mutating func add(_ results: ONNXTranslation.Results) throws {
    switch model.names.kind {
    case .classes(let names): addClasses(names, results)
    case .labels(let names):
      add("prediction", isPositive(results.outputs), [names.count], "0 or 1 for each of: \(list(names))")
      if let probabilities = results.probabilities {
        add("probabilities", probabilities, [names.count], "the probability of each of: \(list(names))")
      }
      add("logits", results.outputs, [names.count], "what the probabilities are computed from")
    case .numbers(let names):
      add("prediction", results.outputs, names.count == 1 ? [] : [names.count], "the predicted numbers")
    }
  }

  private mutating func addClasses(_ names: [String], _ results: ONNXTranslation.Results) {
    // Of two classes, one output tells the second.
    let isBinary = model.hasOneOutput && names.count == 2
    let prediction =
      isBinary
      ? isPositive(results.outputs)
      : graph.node(
        "ArgMax", [results.outputs], [ONNXAttribute("axis", .integer(-1)), ONNXAttribute("keepdims", .integer(0))],
        gives: .int64)
    let shaped = add("prediction", prediction, positions, "the number of the class, from 0: \(list(names))")
    if model.names.areNamed {
      let texts = graph.texts(names, named: "classes")
      let label = graph.node("Gather", [texts, shaped], [ONNXAttribute("axis", .integer(0))], gives: .string)
      graph.output(outputName("label"), label, [.samples] + positions.map(ONNXExtent.fixed), "the name of the class")
    }
    if let probabilities = results.probabilities {
      let all = isBinary ? bothProbabilities(probabilities, results.outputs) : probabilities
      add("probabilities", all, positions + [names.count], "the probability of each class: \(list(names))")
    }
    add(
      "logits", results.outputs, positions + [isBinary ? 1 : names.count], "what the probabilities are computed from")
  }

  /// The probability of the first of two classes in front of the second's: of a sigmoid without loss of digits.
  private mutating func bothProbabilities(_ second: ONNXValue, _ output: ONNXValue) -> ONNXValue {
    let first =
      model.isLogistic
      ? graph.node("Sigmoid", [graph.node("Neg", [output])])
      : graph.node("Sub", [graph.constant([1], [], second.type), second])
    return graph.node("Concat", [first, second], [ONNXAttribute("axis", .integer(1))])
  }

  private mutating func isPositive(_ value: ONNXValue) -> ONNXValue {
    graph.cast(graph.node("Greater", [value, graph.constant([0], [], value.type)], gives: .boolean), to: .int64)
  }

  private func list(_ names: [String]) -> String {
    names.count <= 20 ? names.joined(separator: ", ") : names.prefix(20).joined(separator: ", ") + ", …"
  }

  /// Adds an output of samples with these extents each.
  @discardableResult
  private mutating func add(
    _ name: String, _ value: ONNXValue, _ extents: [Int], _ description: String
  ) -> ONNXValue {
    let shaped = graph.node("Reshape", [value, graph.integers([-1] + extents)])
    graph.output(outputName(name), shaped, [.samples] + extents.map(ONNXExtent.fixed), description)
    return shaped
  }

  private func outputName(_ name: String) -> String {
    graph.inputs.contains { $0.value.name == name } ? "\(name)_output" : name
  }
}
