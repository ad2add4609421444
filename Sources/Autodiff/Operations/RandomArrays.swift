import Foundations
import Kernels

/// An array of random numbers, which change with each step.
///
/// An element is a function of the run's seed, the step, the stream and the sample's place in the batch: splitting a
/// batch differently changes no bit.
struct RandomArray: GraphOperation {
  /// What the numbers are.
  enum Kind: Hashable, Sendable {
    /// An inverted-dropout mask (Srivastava et al., 2014): 0 with probability `rate`, else 1 / (1 − rate).
    case dropoutMask(rate: Double)
    /// Numbers of the normal distribution with mean 0.
    case normalNoise(deviation: Double)
  }

  let kind: Kind
  /// Tells the random choices of one model apart; below 2^16.
  let stream: UInt64
  /// The first axis counts samples.
  let arrayShape: Shape
  var isRandom: Bool { true }

  var name: String {
    switch kind {
    case .dropoutMask: "dropoutMask"
    case .normalNoise: "normalNoise"
    }
  }

  var detail: String {
    switch kind {
    case .dropoutMask(let rate): "rate \(JSONValue.text(of: rate))"
    case .normalNoise(let deviation): "deviation \(JSONValue.text(of: deviation))"
    }
  }

  func shape(of inputs: [Shape]) throws -> Shape { arrayShape }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [] }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, output, count) = (site.kernels, site.output, arrayShape.elementCount)
    let (kind, stream, perSample) = (kind, stream, UInt64(arrayShape.dropFirst().reduce(1, *)))
    return { frame in
      let (out, seed) = (frame.pointer(output), frame.randomness.seed)
      let (stream, first) = (frame.randomness.step << 16 | stream, frame.randomness.firstSample * perSample)
      switch kind {
      case .dropoutMask(let rate):
        kernels.dropoutMask(out, count: count, seed: seed, stream: stream, first: first, rate: rate)
      case .normalNoise(let deviation):
        kernels.normalNoise(out, count: count, seed: seed, stream: stream, first: first, deviation: deviation)
      }
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
    try apply(RandomArray(kind: .dropoutMask(rate: rate), stream: UInt64(stream), arrayShape: shape))
  }

  /// Numbers of the normal distribution with mean 0 for activations of `shape` [samples, …].
  ///
  /// - Parameters:
  ///   - deviation: Their standard deviation.
  ///   - stream: Tells the random choices of one model apart, masks among them; below 2^16.
  ///   - shape: The noise's shape, samples first.
  public func normalNoise(deviation: Double, stream: Int, shape: Shape) throws -> Node {
    try apply(RandomArray(kind: .normalNoise(deviation: deviation), stream: UInt64(stream), arrayShape: shape))
  }
}
