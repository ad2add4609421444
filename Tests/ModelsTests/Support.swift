import Autodiff
import Foundations
import Models
import TestSupport

/// A model with a loss over a batch, as a graph with its gradient.
struct LossGraph {
  let graph = Graph()
  /// Σ losses / Σ weights.
  let loss: Node
  /// With respect to each parameter, in layout order.
  let gradients: [Node]
  let parameters: ModelParameters

  init(_ model: Model, _ loss: any Loss, inputs: Shape, targets: Shape, isTraining: Bool = true) throws {
    let outputs = try model.apply(to: graph.input("inputs", shape: inputs), isTraining: isTraining)
    let terms = try loss.terms(outputs: outputs, targets: graph.input("targets", shape: targets))
    self.loss = try terms.batchLoss
    parameters = try model.parameters(inputShape: Array(inputs.dropFirst()))
    gradients = try graph.gradient(
      of: self.loss, withRespectTo: graph.nodes.filter { $0.parameterName != nil })
  }
}

extension LossTerms {
  /// The loss of the batch.
  var batchLoss: Node {
    get throws { try losses.sum() / (sampleWeights?.sum() ?? losses.graph.constant(Double(losses.shape[0]))) }
  }
}

/// What a loss of given outputs and targets is, and its gradient with respect to the outputs.
func evaluate(
  _ loss: any Loss, outputs: (values: [Double], shape: Shape), targets: (values: [Double], shape: Shape)
) throws -> (value: Double, gradient: [Double]) {
  let graph = Graph()
  let z = try graph.input("outputs", shape: outputs.shape)
  let value = try loss.terms(outputs: z, targets: graph.input("targets", shape: targets.shape)).batchLoss
  let gradient = try graph.gradient(of: value, withRespectTo: [z])[0]
  let results = try graph.evaluate(
    [value, gradient], inputs: ["outputs": outputs.values, "targets": targets.values])
  return (results[0][0], results[1])
}
