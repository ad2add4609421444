import Foundations
import Kernels

/// L-BFGS (Nocedal, 1980; Liu and Nocedal, 1989): steps along −H g, where H is the inverse Hessian as the last steps tell
/// it, as far as a line search for the strong Wolfe conditions goes.
///
/// It goes by the objective's values, so it needs the whole data in every step. A step of the run is one evaluation of
/// objective and gradient: most line searches take one.
public struct LBFGS: OptimizerSettings {
  public static let type = "lbfgs"
  /// 1: the first step length that a line search tries.
  public var learningRate: Double { 1 }
  /// How many steps the inverse Hessian is told by.
  public var historySize: Int

  /// PyTorch's settings, but for those that are given.
  public init(historySize: Int = 100) {
    self.historySize = historySize
  }

  private static let settings: [Setting<LBFGS>] = [
    .integer(
      "historySize", \.historySize, in: 1...1000,
      help: "How many steps the inverse Hessian is told by; each takes the memory of two vectors of parameters.")
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: LBFGS()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// The search.
  public var transformations: [any GradientTransformation] { [SearchByLBFGS(historySize: historySize)] }
  /// Yes.
  public var goesByObjective: Bool { true }
}

/// The steps of L-BFGS without vectors in its recursion (Chen, Wang and Zhou, 2014): the direction is a combination of
/// the gradient and the changes of parameters and gradients so far, whose factors follow from their dot products alone.
///
/// One pass over the blocks measures the products, the unit between the passes decides, and the second pass moves.
public struct SearchByLBFGS: GlobalTransformation {
  /// The most changes that are kept.
  public let historySize: Int
  /// All parameters.
  public let extent = SumExtent.allParameters
  /// The point that the search began at, the gradient there, the direction; the changes s of the parameters and y of the
  /// gradient.
  public let stateNames: [String]

  /// Creates the transformation.
  public init(historySize: Int) {
    self.historySize = historySize
    let changes = ["parameterChange", "gradientChange"].flatMap { name in (0..<historySize).map { "\(name)\($0)" } }
    stateNames = ["searchStart", "searchStartGradient", "searchDirection"] + changes
  }

  /// The places of sums over all parameters and, behind them, of what was decided.
  private struct Places {
    let changes: Int
    /// g · d.
    let slope = 0
    /// The products of the newest s with all changes, then those of the newest y, then those of g.
    var newParameterChange: Int { 1 }
    var newGradientChange: Int { 1 + changes }
    var gradient: Int { 1 + 2 * changes }
    /// s·s, s·y, y·y, g·s, g·y and g·g of the newest s and y.
    var own: Int { 1 + 3 * changes }
    /// Whether the point was accepted, the step to go from the search's start, and where the changes go, −1 for nowhere.
    var isAccepted: Int { own + 6 }
    var step: Int { own + 7 }
    var slot: Int { own + 8 }
    /// The direction's factors of all changes, and of g.
    var factors: Int { own + 9 }
    var count: Int { factors + changes + 1 }
  }

  private var places: Places { Places(changes: 2 * historySize) }
  /// Dot products, and what was decided.
  public var sumCount: Int { places.count }
  /// The line search, how many changes there are, where the next goes, room for one number each, and all changes'
  /// products with each other.
  public var numberCount: Int { LineSearch.numberCount + 2 + historySize + 4 * historySize * historySize }

  /// Whether there are so many changes, the next of them in such a place, as there is room for, and the line search is in
  /// a phase that there is. Values need not be finite: those of a point that was merely tried may be anything.
  public func accepts(_ numbers: [Double]) -> Bool {
    guard numbers.count == numberCount else { return false }
    let (count, next) = (numbers[LineSearch.numberCount], numbers[LineSearch.numberCount + 1])
    return [count, next].allSatisfy { $0 >= 0 && $0 == $0.rounded() } && count <= Double(historySize)
      && next < Double(historySize) && LineSearch.accepts(numbers)
  }

