import Foundations
import Kernels

/// One window of each sample of x [samples, axes, channels], from a random place, mirrored or not: what shifts, crops and
/// flips of images are made of. Where a window reaches over the array's end there are zeros.
///
/// Place and mirroring are a function of the run's seed, the step, the stream and the sample's place in the batch, so of
/// seed, epoch and sample: splitting a batch differently changes no bit.
struct RandomWindow: GraphOperation {
  /// Where windows begin, and what they are of.
  struct Choice: Hashable, Sendable {
    /// The extents of what windows are taken of.
    let extents: [Int]
    /// Those of a window.
    let size: [Int]
    /// The first and the last place that a window may begin at, along each axis.
    let first: [Int]
    let last: [Int]
    /// The axes along which every other window, by chance, is mirrored.
    let mirrored: [Bool]
    /// Tells the choices of one model apart, among its masks too; below 2^16.
    let stream: UInt64
  }

  let choice: Choice
  /// Whether windows are put back where they are of, the gradient of taking them.
  let isReverse: Bool
  var isRandom: Bool { true }
  var name: String { isReverse ? "randomWindowReverse" : "randomWindow" }
  var detail: String { "\(choice.size) of \(choice.extents)" }

  private var from: [Int] { isReverse ? choice.size : choice.extents }
  private var to: [Int] { isReverse ? choice.extents : choice.size }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0].count == from.count + 2, Array(inputs[0][1..<inputs[0].count - 1]) == from else {
      throw TrainerError(
        .usage,
        "'\(name)' takes arrays [samples, \(from.map(String.init).joined(separator: ", ")), channels]; it got the "
          + "shape \(inputs[0])")
    }
    return [inputs[0][0]] + to + [inputs[0][inputs[0].count - 1]]
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, output, choice, isReverse) = (site.kernels, site.inputs[0], site.output, choice, isReverse)
    let (samples, channels) = (site.outputShape[0], site.outputShape[site.outputShape.count - 1])
    let rows = WindowRows(choice, channels: channels)
    return { frame in
      let (x, out, randomness) = (frame.pointer(input), frame.pointer(output), frame.randomness)
      let random = Philox(seed: randomness.seed, stream: randomness.step << 16 | choice.stream)
      if isReverse { kernels.fill(out, count: samples * rows.wholeCount, with: 0) }
      for sample in 0..<samples {
        let words = random.words(at: randomness.firstSample + UInt64(sample))
        if isReverse {
          rows.forEach(words) { whole, window, step, count in
            copy(
              x + sample * rows.windowCount + window, step: step, count, channels,
              to: out + sample * rows.wholeCount + whole)
          }
        } else {
          let target = out + sample * rows.windowCount
          kernels.fill(target, count: rows.windowCount, with: 0)
          rows.forEach(words) { whole, window, step, count in
            // From the window's end backwards is the same as from the whole's.
            let last = step < 0 ? whole + (count - 1) * channels : whole
            let start = step < 0 ? window - (count - 1) * channels : window
            copy(x + sample * rows.wholeCount + last, step: step, count, channels, to: target + start)
          }
        }
      }
    }
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    [try upstream.apply(RandomWindow(choice: choice, isReverse: !isReverse))]
  }
}

/// Copies `count` elements of all channels, which are read forwards or backwards.
private func copy<Scalar>(
  _ from: UnsafePointer<Scalar>, step: Int, _ count: Int, _ channels: Int, to: UnsafeMutablePointer<Scalar>
) {
  guard step < 0 else { return to.update(from: from, count: count * channels) }
  for index in 0..<count { (to + index * channels).update(from: from - index * channels, count: channels) }
}

/// The rows that a window and what it is of have in common.
private struct WindowRows {
  let extents: [Int]
  let size: [Int]
  let first: [Int]
  let last: [Int]
  let mirrored: [Bool]
  let channels: Int
  let wholeCount: Int
  let windowCount: Int

  init(_ choice: RandomWindow.Choice, channels: Int) {
    func lift<Element>(_ elements: [Element], _ filling: Element) -> [Element] {
      [Element](repeating: filling, count: 3 - elements.count) + elements
    }
    extents = lift(choice.extents, 1)
    size = lift(choice.size, 1)
    first = lift(choice.first, 0)
    last = lift(choice.last, 0)
    mirrored = lift(choice.mirrored, false)
    self.channels = channels
    wholeCount = extents.reduce(channels, *)
    windowCount = size.reduce(channels, *)
  }

  /// Where a window begins along an axis, and whether it is mirrored there.
  private func place(_ axis: Int, _ words: SIMD4<UInt32>) -> (start: Int, isMirrored: Bool) {
    let count = UInt64(last[axis] - first[axis] + 1)
    return (
      first[axis] + Int((UInt64(words[axis]) * count) >> 32), mirrored[axis] && (words[3] >> UInt32(axis)) & 1 == 1
    )
  }

  /// For each row that is in both: the first of its elements in the whole, the place of that element in the window, 1 or −1
  /// for the direction in which the window has them, and their number.
  func forEach(_ words: SIMD4<UInt32>, _ body: (_ whole: Int, _ window: Int, _ step: Int, _ count: Int) -> Void) {
    let (a, b, c) = (place(0, words), place(1, words), place(2, words))
    let columns = max(0, c.start)..<max(max(0, c.start), min(extents[2], c.start + size[2]))
    guard !columns.isEmpty else { return }
    let column = c.isMirrored ? size[2] - 1 - (columns.lowerBound - c.start) : columns.lowerBound - c.start
    for i in 0..<size[0] {
      let depth = a.start + (a.isMirrored ? size[0] - 1 - i : i)
      guard (0..<extents[0]).contains(depth) else { continue }
      for j in 0..<size[1] {
        let height = b.start + (b.isMirrored ? size[1] - 1 - j : j)
        guard (0..<extents[1]).contains(height) else { continue }
        body(
          ((depth * extents[1] + height) * extents[2] + columns.lowerBound) * channels,
          ((i * size[1] + j) * size[2] + column) * channels, c.isMirrored ? -1 : 1, columns.count)
      }
    }
  }
}

extension Node {
  /// A window of each sample of this array [samples, axes, channels], from a place drawn at random; zeros where it reaches
  /// over the end.
  ///
  /// - Parameters:
  ///   - size: The window's extents.
  ///   - places: The places along each axis that it may begin at.
  ///   - mirrored: The axes along which it is mirrored every other time.
  ///   - stream: Tells the random choices of one model apart: see `dropoutMask(rate:stream:shape:)`.
  /// - Throws: `TrainerError` if the shapes do not fit.
  public func randomWindow(
    size: [Int], places: [ClosedRange<Int>], mirrored: [Bool], stream: Int
  ) throws -> Node {
    let extents = Array(shape.dropFirst().dropLast())
    guard (1...3).contains(extents.count), size.count == extents.count, places.count == size.count,
      mirrored.count == size.count
    else {
      throw TrainerError(
        .usage,
        "'randomWindow' needs a size, places and a mark for each of one to three axes between the samples and the "
          + "channels; it got the shape \(shape)")
    }
    return try apply(
      RandomWindow(
        choice: .init(
          extents: extents, size: size, first: places.map(\.lowerBound), last: places.map(\.upperBound),
          mirrored: mirrored, stream: UInt64(stream)), isReverse: false))
  }
}
