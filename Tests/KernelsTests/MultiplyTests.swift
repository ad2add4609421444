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
  var hasBias = false
  var isRectified = false
  var isPacked = false
  var shift = 0
  /// In how many parts, of columns, a product by a packed operand is computed; whole if `nil`.
  var parts: Int?

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
      let bias = hasBias ? UnsafePointer(memory.place(Array(c.prefix(columns)), shift: shift)) : nil
      var right = Kernels.Matrix(
        memory.place(b, shift: shift), columns: bTransposed ? depth : columns, transposed: bTransposed)
      if isPacked {
        let packed = memory.room(
          kernels.packedRightCount(depth: depth, columns: columns), shift: shift, of: Scalar.self)
        pack(memory.place(b, shift: shift), into: packed, kernels)
        right = .packed(packed)
      }
      let left = Kernels.Matrix(
        memory.place(a, shift: shift), columns: aTransposed ? rows : depth, transposed: aTransposed)
      let scratch = memory.room(kernels.multiplyScratch(rows: rows, depth: depth), shift: shift, of: Scalar.self)
      guard let parts else {
        kernels.multiply(
          left, right, rows: rows, columns: columns, depth: depth, into: out, bias: bias, isRectified: isRectified,
          scratch: scratch)
        return array(out, c.count)
      }
      let packed = memory.room(kernels.packedRightCount(depth: depth, columns: columns), shift: shift, of: Scalar.self)
      pack(memory.place(b, shift: shift), into: packed, kernels)
      let units = columns / kernels.columnUnit
      for part in (0..<parts).reversed() {
        let end = part + 1 == parts ? columns : units * (part + 1) / parts * kernels.columnUnit
        kernels.multiply(
          left, packed: packed, rows: rows, columns: units * part / parts * kernels.columnUnit..<end, of: columns,
          depth: depth, into: out, bias: bias, isRectified: isRectified, scratch: scratch)
      }
      return array(out, c.count)
    }
  }
}

extension Product {
  /// Packs the right operand a few of its rows, as they are stored, at a time.
  private func pack<Scalar: KernelElement>(
    _ b: UnsafePointer<Scalar>, into packed: UnsafeMutablePointer<Scalar>, _ kernels: Kernels<Scalar>
  ) {
    let (stored, width) = bTransposed ? (columns, depth) : (depth, columns)
    for first in stride(from: 0, to: stored, by: 5).reversed() {
      let part = first..<min(first + 5, stored)
      kernels.packRight(
        .init(b + first * width, columns: width, transposed: bTransposed), rows: bTransposed ? 0..<depth : part,
        columns: bTransposed ? part : 0..<columns, ofShape: (depth, columns), into: packed)
    }
  }

  /// Whether it is summed by lanes.
  var isNarrow: Bool { columns < 16 && depth >= 64 && !aTransposed }

  func naive<Scalar: KernelElement>(
    _ a: [Scalar], _ b: [Scalar], chain: Naive.Chain
  ) -> [Scalar] {
    isNarrow
      ? Naive.multiplyByLanes(
        a, b, transposed: bTransposed, rows: rows, columns: columns, depth: depth,
        lanes: 64 / MemoryLayout<Scalar>.size,
        chain: chain)
      : Naive.multiply(
        a, transposed: aTransposed, b, transposed: bTransposed, rows: rows, columns: columns, depth: depth,
        chain: chain)
  }
}

