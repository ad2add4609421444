import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct RandomTests {
  // The known answers that come with Random123, for philox 4x32 of 10 rounds: counter, key, result.
  @Test(
    arguments: [
      ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
      (
        [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt64], [UInt64], [UInt32])])
  func knownAnswers(counter: [UInt64], key: [UInt64], expected: [UInt32]) {
    let philox = Philox(seed: key[0] | key[1] << 32, stream: counter[2] | counter[3] << 32)
    let words = philox.words(at: counter[0] | counter[1] << 32)
    #expect((0..<4).map { words[$0] } == expected)
  }

  @Test func uniformNumbersFillTheUnitInterval() {
    let philox = Philox(seed: 1, stream: 2)
    let numbers = (0..<100_000).map { philox.uniform(at: UInt64($0)) }
    #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
    let count = Double(numbers.count)
    let mean = numbers.reduce(0, +) / count
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    // Five standard deviations of the mean and of the variance.
    #expect(abs(mean - 0.5) < 5 * (1 / 12 / count).squareRoot())
    #expect(abs(variance - 1.0 / 12) < 5 * (1 / 180 / count).squareRoot())
    // χ² of 100 equal cells, 99 degrees of freedom: 160 is exceeded with probability 1e-4.
    var cells = [Int](repeating: 0, count: 100)
    for number in numbers { cells[Int(number * 100)] += 1 }
    #expect(cells.reduce(0) { $0 + (Double($1) - count / 100) * (Double($1) - count / 100) } / (count / 100) < 160)
    // Neighbours and other streams are unrelated: five standard deviations of a correlation.
    func correlation(_ x: ArraySlice<Double>, _ y: ArraySlice<Double>) -> Double {
      zip(x, y).reduce(0) { $0 + ($1.0 - 0.5) * ($1.1 - 0.5) } * 12 / Double(x.count)
    }
    #expect(abs(correlation(numbers.dropLast(), numbers.dropFirst())) < 5 / count.squareRoot())
    let other = Philox(seed: 1, stream: 3)
    #expect(abs(correlation(numbers[...], numbers.indices.map { other.uniform(at: UInt64($0)) }[...])) < 0.016)
  }

  private func mask<Scalar: KernelElement>(
    _ instructions: InstructionSet, _ count: Int, seed: UInt64 = 7, stream: UInt64 = 1, first: UInt64 = 0, rate: Double,
    of type: Scalar.Type = Scalar.self
  ) -> [Scalar] {
    withMemory { memory in
      let out = memory.room(count, of: Scalar.self)
      instructions.kernels().dropoutMask(out, count: count, seed: seed, stream: stream, first: first, rate: rate)
      return array(out, count)
    }
  }

  @Test(arguments: InstructionSet.available, [0, 0.1, 0.5, 0.9])
  func dropoutDropsAtItsRateAndKeepsTheMean(instructions: InstructionSet, rate: Double) {
    let count = 200_000
    let elements = mask(instructions, count, rate: rate, of: Double.self)
    let kept = elements.filter { $0 != 0 }
    #expect(kept.allSatisfy { $0 == 1 / (1 - rate) })
    let dropped = Double(count - kept.count) / Double(count)
    #expect(abs(dropped - rate) <= 5 * (rate * (1 - rate) / Double(count)).squareRoot())
    #expect(abs(elements.reduce(0, +) / Double(count) - 1) <= 5 * (rate / (1 - rate) / Double(count)).squareRoot())
  }

  @Test(arguments: InstructionSet.available)
  func dropoutIsAFunctionOfThePosition(instructions: InstructionSet) {
    let (count, first) = (1000, UInt64(6))
    let whole = mask(instructions, count, first: first, rate: 0.3, of: Float.self)
    for pieces in [1, 2, 3, 4, 7, 100] {
      let parts = stride(from: 0, to: count, by: pieces).flatMap {
        mask(instructions, min(pieces, count - $0), first: first + UInt64($0), rate: 0.3, of: Float.self)
      }
      #expect(bitDifference(parts, whole) == nil, "\(pieces) at a time")
    }
    // The same elements are dropped in either precision and with any instruction set, and others for another seed,
    // stream or position beyond 2^32.
    #expect(
      mask(instructions, count, first: first, rate: 0.3, of: Double.self).map { $0 == 0 } == whole.map { $0 == 0 })
    #expect(mask(.best, count, first: first, rate: 0.3) == whole)
    #expect(mask(instructions, count, seed: 8, first: first, rate: 0.3) != whole)
    #expect(mask(instructions, count, seed: 7 | 1 << 40, first: first, rate: 0.3) != whole)
    #expect(mask(instructions, count, stream: 2, first: first, rate: 0.3) != whole)
    #expect(mask(instructions, count, stream: 1 | 1 << 40, first: first, rate: 0.3) != whole)
    #expect(mask(instructions, count, first: first + 1 << 40, rate: 0.3) != whole)
  }

  // The words are Philox's own, four to a counter: element i is dropped where word i is below rate · 2^32.
  @Test func dropoutUsesPhiloxWords() {
    let philox = Philox(seed: 7, stream: 1)
    let expected = (0..<400).map { index in
      let word = philox.words(at: UInt64(index / 4))[index % 4]
      return Double(word) < 0.25 * 0x1p32 ? 0 : 1 / 0.75
    }
    #expect(mask(.best, 400, rate: 0.25) == expected)
  }

  private func noise<Scalar: KernelElement>(
    _ instructions: InstructionSet, _ count: Int, seed: UInt64 = 7, stream: UInt64 = 1, first: UInt64 = 0,
    deviation: Double = 1, of type: Scalar.Type = Scalar.self
  ) -> [Scalar] {
    withMemory { memory in
      let out = memory.room(count, of: Scalar.self)
      instructions.kernels().normalNoise(
        out, count: count, seed: seed, stream: stream, first: first, deviation: deviation)
      return array(out, count)
    }
  }

  // The share of the standard normal distribution below each number, which erfc tells, is the word that it was made of.
  @Test(arguments: InstructionSet.available) func noiseIsTheQuantileOfPhiloxWords(instructions: InstructionSet) {
    let philox = Philox(seed: 7, stream: 1)
    let count = 200_000
    let numbers = noise(instructions, count, of: Double.self)
    let single = noise(instructions, count, of: Float.self)
    var (worst, worstSingle, farthest) = (0.0, 0.0, 0.0)
    for index in 0..<count {
      let share = (Double(philox.words(at: UInt64(index / 4))[index % 4]) + 0.5) * 0x1p-32
      // The error of the number: that of the share over the density there.
      let x = numbers[index]
      let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      let error = x < 0 ? erfc(-x / 2.0.squareRoot()) / 2 - share : (1 - share) - erfc(x / 2.0.squareRoot()) / 2
      worst = max(worst, abs(error) / density / max(1, abs(x)))
      worstSingle = max(worstSingle, abs(Double(single[index]) - x))
      farthest = max(farthest, abs(x))
    }
    // Seven digits, as the paper says, and those of float32.
    #expect(worst < 2e-7 && worstSingle < 1e-6, "\(worst) \(worstSingle)")
    #expect((4...6.3).contains(farthest))
  }

  @Test(arguments: InstructionSet.available) func noiseIsAFunctionOfThePosition(instructions: InstructionSet) {
    let (count, first) = (1000, UInt64(6))
    let whole = noise(instructions, count, first: first, deviation: 0.3, of: Float.self)
    for pieces in [1, 2, 3, 4, 7, 100] {
      let parts = stride(from: 0, to: count, by: pieces).flatMap {
        noise(instructions, min(pieces, count - $0), first: first + UInt64($0), deviation: 0.3, of: Float.self)
      }
      #expect(bitDifference(parts, whole) == nil, "\(pieces) at a time")
    }
    // No multiply-add is fused, so that all instruction sets give the same bits.
    #expect(bitDifference(noise(.best, count, first: first, deviation: 0.3), whole) == nil)
    #expect(noise(instructions, count, seed: 8, first: first, deviation: 0.3) != whole)
    #expect(noise(instructions, count, stream: 2, first: first, deviation: 0.3) != whole)
    #expect(noise(instructions, count, first: first, deviation: 0.6) == whole.map { 2 * $0 })
  }
}
