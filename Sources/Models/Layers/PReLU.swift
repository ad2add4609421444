import Autodiff
import Foundations

/// x where x > 0, else slope · x, with a slope for each channel that is learnt (He et al., "Delving deep into rectifiers",
/// 2015).
///
/// `slope` has the extent of the last axis, and starts as 0.25 by default, as PyTorch's `PReLU` with as many parameters. It
/// is no weight, so that penalties leave it alone.
public struct PReLU: Layer {
  public static let type = "prelu"
  /// The name given in the config.
  public let name: String?
  /// Where the slopes start.
  public let initialSlope: Double

  /// Creates a layer.
  public init(name: String? = nil, initialSlope: Double = 0.25) {
    self.name = name
    self.initialSlope = initialSlope
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    initialSlope = try settings.number("initialSlope", default: 0.25, help: "Where the slopes for x < 0 start.")
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([("name", name.map(JSONValue.string)), ("initialSlope", .number(initialSlope))])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    guard x.shape.count > 1, let channels = x.shape.last, channels > 0 else {
      throw TrainerError(.usage, "prelu needs an axis of channels, the last of each sample; the samples are scalars")
    }
    let slope = try builder.parameter(
      "slope", shape: [channels], initialization: .init(.constant, scale: initialSlope), fanIn: channels,
      fanOut: channels, in: x.graph)
    let zero = try x.graph.constant(0)
    let isPositive = try x.isGreater(than: zero)
    // Where x is positive the slope's gradient must be 0 also if x is infinite.
    return try select(isPositive, x, select(isPositive, zero, x) * slope)
  }
}
