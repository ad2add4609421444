import Autodiff
import Foundations

/// Inverted dropout (Srivastava et al., 2014): in training each element is dropped with probability `rate` and the
/// others are scaled by 1 / (1 − rate); in evaluation the layer does nothing.
public struct Dropout: Layer {
  public static let type = "dropout"
  /// The name given in the config.
  public let name: String?
  /// The probability of dropping an element.
  public let rate: Double

  /// Yes.
  public let isRandom = true

  /// Creates a layer; `rate` is at least 0 and less than 1.
  public init(name: String? = nil, rate: Double = 0.5) {
    self.name = name
    self.rate = rate
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    rate = try settings.number("rate", default: 0.5, in: .rate, help: "The probability of dropping an element.")
  }

  /// All settings.
  public var json: JSONObject { JSONObject([("name", name.map(JSONValue.string)), ("rate", .number(rate))]) }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    // The mask's number is taken also in evaluation, so that both graphs number alike.
    let mask = builder.nextMask()
    guard builder.isTraining, rate > 0 else { return x }
    return try x * x.graph.dropoutMask(rate: rate, stream: mask, shape: x.shape)
  }
}