@Suite struct MultiplyTests {
  @Test(arguments: InstructionSet.available)
  func equalsChainsOfMultiplyAdds(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      let extents = [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 15, 16, 17, 23, 25, 31, 32, 33, 47, 65]
      var generator = SeededGenerator(1)
      // Every pair of rows and columns, with a depth drawn for it; every way to read the operands.
      for rows in extents {
        for columns in extents {
          let depth = [0, 1, 2, 3, 17, 63, 64, 65, 130].randomElement(using: &generator) ?? 0
          for variant in 0..<16 {
            let product = Product(
              rows: rows, columns: columns, depth: depth, aTransposed: variant & 1 != 0, bTransposed: variant & 2 != 0,
              hasBias: variant & 4 != 0, isRectified: variant & 12 == 12, isPacked: variant & 9 == 8)
            let (a, b, c) = product.operands(seed: UInt64(variant), of: Scalar.self)
            var expected = product.naive(a, b, chain: instructions.chain)
            if product.hasBias { for index in expected.indices { expected[index] += c[index % columns] } }
            if product.isRectified { expected = expected.map { $0 > 0 ? $0 : 0 } }
            let difference = bitDifference(product(kernels, a, b, c), expected)
            if difference != nil { #expect(difference == nil, "\(Scalar.self) \(product)") }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  // What does not fit a cache is multiplied one part of the depth after the other.
  @Test(arguments: InstructionSet.available)
  func largeRightOperandsGiveTheSameChains(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      for variant in 0..<8 {
        let product = Product(
          rows: 13, columns: 135, depth: 2100, aTransposed: variant == 7, bTransposed: variant & 1 != 0,
          hasBias: variant & 2 != 0, isRectified: variant & 2 != 0, isPacked: variant & 4 != 0 && variant != 7)
        let (a, b, c) = product.operands(seed: 13, of: Scalar.self)
        var expected = product.naive(a, b, chain: instructions.chain)
        if product.hasBias { for index in expected.indices { expected[index] += c[index % product.columns] } }
        if product.isRectified { expected = expected.map { $0 > 0 ? $0 : 0 } }
        #expect(
          bitDifference(product(instructions.kernels(), a, b, c), expected) == nil, "\(Scalar.self) \(product)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func columnsOfAPackedOperandComputedAloneGiveTheSameBits(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      let unit = kernels.columnUnit
      // The last part has what fills no panel, also so few columns that alone they would be a narrow product.
      for (rows, columns, depth) in [
        (1, 2 * unit, 70), (7, 2 * unit + 3, 64), (13, 5 * unit + unit / 2, 5), (17, 3 * unit - 1, 700),
        (16, 4 * unit + 1, 2100), (3, unit, 9),
      ] {
        for variant in 0..<8 {
          var product = Product(
            rows: rows, columns: columns, depth: depth, aTransposed: false, bTransposed: variant & 1 != 0,
            hasBias: variant & 2 != 0, isRectified: variant & 4 != 0, isPacked: true)
          let (a, b, c) = product.operands(seed: UInt64(variant), of: Scalar.self)
          let whole = product(kernels, a, b, c)
          for parts in 1...(columns / unit) {
            product.parts = parts
            #expect(bitDifference(product(kernels, a, b, c), whole) == nil, "\(Scalar.self) \(product)")
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func rowsAndColumnsComputedApartGiveTheSameBits(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type, columns: Int, steps: [Int]) {
      let (rows, depth) = (53, 211)
      let kernels = instructions.kernels(for: Scalar.self)
      let whole = Product(rows: rows, columns: columns, depth: depth)
      let (a, b, c) = whole.operands(seed: 7, of: Scalar.self)
      let together = whole(kernels, a, b, c)
      for step in steps {
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
    check(Float.self, columns: 96 + 16, steps: [16, 32])
    check(Double.self, columns: 96 + 16, steps: [16, 32])
    // Few columns are summed in another order than many.
    check(Float.self, columns: 14, steps: [1, 2, 5, 13])
    check(Double.self, columns: 14, steps: [1, 2, 5, 13])
  }

  @Test(arguments: InstructionSet.available)
  func addressesChangeNoBit(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      for (rows, columns, depth) in [(1, 32, 40), (14, 64, 33), (40, 37, 70), (9, 10, 100)] {
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

  /// The gradient of a weight: products of several shards, summed in the tree in which neighbours are added first.
  @Test(arguments: InstructionSet.available)
  func productsOverShardsAreSummedInTheTree(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      var generator = SeededGenerator(11)
      for shards in [1, 2, 3, 4, 5, 6, 7, 8, 13, 16] {
        for (rows, columns) in [(32, 10), (96, 16), (13, 33), (25, 70), (1, 1), (12, 64)] {
          // Some shards are empty.
          let depths = (0..<shards).map { _ in [0, 1, 7, 16, 33].randomElement(using: &generator) ?? 0 }
          let stride = rows + 3
          let left: [[Scalar]] = depths.map { generator.numbers($0 * stride) }
          let right: [[Scalar]] = depths.map { generator.numbers($0 * columns) }
          var level = zip(depths, zip(left, right)).map { depth, operands in
            let a = (0..<depth).flatMap { operands.0[$0 * stride..<$0 * stride + rows] }
            return Naive.multiply(
              a, transposed: true, operands.1, transposed: false, rows: rows, columns: columns, depth: depth,
              chain: instructions.chain)
          }
          while level.count > 1 {
            level = Swift.stride(from: 0, to: level.count, by: 2).map { index in
              index + 1 < level.count ? zip(level[index], level[index + 1]).map { $0 + $1 } : level[index]
            }
          }
          let scale: Double = rows % 3 == 1 ? 1 : 1 / 3.0
          let found = withMemory { memory in
            let lefts = left.map { UnsafeRawPointer(memory.place($0 + [0])) }
            let rights = zip(depths, right).map { depth, values in
              let plain = memory.place(values + [0])
              guard columns > kernels.panelColumns else { return UnsafeRawPointer(plain) }
              let packed = memory.room(kernels.packedCount(rows: depth, columns: columns) + 1, of: Scalar.self)
              kernels.pack(.init(plain, columns: columns), depth: depth, columns: columns, into: packed)
              return UnsafeRawPointer(packed)
            }
            let out = memory.room(rows * columns, of: Scalar.self)
            // Lines that are asked for in the meantime change nothing, however many they are.
            let claimed = memory.room(4096, of: Scalar.self)
            let stretches = memory.place([
              Stretch(first: claimed, bytes: 200, stride: 512, count: shards),
              Stretch(first: claimed, bytes: 64, stride: 0, count: 1),
            ])
            lefts.withUnsafeBufferPointer { lefts in
              rights.withUnsafeBufferPointer { rights in
                guard let first = lefts.baseAddress, let second = rights.baseAddress else { return }
                kernels.multiplyTree(
                  left: first, leftStride: stride, right: second, depths: memory.place(depths), shards: shards,
                  rows: rows, columns: columns, scaledBy: scale, into: out,
                  scratch: memory.room(kernels.multiplyTreeScratch(rows: rows, shards: shards)),
                  claiming: rows == 32 ? nil : .init(start: stretches, count: rows == 12 ? 1 : 2))
              }
            }
            return array(out, rows * columns)
          }
          #expect(
            bitDifference(found, level[0].map { $0 * Scalar(scale) }) == nil,
            "\(Scalar.self), \(shards) shards of \(depths), [\(rows), \(columns)]")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func theLinesThatAPartIsPackedToAreKnownBefore(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      let perLine = 64 / MemoryLayout<Scalar>.stride
      var known = 0
      for (depth, columns) in [(784, 10), (256, 128), (128, 256), (70, 70), (40, 130), (33, 3)] {
        // Rows of the matrix as it lies, and of its transpose.
        for (rows, part) in [0..<32, 32..<64, 16..<48, 5..<25].flatMap({ range in
          [(range, 0..<columns), (0..<depth, range)]
        }) where rows.upperBound <= depth && part.upperBound <= columns {
          withMemory { memory in
            let count = kernels.packedRightCount(depth: depth, columns: columns)
            let packed = memory.room(count + perLine, of: Scalar.self)
            // At the beginning of a line, as the engine's memory lies.
            let skipped = (64 - Int(bitPattern: packed) % 64) % 64 / MemoryLayout<Scalar>.stride
            let first = packed + skipped
            for index in 0..<count { first[index] = 7 }
            let shape = (depth: depth, columns: columns)
            let source = memory.place([Scalar](repeating: 1, count: rows.count * part.count))
            kernels.packRight(
              .init(source, columns: part.count), rows: rows, columns: part, ofShape: shape, into: first)
            let written = Set(first.indices(upTo: count, where: { $0 != 7 }).map { $0 / perLine })
            guard let places = kernels.packedPlaces(rows: rows, columns: part, ofShape: shape, in: first),
              let start = places.first
            else { return }
            known += 1
            var told: Set<Int> = []
            for piece in 0..<places.count {
              let offset = start - UnsafeRawPointer(first) + piece * places.stride
              for byte in stride(from: offset, to: offset + places.bytes, by: 64) { told.insert(byte / 64) }
            }
            #expect(
              told.isSubset(of: written) && 2 * told.count >= written.count,
              "\(shape), \(rows), \(part): \(told.subtracting(written).sorted())")
          }
        }
      }
      #expect(known > 8)
    }
    check(Float.self)
    check(Double.self)
  }
}

extension UnsafeMutablePointer {
  /// The places of some elements.
  fileprivate func indices(upTo count: Int, where isWanted: (Pointee) -> Bool) -> [Int] {
    (0..<count).filter { isWanted(self[$0]) }
  }
}
