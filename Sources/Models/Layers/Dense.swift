import Autodiff
import Foundations

/// A fully connected layer: activation(x · weight + bias).
///
/// `weight` is [inputs, units], `bias` [units]. An input of higher rank is flattened per sample.
public struct Dense: Layer {
  public static let type = "dense"
  /// The name given in the config.
  public let name: String?
  /// The number of outputs.
  public let units: Int
  /// The function applied to each output; `nil` for none.
  public let activation: Activation?
  /// Whether a bias is added.
  public let usesBias: Bool
  /// How the weights start.
  public let weightInitialization: Initialization
  /// How the bias starts.
  public let biasInitialization: Initialization

  /// Creates a layer.
  ///
  /// - Parameter weightInitialization: By default He's for ReLU and its kin (He et al., 2015), else Glorot's (Glorot and
  ///   Bengio, 2010), both uniform.
  public init(
    name: String? = nil, units: Int, activation: Activation? = nil, usesBias: Bool = true,
    weightInitialization: Initialization? = nil, biasInitialization: Initialization = .zeros
  ) {
    self.name = name
    self.units = units
    self.activation = activation
    self.usesBias = usesBias
    self.weightInitialization = weightInitialization ?? Initialization(Self.defaultInitializer(for: activation))
    self.biasInitialization = biasInitialization
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name in files; by default its type and ordinal.")
    units = try settings.integer("units", in: .positive, help: "The number of outputs.")
    let activation = try Activation.read(settings)
    self.activation = activation
    usesBias = try settings.boolean("useBias", default: true, help: "Whether a bias is added.")
    let standard = Self.defaultInitializer(for: activation)
    weightInitialization = try Initialization(
      from: settings.object(
        "weightInitializer", default: ["type": .string(standard.rawValue)], shorthand: "type",
        help:
          "How the weights start: heUniform after relu and its kin (leakyRelu, elu, gelu, silu, hardSwish, mish), else glorotUniform."
      ))
    settings.derive("weightInitializer", from: "from activation")
    biasInitialization = try Initialization(
      from: settings.object(
        "biasInitializer", default: ["type": "constant"], shorthand: "type", help: "How the bias starts."))
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([
      ("name", name.map(JSONValue.string)), ("units", .integer(units)),
      ("activation", (activation ?? .linear).json), ("useBias", .boolean(usesBias)),
      ("weightInitializer", .object(weightInitialization.json)), ("biasInitializer", .object(biasInitialization.json)),
    ])
  }

  static func defaultInitializer(for activation: Activation?) -> Initializer {
    switch activation {
    case .relu, .leakyReLU, .elu, .gelu, .geluTanh, .silu, .hardSwish, .mish: .heUniform
    case .softplus, .sigmoid, .tanh, .linear, nil: .glorotUniform
    }
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let samples = x.shape[0]
    let inputs = x.shape.dropFirst().reduce(1, *)
    let graph = x.graph
    let weight = try builder.parameter(
      "weight", shape: [inputs, units], initialization: weightInitialization, fanIn: inputs, fanOut: units, in: graph)
    var y = try x.reshape([samples, inputs]).matmul(weight)
    if usesBias {
      y =
        try y
        + builder.parameter(
          "bias", shape: [units], initialization: biasInitialization, fanIn: inputs, fanOut: units, in: graph)
    }
    return try activation?.apply(to: y) ?? y
  }
}
