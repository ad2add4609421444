import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct ReductionTests {
  private let extents = [
    (0, 5, 3), (3, 0, 4), (3, 0, 1), (1, 1, 1), (2, 3, 1), (4, 16, 1), (3, 17, 1), (2, 100, 1),
    (1, 5, 2), (2, 33, 7), (3, 8, 40),
  ]

  @Test(arguments: InstructionSet.available)
  func extremaAreExact(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      for (outer, count, inner) in extents {
        let x: [Scalar] = mixedNumbers(outer * count * inner, seed: 3)
        for function in [ReductionFunction.max, .min] {
          let first: Scalar = function == .max ? -.infinity : .infinity
          let expected = Naive.reduce(x, outer: outer, count: count, inner: inner, from: first) { p, q in
            p.isNaN || q.isNaN ? .nan : function == .max ? Swift.max(p, q) : Swift.min(p, q)
          }
          let found = reduce(function, x, outer, count, inner, instructions)
          // Which of two zeros is the greater is open.
          #expect(
            bitDifference(found.map { $0 + 0 }, expected.map { $0 + 0 }) == nil,
            "\(Scalar.self) \(function.name) over \(outer), \(count), \(inner)")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func sums(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      for (outer, count, inner) in extents {
        var generator = SeededGenerator(8)
        let x: [Scalar] = generator.numbers(outer * count * inner)
        let expected = Naive.reduce(x.map { Double($0) }, outer: outer, count: count, inner: inner, from: 0, +)
        let found = reduce(.sum, x, outer, count, inner, instructions)
        #expect(
          difference(found.map { Double($0) }, expected, within: Double(count) * Double(Scalar.ulpOfOne)) == nil,
          "\(Scalar.self) over \(outer), \(count), \(inner)")
      }
      // Whole numbers add up exactly in any order, so no element is left out or counted twice.
      for count in lengths {
        let x = (0..<count).map { Scalar(1 << ($0 % 10)) }
        #expect(reduce(.sum, x, 1, count, 1, instructions) == [x.reduce(0, +)], "\(Scalar.self), \(count) elements")
      }
      for bad in [Scalar.nan, .infinity, -.infinity] {
        var x = [Scalar](repeating: 1, count: 40)
        x[37] = bad
        #expect(bitDifference(reduce(.sum, x, 1, 40, 1, instructions), [bad]) == nil)
        #expect(bitDifference(reduce(.sum, x, 1, 20, 2, instructions), [20, bad]) == nil)
      }
      #expect(reduce(.sum, [Scalar.infinity, -.infinity], 1, 2, 1, instructions)[0].isNaN)
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func aNaNAnywhereMakesAnExtremumNaN(instructions: InstructionSet) {
    for function in [ReductionFunction.max, .min] {
      for count in lengths where count > 0 {
        for index in 0..<count {
          var x = (0..<count).map { Float($0 % 7) }
          x[index] = .nan
          if !reduce(function, x, 1, count, 1, instructions)[0].isNaN {
            Issue.record("\(function.name) of \(count) elements lost the NaN at \(index)")
          }
        }
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func slotsAreSummedInTheTree(instructions: InstructionSet) {
    /// Neighbours at distance 1 are added, then at distance 2, and so on.
    func tree<Scalar: KernelElement>(_ terms: [Scalar]) -> Scalar {
      var (sums, distance) = (terms, 1)
      while distance < sums.count {
        for left in stride(from: 0, to: sums.count - distance, by: 2 * distance) { sums[left] += sums[left + distance] }
        distance *= 2
      }
      return sums[0]
    }
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let factor = 1.0 / 3
      for slots in Array(1...17) + [31, 32, 33, 100] {
        for count in lengths {
          let stride = count + 5
          let x: [Scalar] = mixedNumbers(slots * stride, seed: UInt64(slots * 1000 + count)).map {
            $0.isFinite && abs($0) < 1e9 ? $0 : 0.1
          }
          let found = withMemory { memory in
            let out = memory.room(count, of: Scalar.self)
            instructions.kernels().treeSum(
              memory.place(x), slots: slots, stride: stride, count: count, scaledBy: factor, into: out)
            return array(out, count)
          }
          let expected = (0..<count).map { index in tree((0..<slots).map { x[$0 * stride + index] }) * Scalar(factor) }
          #expect(bitDifference(found, expected) == nil, "\(Scalar.self), \(slots) slots of \(count)")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  private func reduce<Scalar: KernelElement>(
    _ function: ReductionFunction, _ x: [Scalar], _ outer: Int, _ count: Int, _ inner: Int,
    _ instructions: InstructionSet
  ) -> [Scalar] {
    withMemory { memory in
      let out = memory.room(outer * inner, of: Scalar.self)
      instructions.kernels().reduce(function, memory.place(x), outer: outer, count: count, inner: inner, into: out)
      return array(out, outer * inner)
    }
  }
}

@Suite struct SoftmaxTests {
  // The maximum of a row, and log Σ exp in double precision of the row less its maximum.
  private func exactLogSumExp<Scalar: KernelElement>(_ row: ArraySlice<Scalar>) -> (shift: Double, rest: Double) {
    let shift = row.map { Double($0) }.max() ?? -.infinity
    return (shift, log(row.reduce(0) { $0 + exp(Double($1) - shift) }))
  }

  @Test(arguments: InstructionSet.available, [1.0, 30, 1e4])
  func agreesWithDoublePrecision(instructions: InstructionSet, scale: Double) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      for (columns, rows) in [
        (1, 5), (2, 37), (3, 5), (10, 16), (10, 41), (15, 3), (16, 5), (17, 5), (64, 5), (130, 5),
      ] {
        var generator = SeededGenerator(UInt64(columns))
        let x: [Scalar] = generator.numbers(rows * columns, in: -scale...scale)
        let totals = (0..<rows).map { exactLogSumExp(x[$0 * columns..<($0 + 1) * columns]) }
        let logarithms = x.indices.map { Double(x[$0]) - totals[$0 / columns].shift - totals[$0 / columns].rest }
        let results = run(x, rows, columns, instructions)
        let tolerance = 8 * Double(Scalar.ulpOfOne)
        let name = "\(Scalar.self), \(columns) columns"
        #expect(difference(results.softmax, logarithms.map { exp($0) }, within: tolerance) == nil, "\(name)")
        #expect(difference(results.logSoftmax, logarithms, within: tolerance) == nil, "\(name)")
        #expect(difference(results.logSumExp, totals.map { $0.shift + $0.rest }, within: tolerance) == nil, "\(name)")
        for row in 0..<rows {
          let sum = results.softmax[row * columns..<(row + 1) * columns].reduce(0, +)
          #expect(abs(sum - 1) <= tolerance, "\(name)")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func logitsOfTenThousand(instructions: InstructionSet) {
    let x: [Float] = [1e4, -1e4, 0, 1e4, 1e4, -1e4, -1e4, -1e4, -1e4]
    let results = run(x, 3, 3, instructions)
    let third = 1.0 / 3
    #expect(difference(results.softmax, [1, 0, 0, 0.5, 0.5, 0, third, third, third], within: 1e-7) == nil)
    #expect(
      difference(
        results.logSoftmax,
        [0, -2e4, -1e4, -log(2.0), -log(2.0), -2e4 - log(2.0), -log(3.0), -log(3.0), -log(3.0)], within: 1e-7)
        == nil)
    #expect(difference(results.logSumExp, [1e4, 1e4 + log(2.0), -1e4 + log(3.0)], within: 1e-7) == nil)
  }

  @Test(arguments: InstructionSet.available)
  func numbersThatAreNotFinite(instructions: InstructionSet) {
    let infinity = Double.infinity
    func logSumExp(_ row: [Double]) -> Double { run(row, 1, row.count, instructions).logSumExp[0] }
    #expect(logSumExp([]) == -infinity)
    #expect(logSumExp([-infinity, -infinity]) == -infinity)
    #expect(logSumExp([-infinity, 3]) == 3)
    #expect(logSumExp([infinity, 3]) == infinity)
    #expect(logSumExp([1, .nan, 2]).isNaN)
    let masked = run([-infinity, 0, 0], 1, 3, instructions)
    #expect(masked.softmax == [0, 0.5, 0.5])
    #expect(masked.logSoftmax[0] == -infinity)
    // A NaN spoils its own row and no other, so that divergence is seen and nothing else is.
    let spoilt = run([1, .nan, 3, 1, 2, 3], 2, 3, instructions)
    #expect(spoilt.softmax[..<3].allSatisfy { $0.isNaN } && spoilt.logSoftmax[..<3].allSatisfy { $0.isNaN })
    #expect(spoilt.softmax[3...].allSatisfy { $0.isFinite } && spoilt.logSoftmax[3...].allSatisfy { $0.isFinite })
  }

  @Test(arguments: InstructionSet.available)
  func argmaxIsTheFirstLargestAndNaNIsLargest(instructions: InstructionSet) {
    func argmax(_ row: [Float]) -> Double { run(row, 1, row.count, instructions).argmax[0] }
    #expect(argmax([3]) == 0)
    #expect(argmax([1, 5, 5, 2]) == 1)
    #expect(argmax([-.infinity, -.infinity]) == 0)
    #expect(argmax([-1, 0, -0.0]) == 1)
    #expect(argmax([1, .nan, 7, .nan]) == 1)
    #expect(argmax([.nan, .infinity]) == 0)
    let rows = run([1, 2, 3, 9, 8, 7] as [Double], 2, 3, instructions)
    #expect(rows.argmax == [2, 0])
  }

  private func run<Scalar: KernelElement>(
    _ x: [Scalar], _ rows: Int, _ columns: Int, _ instructions: InstructionSet
  ) -> (softmax: [Double], logSoftmax: [Double], logSumExp: [Double], argmax: [Double]) {
    let kernels = instructions.kernels(for: Scalar.self)
    return withMemory { memory in
      let input = memory.place(x)
      func result(_ count: Int, _ run: (UnsafeMutablePointer<Scalar>) -> Void) -> [Double] {
        let out = memory.room(count, of: Scalar.self)
        run(out)
        return array(out, count).map { Double($0) }
      }
      return (
        result(x.count) { kernels.softmax(input, rows: rows, columns: columns, into: $0) },
        result(x.count) { kernels.logSoftmax(input, rows: rows, columns: columns, into: $0) },
        result(rows) { kernels.logSumExp(input, rows: rows, columns: columns, into: $0) },
        result(rows) { kernels.argmax(input, rows: rows, columns: columns, into: $0) }
      )
    }
  }
}
