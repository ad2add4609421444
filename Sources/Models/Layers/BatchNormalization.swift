import Autodiff
import Foundations

/// Batch normalization (Ioffe and Szegedy, 2015): of each channel the distance from the mean over samples and positions,
/// divided by √(variance + epsilon), times `scale`, plus `shift`.
///
/// Inputs are [axes, channels]; `scale` and `shift` are [channels] and start as 1 and 0. In training mean and variance are
/// those of a shard: ghost batch normalization (Hoffer, Hubara and Soudry, 2017), whose bits depend on the config alone. The
/// running averages `mean` and `variance` (unbiased, as in PyTorch) of evaluation are state: each step they keep `momentum`
/// of what they were and take the rest from the shards' mean, each weighted by its samples. A shard with fewer than two
/// values of a channel uses the running averages, and leaves them as they are; so does a layer that is frozen.
public struct BatchNormalization: Layer {
  public static let type = "batchNormalization"
  /// The name given in the config.
  public let name: String?
  /// The share of the running averages that a step leaves.
  public let momentum: Double
  /// What keeps the root away from 0.
  public let epsilon: Double
  /// Yes: what a sample gives depends on those beside it, and a step changes what evaluation compares with.
  public let isRandom = true

  /// Creates a layer; `momentum` is at least 0 and less than 1, `epsilon` greater than 0.
  public init(name: String? = nil, momentum: Double = 0.9, epsilon: Double = 1e-5) {
    self.name = name
    self.momentum = momentum
    self.epsilon = epsilon
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name in files; by default its type and ordinal.")
    momentum = try settings.number(
      "momentum", default: 0.9, in: .rate, help: "The share of the running averages that a step leaves.")
    epsilon = try settings.number(
      "epsilon", default: 1e-5, in: .positive, help: "Added to the variance, so that its root stays away from 0.")
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([
      ("name", name.map(JSONValue.string)), ("momentum", .number(momentum)), ("epsilon", .number(epsilon)),
    ])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    guard x.shape.count > 1, let channels = x.shape.last else {
      throw TrainerError(.usage, "batchNormalization needs channels, a sample's last axis; the samples are scalars")
    }
    let graph = x.graph
    let scale = try builder.parameter(
      "scale", shape: [channels], initialization: .init(.constant, scale: 1), fanIn: channels, fanOut: channels,
      in: graph)
    let shift = try builder.parameter(
      "shift", shape: [channels], initialization: .zeros, fanIn: channels, fanOut: channels, in: graph)
    let mean = try builder.state("mean", shape: [channels], initialization: .zeros, in: graph)
    let variance = try builder.state(
      "variance", shape: [channels], initialization: .init(.constant, scale: 1), in: graph)
    let count = x.shape.dropLast().reduce(1, *)
    guard builder.isTraining, count > 1, !builder.isFrozen("mean"), !builder.isFrozen("variance") else {
      return try (x - mean) * (variance + epsilon).rsqrt() * scale + shift
    }
    let axes = Array(0..<x.shape.count - 1)
    let own = try x.mean(axes: axes)
    let deviation = try x - own
    let spread = try deviation.square().mean(axes: axes)
    let unbiased = try spread * (Double(count) / Double(count - 1))
    builder.change(mean, by: try (mean - own) * (1 - momentum))
    builder.change(variance, by: try (variance - unbiased) * (1 - momentum))
    return try deviation * (spread + epsilon).rsqrt() * scale + shift
  }
}
