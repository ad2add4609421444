import Foundations
import Kernels

/// The sums that the package's metrics of one task share.
struct StandardSums: Sendable {
  private let task: LearningTask
  /// Whether the confusion matrix is counted.
  let countsConfusion: Bool
  /// Whether samples have weights. Their sums then count weights, and those of numbers end with the number of samples,
  /// which weights do not tell.
  let isWeighted: Bool
  /// Subtracted from targets before their squares are summed, so that a large mean costs no digits.
  private var shift: [Double]

  /// The sums that some metrics need.
  ///
  /// - Parameters:
  ///   - wantsConfusion: Whether to count the confusion matrix though no metric needs it.
  ///   - isWeighted: Whether samples have weights.
  ///   - targetShift: One typical target; `nil` for zeros.
  init(
    _ metrics: [StandardMetric], task: LearningTask, wantsConfusion: Bool = false, isWeighted: Bool = false,
    targetShift: [Double]? = nil
  ) {
    self.task = task
    self.isWeighted = isWeighted
    if case .regression(let outputs) = task {
      countsConfusion = false
      shift = targetShift ?? Array(repeating: 0, count: outputs)
    } else {
      countsConfusion = wantsConfusion || !Set(metrics).isDisjoint(with: [.precision, .recall, .f1])
      shift = []
    }
  }

  /// Counts from targets near this one.
  mutating func shift(to target: [Double]) {
    guard case .regression(let outputs) = task, target.count == outputs else { return }
    shift = target
  }

  private var classes: Int {
    if case .multiclass(let classes, _) = task { classes } else { 2 }
  }

  /// The most labels that are counted each by itself, so that a matrix for each takes little.
  private static var mostLabels: Int { 256 }

  /// How many confusion matrices are counted, one after the other: one for each of several labels, else one of all.
  private var matrices: Int {
    if case .binary(let labels) = task, labels <= Self.mostLabels { max(1, labels) } else { 1 }
  }

  /// How many sums there are.
  var count: Int {
    switch task {
    case .regression(let outputs): 1 + 4 * outputs + (isWeighted ? 1 : 0)
    case .multiclass, .binary: countsConfusion ? 2 + matrices * classes * classes : 2
    }
  }

