/// The places of a shard's numbers in its statistics, those of evaluation and of training alike.
enum Statistic {
  /// The sum of the samples' weighted losses; of a formula that is a sum, its value.
  static let loss = 0
  /// The sum of the samples' weights; 0 where nothing is divided by it.
  static let sampleWeight = 1
  /// The first of the metrics' sums.
  static let metrics = 2

  /// How many numbers a shard has whose metrics take that many.
  static func count(metrics: Int?) -> Int { Self.metrics + (metrics ?? 0) }
}
