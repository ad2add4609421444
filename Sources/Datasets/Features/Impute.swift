import Foundations

/// Missing numbers become others, and a column may say where that was.
struct Impute: FittedTransform {
  static let type = "impute"
  let replacements: [Double]
  /// For each column, whether it has an indicator.
  let indicators: [Bool]

  init(replacements: [Double], indicators: [Bool]) {
    self.replacements = replacements
    self.indicators = indicators
  }

  init?(json: JSONValue, of shape: FeatureShape) {
    guard let count = shape.numbers?.count, let replacements = json["values"]?.finiteNumbers(count),
      let flags = json["indicators"]?.elements, flags.count == count
    else { return nil }
    let indicators = flags.compactMap { if case .boolean(let isThere) = $0 { isThere } else { nil } }
    guard indicators.count == count else { return nil }
    self.init(replacements: replacements, indicators: indicators)
  }

  var json: JSONObject {
    ["values": .numbers(replacements), "indicators": .array(indicators.map(JSONValue.boolean))]
  }

  func shape(of shape: FeatureShape) -> FeatureShape {
    var result = shape
    result.indicators += zip(shape.numbers ?? [], indicators).filter(\.1).map { "\($0.0) missing" }
    return result
  }

  func apply(to values: inout FeatureValues, at place: FeaturePlace) {
    if case .numbers(let columns) = values.main {
      for (column, isThere) in zip(columns, indicators) where isThere {
        values.indicators.append(column.map { $0.isNaN ? 1 : 0 })
      }
    }
    values.map { value, column, _ in value.isNaN ? replacements[column] : value }
  }
}

/// Finds what missing numbers become.
struct ImputeFit: TransformFit {
  private let names: [String]
  private let replacement: FeatureTransform.Replacement
  private let indicator: FeatureTransform.Indicator
  private var moments: [Moments]
  private var present: [[Double]]
  private var counts: [[Double: Int]]
  private var hasGaps: [Bool]

  var bytesPerRow: Int { replacement == .median ? names.count * MemoryLayout<Double>.stride : 0 }

  init(names: [String], _ replacement: FeatureTransform.Replacement, _ indicator: FeatureTransform.Indicator) {
    self.names = names
    self.replacement = replacement
    self.indicator = indicator
    moments = Array(repeating: Moments(), count: names.count)
    present = Array(repeating: [], count: names.count)
    counts = Array(repeating: [:], count: names.count)
    hasGaps = Array(repeating: false, count: names.count)
  }

  mutating func note(_ values: FeatureValues, at place: FeaturePlace) {
    guard case .numbers(let columns) = values.main else { return }
    for (index, column) in columns.enumerated() {
      for value in column {
        guard !value.isNaN else {
          hasGaps[index] = true
          continue
        }
        switch replacement {
        case .mean: moments[index].add(value)
        case .median: present[index].append(value)
        case .mostFrequent: counts[index][value, default: 0] += 1
        case .constant: break
        }
      }
    }
  }

  func fitted() throws -> any FittedTransform {
    let replacements = try names.indices.map { index in
      guard let value = value(index) else {
        throw TrainerError(
          .data,
          "the column '\(names[index].onOneLine)' has no value in any training row, so there is nothing to fill its gaps "
            + "with; leave it out with {\"name\": \(JSONValue.string(names[index]).compactText), \"drop\": true} in "
            + "data.features")
      }
      return value
    }
    return Impute(
      replacements: replacements,
      indicators: hasGaps.map { indicator == .always || indicator == .automatic && $0 })
  }

  private func value(_ index: Int) -> Double? {
    switch replacement {
    case .constant(let value): value
    case .mean: moments[index].isEmpty ? nil : moments[index].mean
    case .median: Quantile.of(present[index].sorted(), 0.5)
    case .mostFrequent:
      counts[index].min { $0.value > $1.value || $0.value == $1.value && $0.key < $1.key }?.key
    }
  }
}