  /// Adds samples to the sums: their count (of labels, for several binary outputs), then what the task needs.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func add<Scalar: KernelElement>(_ batch: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>) {
    if let weights = batch.weights { return add(batch, weights, to: sums) }
    let (outputs, targets, samples) = (batch.outputs, batch.targets, batch.count)
    switch task {
    case .multiclass(let classes, let oneHot):
      for first in stride(from: 0, to: samples, by: Self.samplesAtOnce) {
        count(
          outputs: outputs + first * classes, targets: targets + first * (oneHot ? classes : 1), weights: nil,
          samples: min(Self.samplesAtOnce, samples - first), classes: classes, oneHot: oneHot, in: sums)
      }
    case .binary(let width):
      let matrices = matrices
      for index in 0..<samples * width {
        count(targets[index] > 0.5 ? 1 : 0, outputs[index] > 0 ? 1 : 0, matrix: index % matrices, in: sums)
      }
    case .regression(let width):
      sums[0] += Double(samples)
      for index in 0..<samples * width {
        let output = index % width
        let error = Double(outputs[index]) - Double(targets[index])
        let target = Double(targets[index]) - shift[output]
        let base = 1 + 4 * output
        sums[base] += error * error
        sums[base + 1] += abs(error)
        sums[base + 2] += target
        sums[base + 3] += target * target
      }
    }
  }

  /// The same for samples with weights, each as often as it weighs.
  @inline(__always)
  private func add<Scalar: KernelElement>(
    _ batch: MetricSamples<Scalar>, _ weights: UnsafePointer<Scalar>, to sums: UnsafeMutableBufferPointer<Double>
  ) {
    let (outputs, targets, samples) = (batch.outputs, batch.targets, batch.count)
    switch task {
    case .multiclass(let classes, let oneHot):
      for first in stride(from: 0, to: samples, by: Self.samplesAtOnce) {
        count(
          outputs: outputs + first * classes, targets: targets + first * (oneHot ? classes : 1),
          weights: weights, first: first, positions: batch.positions, samples: min(Self.samplesAtOnce, samples - first),
          classes: classes, oneHot: oneHot, in: sums)
      }
    case .binary(let width):
      let matrices = matrices
      for index in 0..<samples * width {
        count(
          targets[index] > 0.5 ? 1 : 0, outputs[index] > 0 ? 1 : 0, weighing: Double(weights[index / width]),
          matrix: index % matrices, in: sums)
      }
    case .regression(let width):
      for sample in 0..<samples { sums[0] += Double(weights[sample]) }
      if isWeighted { sums[count - 1] += Double(samples) }
      for index in 0..<samples * width {
        let output = index % width
        let weight = Double(weights[index / width])
        let error = Double(outputs[index]) - Double(targets[index])
        let target = Double(targets[index]) - shift[output]
        let base = 1 + 4 * output
        sums[base] += weight * error * error
        sums[base + 1] += weight * abs(error)
        sums[base + 2] += weight * target
        sums[base + 3] += weight * target * target
      }
    }
  }

  /// Samples whose classes are found at a time: few, so that their memory is on the stack.
  private static var samplesAtOnce: Int { 64 }

  /// Counts samples of several classes.
  ///
  /// - Parameters:
  ///   - first: The place of the first one among those that have weights.
  ///   - positions: How many of them have one weight.
  @inline(__always)
  private func count<Scalar: KernelElement>(
    outputs: UnsafePointer<Scalar>, targets: UnsafePointer<Scalar>, weights: UnsafePointer<Scalar>?,
    first: Int = 0, positions: Int = 1, samples: Int, classes: Int, oneHot: Bool,
    in sums: UnsafeMutableBufferPointer<Double>
  ) {
    let kernels = Kernels<Scalar>.best
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: 2 * Self.samplesAtOnce) { memory in
      guard let predicted = memory.baseAddress else { return }
      kernels.argmax(outputs, rows: samples, columns: classes, into: predicted)
      var actual = targets
      if oneHot {
        kernels.argmax(targets, rows: samples, columns: classes, into: predicted + Self.samplesAtOnce)
        actual = UnsafePointer(predicted + Self.samplesAtOnce)
      }
      if let weights {
        for sample in 0..<samples {
          count(
            Int(actual[sample]), Int(predicted[sample]), weighing: Double(weights[(first + sample) / positions]),
            in: sums)
        }
        return
      }
      var hits = 0
      for sample in 0..<samples where actual[sample] == predicted[sample] { hits += 1 }
      sums[0] += Double(samples)
      sums[1] += Double(hits)
      guard countsConfusion else { return }
      for sample in 0..<samples { countPair(Int(actual[sample]), Int(predicted[sample]), in: sums) }
    }
  }

  private func count(
    _ actual: Int, _ predicted: Int, weighing weight: Double = 1, matrix: Int = 0,
    in sums: UnsafeMutableBufferPointer<Double>
  ) {
    sums[0] += weight
    if actual == predicted { sums[1] += weight }
    if countsConfusion { countPair(actual, predicted, weighing: weight, matrix: matrix, in: sums) }
  }

  private func countPair(
    _ actual: Int, _ predicted: Int, weighing weight: Double = 1, matrix: Int = 0,
    in sums: UnsafeMutableBufferPointer<Double>
  ) {
    if actual >= 0, actual < classes { sums[2 + (matrix * classes + actual) * classes + predicted] += weight }
  }

  /// The confusion matrix, if it was counted: of several labels that of all answers.
  func confusion(from sums: [Double]) -> ConfusionMatrix? {
    guard countsConfusion else { return nil }
    let size = classes * classes
    let counts = (0..<size).map { place in (0..<matrices).reduce(0) { $0 + sums[2 + $1 * size + place] } }
    return ConfusionMatrix(classes: classes, counts: counts)
  }

  /// The confusion matrix of each of several labels, if they were counted; else none.
  func confusionOfLabels(from sums: [Double]) -> [ConfusionMatrix] {
    guard countsConfusion, matrices > 1 else { return [] }
    return (0..<matrices).map { ConfusionMatrix(classes: 2, counts: Array(sums[2 + 4 * $0..<6 + 4 * $0])) }
  }

  /// A metric's value; NaN where there are no samples.
  func value(of metric: StandardMetric, from sums: [Double]) -> Double {
    let matrix = confusion(from: sums)
    return switch metric {
    case .accuracy: sums[1] / sums[0]
    case .precision: matrix.map { matrix in task.mean(matrix, matrix.precision) } ?? .nan
    case .recall: matrix.map { matrix in task.mean(matrix, matrix.recall) } ?? .nan
    case .f1: matrix.map { matrix in task.mean(matrix, matrix.f1) } ?? .nan
    case .meanSquaredError: meanOverOutputs { sums[$0] / sums[0] }
    case .meanAbsoluteError: meanOverOutputs { sums[$0 + 1] / sums[0] }
    case .r2: meanOverOutputs { determination(sums, base: $0) }
    }
  }

  /// The coefficient of determination of one output, as `StandardMetric.r2` says.
  private func determination(_ sums: [Double], base: Int) -> Double {
    guard (isWeighted ? sums[count - 1] : sums[0]) >= 2 else { return .nan }
    let (error, total) = (sums[base], sums[base + 3] - sums[base + 2] * sums[base + 2] / sums[0])
    // Below 0 only by rounding; a comparison that lets NaN through.
    if total <= 0 { return error == 0 ? 1 : 0 }
    return 1 - error / total
  }

  private func meanOverOutputs(_ measure: (_ base: Int) -> Double) -> Double {
    shift.indices.reduce(0) { $0 + measure(1 + 4 * $1) } / Double(shift.count)
  }
}
