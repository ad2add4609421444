import Autodiff
import Foundations

/// A function applied to each output of a layer.
public enum Activation: String, Sendable, CaseIterable {
  /// max(x, 0).
  case relu
  /// 1 / (1 + e^−x).
  case sigmoid
  /// The hyperbolic tangent.
  case tanh
  /// x itself.
  case linear

  /// Adds the function to the graph.
  public func apply(to x: Node) throws -> Node {
    switch self {
    case .relu: try x.relu()
    case .sigmoid: try x.sigmoid()
    case .tanh: try x.tanh()
    case .linear: x
    }
  }

  static func read(_ settings: Settings) throws -> Activation? {
    let activation: Activation = try settings.choice(
      "activation", default: .linear, help: "The function applied to each output.")
    return activation == .linear ? nil : activation
  }
}
