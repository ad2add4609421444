import Kernels
import TestSupport
import Testing

extension InstructionSet: CustomTestStringConvertible {
  /// The name, for test output.
  public var testDescription: String { name }

  /// How this instruction set's kernels add up products.
  var chain: Naive.Chain {
    #if arch(x86_64)
      name == "plain" ? .separate : .fused
    #else
      .fused
    #endif
  }
}

/// Numbers around which kernels have edges: zeros, subnormal, tiny, great and infinite numbers, NaN, and ordinary ones.
func edgeNumbers<Scalar: KernelElement>(of type: Scalar.Type = Scalar.self) -> [Scalar] {
  let magnitudes: [Scalar] = [
    0, .leastNonzeroMagnitude, .leastNonzeroMagnitude * 12345, .leastNormalMagnitude, .leastNormalMagnitude * 3,
    .ulpOfOne / 2, .ulpOfOne, 1e-5, 0.1, 0.5, 1, Scalar(1).nextUp, 1.5, 2, 3.7, 10, 88, 1e4, 1e9,
    .greatestFiniteMagnitude / 2, .greatestFiniteMagnitude, .infinity,
  ]
  return magnitudes + magnitudes.map { -$0 } + [.nan]
}

/// `count` numbers of which every 16th or so is one of the edge numbers, the others of all magnitudes up to 20.
func mixedNumbers<Scalar: KernelElement>(_ count: Int, seed: UInt64, of type: Scalar.Type = Scalar.self) -> [Scalar] {
  var generator = SeededGenerator(seed)
  let edges = edgeNumbers(of: Scalar.self)
  return (0..<count).map { _ in
    if UInt8.random(in: 0..<16, using: &generator) == 0 {
      return edges[Int.random(in: edges.indices, using: &generator)]
    }
    return Scalar(
      Double.random(in: -20...20, using: &generator) * (Int.random(in: 0..<3, using: &generator) == 0 ? 1e-3 : 1))
  }
}

/// Lengths at which vector loops begin, end and have rests.
let lengths = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 257]

/// The element-wise loops by one calling convention: each takes up to three operands.
struct Loop<Scalar: KernelElement>: CustomStringConvertible {
  let description: String
  let operands: Int
  private let run: (Int, [UnsafeMutablePointer<Scalar>], UnsafeMutablePointer<Scalar>) -> Void

  /// All element-wise kernels of an instruction set.
  static func all(_ kernels: Kernels<Scalar>) -> [Loop] {
    let unary = UnaryFunction.allCases.map { function in
      let loop = kernels.loop(function)
      return Loop(description: function.name, operands: 1) { loop($0, $1[0], $2) }
    }
    let binary = BinaryFunction.allCases.map { function in
      let loop = kernels.loop(function)
      return Loop(description: function.name, operands: 2) { loop($0, $1[0], $1[1], $2) }
    }
    let select = kernels.selectLoop
    let copy = kernels.copyLoop
    return unary + binary + [
      Loop(description: "copy", operands: 1) { copy($0, $1[0], $2) },
      Loop(description: "select", operands: 3) { select($0, $1[0], $1[1], $1[2], $2) },
      Loop(description: "scale", operands: 1) { kernels.scale($1[0], by: 0.3, into: $2, count: $0) },
      Loop(description: "offset", operands: 1) { kernels.offset($1[0], by: 0.3, into: $2, count: $0) },
    ]
  }

  /// Runs the loop over elements `range` of the operands.
  func callAsFunction(
    _ range: Range<Int>, _ operands: [UnsafeMutablePointer<Scalar>], into out: UnsafeMutablePointer<Scalar>
  ) {
    run(range.count, operands.map { $0 + range.lowerBound }, out + range.lowerBound)
  }

  private init(
    description: String, operands: Int,
    run: @escaping (Int, [UnsafeMutablePointer<Scalar>], UnsafeMutablePointer<Scalar>) -> Void
  ) {
    self.description = description
    self.operands = operands
    self.run = run
  }
}
