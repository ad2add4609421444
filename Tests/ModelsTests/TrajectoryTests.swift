import Autodiff
import Foundation
import Foundations
import HDF5
import Kernels
import Models
import Optimizers
import TestSupport
import Testing

// Models, losses and optimizers together, the plainest training loop, against 20 steps of PyTorch from the same first
// parameters on the same batches.
@Suite struct TrajectoryTests {
  @Test(arguments: ["softmax", "tanh"], ["sgd", "nesterov", "adam"])
  func doublePrecision(model: String, optimizer: String) throws {
    try check("\(model)-\(optimizer)-float64", Double.self) { found, expected in
      difference(found, expected, within: 1e-10, scale: expected.map(abs).max() ?? 0)
    }
  }

  // In single precision each tensor agrees in norm.
  @Test(arguments: ["softmax", "tanh"], ["sgd", "nesterov", "adam"])
  func singlePrecision(model: String, optimizer: String) throws {
    try check("\(model)-\(optimizer)-float32", Float.self) { found, expected in
      func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      let error = norm(zip(found, expected).map { $0 - $1 }) / norm(expected)
      return error <= 1e-4 ? nil : "the relative error in norm is \(error)"
    }
  }

  private func check<Scalar: KernelElement & NativeScalar>(
    _ name: String, _ type: Scalar.Type, _ compare: ([Double], [Double]) -> String?
  ) throws {
    let fixture = try Fixture.read("trajectories/\(name)")
    var run = try Run<Scalar>(fixture)
    let expectedGradients = try #require(fixture.member("gradients").elements)
    var comparedGradients = 0
    var losses: [Double] = []
    for step in 1...run.steps {
      let (loss, gradient) = try run.advance()
      losses.append(loss)
      for expected in expectedGradients where expected["step"]?.int == step {
        for tensor in try #require(expected.member("tensors").elements) {
          let found = try run.slice(gradient, tensor)
          #expect(compare(found, tensor.values) == nil, "gradient of \(tensor["name"]?.text ?? "") at step \(step)")
          comparedGradients += 1
        }
      }
    }
    #expect(compare(losses, try fixture.member("losses").numbers) == nil, "losses")
    for tensor in try #require(fixture.member("final").elements) {
      #expect(compare(try run.slice(run.parameters, tensor), tensor.values) == nil, "\(tensor["name"]?.text ?? "")")
    }
    #expect(comparedGradients == 3 * run.layout.entries.count)
  }
}

private struct Run<Scalar: KernelElement & NativeScalar> {
  let steps: Int
  let layout: ParameterLayout
  private(set) var parameters: [Scalar]
  private let graph: LossGraph
  private let optimizer: Optimizer
  private let batchSize: Int
  private let inputs: [Scalar]
  private let targets: [Scalar]
  private var state: [[Scalar]]
  private var step = 0

  init(_ fixture: JSONValue) throws {
    let data = try fixture.member("data")
    steps = try #require(data.member("steps").int)
    batchSize = try #require(data.member("batchSize").int)
    let scale = try #require(data.member("scale").double)
    let root = URL(filePath: Fixture.directory).deletingLastPathComponent().deletingLastPathComponent()
    let file = try File.open(at: root.appending(path: try #require(data.member("file").text)).path)
    let group = try file.root.group(try #require(data.member("group").text))
    inputs = try group.dataset("inputs").read(as: Scalar.self).map { $0 * Scalar(scale) }
    targets = try group.dataset("targets").read(as: Scalar.self)

    let model = try Model(
      #require(fixture.member("layers").elements).map { layer in
        Dense(
          units: try #require(layer.member("units").int),
          activation: layer["activation"]?.text.flatMap(Activation.init(named:))
        )
      })
    graph = try LossGraph(model, SoftmaxCrossEntropy(), inputs: [batchSize, 64], targets: [batchSize])
    layout = graph.parameters.layout
    parameters = try #require(fixture.member("initial").elements).flatMap { $0.values.map { Scalar($0) } }

    let arguments = try fixture.member("optimizer").member("arguments")
    let rate = try #require(arguments.member("lr").double)
    let transformations: [any GradientTransformation]
    if let momentum = arguments["momentum"]?.double {
      transformations = [Momentum(momentum, isNesterov: arguments["nesterov"] != nil)]
    } else {
      transformations = [ScaleByAdam()]
    }
    optimizer = Optimizer(
      transformations,
      schedule: LearningRateSchedule(
        ConstantSchedule(), base: rate, run: RunLength(steps: steps, stepsPerEpoch: steps)))
    let count = parameters.count
    state = optimizer.stateNames.map { _ in [Scalar](repeating: 0, count: count) }
  }

  /// One step: the batch's loss and gradient before the update.
  mutating func advance() throws -> (loss: Double, gradient: [Scalar]) {
    let rows = step * batchSize..<(step + 1) * batchSize
    step += 1
    let results = try graph.graph.evaluate(
      [graph.loss] + graph.gradients,
      inputs: [
        "inputs": Array(inputs[rows.lowerBound * 64..<rows.upperBound * 64]), "targets": Array(targets[rows]),
      ], parameters: parameters, layout: layout)
    let gradient = results.dropFirst().flatMap { $0 }
    let count = parameters.count
    (parameters, state) = withMemory { memory in
      let flat = memory.place(parameters)
      let vectors = state.map { memory.place($0) }
      UpdatePlan(optimizer, layout: layout, blocks: [0..<count]).runStep(
        step,
        vectors: UpdateVectors(
          gradient: memory.place(gradient), parameters: flat, state: memory.place(vectors), sums: memory.room(1),
          numbers: memory.room(1)),
        scratch: memory.room(count), kernels: .best)
      return (array(flat, count), vectors.map { array($0, count) })
    }
    return (Double(results[0][0]), gradient)
  }

  /// The stretch of a flat vector where a fixture's tensor lies.
  func slice(_ vector: [Scalar], _ tensor: JSONValue) throws -> [Double] {
    let name = try #require(tensor.member("name").text)
    let entry = try #require(layout[name])
    #expect(entry.shape == tensor.shape)
    return vector[entry.range].map { Double($0) }
  }
}
