/// How numbers are spread: counts in 30 buckets of one width, from the smallest to the largest, as
/// `tf.summary.histogram` makes them. What is not finite is left out.
package struct Histogram: Sendable, Equatable {
  /// How many buckets there are.
  private static let bucketCount = 30

  /// The smallest number; 0 if there is none.
  package private(set) var smallest = 0.0
  /// The largest number; 0 if there is none.
  package private(set) var largest = 0.0
  /// How many numbers there are.
  package private(set) var count = 0
  /// Their sum.
  package private(set) var sum = 0.0
  /// The sum of their squares.
  package private(set) var sumOfSquares = 0.0
  /// The upper end of each bucket.
  package private(set) var limits: [Double] = []
  /// How many numbers lie in each bucket.
  package private(set) var counts: [Double] = []

  /// A histogram of these parts.
  package init(
    smallest: Double, largest: Double, count: Int, sum: Double, sumOfSquares: Double, limits: [Double],
    counts: [Double]
  ) {
    (self.smallest, self.largest, self.count) = (smallest, largest, count)
    (self.sum, self.sumOfSquares, self.limits, self.counts) = (sum, sumOfSquares, limits, counts)
  }

  /// Counts the numbers that `value` gives for the indices of `range`; it is asked twice for each.
  package init(_ range: Range<Int>, _ value: (Int) -> Double) {
    var (smallest, largest) = (Double.infinity, -Double.infinity)
    for index in range {
      let number = value(index)
      guard number.isFinite else { continue }
      smallest = min(smallest, number)
      largest = max(largest, number)
      count += 1
      sum += number
      sumOfSquares += number * number
    }
    guard count > 0 else { return }
    (self.smallest, self.largest) = (smallest, largest)
    // One value alone has a bucket without width.
    guard smallest < largest else {
      (limits, counts) = ([largest], [Double(count)])
      return
    }
    // Halved first: the width of numbers at both ends of the range would not be finite.
    let width = (largest / 2 - smallest / 2) / Double(Self.bucketCount) * 2
    limits = (1..<Self.bucketCount).map { (smallest / 2 + Double($0) * (width / 2)) * 2 } + [largest]
    counts = Array(repeating: 0, count: Self.bucketCount)
    for index in range {
      let number = value(index)
      guard number.isFinite else { continue }
      let bucket = (number / 2 - smallest / 2) / width * 2
      counts[max(0, min(Self.bucketCount - 1, Int(bucket)))] += 1
    }
  }
}
