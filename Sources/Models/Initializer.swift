import Foundation
import Foundations
import Kernels

/// How a parameter's first values are drawn.
///
/// Element i of the parameter with some ordinal is a pure function of (seed, ordinal, i).
public enum Initializer: String, Sendable, CaseIterable {
  /// U(−a, a), a = √(6 / (fanIn + fanOut)) (Glorot and Bengio, 2010).
  case glorotUniform
  /// N(0, 2 / (fanIn + fanOut)) (Glorot and Bengio, 2010).
  case glorotNormal
  /// U(−a, a), a = √(6 / fanIn) (He et al., 2015).
  case heUniform
  /// N(0, 2 / fanIn) (He et al., 2015).
  case heNormal
  /// U(−a, a), a = √(3 / fanIn) (LeCun et al., 1998).
  case lecunUniform
  /// N(0, 1 / fanIn) (LeCun et al., 1998).
  case lecunNormal
  /// U(−scale, scale).
  case uniform
  /// N(0, scale²).
  case normal
  /// The value `scale` everywhere.
  case constant
}

/// An initializer with its scale.
public struct Initialization: Sendable, Equatable {
  /// The distribution.
  public let initializer: Initializer
  /// The half-width of `uniform`, the standard deviation of `normal`, the value of `constant`; else unused.
  public let scale: Double

  /// Creates an initialization.
  ///
  /// - Parameter scale: `nil` for what a config has by default: 0.05, and 0 for `constant`.
  public init(_ initializer: Initializer, scale: Double? = nil) {
    self.initializer = initializer
    self.scale = scale ?? (initializer == .uniform || initializer == .normal ? Self.defaultScale : 0)
  }

  private static let defaultScale = 0.05

  /// Zeros.
  public static let zeros = Initialization(.constant, scale: 0)

  /// Reads `{"type": …}` with `limit`, `standardDeviation` or `value` where the type takes one.
  public init(from settings: Settings) throws {
    initializer = try settings.choice("type", help: "The distribution of the first values.")
    switch initializer {
    case .uniform: scale = try settings.number("limit", default: Self.defaultScale, in: .positive, help: "Half-width.")
    case .normal:
      scale = try settings.number(
        "standardDeviation", default: Self.defaultScale, in: .positive, help: "Standard deviation.")
    case .constant: scale = try settings.number("value", default: 0, help: "The value of every element.")
    default: scale = 0
    }
    try settings.finish()
  }

  /// The initialization as a config writes it.
  public var json: JSONObject {
    let key: String? =
      switch initializer {
      case .uniform: "limit"
      case .normal: "standardDeviation"
      case .constant: "value"
      default: nil
      }
    return JSONObject([("type", .string(initializer.rawValue))] + (key.map { [($0, .number(scale))] } ?? []))
  }

  /// The first values of a parameter.
  ///
  /// - Parameters:
  ///   - fanIn: The number of inputs of a unit.
  ///   - fanOut: The number of units that an input feeds.
  ///   - ordinal: The parameter's position in the layout.
  public func values(count: Int, fanIn: Int, fanOut: Int, seed: UInt64, ordinal: Int) -> [Double] {
    let random = Philox(seed: seed, stream: Self.streamBase + UInt64(ordinal))
    let (fanIn, fanOut) = (Double(max(fanIn, 1)), Double(max(fanOut, 1)))
    func uniform(_ limit: Double) -> [Double] {
      (0..<count).map { limit * (2 * random.uniform(at: UInt64($0)) - 1) }
    }
    func normal(_ deviation: Double) -> [Double] {
      (0..<count).map { index in
        // Box and Muller (1958); 1 − u is never 0.
        let radius = (-2 * log(1 - random.uniform(at: UInt64(2 * index)))).squareRoot()
        return deviation * radius * cos(2 * .pi * random.uniform(at: UInt64(2 * index + 1)))
      }
    }
    switch initializer {
    case .glorotUniform: return uniform((6 / (fanIn + fanOut)).squareRoot())
    case .glorotNormal: return normal((2 / (fanIn + fanOut)).squareRoot())
    case .heUniform: return uniform((6 / fanIn).squareRoot())
    case .heNormal: return normal((2 / fanIn).squareRoot())
    case .lecunUniform: return uniform((3 / fanIn).squareRoot())
    case .lecunNormal: return normal((1 / fanIn).squareRoot())
    case .uniform: return uniform(scale)
    case .normal: return normal(scale)
    case .constant: return [Double](repeating: scale, count: count)
    }
  }

  // Keeps these sequences apart from those of dropout and of the sampler, which share the seed.
  private static let streamBase: UInt64 = 1 << 62
}
