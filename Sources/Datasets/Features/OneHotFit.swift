import Foundations

/// Finds the categories of the training rows, and how many rows have each.
struct OneHotFit: TransformFit {
  private let shape: FeatureShape
  private let unknown: FeatureTransform.Handling
  private let minFrequency: Int
  private let missing: FeatureTransform.Handling
  private var codeCounts: [Int]
  private var valueCounts: [[Double: Int]]
  private var hasGaps: [Bool]

  /// More in one column are a sign that it holds measurements, or a name for each row.
  private static let mostCategories = 10_000

  init(
    _ shape: FeatureShape, unknown: FeatureTransform.Handling, minFrequency: Int, missing: FeatureTransform.Handling
  ) {
    self.shape = shape
    self.unknown = unknown
    self.minFrequency = minFrequency
    self.missing = missing
    codeCounts = Array(repeating: 0, count: shape.categories?.count ?? 0)
    valueCounts = Array(repeating: [:], count: shape.numbers?.count ?? 0)
    hasGaps = Array(repeating: false, count: shape.numbers?.count ?? 1)
  }

  mutating func note(_ values: FeatureValues, at place: FeaturePlace) throws {
    switch values.main {
    case .codes(let codes):
      for code in codes {
        if codeCounts.indices.contains(Int(code)) { codeCounts[Int(code)] += 1 } else { hasGaps[0] = true }
      }
    case .numbers(let columns):
      for (index, column) in columns.enumerated() {
        for value in column {
          if value.isNaN { hasGaps[index] = true } else { valueCounts[index][value, default: 0] += 1 }
        }
        try requireFew(valueCounts[index].count, place.column)
      }
    }
    if missing == .error, let index = hasGaps.firstIndex(of: true) {
      let name = shape.numbers?[index] ?? shape.feature
      throw TrainerError(
        .data,
        "the column '\(name.onOneLine)' has missing values in the training rows, and \"missing\" of its oneHot is "
          + "\"error\"; fill them in, or set it to \"own\"")
    }
  }

  func fitted() throws -> any FittedTransform {
    var codings: [OneHot.Coding] = []
    if let names = shape.categories {
      let seen = zip(names, codeCounts).filter { $0.1 > 0 }
      codings.append(coding(seen.map { ($0.0, nil, $0.1) }, hasGaps: hasGaps[0]))
      try requireFew(codings[0].names.count, shape.feature)
    } else {
      for (counts, hasGaps) in zip(valueCounts, hasGaps) {
        let seen = counts.sorted { $0.key < $1.key }
        codings.append(coding(seen.map { (JSONValue.text(of: $0.key), $0.key, $0.value) }, hasGaps: hasGaps))
      }
    }
    let step = OneHot(codings: codings, unknown: unknown, missing: missing)
    guard !step.shape(of: shape).columns.isEmpty else {
      throw TrainerError(
        .data,
        "the column '\(shape.feature.onOneLine)' has no value in any training row; leave it out with {\"name\": "
          + "\(JSONValue.string(shape.feature).compactText), \"drop\": true} in data.features")
    }
    return step.on(shape)
  }

  private func coding(
    _ seen: [(name: String, value: Double?, count: Int)], hasGaps: Bool
  ) -> OneHot.Coding {
    let own = seen.filter { $0.count >= minFrequency }
    let infrequent = seen.filter { $0.count < minFrequency }.map(\.name)
    return OneHot.Coding(
      names: own.map(\.name), values: shape.categories == nil ? own.compactMap(\.value) : nil, infrequent: infrequent,
      hasMissing: missing == .own && hasGaps, hasOther: !infrequent.isEmpty || unknown == .own)
  }

  private func requireFew(_ count: Int, _ column: String) throws {
    guard count <= Self.mostCategories else {
      throw TrainerError(
        .usage,
        "the column '\(column.onOneLine)' has more than the \(Self.mostCategories) different values that oneHot takes; "
          + "set its \"minFrequency\", use \"ordinal\", or leave the column out with \"drop\": true in data.features")
    }
  }
}
