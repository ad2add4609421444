import Checkpoints
import Foundations

/// What a checkpoint says of itself, for reports: where it comes from, and how its parameters are spread.
public struct CheckpointFacts: Sendable {
  /// How the values of one tensor of parameters are spread.
  public struct Spread: Sendable {
    /// The tensor's name, such as `dense1/weight`.
    public let name: String
    /// Its extents.
    public let shape: [Int]
    /// The mean of its values, and the square root of their mean square distance from it.
    public let mean: Double, deviation: Double
    /// The smallest and the greatest value.
    public let range: ClosedRange<Double>
    /// How many values lie in each of equal parts of the range, from the smallest on.
    public let histogram: [Int]
  }

  /// The parts of a histogram.
  public static let histogramParts = 32

  /// The checkpoint.
  public let path: String
  /// Completed steps and epochs.
  public let step: Int, epoch: Int
  /// The digest of the parameters.
  public let digest: String
  /// Program, processor, data and the like, by name.
  public let provenance: [(name: String, value: String)]
  /// The parameters, in layout order, and what the model keeps beside them.
  public let parameters: [Spread]

  /// Reads a checkpoint.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if it is missing or damaged.
  public init(_ path: String) throws {
    let checkpoint = try CheckpointFile.read(path)
    self.path = path
    (step, epoch, digest) = (checkpoint.step, checkpoint.epoch, checkpoint.digest.description)
    provenance = checkpoint.provenance.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    parameters = (checkpoint.parameters + checkpoint.state).map(Spread.init)
  }
}

extension CheckpointFacts.Spread {
  init(_ tensor: CheckpointTensor) {
    let values: [Double] =
      switch tensor.values {
      case .float32(let values): values.map(Double.init)
      case .float64(let values): values
      }
    let (name, shape) = (tensor.name, tensor.shape)
    let count = Double(max(1, values.count))
    let mean = values.reduce(0, +) / count
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    let range = (values.min() ?? 0)...(values.max() ?? 0)
    var histogram = [Int](repeating: 0, count: CheckpointFacts.histogramParts)
    let width = (range.upperBound - range.lowerBound) / Double(histogram.count)
    for value in values {
      // Of numbers that are all the same, one part has them all.
      let part = width > 0 && width.isFinite ? Int((value - range.lowerBound) / width) : histogram.count / 2
      histogram[min(histogram.count - 1, part)] += 1
    }
    self.init(name: name, shape: shape, mean: mean, deviation: deviation, range: range, histogram: histogram)
  }
}
