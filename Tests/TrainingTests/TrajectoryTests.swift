import DataParallel
import Foundations
import Kernels
import Optimizers
import TestSupport
import Testing
import Training

/// The first reference is outside: twenty steps as PyTorch takes them, from the same parameters and on the same batches.
@Suite struct TrajectoryTests {
  static let fixtures = ["softmax", "tanh"].flatMap { model in
    ["sgd", "nesterov", "adam"].flatMap { optimizer in
      ["float64", "float32"].map { "\(model)-\(optimizer)-\($0)" }
    }
  }

  @Test(arguments: fixtures, [1, 4])
  func takesTheStepsOfPyTorch(name: String, shards: Int) throws {
    let fixture = try Fixture.read("trajectories/\(name)")
    if try fixture.member("precision").text == "float64" {
      try expectSteps(fixture, Double.self, shards: shards, tolerance: 1e-10)
    } else {
      try expectSteps(fixture, Float.self, shards: shards, tolerance: 1e-4)
    }
  }

  private func configuration(_ fixture: JSONValue) throws -> RunConfiguration {
    let data = try fixture.member("data")
    let optimizer = try fixture.member("optimizer")
    let arguments = try optimizer.member("arguments")
    let rate = try arguments.member("lr").numbers[0]
    let settings: String
    if try optimizer.member("reference").text == "torch.optim.Adam" {
      settings = #"{"type": "adam", "learningRate": \#(rate)}"#
    } else {
      settings = """
        {"type": "sgd", "learningRate": \(rate), "momentum": \(try arguments.member("momentum").numbers[0]),
         "nesterov": \(arguments["nesterov"]?.compactText ?? "false")}
        """
    }
    let layers = try (fixture.member("layers").elements ?? []).map { layer in
      """
      {"type": "dense", "units": \(try layer.member("units").compactText),
       "activation": "\(layer["activation"]?.text ?? "linear")"}
      """
    }
    return try TrainingCase(
      name: "trajectory",
      preprocessing: #"[{"type": "scale", "factor": \#(try data.member("scale").numbers[0])}]"#,
      shuffle: #""none""#,
      settings: """
        "precision": "\(fixture["precision"]?.text ?? "")", "model": {"layers": [\(layers.joined(separator: ", "))]},
        "loss": "softmaxCrossEntropy", "optimizer": \(settings),
        "training": {"batchSize": \(try data.member("batchSize").compactText)}
        """
    ).configuration(output: "/nowhere")
  }

  private func expectSteps<Scalar: TrainingScalar>(
    _ fixture: JSONValue, _ type: Scalar.Type, shards: Int, tolerance: Double
  ) throws {
    let engine = try makeEngine(
      configuration(fixture), Scalar.self, workers: 3, shards: shards,
      starter: ThreadStarter(seed: UInt64(shards)).start, first: [RecordGradient()])
    let parameters = engine.memory.parameters.elements
    /// The greatest ‖found − expected‖ / ‖expected‖ over the tensors.
    func error(_ found: UnsafeMutableBufferPointer<Scalar>, _ expected: JSONValue) throws -> Double {
      let tensors = expected.elements ?? []
      #expect(tensors.count == engine.memory.layout.entries.count)
      return try tensors.map { tensor in
        let name = try #require(tensor["name"]?.text)
        let entry = try #require(engine.memory.layout[name])
        #expect(entry.shape == tensor.shape)
        let pairs = zip(found[entry.range], tensor.values)
        let difference = pairs.reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
        return (difference / tensor.values.reduce(0) { $0 + $1 * $1 }).squareRoot()
      }.max() ?? .infinity
    }

    for tensor in try fixture.member("initial").elements ?? [] {
      let entry = try #require(engine.memory.layout[tensor["name"]?.text ?? ""])
      for (index, value) in zip(entry.range, tensor.values) { parameters[index] = Scalar(value) }
    }
    engine.work.writeCopies()
    let gradients = try fixture.member("gradients").elements ?? []
    #expect(gradients.count == 3)
    let losses = try fixture.member("losses").numbers
    #expect(losses.count == 20)
    for (step, loss) in losses.enumerated() {
      engine.record.beginEpoch()
      try engine.run(steps: step..<step + 1)
      #expect(abs(engine.epochMeasurement.loss - loss) <= tolerance * abs(loss), "step \(step + 1)")
      for expected in gradients where expected["step"]?.int == step + 1 {
        let found = try error(engine.memory.state[0].elements, expected.member("tensors"))
        #expect(found <= tolerance, "the gradient of step \(step + 1)")
      }
    }
    #expect(try error(parameters, fixture.member("final")) <= tolerance, "the final parameters")
  }
}
