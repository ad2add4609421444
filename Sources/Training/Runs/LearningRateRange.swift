import DataParallel
import Foundation
import Foundations
import Optimizers

/// How the loss answers to the learning rate: a short training in which the rate grows from step to step (Smith, "Cyclical
/// learning rates for training neural networks", 2017), as fastai and Lightning do it.
public struct LearningRateRange: Sendable {
  /// One training step.
  public struct Step: Sendable, Equatable {
    /// The learning rate of the step.
    public let rate: Double
    /// The objective on the step's batch, before its update.
    public let loss: Double
    /// The mean of the objective over the steps before and after, with weights that fall by a constant factor with the
    /// distance.
    public let smoothed: Double
  }

  /// Why there were fewer steps than asked for.
  public enum Ending: String, Sendable {
    /// The moving average of the loss is more than four times the best one before.
    case exploded = "the loss exceeded four times its best"
    /// The loss or a parameter is not finite, or beyond all bounds.
    case diverged = "the loss left all bounds"
  }

  /// The steps, with rising rates.
  public let steps: [Step]
  /// Why there were fewer than asked for; `nil` if there were not.
  public let ending: Ending?
  /// The rate at which the smoothed loss falls fastest over the logarithm of the rate; `nil` if it never falls.
  public let suggestion: Double?
  /// The config's learning rate.
  public let configured: Double
  /// Whether the objective is made large.
  public let isMaximizing: Bool

  /// Trains with learning rates from `lowest` to `highest`, each step's the same multiple of the one before. A schedule of the config's own
  /// gives way. Nothing is written, and nothing stays of what was trained.
  ///
  /// - Parameters:
  ///   - configuration: What to train. Rates of groups of parameters keep their ratio to the optimizer's.
  ///   - lowest: The rate of the first step, positive.
  ///   - highest: The rate of the last step, greater.
  ///   - count: How many steps, 10 at least.
  ///   - options: How; nothing there changes a bit.
  /// - Throws: `TrainerError` with code `.usage` for an optimizer without a learning rate, or rates out of order; what
  ///   training would throw before its first step.
  public init(
    _ configuration: RunConfiguration, from lowest: Double = 1e-7, to highest: Double = 10, steps count: Int = 100,
    options: RunOptions = RunOptions()
  ) throws {
    guard lowest > 0, lowest < highest, highest.isFinite, count >= 10 else {
      throw TrainerError(
        .usage,
        "the learning rate cannot go from \(JSONValue.number(lowest).compactText) to "
          + "\(JSONValue.number(highest).compactText) in \(count) steps; expected a positive rate, then a greater one, and "
          + "at least 10 steps")
    }
    guard !configuration.optimizer.settings.goesByObjective else {
      throw TrainerError(
        .usage, "optimizer: it chooses the length of its steps itself, so there is no learning rate to find")
    }
    var configuration = configuration
    configuration.schedule = ScheduleSettings()
    configuration.training.length = .steps(count)
    let rates = (0..<count).map { lowest * pow(highest / lowest, Double($0) / Double(count - 1)) }
    let trained = try MemoryLimit.$budget.withValue(configuration.data?.memory) {
      switch configuration.precision {
      case .float32: try Self.train(Float.self, configuration, rates, options)
      case .float64: try Self.train(Double.self, configuration, rates, options)
      }
    }
    (steps, ending) = trained
    isMaximizing = configuration.isMaximizing
    suggestion = Self.steepest(steps, sign: isMaximizing ? -1 : 1)
    configured = configuration.optimizer.learningRate
  }

  private static func train<Scalar: TrainingScalar>(
    _: Scalar.Type, _ configuration: RunConfiguration, _ rates: [Double], _ options: RunOptions
  ) throws -> (steps: [Step], ending: Ending?) {
    let live = LiveProgress()
    let region = Region(workers: max(1, options.workerCount), start: options.starter)
    let setup = try RunSetup<Scalar>(configuration, region: region, live: live)
    let engine = setup.engine
    if let settings = configuration.initial,
      let initial = try InitialParameters(settings, layout: setup.problem.layout, registries: options.registries)
    {
      engine.begin(at: initial.parts)
    }
    let base = configuration.optimizer.learningRate
    let sign: Double = configuration.isMaximizing ? -1 : 1
    let weight = weight(rates.count)
    var (losses, average, best) = ([Double](), 0.0, Double.infinity)
    func result(_ ending: Ending?) -> (steps: [Step], ending: Ending?) {
      let smoothed = smoothed(losses, weight)
      return (losses.indices.map { Step(rate: rates[$0], loss: losses[$0], smoothed: smoothed[$0]) }, ending)
    }
    for (index, rate) in rates.enumerated() {
      engine.memory.rateFactor[0] = rate / base
      try engine.run(steps: index..<index + 1)
      let loss = live.loss
      if let divergence = engine.record.divergence {
        if let fault = engine.dataFault(inStep: divergence.step) { throw fault }
        if !divergence.isLoss { losses.append(loss) }
        return result(.diverged)
      }
      losses.append(loss)
      average = weight * average + (1 - weight) * loss
      // Without the divisor, the average would begin near 0.
      let value = sign * average / (1 - pow(weight, Double(index + 1)))
      if index > 0, value > best + 3 * max(abs(best), 1e-3 * abs(losses[0])) { return result(.exploded) }
      best = min(best, value)
    }
    return result(nil)
  }

  /// The weight of a step in the mean of its neighbour, such that the mean is of a tenth of all steps or so. fastai and
  /// Lightning average over what was before alone, with 0.98: among 100 steps that lags behind the loss by a factor of
  /// ten in the rate.
  private static func weight(_ count: Int) -> Double { max(0.5, 1 - 20 / Double(count)) }

  private static func smoothed(_ losses: [Double], _ weight: Double) -> [Double] {
    func sums(_ values: [Double]) -> [Double] {
      var sum = 0.0
      return values.map { value in
        sum = value + weight * sum
        return sum
      }
    }
    func bothWays(_ values: [Double]) -> [Double] {
      zip(zip(sums(values), sums(values.reversed()).reversed()), values).map { $0.0 + $0.1 - $1 }
    }
    return zip(bothWays(losses), bothWays(losses.map { _ in 1 })).map { $0 / $1 }
  }

  /// - Parameter sign: -1 where the objective is made large.
  private static func steepest(_ steps: [Step], sign: Double) -> Double? {
    // The first means are of few steps, the last is where it ended.
    let skipped = min(10, steps.count / 10)
    guard steps.count - 1 - skipped >= 3 else { return nil }
    let values = steps[skipped..<(steps.count - 1)].map { sign * $0.smoothed }
    // Rates are evenly spaced on a logarithmic axis.
    let slopes = values.indices.map { index -> Double in
      let (before, after) = (max(0, index - 1), min(values.count - 1, index + 1))
      return (values[after] - values[before]) / Double(after - before)
    }
    guard let least = slopes.min(), least < 0, let place = slopes.firstIndex(of: least) else { return nil }
    return steps[skipped + place].rate
  }
}

extension RunConfiguration {
  /// Whether the objective is made large.
  fileprivate var isMaximizing: Bool {
    if case .formula(let formula) = objective { formula.direction == .maximize } else { false }
  }
}
