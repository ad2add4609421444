import Foundations

/// (x − least) / (greatest − least).
struct MinMax: FittedTransform {
  static let type = "minMax"
  let least: [Double]
  /// The greatest minus the least; 1 where they are equal.
  let ranges: [Double]

  init(least: [Double], ranges: [Double]) {
    self.least = least
    self.ranges = ranges
  }

  init?(json: JSONValue, of shape: FeatureShape) {
    guard let count = shape.numbers?.count, let least = json["least"]?.finiteNumbers(count),
      let ranges = json["ranges"]?.finiteNumbers(count), ranges.allSatisfy({ $0 > 0 })
    else { return nil }
    self.init(least: least, ranges: ranges)
  }

  var json: JSONObject { ["least": .numbers(least), "ranges": .numbers(ranges)] }

  func shape(of shape: FeatureShape) -> FeatureShape { shape }

  func apply(to values: inout FeatureValues, at place: FeaturePlace) {
    values.map { value, column, _ in (value - least[column]) / ranges[column] }
  }
}

/// Finds the least and the greatest number of each column.
struct MinMaxFit: TransformFit {
  private var least: [Double]
  private var greatest: [Double]

  init(columns: Int) {
    least = Array(repeating: .infinity, count: columns)
    greatest = Array(repeating: -.infinity, count: columns)
  }

  mutating func note(_ values: FeatureValues, at place: FeaturePlace) {
    guard case .numbers(let columns) = values.main else { return }
    for (index, column) in columns.enumerated() {
      for value in column where !value.isNaN {
        least[index] = min(least[index], value)
        greatest[index] = max(greatest[index], value)
      }
    }
  }

  func fitted() -> any FittedTransform {
    let ranges = zip(least, greatest).map { $1 > $0 ? $1 - $0 : 1 }
    return MinMax(least: least.map { $0.isFinite ? $0 : 0 }, ranges: ranges)
  }
}
