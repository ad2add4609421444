import Foundations

/// What an observer wants to be told beside the events that all are. What nobody wants is not computed.
public struct ObserverInterests: Sendable, Equatable, Codable {
  /// How often something is told.
  public enum Period: Sendable, Equatable, Codable {
    /// At the end of so many epochs; in a run without epochs at so many reports.
    case epochs(Int)
    /// After so many steps.
    case steps(Int)
  }

  /// How often the observer is given the parameters; `nil` for never.
  public var parameters: Period?
  /// Whether the confusion matrix is counted of each group that is measured, where there are at most
  /// ``mostConfusionClasses`` classes.
  public var confusion: Bool

  /// Confusion matrices of more classes are not counted: they would not be read.
  public static let mostConfusionClasses = 100

  /// Creates the value; without arguments it is of an observer to which the events are enough.
  public init(parameters: Period? = nil, confusion: Bool = false) {
    self.parameters = parameters
    self.confusion = confusion
  }
}

/// What all observers of a run want together.
struct RunInterests: Sendable, Equatable, Codable {
  /// How often any of them is given the parameters.
  var parameters: [ObserverInterests.Period] = []
  /// Whether any of them wants confusion matrices.
  var confusion = false

  /// Nothing.
  init() {}

  /// What these want.
  init(of observers: [any RunObserver]) {
    let interests = observers.map(\.interests)
    parameters = interests.compactMap(\.parameters)
    confusion = interests.contains(where: \.confusion)
  }
}

/// The parameters as they stand between two steps, for an observer that has asked for them.
public struct ParameterValues {
  /// Elements in layout order, in the type that the run computes in. They are valid while the observer is called, and no
  /// longer.
  public enum Elements {
    /// Of single precision.
    case float32(UnsafeBufferPointer<Float>)
    /// Of double precision.
    case float64(UnsafeBufferPointer<Double>)
  }

  /// Completed steps.
  public let step: Int
  /// Whether the step that was asked for is the next one: an observer that tells what one step changes compares these
  /// with those that it is given after it.
  public let isBefore: Bool
  /// Where each parameter lies.
  public let layout: ParameterLayout
  /// Their values.
  public let elements: Elements

  /// Creates the value, which a run makes for its observers.
  public init(step: Int, isBefore: Bool, layout: ParameterLayout, elements: Elements) {
    self.step = step
    self.isBefore = isBefore
    self.layout = layout
    self.elements = elements
  }
}

/// Gives observers the parameters when they have asked for them.
struct ParameterObservation {
  private let parties: [(observer: any RunObserver, period: ObserverInterests.Period)]
  private let timetable: RunTimetable
  /// The last step before which they were given: a region that waits for its rows comes here again.
  private var lastBefore = -1

  init(_ observers: [any RunObserver], _ timetable: RunTimetable) {
    parties = observers.compactMap { observer in observer.interests.parameters.map { (observer, $0) } }
    self.timetable = timetable
  }

  /// Called before steps are trained.
  mutating func willTrain<Scalar: TrainingScalar>(_ step: Int, _ memory: TrainingMemory<Scalar>) throws {
    guard !parties.isEmpty, lastBefore != step else { return }
    lastBefore = step
    for party in parties where timetable.isDue(party.period, at: step + 1) {
      try party.observer.observe(memory.values(after: step, isBefore: true))
    }
  }

  /// Called after steps were trained.
  func didTrain<Scalar: TrainingScalar>(_ step: Int, _ memory: TrainingMemory<Scalar>) throws {
    for party in parties where timetable.isDue(party.period, at: step) {
      try party.observer.observe(memory.values(after: step, isBefore: false))
    }
  }
}

extension TrainingMemory {
  /// The parameters for an observer.
  fileprivate func values(after step: Int, isBefore: Bool) -> ParameterValues {
    let bytes = UnsafeRawBufferPointer(parameters.elements)
    let elements: ParameterValues.Elements =
      Scalar.elementType == .float32
      ? .float32(bytes.assumingMemoryBound(to: Float.self)) : .float64(bytes.assumingMemoryBound(to: Double.self))
    return ParameterValues(step: step, isBefore: isBefore, layout: layout, elements: elements)
  }
}
