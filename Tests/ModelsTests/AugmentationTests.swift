import Autodiff
import Foundations
import Models
import TestSupport
import Testing

/// What is done to images in training only, by chance.
@Suite struct AugmentationTests {
  private let extents = [5, 6]

  /// Images whose elements all differ, [samples, 5, 6, 2].
  private func images(_ samples: Int) -> [Float] { (0..<samples * 60).map { Float($0 + 1) } }

  private func run(
    _ layer: any Layer, samples: Int, isTraining: Bool = true, _ randomness: Randomness = Randomness(seed: 3, step: 1),
    of images: [Float]? = nil
  ) throws -> [Float] {
    let graph = Graph()
    let x = try graph.input("x", shape: [samples, 5, 6, 2])
    let y = try Model([layer]).apply(to: x, isTraining: isTraining)
    return try graph.evaluate([y], inputs: ["x": images ?? self.images(samples)], randomness: randomness)[0]
  }

  /// The window of a sample by plain loops.
  private func window(
    of sample: Int, _ size: [Int], at start: [Int], mirrored: [Bool] = [false, false]
  ) -> [Float] {
    (0..<size[0]).flatMap { i in
      (0..<size[1]).flatMap { j in
        let y = start[0] + (mirrored[0] ? size[0] - 1 - i : i), x = start[1] + (mirrored[1] ? size[1] - 1 - j : j)
        return (0..<2).map { channel in
          (0..<5).contains(y) && (0..<6).contains(x) ? Float(sample * 60 + (y * 6 + x) * 2 + channel + 1) : 0
        }
      }
    }
  }

  /// Which of some windows each sample of a result is.
  private func places<Place: Hashable>(
    _ result: [Float], samples: Int, among choices: [(Place, (Int) -> [Float])]
  ) throws -> [Place] {
    let count = result.count / samples
    return try (0..<samples).map { sample in
      let own = Array(result[sample * count..<(sample + 1) * count])
      return try #require(choices.first { $0.1(sample) == own }?.0, "sample \(sample) is no such window")
    }
  }

  @Test func samplesAreShiftedEachByItself() throws {
    let choices = (-2...2).flatMap { y in
      (-1...1).map { x in ([y, x], { (sample: Int) in window(of: sample, extents, at: [y, x]) }) }
    }
    let result = try run(RandomShift(most: .each([2, 1])), samples: 300)
    let places = try places(result, samples: 300, among: choices)
    // All of them, and none much more often: 20 each are to be expected.
    let counts = Dictionary(grouping: places, by: \.self).mapValues(\.count)
    #expect(counts.count == 15 && counts.values.allSatisfy { (5...40).contains($0) }, "\(counts)")
  }

  @Test func samplesAreFlippedAlongEachAxisByChance() throws {
    let choices = [[false, false], [false, true], [true, false], [true, true]].map { mirrored in
      (mirrored, { (sample: Int) in window(of: sample, extents, at: [0, 0], mirrored: mirrored) })
    }
    let both = try places(run(RandomFlip(axes: [0, 1]), samples: 200), samples: 200, among: choices)
    let counts = Dictionary(grouping: both, by: \.self).mapValues(\.count)
    #expect(counts.count == 4 && counts.values.allSatisfy { (25...80).contains($0) }, "\(counts)")
    // By default from left to right alone.
    #expect(Set(try places(run(RandomFlip(), samples: 50), samples: 50, among: Array(choices.prefix(2)))).count == 2)
  }

  @Test func windowsAreCroppedFromAnywhere() throws {
    let choices = (0...2).flatMap { y in
      (0...2).map { x in ([y, x], { (sample: Int) in window(of: sample, [3, 4], at: [y, x]) }) }
    }
    let crop = RandomCrop(size: .each([3, 4]))
    let result = try run(crop, samples: 200)
    #expect(Set(try places(result, samples: 200, among: choices)).count == 9)
    // The middle one in evaluation.
    #expect(
      try run(crop, samples: 2, isTraining: false) == window(of: 0, [3, 4], at: [1, 1])
        + window(of: 1, [3, 4], at: [1, 1]))
  }

  /// How a batch is divided changes nothing, nor does evaluation do anything.
  @Test func chanceGoesBySeedStepAndPlaceInTheBatch() throws {
    for layer in [
      RandomShift(most: .same(2)), RandomFlip(axes: [0, 1]), RandomCrop(size: .same(3)),
      GaussianNoise(standardDeviation: 0.5),
    ] as [any Layer] {
      let whole = try run(layer, samples: 12)
      let second = try run(
        layer, samples: 5, Randomness(seed: 3, step: 1, firstSample: 7), of: Array(images(12)[7 * 60..<12 * 60]))
      #expect(Array(whole.suffix(second.count)) == second)
      #expect(try run(layer, samples: 12, Randomness(seed: 3, step: 2)) != whole)
      #expect(try run(layer, samples: 12, Randomness(seed: 4, step: 1)) != whole)
    }
    #expect(try run(RandomShift(most: .same(2)), samples: 3, isTraining: false) == images(3))
    #expect(try run(RandomFlip(), samples: 3, isTraining: false) == images(3))
    #expect(try run(GaussianNoise(standardDeviation: 2), samples: 3, isTraining: false) == images(3))
  }

  @Test func noiseHasItsDeviation() throws {
    let samples = 500
    let noise = zip(
      try run(GaussianNoise(standardDeviation: 0.25), samples: samples, of: [Float](repeating: 8, count: samples * 60)),
      [Float](repeating: 8, count: samples * 60)
    ).map { Double($0 - $1) }
    let count = Double(noise.count)
    let mean = noise.reduce(0, +) / count
    let deviation = (noise.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
    // Five standard deviations of either.
    #expect(abs(mean) < 5 * 0.25 / count.squareRoot() && abs(deviation - 0.25) < 5 * 0.25 / (2 * count).squareRoot())
  }
}
