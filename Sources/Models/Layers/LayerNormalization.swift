import Autodiff
import Foundations

/// Layer normalization (Ba, Kiros and Hinton, 2016): along the last axis, the distance from the mean divided by
/// √(variance + epsilon), times `scale`, plus `shift`.
///
/// `scale` and `shift` have the extent of the last axis and start as 1 and 0. No sample sees another: training and
/// evaluation compute the same.
public struct LayerNormalization: Layer {
  public static let type = "layerNormalization"
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
      "epsilon", default: 1e-5, in: .positive, help: "Added to the variance, so that its root stays away from 0.")
  }

  /// All settings.
  public var json: JSONObject { JSONObject([("name", name.map(JSONValue.string)), ("epsilon", .number(epsilon))]) }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    guard x.shape.count > 1, let extent = x.shape.last, extent > 0 else {
      throw TrainerError(
        .usage, "layerNormalization needs an axis of each sample to normalize along; the samples are scalars")
    }
    let scale = try builder.parameter(
      "scale", shape: [extent], initialization: .init(.constant, scale: 1), fanIn: extent, fanOut: extent, in: x.graph)
    let shift = try builder.parameter(
      "shift", shape: [extent], initialization: .zeros, fanIn: extent, fanOut: extent, in: x.graph)
    return try normalize(x) * scale + shift
  }

  /// Adds the normalization alone.
  func normalize(_ x: Node) throws -> Node {
    let deviation = try x - x.mean(axes: [-1], keepingAxes: true)
    return try deviation * (deviation.square().mean(axes: [-1], keepingAxes: true) + epsilon).rsqrt()
  }
}
