/// A line search for a step that satisfies the strong Wolfe conditions (Nocedal and Wright, 2006, algorithms 3.5 and
/// 3.6, with the safeguards of Schmidt's minFunc that PyTorch has too), as a machine that is told one evaluation at a
/// time: so a run can be interrupted in the middle of a search, and each step of a run evaluates once.
///
/// The state is a row of numbers that the caller keeps; zeros are a search that has not begun.
struct LineSearch {
  /// What the numbers are.
  private enum Number: Int, CaseIterable {
    case phase, trial, evaluations, hasStalled
    case startValue, startSlope
    /// The evaluation before, while the search goes outwards; later the two ends of the bracket.
    case lowStep, lowValue, lowSlope, highStep, highValue, highSlope
  }

  /// What an evaluation led to.
  enum Outcome { case tryNext, accept }

  private enum Phase: Double { case idle, outwards, inwards, settling }

  /// How many numbers the state takes.
  static let numberCount = Number.allCases.count
  /// The decrease that a step must bring, as a share of what the slope promises.
  private static let decrease = 1e-4
  /// The share of the slope that may be left.
  private static let curvature = 0.9
  /// The most evaluations before the best point so far is taken.
  private static let mostEvaluations = 25.0

  private let numbers: UnsafeMutableBufferPointer<Double>

  init(_ numbers: UnsafeMutableBufferPointer<Double>) { self.numbers = numbers }

  /// Whether numbers begin with a phase that there is.
  static func accepts(_ numbers: [Double]) -> Bool { numbers.first.flatMap(Phase.init) != nil }

  private subscript(number: Number) -> Double {
    get { numbers[number.rawValue] }
    nonmutating set { numbers[number.rawValue] = newValue }
  }

  private var phase: Phase {
    get { Phase(rawValue: self[.phase]) ?? .idle }
    nonmutating set { self[.phase] = newValue.rawValue }
  }

  /// Whether a search has begun.
  var isSearching: Bool { phase != .idle }
  /// The step to evaluate next.
  var trial: Double { self[.trial] }

  /// Begins a search from a point with that value, in a direction with that slope, at a first step.
  func begin(value: Double, slope: Double, trial: Double) {
    phase = .outwards
    self[.trial] = trial
    self[.evaluations] = 0
    self[.hasStalled] = 0
    (self[.startValue], self[.startSlope]) = (value, slope)
    setLow(0, value, slope)
  }

  /// The step of the least value known, once `value` at the trial is known too.
  func bestStep(value: Double) -> Double {
    var best = (step: 0.0, value: self[.startValue])
    if value < best.value { best = (self[.trial], value) }
    if self[.lowValue] < best.value { best = (self[.lowStep], self[.lowValue]) }
    return best.step
  }

  /// Takes note of the evaluation at the trial.
  func note(value: Double, slope: Double) -> Outcome {
    self[.evaluations] += 1
    switch phase {
    case .idle, .settling: return .accept
    case .outwards: return noteOutwards(value, slope)
    case .inwards: return noteInwards(value, slope)
    }
  }

  private func isTooHigh(_ value: Double, _ slope: Double) -> Bool {
    // A point where value or slope is not a number is no place to go on from.
    !(value <= self[.startValue] + Self.decrease * self[.trial] * self[.startSlope]) || !slope.isFinite
  }

  private func isFlat(_ slope: Double) -> Bool { abs(slope) <= -Self.curvature * self[.startSlope] }

  /// Goes on until two steps have a good one between them.
  private func noteOutwards(_ value: Double, _ slope: Double) -> Outcome {
    let step = self[.trial]
    if isTooHigh(value, slope) || self[.evaluations] > 1 && value >= self[.lowValue] {
      setHigh(step, value, slope)
      return narrow()
    }
    if isFlat(slope) { return .accept }
    if slope >= 0 {
      (self[.highStep], self[.highValue], self[.highSlope]) = (self[.lowStep], self[.lowValue], self[.lowSlope])
      setLow(step, value, slope)
      return narrow()
    }
    guard self[.evaluations] < Self.mostEvaluations else { return .accept }
    let (before, least, most) = (self[.lowStep], step + 0.01 * (step - self[.lowStep]), 10 * step)
    self[.trial] = Self.interpolate(
      before, self[.lowValue], self[.lowSlope], step, value, slope, least, most)
    setLow(step, value, slope)
    return .tryNext
  }

  /// Makes the bracket smaller around a good step.
  private func noteInwards(_ value: Double, _ slope: Double) -> Outcome {
    let step = self[.trial]
    if isTooHigh(value, slope) || value >= self[.lowValue] {
      setHigh(step, value, slope)
      return narrow()
    }
    if isFlat(slope) { return .accept }
    if slope * (self[.highStep] - self[.lowStep]) >= 0 {
      (self[.highStep], self[.highValue], self[.highSlope]) = (self[.lowStep], self[.lowValue], self[.lowSlope])
    }
    setLow(step, value, slope)
    return narrow()
  }

  /// Chooses the next step in the bracket, or goes back to its lower end if there is nothing to gain.
  private func narrow() -> Outcome {
    phase = .inwards
    let (left, right) = (min(self[.lowStep], self[.highStep]), max(self[.lowStep], self[.highStep]))
    let width = right - left
    guard self[.evaluations] < Self.mostEvaluations, width > 1e-12 * right else {
      // The gradient at the lower end is needed again.
      phase = .settling
      self[.trial] = self[.lowStep]
      return .tryNext
    }
    var next = Self.interpolate(
      self[.lowStep], self[.lowValue], self[.lowSlope], self[.highStep], self[.highValue], self[.highSlope], left, right
    )
    // Twice in a row close to an end is too slow.
    let margin = 0.1 * width
    let isClose = min(right - next, next - left) < margin
    if isClose, self[.hasStalled] != 0 || next >= right || next <= left {
      next = right - next < next - left ? right - margin : left + margin
      self[.hasStalled] = 0
    } else {
      self[.hasStalled] = isClose ? 1 : 0
    }
    self[.trial] = next
    return .tryNext
  }

  private func setLow(_ step: Double, _ value: Double, _ slope: Double) {
    (self[.lowStep], self[.lowValue], self[.lowSlope]) = (step, value, slope)
  }

  private func setHigh(_ step: Double, _ value: Double, _ slope: Double) {
    (self[.highStep], self[.highValue], self[.highSlope]) = (step, value, slope)
  }

  /// Where the cubic through two points with their slopes is least, within bounds; the middle if it has no minimum.
  private static func interpolate(
    _ x1: Double, _ f1: Double, _ g1: Double, _ x2: Double, _ f2: Double, _ g2: Double, _ least: Double, _ most: Double
  ) -> Double {
    guard x1 <= x2 else { return interpolate(x2, f2, g2, x1, f1, g1, least, most) }
    let d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    let square = d1 * d1 - g1 * g2
    guard square >= 0 else { return (least + most) / 2 }
    let d2 = square.squareRoot()
    let position = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    return position.isFinite ? min(max(position, least), most) : (least + most) / 2
  }
}
