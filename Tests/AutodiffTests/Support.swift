import Autodiff
import Foundations
import TestSupport

extension SeededGenerator {
  /// `count` numbers in a range, in random order, no two closer than the range divided by `count`, and none in its
  /// middle: so that kinks at 0 and ties stay out of the way of central differences.
  mutating func spread(_ count: Int, in range: ClosedRange<Double>) -> [Double] {
    let places = count + count % 2
    let width = (range.upperBound - range.lowerBound) / Double(max(places, 1))
    return (0..<places).map { range.lowerBound + (Double($0) + 0.5) * width }.shuffled(using: &self).prefix(count)
      .map { $0 }
  }
}

/// A graph's parameters with values: one array behind the other.
struct TestPoint {
  var layout = ParameterLayout()
  var parameters: [Double] = []

  /// Adds a parameter and gives its node.
  mutating func add(_ name: String, _ shape: Shape, _ values: [Double], to graph: Graph) throws -> Node {
    layout.append(name: name, shape: shape)
    parameters += values
    return try graph.parameter(name, shape: shape)
  }
}
