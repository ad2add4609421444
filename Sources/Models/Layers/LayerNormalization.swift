import Autodiff
import Foundations

/// Layer normalization (Ba, Kiros and Hinton, 2016): along the last axis or several last ones, the distance from the mean
/// divided by √(variance + epsilon), times `scale`, plus `shift`.
///
/// `scale` and `shift` have the extents of those axes and start as 1 and 0. No sample sees another: training and
/// evaluation compute the same.
public struct LayerNormalization: Layer {
  public static let type = "layerNormalization"
  /// The name given in the config.
  public let name: String?
  /// What keeps the root away from 0.
  public let epsilon: Double
  /// The number of last axes to normalize over; `nil` for all of a sample's.
  public let axes: Int?

  /// Creates a layer; `epsilon` is greater than 0, and `axes` the number of last axes, or `nil` for all of a sample's.
  public init(name: String? = nil, epsilon: Double = 1e-5, axes: Int? = 1) {
    self.name = name
    self.epsilon = epsilon
    self.axes = axes
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    epsilon = try settings.number(
      "epsilon", default: 1e-5, in: .positive, help: "Added to the variance, so that its root stays away from 0.")
    axes = try settings.integer(
      "axes", orWord: "all", default: .integer(1), in: 1...7,
      help: "The number of last axes to normalize over, or \"all\" of a sample.")
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([
      ("name", name.map(JSONValue.string)), ("epsilon", .number(epsilon)),
      ("axes", axes.map(JSONValue.integer) ?? "all"),
    ])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let count = axes ?? x.shape.count - 1
    guard count > 0, x.shape.count > count, !x.shape.suffix(count).contains(0) else {
      throw TrainerError(
        .usage,
        "layerNormalization needs \(count <= 1 ? "an axis" : "\(count) axes") of each sample to normalize along; the samples "
          + (x.shape.count == 1 ? "are scalars" : "have the shape \(Array(x.shape.dropFirst()))"))
    }
    let extents = Shape(x.shape.suffix(count)), size = extents.reduce(1, *)
    let scale = try builder.parameter(
      "scale", shape: extents, initialization: .init(.constant, scale: 1), fanIn: size, fanOut: size, in: x.graph)
    let shift = try builder.parameter(
      "shift", shape: extents, initialization: .zeros, fanIn: size, fanOut: size, in: x.graph)
    return try normalize(x, axes: count) * scale + shift
  }

  /// Adds the normalization alone, over a number of last axes.
  func normalize(_ x: Node, axes count: Int = 1) throws -> Node {
    let axes = Array(x.shape.count - count..<x.shape.count)
    let deviation = try x - x.mean(axes: axes, keepingAxes: true)
    return try deviation * (deviation.square().mean(axes: axes, keepingAxes: true) + epsilon).rsqrt()
  }
}
