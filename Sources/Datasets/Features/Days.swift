import Foundations

/// Days since a point in time, with fractions.
struct Days: FittedTransform {
  static let type = "days"
  /// Seconds since 1970.
  let epoch: Double

  init(epoch: Double) { self.epoch = epoch }

  init?(json: JSONValue, of shape: FeatureShape) {
    guard shape.main == .date, let epoch = json["epoch"]?.double, epoch.isFinite else { return nil }
    self.init(epoch: epoch)
  }

  var json: JSONObject { ["epoch": .number(epoch)] }

  func shape(of shape: FeatureShape) -> FeatureShape {
    var result = shape
    result.main = .numbers([shape.feature])
    return result
  }

  func apply(to values: inout FeatureValues, at place: FeaturePlace) {
    values.map { value, _, _ in (value - epoch) / CalendarDate.secondsPerDay }
  }

  /// Begins the step.
  static func begin(_ shape: FeatureShape, epoch: String?) -> StepBegin {
    guard shape.main == .date else { return .refused("takes dates") }
    guard let epoch else { return .fit(DaysFit()) }
    return CalendarDate(epoch).map { .fitted(Days(epoch: $0.seconds)) } ?? .refused("takes an epoch such as 2001-12-31")
  }
}

/// Finds the first date.
struct DaysFit: TransformFit {
  private var first = Double.infinity

  mutating func note(_ values: FeatureValues, at place: FeaturePlace) {
    guard case .numbers(let columns) = values.main else { return }
    for value in columns.joined() where !value.isNaN { first = min(first, value) }
  }

  func fitted() -> any FittedTransform { Days(epoch: first.isFinite ? first : 0) }
}
