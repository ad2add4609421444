import Autodiff
import Foundations

/// A function applied to each output of a layer.
public enum Activation: Sendable, Hashable, CaseIterable {
  /// max(x, 0).
  case relu
  /// x where x > 0, else slope · x (Maas, Hannun and Ng, 2013).
  case leakyReLU(slope: Double = 0.01)
  /// x where x > 0, else alpha · (e^x − 1) (Clevert, Unterthiner and Hochreiter, 2016).
  case elu(alpha: Double = 1)
  /// x · Φ(x), with the normal distribution's Φ (Hendrycks and Gimpel, 2016), exact by the error function.
  case gelu
  /// The same with Φ approximated by a hyperbolic tangent, as their paper gives it.
  case geluTanh
  /// x / (1 + e^−x) (Hendrycks and Gimpel, 2016; Ramachandran, Zoph and Le, 2017, who call it Swish).
  case silu
  /// x · min(max(x + 3, 0), 6) / 6 (Howard et al., "Searching for MobileNetV3", 2019).
  case hardSwish
  /// x · tanh(log(1 + e^x)) (Misra, 2019).
  case mish
  /// log(1 + e^x).
  case softplus
  /// 1 / (1 + e^−x).
  case sigmoid
  /// The hyperbolic tangent.
  case tanh
  /// x itself.
  case linear

  /// All of them, with default settings.
  public static let allCases: [Activation] = [
    .relu, .leakyReLU(), .elu(), .gelu, .geluTanh, .silu, .hardSwish, .mish, .softplus, .sigmoid, .tanh, .linear,
  ]

  /// The name in a config.
  public var type: String {
    switch self {
    case .relu: "relu"
    case .leakyReLU: "leakyRelu"
    case .elu: "elu"
    case .gelu: "gelu"
    case .geluTanh: "geluTanh"
    case .silu: "silu"
    case .hardSwish: "hardSwish"
    case .mish: "mish"
    case .softplus: "softplus"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .linear: "linear"
    }
  }

  /// The activation of that name with default settings; `nil` if there is none.
  public init?(named type: String) {
    guard let found = Self.allCases.first(where: { $0.type == type }) else { return nil }
    self = found
  }

  /// Adds the function to the graph.
  public func apply(to x: Node) throws -> Node {
    let zero = try x.graph.constant(0)
    switch self {
    case .relu: return try x.relu()
    case .leakyReLU(let slope): return try select(x.isGreater(than: zero), x, x * slope)
    case .elu(let alpha):
      let isPositive = try x.isGreater(than: zero)
      // Where x is positive the other branch must not overflow: infinity times its zero gradient would be NaN.
      return try select(isPositive, x, select(isPositive, zero, x).expm1() * alpha)
    case .gelu: return try x * 0.5 * ((x * 0.5.squareRoot()).erf() + 1)
    case .geluTanh:
      let inner = try (x + x * x.square() * 0.044715) * (2 / Double.pi).squareRoot()
      return try x * 0.5 * (inner.tanh() + 1)
    case .silu: return try farthestBelow(x) * x.sigmoid()
    case .hardSwish:
      // Both branches are finite where they are not chosen, so that infinities have a value and a gradient.
      let three = try x.graph.constant(3)
      let inside = try select(x.abs().isAtLeast(three), zero, x)
      return try select(x.isAtLeast(three), x, inside * (inside + 3) * (1.0 / 6))
    case .mish: return try farthestBelow(x) * x.softplus().tanh()
    case .softplus: return try x.softplus()
    case .sigmoid: return try x.sigmoid()
    case .tanh: return try x.tanh()
    case .linear: return x
    }
  }

  /// x, but for values so far below 0 that the factor beside them is 0: minus infinity times it would be no number.
  private func farthestBelow(_ x: Node) throws -> Node { try x.maximum(x.graph.constant(-1e4)) }

  /// The activation as a layer's `activation` writes it: its name, or an object if it has settings.
  public var json: JSONValue {
    switch self {
    case .leakyReLU(let slope): ["type": .string(type), "slope": .number(slope)]
    case .elu(let alpha): ["type": .string(type), "alpha": .number(alpha)]
    default: .string(type)
    }
  }

  /// Reads the key `activation` of a layer: a name, or an object with a `type` and its settings; `nil` for `linear`.
  ///
  /// - Throws: `TrainerError` for an unknown name or a faulty setting.
  public static func read(_ settings: Settings) throws -> Activation? {
    try settings.attempt(or: nil) { try readKey(of: settings) }
  }

  private static func readKey(of settings: Settings) throws -> Activation? {
    let help = "The function applied to each output: a name, or an object with a type and its settings."
    let types = allCases.map(\.type)
    let values = SettingKind.either([.choice(types), .object()])
    let value = settings.value("activation", as: values, default: "linear", help: help)
    let name = value?.text ?? value?["type"]?.text
    // Activations without settings stay plain names in the resolved config.
    guard value?.isScalar == false || name == "leakyRelu" || name == "elu" else {
      let type = try settings.string("activation", oneOf: types, default: "linear", help: help)
      return type == "linear" ? nil : Activation(named: type)
    }
    let own = try settings.object("activation", shorthand: "type", help: help)
    let type = try own.string("type", oneOf: types)
    let activation: Activation? =
      switch type {
      case "leakyRelu":
        .leakyReLU(slope: try own.number("slope", default: 0.01, in: .nonNegative, help: "The slope where x < 0."))
      case "elu": .elu(alpha: try own.number("alpha", default: 1, in: .positive, help: "Minus the limit far below 0."))
      case "linear": nil
      default: Activation(named: type)
      }
    try own.finish()
    return activation
  }
}
