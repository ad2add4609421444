// Trains from arrays in memory, without a file, and predicts.
// The lines up to the first print stand in the README, too.
import Models
import Optimizers
import Training

let grid = Array(stride(from: -1.0, to: 1, by: 0.1))
let points = grid.flatMap { x in grid.map { y in [x, y] } }
let isInside = points.map { point in point[0] * point[0] + point[1] * point[1] < 0.5 }
let configuration = try RunConfiguration(
  model: [Dense(units: 16, activation: .tanh), Dense(units: 2)], loss: SoftmaxCrossEntropy(),
  metrics: [StandardMetric.accuracy], optimizer: OptimizerConfiguration(Adam(learningRate: 0.02)),
  training: TrainingSettings(.epochs(60), batchSize: .samples(50)))
let data = try TrainingArrays(inputs: points, targets: isInside.map { $0 ? 1 : 0 })
let outcome = try train(configuration, on: data)
let predictions = try outcome.predictor().predict(rows: [[0.1, -0.2], [0.9, 0.8]])
print(predictions.classes ?? [])  // [1, 0]

// What can be asked of the outcome.
print("accuracy", outcome.summary.value("accuracy", of: "train") ?? 0)
for parameter in try outcome.parameters() { print(parameter.name, parameter.shape) }
print(outcome.summary.digest)

guard predictions.classes == [1, 0] else { throw NotLearnt(found: predictions) }

/// The model has not learnt the circle.
struct NotLearnt: Error {
  let found: Predictions
}
