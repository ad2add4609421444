import Kernels
import TestSupport
import Testing

/// Windows over samples of two axes, as kernels take them, and the same by plain loops.
private struct Sliding: CustomStringConvertible {
  let samples: Int
  let height: Int
  let width: Int
  let channels: Int
  let outputs: Int
  let size: Int
  let stride: Int

  var description: String {
    "\(samples) samples [\(height), \(width), \(channels)] to \(outputs), \(size)×\(size), stride \(stride)"
  }
  var places: [Int] {
    let rows = (height - size) / stride + 1, columns = (width - size) / stride + 1
    return (0..<rows).flatMap { y in (0..<columns).map { (y * stride * width + $0 * stride) * channels } }
  }
  func taps(channels count: Int) -> [Int] {
    (0..<size).flatMap { y in (0..<size).flatMap { x in (0..<count).map { (y * width + x) * channels + $0 } } }
  }
  var sampleCount: Int { height * width * channels }
  func over(_ outputs: Int) -> Windows.Samples {
    .init(samples, stride: sampleCount, resultStride: places.count * outputs, resultRow: outputs)
  }

  static let all: [Sliding] = [
    .init(samples: 1, height: 5, width: 4, channels: 1, outputs: 1, size: 3, stride: 1),
    .init(samples: 3, height: 6, width: 7, channels: 3, outputs: 10, size: 3, stride: 2),
    .init(samples: 2, height: 4, width: 4, channels: 5, outputs: 33, size: 2, stride: 1),
    .init(samples: 2, height: 7, width: 5, channels: 8, outputs: 64, size: 3, stride: 1),
    .init(samples: 1, height: 4, width: 6, channels: 17, outputs: 70, size: 1, stride: 1),
    .init(samples: 4, height: 3, width: 3, channels: 2, outputs: 130, size: 3, stride: 1),
  ]
}

