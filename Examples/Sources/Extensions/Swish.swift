import Autodiff
import Foundations
import Models

/// A layer: x · σ(β x) with a β that is learnt (Ramachandran, Zoph and Le, 2017).
struct Swish: Layer {
  static let type = "swish"
  /// The layer's name in files.
  var name: String?
  /// Where β starts.
  var beta = 1.0

  init() {}

  static let settings: [Setting<Swish>] = [.number("beta", \.beta, help: "Where the factor in the sigmoid starts.")]

  init(from settings: Settings) throws {
    self = try Self.settings.read(settings, over: Swish())
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
  }

  var json: JSONObject {
    JSONObject([("name", name.map(JSONValue.string))]).appending(Self.settings.json(of: self))
  }

  func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let beta = try builder.parameter(
      "beta", shape: [], initialization: Initialization(.constant, scale: beta), in: x.graph)
    return try x * (x * beta).sigmoid()
  }
}