  /// The products of the block.
  public func measure<Scalar: KernelElement>(
    _ block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>, into sums: inout MutableSpan<Double>
  ) {
    let (places, gradient, change) = (places, block.update, block.scratch)
    let used = 0..<Int(block.number(LineSearch.numberCount))
    for place in 0..<places.count { sums[place] = 0 }
    sums[places.slope] = gradient.dot(state[2])
    func measureAll(_ vector: BlockVector<Scalar>, at place: Int, into sums: inout MutableSpan<Double>) {
      for slot in used {
        sums[place + slot] = vector.dot(state[3 + slot])
        sums[place + historySize + slot] = vector.dot(state[3 + historySize + slot])
      }
    }
    change.assign(block.parameters)
    change.add(state[0], scaledBy: -1)
    measureAll(change, at: places.newParameterChange, into: &sums)
    sums[places.own] = change.dot(change)
    sums[places.own + 3] = gradient.dot(change)
    // (w − x) · (g − g₀), without room for both changes.
    sums[places.own + 1] = gradient.dot(change) - state[1].dot(change)
    change.assign(gradient)
    change.add(state[1], scaledBy: -1)
    measureAll(change, at: places.newGradientChange, into: &sums)
    sums[places.own + 2] = change.dot(change)
    sums[places.own + 4] = gradient.dot(change)
    measureAll(gradient, at: places.gradient, into: &sums)
    sums[places.own + 5] = gradient.dot(gradient)
  }

  /// Judges the point, and decides where to go.
  public func decide(
    _ sums: inout MutableSpan<Double>, numbers: inout MutableSpan<Double>, objective: Double, isLast: Bool
  ) -> Bool {
    // Views of the numbers, which live as long as this call: a structure cannot hold a span yet.
    sums.withUnsafeMutableBufferPointer { sums in
      numbers.withUnsafeMutableBufferPointer { numbers in
        decide(sums, numbers, objective: objective, isLast: isLast)
      }
    }
  }

  private func decide(
    _ sums: UnsafeMutableBufferPointer<Double>, _ numbers: UnsafeMutableBufferPointer<Double>, objective: Double,
    isLast: Bool
  ) -> Bool {
    let (places, search) = (places, LineSearch(numbers))
    let isFirst = !search.isSearching
    guard search.note(value: objective, slope: sums[places.slope]) == .accept else {
      sums[places.isAccepted] = 0
      sums[places.step] = isLast ? search.bestStep(value: objective) : search.trial
      return false
    }
    let history = History(.init(rebasing: numbers[LineSearch.numberCount...]), size: historySize)
    sums[places.slot] = isFirst ? -1 : Double(history.add(sums, places))
    let slope = history.direction(sums, places)
    let norm = sums[places.own + 5].squareRoot()
    let trial = history.count == 0 ? min(1, 1 / max(norm, .leastNormalMagnitude)) : 1
    search.begin(value: objective, slope: slope, trial: trial)
    sums[places.isAccepted] = 1
    sums[places.step] = isLast ? 0 : trial
    return true
  }

  /// Turns the gradient into the difference from where to go.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (places, gradient) = (places, block.update)
    let (start, startGradient, direction) = (state[0], state[1], state[2])
    if block.sum(places.isAccepted) != 0 {
      let slot = Int(block.sum(places.slot))
      if slot >= 0 {
        let (s, y) = (state[3 + slot], state[3 + historySize + slot])
        s.assign(block.parameters)
        s.add(start, scaledBy: -1)
        y.assign(gradient)
        y.add(startGradient, scaledBy: -1)
      }
      start.assign(block.parameters)
      startGradient.assign(gradient)
      direction.assign(gradient)
      direction.scale(by: block.sum(places.factors + places.changes))
      for index in 0..<places.changes where block.sum(places.factors + index) != 0 {
        direction.add(state[3 + index], scaledBy: block.sum(places.factors + index))
      }
    }
    block.update.assign(block.parameters)
    block.update.add(start, scaledBy: -1)
    block.update.add(direction, scaledBy: -block.sum(places.step))
  }

