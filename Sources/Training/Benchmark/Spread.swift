/// Repeated measurements of one thing.
package struct Spread: Sendable, Equatable {
  /// The measurements, ascending.
  package let values: [Double]

  /// Creates the value of at least one measurement.
  package init(_ values: [Double]) {
    precondition(!values.isEmpty, "nothing was measured")
    self.values = values.sorted()
  }

  /// The one in the middle, or the mean of the two.
  package var median: Double {
    let middle = values.count / 2
    return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
  }
  /// The least.
  package var least: Double { values[0] }
  /// The greatest.
  package var greatest: Double { values[values.count - 1] }
}
