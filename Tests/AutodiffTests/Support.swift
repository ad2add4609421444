import Autodiff
import Foundation
import Foundations

/// A seeded generator (SplitMix64, Steele, Lea and Flood, 2014), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

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

/// A file in `Tests/Fixtures`.
func fixture(_ name: String) throws -> JSONValue {
  let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  let bytes = try Data(contentsOf: folder.appending(path: "Fixtures").appending(path: name))
  return try JSONDocument([UInt8](bytes), source: name).root
}

/// A number of a fixture, where what JSON cannot hold is a string.
func fixtureNumber(_ value: JSONValue) -> Double? { value.double ?? value.text.flatMap(Double.init) }

/// The message of the error that `body` throws.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch {
    return "\(error)"
  }
}

extension Double {
  /// Whether both are equal, or closer than `tolerance` times the larger of 1 and their size.
  func isClose(to other: Double, within tolerance: Double) -> Bool {
    if self == other || (isNaN && other.isNaN) { return true }
    return abs(self - other) <= tolerance * Swift.max(1, abs(self), abs(other))
  }
}

extension [Double] {
  func isClose(to other: [Double], within tolerance: Double) -> Bool {
    count == other.count && zip(self, other).allSatisfy { $0.isClose(to: $1, within: tolerance) }
  }
}
