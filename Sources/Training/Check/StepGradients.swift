import Autodiff
import DataParallel
import Foundations
import Kernels
import Optimizers

/// Keeps the gradient that the all-reduce gives, as a state vector, and passes it on.
package struct RecordGradient: GradientTransformation {
  package let stateNames = ["recordedGradient"]

  /// Creates the transformation.
  package init() {}

  package func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    state[0].assign(block.update)
  }
}

/// The gradients with which a run updates its parameters: steps of its engine, from the sampler to the update, whose
/// optimizer notes what it is given.
package struct StepGradients<Scalar: TrainingScalar>: Sendable {
  package let engine: TrainingEngine<Scalar>

  /// Prepares the engine of a run.
  ///
  /// - Parameters:
  ///   - learningRate: Each step goes on by that times its gradient.
  ///   - tileCosts: What decides where gradients are cut among workers.
  /// - Throws: `TrainerError` if the graph does not fit the data.
  package init(
    _ problem: any Problem, group: SampleGroup<Scalar>, settings: TrainingEngine<Scalar>.Settings,
    shortcuts: EngineShortcuts = .all, region: Region, learningRate: Double = 1, tileCosts: TileCosts = .measured
  ) throws {
    // Without an end: which steps are taken is the caller's.
    let run = RunLength(steps: .max, stepsPerEpoch: .max)
    engine = try TrainingEngine(
      problem, group: group,
      optimizer: Optimizer(
        [RecordGradient()], schedule: LearningRateSchedule(ConstantSchedule(), base: learningRate, run: run)),
      settings: settings, region: region, live: LiveProgress(), shortcuts: shortcuts, tileCosts: tileCosts)
  }

  /// Does a step, counted from 0.
  ///
  /// - Parameter parameters: Where to stand before the step; where the last one has led if `nil`.
  /// - Returns: The batch's objective and its gradient, of the flat vector; for the layout's state what the step has taken off.
  /// - Throws: Nothing in one process.
  package func take(step: Int, at parameters: [Double]? = nil) throws -> (loss: Double, gradient: [Double]) {
    if let parameters {
      for (index, value) in parameters.enumerated() { engine.memory.parameters[index] = Scalar(value) }
      engine.work.writeCopies()
    }
    engine.record.beginEpoch()
    let (range, elements) = (engine.memory.layout.state, engine.memory.parameters.elements)
    let state = elements[range].map { Double($0) }
    try engine.run(steps: step..<step + 1)
    var gradient = engine.memory.state[0].elements.map { Double($0) }
    for (index, before) in zip(range, state) { gradient[index] = before - Double(elements[index]) }
    return (engine.epochMeasurement.loss, gradient)
  }
}
