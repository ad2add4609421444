import Kernels
import TestSupport
import Testing

// That no result depends on where a buffer lies, on how the work is cut, or on which vectors the processor has, is what
// the same-bits promise rests on. MultiplyTests hold the products to it.
@Suite struct IndependenceTests {
  @Test(arguments: InstructionSet.available)
  func elementwiseLoopsCutAnywhereGiveTheSameBits(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let count = 1000
      let operands: [[Scalar]] = (0..<3).map { mixedNumbers(count, seed: UInt64($0)) }
      for loop in Loop<Scalar>.all(instructions.kernels()) {
        func run(pieces: Int, shift: Int, inPlace: Bool = false) -> [Scalar] {
          withMemory { memory in
            let places = operands.prefix(loop.operands).map { memory.place($0, shift: shift) }
            let out = inPlace ? places[0] : memory.room(count, shift: shift == 0 ? 0 : shift + 1)
            for start in stride(from: 0, to: count, by: pieces) {
              loop(start..<min(start + pieces, count), places, into: out)
            }
            return array(out, count)
          }
        }
        let whole = run(pieces: count, shift: 0)
        for pieces in [1, 3, 16, 33] {
          #expect(bitDifference(run(pieces: pieces, shift: 0), whole) == nil, "\(Scalar.self) \(loop) by \(pieces)")
        }
        for shift in [1, 2, 5] {
          #expect(bitDifference(run(pieces: count, shift: shift), whole) == nil, "\(Scalar.self) \(loop) at \(shift)")
        }
        #expect(
          bitDifference(run(pieces: count, shift: 0, inPlace: true), whole) == nil, "\(Scalar.self) \(loop) in place")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func rowsComputedApartGiveTheSameBits(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      for columns in [1, 10, 16, 63, 64, 65, 200] {
        let rows = 9
        var generator = SeededGenerator(UInt64(columns))
        let x: [Scalar] = generator.numbers(rows * columns, in: -30...30)
        for kernel in RowKernel<Scalar>.all(instructions.kernels()) {
          func run(step: Int, shift: Int) -> [Scalar] {
            withMemory { memory in
              let width = kernel.isPerElement ? columns : 1
              let input = memory.place(x, shift: shift)
              let out = memory.room(rows * width, shift: shift, of: Scalar.self)
              for row in stride(from: 0, to: rows, by: step) {
                kernel.run(input + row * columns, min(step, rows - row), columns, out + row * width)
              }
              return array(out, rows * width)
            }
          }
          let together = run(step: rows, shift: 0)
          for (step, shift) in [(1, 0), (2, 0), (4, 0), (rows, 1), (rows, 3), (2, 7)] {
            #expect(
              bitDifference(run(step: step, shift: shift), together) == nil,
              "\(Scalar.self) \(kernel.name) of \(columns) columns, \(step) rows at a time, shifted by \(shift)")
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  // Sums of columns: the inner extent is cut, as when parameters are split into blocks.
  @Test(arguments: InstructionSet.available)
  func columnSumsDependOnTheirColumnOnly(instructions: InstructionSet) {
    let kernels = instructions.kernels(for: Float.self)
    let (count, inner) = (37, 50)
    let x: [Float] = mixedNumbers(count * inner, seed: 9).map { $0.isFinite ? $0 : 1 }
    func sums(of x: [Float], inner: Int, shift: Int) -> [Float] {
      withMemory { memory in
        let out = memory.room(inner, shift: shift, of: Float.self)
        kernels.reduce(.sum, memory.place(x, shift: shift), outer: 1, count: count, inner: inner, into: out)
        return array(out, inner)
      }
    }
    let whole = sums(of: x, inner: inner, shift: 0)
    #expect(bitDifference(sums(of: x, inner: inner, shift: 1), whole) == nil)
    for width in [2, 7, 33] {
      let part = (0..<count).flatMap { x[$0 * inner..<$0 * inner + width] }
      #expect(bitDifference(sums(of: part, inner: width, shift: 0), Array(whole.prefix(width))) == nil)
    }
  }

  @Test func vectorsOfEitherLengthGiveTheSameBits() throws {
    let named = Dictionary(uniqueKeysWithValues: InstructionSet.available.map { ($0.name, $0) })
    guard let short = named["avx2"], let long = named["avx512"] else { return }
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let (short, long) = (short.kernels(for: Scalar.self), long.kernels(for: Scalar.self))
      let count = 5000
      let operands: [[Scalar]] = (0..<3).map { mixedNumbers(count, seed: UInt64($0 + 10)) }
      for (a, b) in zip(Loop.all(short), Loop.all(long)) {
        let results = [a, b].map { loop in
          withMemory { memory in
            let out = memory.room(count, of: Scalar.self)
            loop(0..<count, operands.prefix(loop.operands).map { memory.place($0) }, into: out)
            return array(out, count)
          }
        }
        #expect(bitDifference(results[1], results[0]) == nil, "\(Scalar.self) \(a)")
      }
      for (a, b) in zip(RowKernel.all(short), RowKernel.all(long)) {
        let results = [a, b].map { kernel in
          withMemory { memory in
            let width = kernel.isPerElement ? 100 : 1
            let out = memory.room(50 * width, of: Scalar.self)
            kernel.run(memory.place(operands[0]), 50, 100, out)
            return array(out, 50 * width)
          }
        }
        #expect(bitDifference(results[1], results[0]) == nil, "\(Scalar.self) \(a.name)")
      }
    }
    check(Float.self)
    check(Double.self)
  }
}

/// A kernel along the rows of a matrix.
private struct RowKernel<Scalar: KernelElement> {
  let name: String
  /// Whether it has a result for each element, or one for each row.
  let isPerElement: Bool
  /// Over `(x, rows, columns, out)`.
  let run: (UnsafePointer<Scalar>, Int, Int, UnsafeMutablePointer<Scalar>) -> Void

  static func all(_ kernels: Kernels<Scalar>) -> [RowKernel] {
    ReductionFunction.allCases.map { function in
      RowKernel(name: function.name, isPerElement: false) {
        kernels.reduce(function, $0, outer: $1, count: $2, inner: 1, into: $3)
      }
    } + [
      RowKernel(name: "softmax", isPerElement: true) { kernels.softmax($0, rows: $1, columns: $2, into: $3) },
      RowKernel(name: "logSoftmax", isPerElement: true) { kernels.logSoftmax($0, rows: $1, columns: $2, into: $3) },
      RowKernel(name: "logSumExp", isPerElement: false) { kernels.logSumExp($0, rows: $1, columns: $2, into: $3) },
      RowKernel(name: "argmax", isPerElement: false) { kernels.argmax($0, rows: $1, columns: $2, into: $3) },
    ]
  }
}