  /// The changes so far, as numbers: how many there are, where the next goes, and their products.
  private struct History {
    private let numbers: UnsafeMutableBufferPointer<Double>
    private let size: Int

    init(_ numbers: UnsafeMutableBufferPointer<Double>, size: Int) {
      self.numbers = numbers
      self.size = size
    }

    /// How many changes there are; they are in the first slots.
    private(set) var count: Int {
      get { Int(numbers[0]) }
      nonmutating set { numbers[0] = Double(newValue) }
    }

    private var next: Int {
      get { Int(numbers[1]) }
      nonmutating set { numbers[1] = Double(newValue) }
    }

    /// One number for each change.
    private var room: UnsafeMutableBufferPointer<Double> { .init(rebasing: numbers[2..<2 + size]) }

    /// The product of two of all changes, s before y.
    private subscript(left: Int, right: Int) -> Double {
      get { numbers[2 + size + left * 2 * size + right] }
      nonmutating set {
        numbers[2 + size + left * 2 * size + right] = newValue
        numbers[2 + size + right * 2 * size + left] = newValue
      }
    }

    /// Notes the newest changes, unless the curvature along them is not positive.
    ///
    /// - Returns: Their slot; −1 if they were left out.
    func add(_ sums: UnsafeMutableBufferPointer<Double>, _ places: Places) -> Int {
      let own = places.own
      let (ss, sy, yy) = (sums[own], sums[own + 1], sums[own + 2])
      guard sy > 1e-10 * (ss * yy).squareRoot() else {
        // Without a step there is nothing left to gain in this direction: begin anew along the gradient.
        if !(ss > 0) { forget() }
        return -1
      }
      let slot = next
      for index in 0..<2 * size {
        self[slot, index] = sums[places.newParameterChange + index]
        self[size + slot, index] = sums[places.newGradientChange + index]
      }
      (self[slot, slot], self[slot, size + slot], self[size + slot, size + slot]) = (ss, sy, yy)
      (sums[places.gradient + slot], sums[places.gradient + size + slot]) = (sums[own + 3], sums[own + 4])
      next = (slot + 1) % size
      count = min(count + 1, size)
      return slot
    }

    /// Writes the factors of −H g, by the two loops of Nocedal (1980).
    ///
    /// - Returns: The slope along it.
    func direction(_ sums: UnsafeMutableBufferPointer<Double>, _ places: Places) -> Double {
      let factors = UnsafeMutableBufferPointer(rebasing: sums[places.factors...])
      let (gradient, alpha) = (UnsafeBufferPointer(rebasing: sums[places.gradient...]), room)
      func clear() {
        for index in 0..<places.changes { factors[index] = 0 }
        factors[places.changes] = -1
      }
      // The combination's product with a change.
      func product(with change: Int) -> Double {
        (0..<places.changes).reduce(factors[places.changes] * gradient[change]) { sum, index in
          factors[index] == 0 ? sum : sum + factors[index] * self[index, change]
        }
      }
      clear()
      for age in 0..<count {
        let slot = (next - 1 - age + 2 * size) % size
        alpha[slot] = product(with: slot) / self[slot, size + slot]
        factors[size + slot] -= alpha[slot]
      }
      if count > 0 {
        let newest = (next - 1 + size) % size
        let scale = self[newest, size + newest] / self[size + newest, size + newest]
        for index in 0...places.changes { factors[index] *= scale }
      }
      for age in (0..<count).reversed() {
        let slot = (next - 1 - age + 2 * size) % size
        factors[slot] += alpha[slot] - product(with: size + slot) / self[slot, size + slot]
      }
      let square = sums[places.own + 5]
      let slope = (0..<places.changes).reduce(factors[places.changes] * square) { $0 + factors[$1] * gradient[$1] }
      if slope < 0 { return slope }
      forget()
      clear()
      return -square
    }

    private func forget() { (count, next) = (0, 0) }
  }
}
