import Autodiff
import TestSupport

/// A graph of random operations on random shapes, the same for the same seed.
struct RandomGraph {
  let graph = Graph()
  private(set) var point = TestPoint()
  private(set) var parameters: [Node] = []
  private(set) var nodes: [Node] = []
  private var generator: SeededGenerator
  private let usesKinks: Bool

  /// Grows a graph of about `size` operations on three parameters.
  init(seed: UInt64, size: Int, usesKinks: Bool = true) throws {
    generator = SeededGenerator(seed)
    self.usesKinks = usesKinks
    for (index, shape) in [[], [3], [2, 3]].shuffled(using: &generator).enumerated() {
      let values: [Double] = generator.numbers(shape.reduce(1, *), in: -1.5...1.5)
      parameters.append(try point.add("p\(index)", shape, values, to: graph))
    }
    nodes = parameters
    for _ in 0..<size { nodes.append(try grow()) }
  }

  /// A scalar that depends on the last nodes and, through them, on most of the others.
  mutating func objective() throws -> Node {
    var sum = try graph.constant(0)
    for node in nodes.suffix(3) { sum = try sum + node.mean() * Double.random(in: 0.5...1.5, using: &generator) }
    return sum
  }

  private mutating func pick() -> Node { nodes[Int.random(in: 0..<nodes.count, using: &generator)] }

  /// A node of rank 1 or more.
  private mutating func pickArray() throws -> Node {
    let node = pick()
    return try node.shape.isEmpty ? node.broadcast(to: [3]) : node
  }

  // Values stay small whatever the chain: the functions are bounded, or grow no faster than their operands.
  private mutating func grow() throws -> Node {
    let x = pick()
    switch Int.random(in: 0..<(usesKinks ? 30 : 23), using: &generator) {
    case 0: return try x.tanh()
    case 1: return try x.sigmoid()
    case 2: return try x.sin()
    case 3: return try x.cos()
    case 4: return try (-x.square()).exp()
    case 5: return try (x.square() + 1).log()
    case 6: return try (x.square() + 0.5).rsqrt()
    case 7: return try x.erf() + 1
    case 8: return try x.softplus().tanh()
    case 9: return try -x
    case 10: return try x + compatible(x)
    case 11: return try x - compatible(x)
    case 12: return try (x * compatible(x)).tanh()
    case 13: return try x / (compatible(x).square() + 1)
    case 14: return try (x.square() + 0.3).power(compatible(x).tanh())
    case 15:
      let y = try pickArray()
      return try y.softmax(axis: Int.random(in: 0..<y.shape.count, using: &generator))
    case 16:
      let y = try pickArray()
      return try y.sum(
        axes: [Int.random(in: 0..<y.shape.count, using: &generator)], keepingAxes: Bool.random(using: &generator))
    case 17: return try pickArray().logSumExp(axes: [-1])
    case 18: return try pickArray().transpose() * 0.9
    case 19:
      let y = try pickArray()
      return try y.elements([.range(step: Bool.random(using: &generator) ? -1 : 2)])
    case 20:
      let y = try pickArray()
      return try concatenate([y, y.tanh()], axis: -1).elements([.range(), .range()].suffix(y.shape.count) + [])
        .mean(axes: [-1], keepingAxes: true)
    case 21:
      let y = try pickArray()
      return try y.matmul(y.shape.count == 1 ? y : y.transpose()).tanh()
    case 22: return try pickArray().gather(graph.constant([0, -1, 0], shape: [3])).variance(axes: [0])
    case 23: return try x.relu()
    case 24: return try x.abs()
    case 25: return try x.maximum(compatible(x))
    case 26: return try x.minimum(compatible(x)) * 0.5
    case 27:
      let y = compatible(x)
      return try select(x.isLess(than: y), x, y)
    case 28: return try pickArray().max(axes: [0])
    default: return try x.clip(from: -0.6, to: 0.7)
    }
  }

  /// A node that broadcasts against `x`.
  private mutating func compatible(_ x: Node) -> Node {
    for _ in 0..<8 {
      let y = pick()
      let pairs = zip(x.shape.reversed(), y.shape.reversed())
      if pairs.allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 }) { return y }
    }
    return x
  }
}
