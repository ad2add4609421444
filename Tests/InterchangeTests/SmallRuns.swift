import Foundation
import Foundations
import Interchange
import TestSupport
import Training

/// Small trainings whose models are exported.
enum SmallRuns {
  /// Trains on made-up rows and returns the checkpoint.
  ///
  /// - Parameters:
  ///   - config: The config's text without data and output.
  ///   - inputShape: The extents of a row.
  ///   - targets: A row's targets by its number.
  static func checkpoint(
    _ config: String, inputShape: [Int], registries: Registries = .standard,
    targets: (Int) -> [Float] = { [Float($0 % 3)] },
    in directory: String
  ) throws -> String {
    let count = 16
    let values = (0..<count).map(targets)
    let shape = values[0].count
    let inputs = rows(count, inputShape)
    let isClass = shape == 1 && values.allSatisfy { $0[0] == $0[0].rounded() }
    let arrays =
      isClass
      ? try TrainingArrays(inputs: inputs, inputShape: inputShape, targets: values.map { Int($0[0]) })
      : try TrainingArrays(
        inputs: inputs, inputShape: inputShape, targets: values.flatMap { $0 }, targetShape: shape == 1 ? [] : [shape])
    let configuration = try RunConfiguration(json: config, output: directory, registries: registries)
    let outcome = try train(configuration, on: arrays, options: RunOptions(workers: 1, registries: registries))
    guard let checkpoint = outcome.summary.checkpoint else { throw TrainerError(.checkpoint, "no checkpoint") }
    return checkpoint
  }

  /// Rows of numbers between -2 and 2 with all their digits.
  static func rows(_ count: Int, _ shape: [Int]) -> [Float] {
    (0..<count * shape.reduce(1, *)).map { Float(2 * sin(Double($0 * $0 % 1009) + 0.37)) }
  }
}
