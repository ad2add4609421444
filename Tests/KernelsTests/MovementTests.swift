import Kernels
import TestSupport
import Testing

@Suite struct MovementTests {
  // Shape, strides: contiguous, permuted, broadcast along any axis, backwards, scalars, empty.
  private static let views: [(shape: [Int], strides: [Int])] = [
    ([], []), ([1], [1]), ([7], [1]), ([7], [0]), ([7], [3]), ([0, 3], [3, 1]), ([3, 0], [1, 1]),
    ([5, 4], [4, 1]), ([4, 5], [1, 4]), ([5, 4], [0, 1]), ([5, 4], [1, 0]), ([5, 4], [0, 0]),
    ([2, 3, 4], [12, 4, 1]), ([4, 3, 2], [1, 4, 12]), ([2, 3, 4], [0, 4, 0]), ([3, 2, 70], [70, 0, 1]),
    ([2, 1, 3, 2], [6, 99, 2, 1]),
  ]

  @Test(arguments: InstructionSet.available)
  func stridedCopiesEqualTheNaiveOnesInAnyPieces(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      let x = (0..<450).map { Scalar($0) }
      for (shape, strides) in Self.views {
        let expected = Naive.stridedCopy(x, shape: shape, strides: strides)
        for pieces in [1, 2, 5, 64, 1000] {
          let found = withMemory { memory in
            let out = memory.room(expected.count, of: Scalar.self)
            let (source, extents, steps) = (memory.place(x), memory.place(shape), memory.place(strides))
            for start in stride(from: 0, to: expected.count, by: pieces) {
              kernels.stridedCopy(
                source, shape: extents, strides: steps, rank: shape.count, start: start,
                count: min(pieces, expected.count - start), into: out + start)
            }
            return array(out, expected.count)
          }
          #expect(bitDifference(found, expected) == nil, "\(Scalar.self) \(shape) by \(strides), \(pieces) at a time")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available)
  func transposesMatricesOfAnySize(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      for rows in [0, 1, 3, 4, 5, 7, 8, 10, 33] {
        for columns in [0, 1, 3, 4, 6, 9, 64] {
          let (stride, outStride) = (columns + 2, rows + 1)
          let x = (0..<rows * stride).map { Scalar($0) }
          let found = withMemory { memory in
            let out = memory.place([Scalar](repeating: -1, count: columns * outStride))
            kernels.transpose(
              memory.place(x), rows: rows, columns: columns, stride: stride, into: out, outStride: outStride)
            return array(out, columns * outStride)
          }
          let expected = (0..<columns * outStride).map { index in
            index % outStride < rows ? x[index % outStride * stride + index / outStride] : -1
          }
          #expect(found == expected, "\(Scalar.self) [\(rows), \(columns)]")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func stridedCopiesGoBackwards() {
    let found: [Float] = withMemory { memory in
      let out = memory.room(6, of: Float.self)
      Kernels<Float>.best.stridedCopy(
        memory.place([0, 1, 2, 3, 4, 5]) + 5, shape: memory.place([2, 3]), strides: memory.place([-3, -1]), rank: 2,
        start: 0, count: 6, into: out)
      return array(out, 6)
    }
    #expect(found == [5, 4, 3, 2, 1, 0])
  }

  @Test(arguments: InstructionSet.available)
  func gathersConvertAndScaleRows(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let kernels = instructions.kernels(for: Scalar.self)
      func multiplyAdd(_ x: Scalar, _ y: Scalar, _ z: Scalar) -> Scalar {
        instructions.chain == .fused ? z.addingProduct(x, y) : x * y + z
      }
      for columns in [0, 1, 3, 16, 31, 64, 100] {
        let indices: [Int64] = [4, 0, 4, 19, 7, 19, 1]
        var generator = SeededGenerator(2)
        let bytes = (0..<20 * columns).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let numbers: [Scalar] = mixedNumbers(20 * columns, seed: 3)
        let mixed: ([Scalar], [Scalar]) = (generator.numbers(columns), generator.numbers(columns))
        for (shift, kind) in [(0, 0), (1, 0), (0, 1), (1, 2), (0, 3)] {
          let (scale, offset) = Self.maps(mixed, kind)
          func expected(_ source: [Scalar]) -> [Scalar] {
            indices.flatMap { row in
              (0..<columns).map { multiplyAdd(source[Int(row) * columns + $0], scale[$0], offset[$0]) }
            }
          }
          let (fromBytes, fromNumbers) = withMemory { memory in
            let (rows, factor, summand) = (memory.place(indices), memory.place(scale), memory.place(offset))
            let out = (0..<2).map { _ in memory.room(indices.count * columns, shift: shift, of: Scalar.self) }
            kernels.gatherRows(
              bytes: memory.place(bytes, shift: shift), width: columns, indices: rows, rows: indices.count,
              columns: columns,
              scale: factor, offset: summand, into: out[0])
            kernels.gatherRows(
              memory.place(numbers, shift: shift), width: columns, indices: rows, rows: indices.count, columns: columns,
              scale: factor,
              offset: summand, into: out[1])
            return (array(out[0], indices.count * columns), array(out[1], indices.count * columns))
          }
          let name = "\(Scalar.self), \(columns) columns, shifted by \(shift), map \(kind)"
          #expect(bitDifference(fromBytes, expected(bytes.map { Scalar($0) })) == nil, "\(name)")
          #expect(bitDifference(fromNumbers, expected(numbers)) == nil, "\(name)")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// Factors and summands for columns: as they are; the same for all; another factor, or another sign of the summand zero, in
  /// the last column alone.
  private static func maps<Scalar: KernelElement>(_ mixed: ([Scalar], [Scalar]), _ kind: Int) -> ([Scalar], [Scalar]) {
    guard kind > 0, let factor = mixed.0.first else { return mixed }
    var scale = mixed.0.map { _ in kind == 3 ? -factor.magnitude : factor }
    var offset = mixed.1.map { _ in kind == 3 ? Scalar(0) : mixed.1[0] }
    if kind == 2 { scale[scale.count - 1] *= 2 }
    if kind == 3 { offset[offset.count - 1] = -0.0 }
    return (scale, offset)
  }

  /// Some columns of each row: what a block of a weight's gradient reads of the samples.
  @Test(arguments: InstructionSet.available)
  func columnsOfRowsAreThoseOfWholeRows(instructions: InstructionSet) {
    let (width, indices): (Int, [Int64]) = (53, [3, 0, 7, 7, 1, 9, 2])
    let kernels = instructions.kernels(for: Float.self)
    var generator = SeededGenerator(4)
    let bytes = (0..<10 * width).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let numbers: [Float] = generator.numbers(10 * width)
    let (scale, offset): ([Float], [Float]) = (generator.numbers(width), generator.numbers(width))
    for columns in [0..<53, 0..<1, 5..<37, 32..<53, 52..<53] {
      func expected(_ source: [Float]) -> [Float] {
        indices.flatMap { row in
          columns.map { offset[$0].addingProduct(source[Int(row) * width + $0], scale[$0]) }
        }
      }
      // Without a multiply-add of its own the plain set rounds twice.
      guard instructions.chain == .fused else { continue }
      let found = withMemory { memory in
        let (rows, factor, summand) = (
          memory.place(indices), memory.place(Array(scale[columns])), memory.place(Array(offset[columns]))
        )
        let out = (0..<2).map { _ in memory.room(indices.count * columns.count, of: Float.self) }
        kernels.gatherRows(
          bytes: memory.place(bytes) + columns.lowerBound, width: width, indices: rows, rows: indices.count,
          columns: columns.count, scale: factor, offset: summand, into: out[0])
        kernels.gatherRows(
          memory.place(numbers) + columns.lowerBound, width: width, indices: rows, rows: indices.count,
          columns: columns.count, scale: factor, offset: summand, into: out[1])
        return out.map { array($0, indices.count * columns.count) }
      }
      #expect(bitDifference(found[0], expected(bytes.map { Float($0) })) == nil, "columns \(columns) of bytes")
      #expect(bitDifference(found[1], expected(numbers)) == nil, "columns \(columns)")
    }
  }

  /// Rows that will be wanted next are neither read nor written, and change nothing, however many they are.
  @Test(arguments: InstructionSet.available)
  func rowsThatFollowChangeNothing(instructions: InstructionSet) {
    let (width, wanted): (Int, [Int64]) = (53, [3, 0, 7])
    let kernels = instructions.kernels(for: Float.self)
    let bytes = (0..<10 * width).map { UInt8($0 % 251) }
    let numbers = bytes.map { Float($0) / 7 }
    func gathered(following: Int) -> [[Float]] {
      withMemory { memory in
        let indices = memory.place(wanted + (0..<following).map { Int64($0 % 10) })
        let factor = memory.place([Float](repeating: 1, count: width))
        let summand = memory.place([Float](repeating: 0, count: width))
        let out = (0..<2).map { _ in memory.room(wanted.count * width, of: Float.self) }
        kernels.gatherRows(
          bytes: memory.place(bytes), width: width, indices: indices, rows: wanted.count, following: following,
          columns: width, scale: factor, offset: summand, into: out[0])
        kernels.gatherRows(
          memory.place(numbers), width: width, indices: indices, rows: wanted.count, following: following,
          columns: width, scale: factor, offset: summand, into: out[1])
        return out.map { array($0, wanted.count * width) }
      }
    }
    let expected = gathered(following: 0)
    #expect(expected[0] == wanted.flatMap { row in (0..<width).map { Float(bytes[Int(row) * width + $0]) } })
    for following in [1, 5, 8, 20] { #expect(gathered(following: following) == expected, "\(following) follow") }
  }

  /// The network on whole numbers, one number at a time.
  private func image(of number: Int, count: Int, sides: (UInt32, UInt32), keys: [UInt32]) -> Int {
    func shifted(_ x: UInt32, by y: UInt32, _ key: UInt32, _ bound: UInt32) -> UInt32 {
      var word = (y &* 0x9E37_79B1) ^ key
      word = (word ^ (word >> 16)) &* 0x85EB_CA6B
      word = (word ^ (word >> 13)) &* 0xC2B2_AE35
      word ^= word >> 16
      return UInt32((UInt64(x) + (UInt64(word) * UInt64(bound)) >> 32) % UInt64(bound))
    }
    let (a, b) = sides
    var (left, right) = (UInt32(number % Int(a)), UInt32(number / Int(a)))
    repeat {
      for round in stride(from: 0, to: keys.count, by: 2) {
        left = shifted(left, by: right, keys[round], a)
        right = shifted(right, by: left, keys[round + 1], b)
      }
    } while Int(left) + Int(right) * Int(a) >= count
    return Int(left) + Int(right) * Int(a)
  }

  @Test(arguments: InstructionSet.available)
  func permutationsEqualTheNaiveOne(instructions: InstructionSet) {
    let keys: [UInt32] = [0x1234_5678, 0xFFFF_FFFF, 7, 0x8000_0001]
    // Of 249 a product with the reciprocal is not the quotient.
    for (count, side) in [(10, 4), (1000, 32), (62_000, 249), (1 << 33 + 7, 92_683), (1 << 50 + 3, 33_554_433)] {
      let sides = (UInt32(side), UInt32((count + side - 1) / side))
      for some in [1, 3, 64, 65, 200] {
        // Multiples of the side and their neighbours, from the end.
        let numbers = (0..<some).map { max(0, (count - 1) / side * side - $0 / 2 * side - $0 % 2) }
        let found = withMemory { memory in
          let place = memory.place(numbers.map { Int64($0) })
          keys.withUnsafeBufferPointer {
            instructions.kernels(for: Float.self).permute(
              UnsafeMutableBufferPointer(start: place, count: numbers.count), count: count, sides: sides, keys: $0)
          }
          return array(place, numbers.count).map { Int($0) }
        }
        let expected = numbers.map { image(of: $0, count: count, sides: sides, keys: keys) }
        #expect(found == expected, "\(numbers.count) of \(count)")
      }
    }
  }

  @Test func everyByteIsConvertedExactly() {
    let bytes = (0...255).map { UInt8($0) }
    for instructions in InstructionSet.available {
      let found = withMemory { memory in
        let out = memory.room(256, of: Float.self)
        instructions.kernels().gatherRows(
          bytes: memory.place(bytes), width: 256, indices: memory.place([0]), rows: 1, columns: 256,
          scale: memory.place([Float](repeating: 1, count: 256)),
          offset: memory.place([Float](repeating: 0, count: 256)),
          into: out)
        return array(out, 256)
      }
      #expect(found == bytes.map { Float($0) })
    }
  }
}
