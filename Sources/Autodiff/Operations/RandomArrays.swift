import Foundations
import Kernels

/// An inverted-dropout mask (Srivastava et al., 2014): 0 with probability `rate`, else 1 / (1 − rate).
///
/// An element is a function of the run's seed, the step, the stream and the sample's place in the batch: splitting a
/// batch differently changes no bit.
struct DropoutMask: GraphOperation {
  let rate: Double
  /// Tells the masks of one model apart; below 2^16.
  let stream: UInt64
  /// The first axis counts samples.
  let maskShape: Shape
  var name: String { "dropoutMask" }
  var isRandom: Bool { true }
  var detail: String { "rate \(JSONValue.text(of: rate))" }

  func shape(of inputs: [Shape]) throws -> Shape { maskShape }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [] }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, output, count) = (site.kernels, site.output, maskShape.elementCount)
    let (rate, stream, perSample) = (rate, stream, UInt64(maskShape.dropFirst().reduce(1, *)))
    return { frame in
      let randomness = frame.randomness
      kernels.dropoutMask(
        frame.pointer(output), count: count, seed: randomness.seed, stream: randomness.step << 16 | stream,
        first: randomness.firstSample * perSample, rate: rate)
    }
  }
}

/// Numbers of the normal distribution with mean 0, which change with each step; of such a number, as of a mask's element,
/// only the sample's place in the batch decides which it is.
struct NormalNoise: GraphOperation {
  let deviation: Double
  /// Tells the random choices of one model apart; below 2^16.
  let stream: UInt64
  /// The first axis counts samples.
  let noiseShape: Shape
  var name: String { "normalNoise" }
  var isRandom: Bool { true }
  var detail: String { "deviation \(JSONValue.text(of: deviation))" }

  func shape(of inputs: [Shape]) throws -> Shape { noiseShape }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [] }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, output, count) = (site.kernels, site.output, noiseShape.elementCount)
    let (deviation, stream, perSample) = (deviation, stream, UInt64(noiseShape.dropFirst().reduce(1, *)))
    return { frame in
      let randomness = frame.randomness
      kernels.normalNoise(
        frame.pointer(output), count: count, seed: randomness.seed, stream: randomness.step << 16 | stream,
        first: randomness.firstSample * perSample, deviation: deviation)
    }
  }
}

extension Graph {
  /// An inverted-dropout mask (Srivastava et al., 2014) for activations of `shape` [samples, …].
  ///
  /// - Parameters:
  ///   - rate: The probability of 0; any other element is 1 / (1 − rate).
  ///   - stream: Tells the masks of one model apart; below 2^16.
  ///   - shape: The mask's shape, samples first.
  public func dropoutMask(rate: Double, stream: Int, shape: Shape) throws -> Node {
    try apply(DropoutMask(rate: rate, stream: UInt64(stream), maskShape: shape))
  }

  /// Numbers of the normal distribution with mean 0 for activations of `shape` [samples, …].
  ///
  /// - Parameters:
  ///   - deviation: Their standard deviation.
  ///   - stream: Tells the random choices of one model apart, masks among them; below 2^16.
  ///   - shape: The noise's shape, samples first.
  public func normalNoise(deviation: Double, stream: Int, shape: Shape) throws -> Node {
    try apply(NormalNoise(deviation: deviation, stream: UInt64(stream), noiseShape: shape))
  }
}
