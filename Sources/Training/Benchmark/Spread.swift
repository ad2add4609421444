/// Repeated measurements of one thing.
public struct Spread: Sendable, Equatable {
  /// The measurements, ascending.
  public let values: [Double]

  /// Creates the value of at least one measurement.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "nothing was measured")
    self.values = values.sorted()
  }

  /// The one in the middle, or the mean of the two.
  public var median: Double {
    let middle = values.count / 2
    return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
  }
  /// The least.
  public var least: Double { values[0] }
  /// The greatest.
  public var greatest: Double { values[values.count - 1] }
}