/// What slides over positions, bit for bit as chains of multiply-adds in ascending order, whatever the instruction set.
@Suite struct WindowTests {
  @Test(arguments: InstructionSet.available) func convolutionsAreChains(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let (kernels, chain) = (instructions.kernels(for: Scalar.self), instructions.chain)
      for sliding in Sliding.all {
        let (places, taps) = (sliding.places, sliding.taps(channels: sliding.channels))
        let windows = Windows(places: places, taps: taps)
        var generator = SeededGenerator(3)
        let x: [Scalar] = generator.numbers(sliding.samples * sliding.sampleCount)
        let filters: [Scalar] = generator.numbers(taps.count * sliding.outputs)
        let bias: [Scalar] = generator.numbers(sliding.outputs)
        // The left operand as a matrix, which the kernels never write.
        let patches = (0..<sliding.samples).flatMap { sample in
          places.flatMap { place in taps.map { x[sample * sliding.sampleCount + place + $0] } }
        }
        let rows = sliding.samples * places.count
        let product = Naive.multiply(
          patches, transposed: false, filters, transposed: false, rows: rows, columns: sliding.outputs,
          depth: taps.count, chain: chain)
        let found: [Scalar] = withMemory { memory in
          let packed = memory.room(
            kernels.packedCount(rows: taps.count, columns: sliding.outputs), shift: 0, of: Scalar.self)
          // In two parts, as the reverse of strides needs it.
          let half = taps.count / 2, weights = memory.place(filters, shift: 0)
          for part in [0..<half, half..<taps.count] {
            kernels.packFilters(
              .init(weights + part.lowerBound * sliding.outputs, columns: sliding.outputs), rows: part,
              ofShape: (taps.count, sliding.outputs), into: packed)
          }
          let out = memory.room(product.count, shift: 0, of: Scalar.self)
          kernels.convolve(
            windows, over: sliding.over(sliding.outputs), memory.place(x, shift: 0), filters: packed,
            columns: sliding.outputs, bias: memory.place(bias, shift: 0), isRectified: true, into: out)
          return array(out, product.count)
        }
        let expected = product.enumerated().map { max($1 + bias[$0 % sliding.outputs], 0) }
        #expect(found.map { Double($0) } == expected.map { Double($0) }, "\(sliding)")

        // The gradient of the filters, in one go and continued after the first sample.
        let upstream: [Scalar] = generator.numbers(rows * sliding.outputs)
        let gradient = Naive.multiply(
          patches, transposed: true, upstream, transposed: false, rows: taps.count, columns: sliding.outputs,
          depth: rows, chain: chain)
        for first in [sliding.samples, 1] {
          let found: [Scalar] = withMemory { memory in
            let out = memory.room(gradient.count, shift: 0, of: Scalar.self)
            let scratch = memory.room(rows * kernels.panelColumns, shift: 0, of: Scalar.self)
            let (source, result) = (memory.place(x, shift: 0), memory.place(upstream, shift: 0))
            for part in [0..<first, first..<sliding.samples] where !part.isEmpty {
              kernels.filterGradient(
                windows,
                over: .init(part.count, stride: sliding.sampleCount, resultStride: 0, resultRow: 0),
                source + part.lowerBound * sliding.sampleCount,
                result + part.lowerBound * places.count * sliding.outputs, columns: sliding.outputs,
                stride: sliding.outputs, continues: part.lowerBound > 0, into: out, scratch: scratch)
            }
            return array(out, gradient.count)
          }
          #expect(found == gradient, "\(sliding), \(first) first")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// Each channel by itself, and pooling, against loops.
  @Test(arguments: InstructionSet.available) func channelsAreComputedByThemselves(instructions: InstructionSet) {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let (kernels, chain) = (instructions.kernels(for: Scalar.self), instructions.chain)
      for sliding in Sliding.all {
        let (places, taps, channels) = (sliding.places, sliding.taps(channels: 1), sliding.channels)
        let windows = Windows(places: places, taps: taps)
        var generator = SeededGenerator(4)
        let x: [Scalar] = generator.numbers(sliding.samples * sliding.sampleCount)
        let filters: [Scalar] = generator.numbers(taps.count * channels)
        let upstream: [Scalar] = generator.numbers(sliding.samples * places.count * channels)
        func element(_ window: Int, _ tap: Int, _ channel: Int) -> Scalar {
          x[window / places.count * sliding.sampleCount + places[window % places.count] + taps[tap] + channel]
        }
        let results = (0..<sliding.samples * places.count).flatMap { window in (0..<channels).map { (window, $0) } }
        var expected: [Scalar] = []
        for (window, channel) in results {
          var sum: Scalar = 0
          for tap in taps.indices {
            sum = chain.adding(element(window, tap, channel), filters[tap * channels + channel], to: sum)
          }
          expected.append(sum)
        }
        var gradient: [Scalar] = []
        for tap in taps.indices {
          for channel in 0..<channels {
            var sum: Scalar = 0
            for window in 0..<sliding.samples * places.count {
              sum = chain.adding(element(window, tap, channel), upstream[window * channels + channel], to: sum)
            }
            gradient.append(sum)
          }
        }
        let most = results.map { window, channel in taps.indices.map { element(window, $0, channel) }.max() ?? 0 }
        withMemory { memory in
          let source = memory.place(x, shift: 0)
          let out = memory.room(expected.count, shift: 0, of: Scalar.self)
          kernels.convolveChannels(
            windows, over: sliding.over(channels), source, filters: memory.place(filters, shift: 0),
            channels: channels, into: out)
          #expect(array(out, expected.count) == expected, "\(sliding)")
          kernels.maxPool(windows, over: sliding.over(channels), source, channels: channels, into: out)
          #expect(array(out, most.count) == most, "\(sliding)")
          let filterGradient = memory.room(gradient.count, shift: 0, of: Scalar.self)
          kernels.channelFilterGradient(
            windows, over: sliding.over(channels), source, memory.place(upstream, shift: 0), channels: channels,
            continues: false, into: filterGradient)
          #expect(array(filterGradient, gradient.count) == gradient, "\(sliding)")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// NaN goes through, and of equal elements the first gets the gradient.
  @Test(arguments: InstructionSet.available) func poolingOfTiesAndNaN(instructions: InstructionSet) {
    let kernels = instructions.kernels(for: Float.self)
    let windows = Windows(places: [0, 2, 4], taps: [0, 1])
    let samples = Windows.Samples(1, stride: 6, resultStride: 3, resultRow: 1)
    withMemory { memory in
      let x = memory.place([1, 1, .nan, 5, 2, .nan] as [Float], shift: 0)
      let out = memory.room(6, shift: 0, of: Float.self)
      kernels.maxPool(windows, over: samples, x, channels: 1, into: out)
      #expect(out[0] == 1 && out[1].isNaN && out[2].isNaN)
      kernels.maxPoolScatter(
        windows, over: samples, x, memory.place([3, 4, 5] as [Float], shift: 0), channels: 1, into: out)
      #expect(array(out, 6) == [3, 0, 4, 0, 0, 5])
      kernels.maxPoolGather(
        windows, over: samples, x, memory.place([1, 2, 3, 4, 5, 6] as [Float], shift: 0), channels: 1, into: out)
      #expect(array(out, 3) == [1, 3, 6])
    }
  }
}
