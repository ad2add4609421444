import Kernels
import TestSupport
import Testing

/// One product with all that changes how it is computed but must not change its bits.
private struct Product {
  var rows: Int
  var columns: Int
  var depth: Int
  var aTransposed = false
  var bTransposed = false
  var accumulates = false
  var shift = 0

  func operands<Scalar: KernelElement>(
    seed: UInt64, of type: Scalar.Type = Scalar.self
  ) -> (a: [Scalar], b: [Scalar], c: [Scalar]) {
    var generator = SeededGenerator(seed)
    return (
      generator.numbers(rows * depth), generator.numbers(depth * columns), generator.numbers(rows * columns)
    )
  }

  func callAsFunction<Scalar: KernelElement>(
    _ kernels: Kernels<Scalar>, _ a: [Scalar], _ b: [Scalar], _ c: [Scalar]
  ) -> [Scalar] {
    withMemory { memory in
      let out = memory.place(c, shift: shift)
      kernels.multiply(
        .init(memory.place(a, shift: shift), columns: aTransposed ? rows : depth, transposed: aTransposed),
        .init(memory.place(b, shift: shift), columns: bTransposed ? depth : columns, transposed: bTransposed),
        rows: rows, columns: columns, depth: depth, into: out, accumulate: accumulates,
        scratch: memory.room(kernels.multiplyScratch(rows: rows, depth: depth), shift: shift))
      return array(out, c.count)
    }
  }
}

@Suite struct MultiplyTests {
  @Test(arguments: InstructionSet.available)
  func equalsOneChainOfMultiplyAdds(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      let extents = [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 15, 16, 17, 23, 25, 31, 32, 33, 47, 65]
      var generator = SeededGenerator(1)
      // Every pair of rows and columns, with a depth drawn for it; every way to read the operands.
      for rows in extents {
        for columns in extents {
          let depth = [0, 1, 2, 3, 17, 63, 64, 65, 130].randomElement(using: &generator) ?? 0
          for variant in 0..<8 {
            let product = Product(
              rows: rows, columns: columns, depth: depth, aTransposed: variant & 1 != 0, bTransposed: variant & 2 != 0,
              accumulates: variant & 4 != 0)
            let (a, b, c) = product.operands(seed: UInt64(variant), of: Scalar.self)
            let expected = Naive.multiply(
              a, transposed: product.aTransposed, b, transposed: product.bTransposed, rows: rows, columns: columns,
              depth: depth, addedTo: product.accumulates ? c : nil, chain: instructions.chain)
            let difference = bitDifference(product(kernels, a, b, c), expected)
            if difference != nil { #expect(difference == nil, "\(Scalar.self) \(product)") }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func rowsAndColumnsComputedApartGiveTheSameBits(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type, rows: Int, columns: Int, depth: Int) {
      let kernels = instructions.kernels(for: Scalar.self)
      let whole = Product(rows: rows, columns: columns, depth: depth)
      let (a, b, c) = whole.operands(seed: 7, of: Scalar.self)
      let together = whole(kernels, a, b, c)
      for step in [1, 2, 5, 13, 32] {
        var apart: [Scalar] = []
        for row in stride(from: 0, to: rows, by: step) {
          let part = row..<min(row + step, rows)
          apart += Product(rows: part.count, columns: columns, depth: depth)(
            kernels, Array(a[part.lowerBound * depth..<part.upperBound * depth]), b,
            [Scalar](repeating: 0, count: part.count * columns))
        }
        #expect(bitDifference(apart, together) == nil, "\(Scalar.self), \(step) rows at a time")

        var columnwise = [Scalar](repeating: 0, count: rows * columns)
        for column in stride(from: 0, to: columns, by: step) {
          let part = column..<min(column + step, columns)
          let slice = (0..<depth).flatMap { b[$0 * columns + part.lowerBound..<$0 * columns + part.upperBound] }
          let found = Product(rows: rows, columns: part.count, depth: depth)(
            kernels, a, slice, [Scalar](repeating: 0, count: rows * part.count))
          for (index, value) in found.enumerated() {
            columnwise[index / part.count * columns + part.lowerBound + index % part.count] = value
          }
        }
        #expect(bitDifference(columnwise, together) == nil, "\(Scalar.self), \(step) columns at a time")
      }
    }
    check(Float.self, rows: 53, columns: 97, depth: 211)
    check(Double.self, rows: 53, columns: 97, depth: 211)
  }

  @Test(arguments: InstructionSet.available)
  func addressesChangeNoBit(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      for (rows, columns, depth) in [(1, 32, 40), (14, 64, 33), (40, 37, 70)] {
        for transposed in [false, true] {
          var product = Product(rows: rows, columns: columns, depth: depth, bTransposed: transposed)
          let (a, b, c) = product.operands(seed: 3, of: Scalar.self)
          let aligned = product(kernels, a, b, c)
          for shift in [1, 3, 7] {
            product.shift = shift
            #expect(bitDifference(product(kernels, a, b, c), aligned) == nil, "\(Scalar.self) \(product)")
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func numbersThatAreNotFiniteReachTheirRowsAndColumnsOnly(instructions: InstructionSet) {
    let product = Product(rows: 7, columns: 35, depth: 5)
    var (a, b, c) = product.operands(seed: 5, of: Double.self)
    a[3 * 5 + 2] = .nan
    b[4 * 35 + 33] = .infinity
    let found = product(instructions.kernels(), a, b, c)
    c = Naive.multiply(a, b, rows: 7, columns: 35, depth: 5, chain: instructions.chain)
    #expect(bitDifference(found, c) == nil)
    #expect(found.indices.filter { !found[$0].isFinite }.allSatisfy { $0 / 35 == 3 || $0 % 35 == 33 })
    #expect(found.filter { !$0.isFinite }.count == 35 + 7 - 1)
  }
}
