import Foundations
import Kernels

/// An operation without inputs and without code: its value is in memory before the run.
protocol StoredLeaf: GraphOperation {
  var storedShape: Shape { get }
}

extension StoredLeaf {
  func shape(of inputs: [Shape]) throws -> Shape { storedShape }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [] }
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> { { _ in } }
  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }
}

/// An array given at each run.
struct Input: StoredLeaf {
  let inputName: String
  let storedShape: Shape
  var name: String { "input" }
  var detail: String { inputName }

  init(name: String, shape: Shape) {
    inputName = name
    storedShape = shape
  }
}

/// A stretch of the flat parameter vector.
struct Parameter: StoredLeaf {
  let parameterName: String
  let storedShape: Shape
  var name: String { "parameter" }
  var detail: String { parameterName }

  init(name: String, shape: Shape) {
    parameterName = name
    storedShape = shape
  }
}

extension Node {
  /// The name of the parameter that this node is; `nil` if it is none.
  public var parameterName: String? { (operation as? Parameter)?.parameterName }
}

/// A constant array.
struct Constant: StoredLeaf {
  let values: [Double]
  let storedShape: Shape
  var name: String { "constant" }
  var detail: String {
    let shown = values.prefix(4).map(JSONValue.text(of:)).joined(separator: ", ")
    return storedShape.isEmpty ? shown : "[\(shown)\(values.count > 4 ? ", …" : "")]"
  }

  init(values: [Double], shape: Shape) throws {
    guard values.count == shape.elementCount else {
      throw TrainerError(.usage, "a constant of shape \(shape) needs \(shape.elementCount) values, not \(values.count)")
    }
    self.values = values
    storedShape = shape
  }

  // Equal means the same bits: 0 and -0 differ in what they divide to, and NaN is one value.
  static func == (x: Constant, y: Constant) -> Bool { x.storedShape == y.storedShape && x.bits == y.bits }
  func hash(into hasher: inout Hasher) {
    hasher.combine(storedShape)
    hasher.combine(bits)
  }
  private var bits: [UInt64] { values.map(\.bitPattern) }
}

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
}
