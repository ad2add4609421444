import Foundations

/// (x − mean) / standard deviation.
struct Standardize: FittedTransform {
  static let type = "standardize"
  let means: [Double]
  /// The population's standard deviations; 1 where it is 0.
  let deviations: [Double]

  init(means: [Double], deviations: [Double]) {
    self.means = means
    self.deviations = deviations
  }

  init?(json: JSONValue, of shape: FeatureShape) {
    guard let count = shape.numbers?.count, let means = json["means"]?.finiteNumbers(count),
      let deviations = json["deviations"]?.finiteNumbers(count), deviations.allSatisfy({ $0 > 0 })
    else { return nil }
    self.init(means: means, deviations: deviations)
  }

  var json: JSONObject { ["means": .numbers(means), "deviations": .numbers(deviations)] }

  func shape(of shape: FeatureShape) -> FeatureShape { shape }

  func apply(to values: inout FeatureValues, at place: FeaturePlace) {
    values.map { value, column, _ in (value - means[column]) / deviations[column] }
  }
}

/// Means and deviations in one pass, by Welford's recurrence (1962), which loses no digits where the mean is large beside
/// the deviation.
struct StandardizeFit: TransformFit {
  private var moments: [Moments]

  init(columns: Int) { moments = Array(repeating: Moments(), count: columns) }

  mutating func note(_ values: FeatureValues, at place: FeaturePlace) {
    guard case .numbers(let columns) = values.main else { return }
    for (index, column) in columns.enumerated() {
      for value in column where !value.isNaN { moments[index].add(value) }
    }
  }

  func fitted() -> any FittedTransform {
    Standardize(means: moments.map(\.mean), deviations: moments.map { $0.deviation > 0 ? $0.deviation : 1 })
  }
}

/// The mean and the deviation of numbers that come one by one.
struct Moments {
  private var count = 0.0
  private(set) var mean = 0.0
  private var squares = 0.0

  /// Whether there was no number.
  var isEmpty: Bool { count == 0 }

  mutating func add(_ value: Double) {
    count += 1
    let difference = value - mean
    mean += difference / count
    squares += difference * (value - mean)
  }

  /// The population's standard deviation.
  var deviation: Double { count > 0 ? (squares / count).squareRoot() : 0 }
}
