import Autodiff
import Foundations

/// Group normalization (Wu and He, 2018): of each sample and each group of channels the distance from the mean, divided by
/// √(variance + epsilon), times `scale`, plus `shift`.
///
/// Inputs are [axes, channels]; `scale` and `shift` are [channels] and start as 1 and 0. One group is a layer
/// normalization over all axes, as many as channels are an instance normalization.
public struct GroupNormalization: Layer {
  public static let type = "groupNormalization"
  /// The name given in the config.
  public let name: String?
  /// The groups, which divide the channels.
  public let groups: Int
  /// What keeps the root away from 0.
  public let epsilon: Double

  /// Creates a layer; `epsilon` is greater than 0.
  public init(name: String? = nil, groups: Int, epsilon: Double = 1e-5) {
    self.name = name
    self.groups = groups
    self.epsilon = epsilon
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    groups = try settings.integer("groups", in: .positive, help: "Groups of channels, each normalized by itself.")
    epsilon = try settings.number(
      "epsilon", default: 1e-5, in: .positive, help: "Added to the variance, so that its root stays away from 0.")
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([
      ("name", name.map(JSONValue.string)), ("groups", .integer(groups)), ("epsilon", .number(epsilon)),
    ])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    guard x.shape.count > 1, let channels = x.shape.last, channels % groups == 0 else {
      throw TrainerError(
        .usage,
        "\(groups) groups do not divide the channels of samples of the shape \(Array(x.shape.dropFirst()))")
    }
    let scale = try builder.parameter(
      "scale", shape: [channels], initialization: .init(.constant, scale: 1), fanIn: channels, fanOut: channels,
      in: x.graph)
    let shift = try builder.parameter(
      "shift", shape: [channels], initialization: .zeros, fanIn: channels, fanOut: channels, in: x.graph)
    let places = x.shape.dropFirst().dropLast().reduce(1, *)
    let grouped = try x.reshape([x.shape[0], places, groups, channels / groups])
    let deviation = try grouped - grouped.mean(axes: [1, 3], keepingAxes: true)
    let root = try (deviation.square().mean(axes: [1, 3], keepingAxes: true) + epsilon).rsqrt()
    return try (deviation * root).reshape(x.shape) * scale + shift
  }
}

/// Root-mean-square normalization (Zhang and Sennrich, 2019): along the last axis, divided by √(mean of squares +
/// epsilon), times `scale`, which has the extent of the last axis and starts as 1.
public struct RMSNormalization: Layer {
  public static let type = "rmsNormalization"
  /// The name given in the config.
  public let name: String?
  /// What keeps the root away from 0.
  public let epsilon: Double

  /// Creates a layer; `epsilon` is greater than 0.
  public init(name: String? = nil, epsilon: Double = 1e-5) {
    self.name = name
    self.epsilon = epsilon
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    epsilon = try settings.number(
      "epsilon", default: 1e-5, in: .positive, help: "Added to the mean of squares, so that its root stays away from 0."
    )
  }

  /// All settings.
  public var json: JSONObject { JSONObject([("name", name.map(JSONValue.string)), ("epsilon", .number(epsilon))]) }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    guard x.shape.count > 1, let extent = x.shape.last, extent > 0 else {
      throw TrainerError(
        .usage, "rmsNormalization needs an axis of each sample to normalize along; the samples are scalars")
    }
    let scale = try builder.parameter(
      "scale", shape: [extent], initialization: .init(.constant, scale: 1), fanIn: extent, fanOut: extent, in: x.graph)
    return try x * (x.square().mean(axes: [-1], keepingAxes: true) + epsilon).rsqrt() * scale
  }
}
