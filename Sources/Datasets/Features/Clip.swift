import Foundations

/// Numbers outside of two bounds become these.
struct Clip: FittedTransform {
  static let type = "clip"
  let lower: [Double]
  let upper: [Double]

  init(lower: [Double], upper: [Double]) {
    self.lower = lower
    self.upper = upper
  }

  init?(json: JSONValue, of shape: FeatureShape) {
    guard let count = shape.numbers?.count, let lower = json["lower"]?.finiteNumbers(count),
      let upper = json["upper"]?.finiteNumbers(count), zip(lower, upper).allSatisfy({ $0 <= $1 })
    else { return nil }
    self.init(lower: lower, upper: upper)
  }

  var json: JSONObject { ["lower": .numbers(lower), "upper": .numbers(upper)] }

  func shape(of shape: FeatureShape) -> FeatureShape { shape }

  func apply(to values: inout FeatureValues, at place: FeaturePlace) {
    values.map { value, column, _ in value.isNaN ? value : min(max(value, lower[column]), upper[column]) }
  }
}

/// Finds quantiles of each column.
struct ClipFit: TransformFit {
  private var columns: [[Double]]
  private let lower: Double
  private let upper: Double

  var bytesPerRow: Int { columns.count * MemoryLayout<Double>.stride }

  init(columns: Int, lower: Double, upper: Double) {
    self.columns = Array(repeating: [], count: columns)
    self.lower = lower
    self.upper = upper
  }

  mutating func note(_ values: FeatureValues, at place: FeaturePlace) {
    guard case .numbers(let columns) = values.main else { return }
    for (index, column) in columns.enumerated() { self.columns[index] += column.filter { !$0.isNaN } }
  }

  func fitted() -> any FittedTransform {
    let sorted = columns.map { $0.sorted() }
    return Clip(
      lower: sorted.map { Quantile.of($0, lower) ?? 0 }, upper: sorted.map { Quantile.of($0, upper) ?? 0 })
  }
}

/// Quantiles of sorted numbers, linear between two of them: definition 7 of Hyndman and Fan (1996), NumPy's default.
enum Quantile {
  /// - Returns: `nil` where there is no number.
  static func of(_ sorted: [Double], _ share: Double) -> Double? {
    guard let last = sorted.indices.last else { return nil }
    let place = share * Double(last)
    let index = min(Int(place), last)
    let (low, high) = (sorted[index], sorted[min(index + 1, last)])
    let rest = place - Double(index)
    // From the nearer of both, as NumPy does.
    return rest < 0.5 ? low + (high - low) * rest : high - (high - low) * (1 - rest)
  }
}
