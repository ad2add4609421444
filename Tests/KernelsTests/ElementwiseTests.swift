import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct ElementwiseTests {
  // Functions whose result IEEE 754 defines to the bit; the others are in AccuracyTests.
  @Test(arguments: InstructionSet.available)
  func exactFunctionsOfOneArgument(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let inputs: [Scalar] = edgeNumbers() + mixedNumbers(100, seed: 1)
      let references: [(UnaryFunction, (Scalar) -> Scalar)] = [
        (.negate, { -$0 }), (.abs, { abs($0) }), (.square, { $0 * $0 }), (.reciprocal, { 1 / $0 }),
        (.sqrt, { $0.squareRoot() }), (.rsqrt, { 1 / $0.squareRoot() }),
        (.sign, { $0.isNaN ? $0 : $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
        (.relu, { $0.isNaN ? $0 : $0 > 0 ? $0 : 0 }),
      ]
      for (function, reference) in references {
        let found = apply(instructions.kernels(for: Scalar.self).loop(function), inputs)
        #expect(bitDifference(found, inputs.map(reference)) == nil, "\(Scalar.self) \(function.name)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func functionsOfTwoArguments(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type, power: @escaping (Scalar, Scalar) -> Scalar) {
      let edges: [Scalar] = edgeNumbers() + [2.5, -2.5, 3, -3]
      let pairs = edges.flatMap { x in edges.map { (x, $0) } }
      func truth(_ condition: Bool) -> Scalar { condition ? 1 : 0 }
      func extremum(_ x: Scalar, _ y: Scalar, _ takesFirst: Bool) -> Scalar {
        x.isNaN || y.isNaN ? .nan : takesFirst ? x : y
      }
      let references: [(BinaryFunction, (Scalar, Scalar) -> Scalar)] = [
        (.add, { $0 + $1 }), (.subtract, { $0 - $1 }), (.multiply, { $0 * $1 }), (.divide, { $0 / $1 }),
        (.power, power), (.minimum, { extremum($0, $1, $0 < $1) }), (.maximum, { extremum($0, $1, $0 > $1) }),
        (.equal, { truth($0 == $1) }), (.less, { truth($0 < $1) }), (.lessOrEqual, { truth($0 <= $1) }),
      ]
      for (function, reference) in references {
        let expected = pairs.map { reference($0, $1) }
        let loop = instructions.kernels(for: Scalar.self).loop(function)
        let found = withMemory { memory in
          let out = memory.room(pairs.count, of: Scalar.self)
          loop(pairs.count, memory.place(pairs.map(\.0)), memory.place(pairs.map(\.1)), out)
          return array(out, pairs.count)
        }
        #expect(bitDifference(found, expected) == nil, "\(Scalar.self) \(function.name)")
      }
    }
    check(Float.self) { Foundation.pow($0, $1) }
    check(Double.self) { Foundation.pow($0, $1) }
  }

  @Test(arguments: InstructionSet.available)
  func selectTakesAnythingButZeroAsTrue(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let conditions: [Scalar] = edgeNumbers()
      let (x, y): ([Scalar], [Scalar]) = (
        mixedNumbers(conditions.count, seed: 1), mixedNumbers(conditions.count, seed: 2)
      )
      let found = withMemory { memory in
        let out = memory.room(x.count, of: Scalar.self)
        instructions.kernels(for: Scalar.self).selectLoop(
          x.count, memory.place(conditions), memory.place(x), memory.place(y), out)
        return array(out, x.count)
      }
      #expect(bitDifference(found, conditions.indices.map { conditions[$0] == 0 ? y[$0] : x[$0] }) == nil)
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func vectorArithmeticOfTheOptimizers(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      let (a, b) = (0.3, -1.7)
      func multiplyAdd(_ x: Scalar, _ y: Scalar, _ z: Scalar) -> Scalar {
        instructions.chain == .fused ? z.addingProduct(x, y) : x * y + z
      }
      for count in lengths {
        let (x, y): ([Scalar], [Scalar]) = (mixedNumbers(count, seed: 1), mixedNumbers(count, seed: 2))
        func expect(
          _ name: String, _ expected: [Scalar], _ run: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
        ) {
          let found = withMemory { memory in
            let out = memory.place(y)
            run(memory.place(x), out)
            return array(out, count)
          }
          #expect(bitDifference(found, expected) == nil, "\(Scalar.self) \(name), \(count) elements")
        }
        expect("y + a x", zip(x, y).map { multiplyAdd(Scalar(a), $0, $1) }) {
          kernels.addScaled(a, $0, to: $1, count: count)
        }
        expect("a x + b y", zip(x, y).map { multiplyAdd(Scalar(a), $0, Scalar(b) * $1) }) {
          kernels.combine(a, $0, b, $1, count: count)
        }
        expect("a x", x.map { Scalar(a) * $0 }) { kernels.scale($0, by: a, into: $1, count: count) }
        expect("x + a", x.map { $0 + Scalar(a) }) { kernels.offset($0, by: a, into: $1, count: count) }
        expect("a x² + b y", zip(x, y).map { multiplyAdd(Scalar(a) * $0, $0, Scalar(b) * $1) }) {
          kernels.combineSquare(a, $0, b, $1, count: count)
        }
        // Square roots of squares and of infinity: the numbers themselves are negative too.
        expect("a x / (b √|y| + c)", zip(x, y).map { Scalar(a) * $0 / multiplyAdd(0.5, abs($1).squareRoot(), 0.125) }) {
          kernels.loop(.abs)(count, $1, $1)
          kernels.rootQuotient(a, $0, 0.5, $1, 0.125, into: $1, count: count)
        }
        expect("x limited", x.map { $0.isNaN ? $0 : min(max($0, -0.75), 0.75) }) {
          kernels.clamp($0, to: 0.75, into: $1, count: count)
        }
        expect("x", x) { kernels.copyLoop(count, $0, $1) }
        expect("fill", x.map { _ in Scalar(a) }) { kernels.fill($1, count: count, with: Scalar(a)) }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func allFiniteFindsOneAnywhere(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      let finite: [Scalar] = edgeNumbers().filter(\.isFinite)
      for count in lengths {
        let values = (0..<count).map { finite[$0 % finite.count] }
        withMemory { memory in
          let x = memory.place(values)
          #expect(kernels.allFinite(x, count: count), "\(Scalar.self), \(count) elements")
          for index in 0..<count {
            for bad in [Scalar.nan, .infinity, -.infinity] {
              x[index] = bad
              if kernels.allFinite(x, count: count) {
                Issue.record("\(Scalar.self): \(bad) at \(index) of \(count) was not found")
              }
            }
            x[index] = values[index]
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }
}

/// The results of a loop of one argument.
func apply<Scalar: KernelElement>(_ loop: UnaryLoop, _ inputs: [Scalar]) -> [Scalar] {
  withMemory { memory in
    let out = memory.room(inputs.count, of: Scalar.self)
    loop(inputs.count, memory.place(inputs), out)
    return array(out, inputs.count)
  }
}
