/// Measures of numbers that are seen once, block after block, so that they need not be held in memory.
///
/// Mean and deviation of blocks are joined by the formula of Chan, Golub and LeVeque (1983), which does not lose digits where the
/// numbers are large beside their deviation.
package struct NumberStatistics: Sendable, Equatable {
  /// The finite numbers.
  package private(set) var count = 0
  /// Those that are NaN: values that are missing.
  package private(set) var missing = 0
  /// Those that are infinite. They are left out of all measures.
  package private(set) var infinite = 0
  private var least = Double.infinity
  private var greatest = -Double.infinity
  private var sumOfSquares = 0.0
  private var meanSoFar = 0.0

  /// Nothing seen yet.
  package init() {}

  /// The smallest and the greatest of the finite numbers; `nil` if there is none.
  package var range: ClosedRange<Double>? { count > 0 ? least...greatest : nil }
  /// Their mean.
  package var mean: Double? { count > 0 ? meanSoFar : nil }
  /// Their deviation as `standardize` divides by it: the square root of the mean square distance from the mean.
  package var deviation: Double? { count > 0 ? (sumOfSquares / Double(count)).squareRoot() : nil }

  /// Takes a block of numbers.
  package mutating func note(_ values: [Double]) {
    var finite = 0
    var sum = 0.0
    for value in values {
      guard value.isFinite else {
        if value.isNaN { missing += 1 } else { infinite += 1 }
        continue
      }
      finite += 1
      sum += value
      least = min(least, value)
      greatest = max(greatest, value)
    }
    guard finite > 0 else { return }
    var mean = sum / Double(finite)
    if !mean.isFinite {
      // The sum of numbers near the greatest overflows where their mean does not.
      mean = 0
      for value in values where value.isFinite { mean += value / Double(finite) }
    }
    var squares = 0.0
    for value in values where value.isFinite { squares += (value - mean) * (value - mean) }
    let before = Double(count)
    count += finite
    let distance = mean - meanSoFar
    let share = Double(finite) / Double(count)
    meanSoFar += distance * share
    sumOfSquares += squares + distance * distance * before * share
  }
}

/// Quartiles of numbers, exact, by sorting them all.
package struct Quartiles: Sendable, Equatable {
  /// A quarter, half and three quarters of the numbers are at most these; between two numbers on a line.
  package let values: [Double]

  /// - Parameter numbers: Any order; what is not finite is left out.
  /// - Returns: `nil` if there is no finite number.
  package init?(of numbers: [Double]) {
    let sorted = numbers.filter(\.isFinite).sorted()
    guard let last = sorted.indices.last else { return nil }
    values = [0.25, 0.5, 0.75].map { quantile in
      let place = quantile * Double(last)
      let below = Int(place)
      let share = place - Double(below)
      return share == 0 ? sorted[below] : sorted[below] * (1 - share) + sorted[below + 1] * share
    }
  }
}
