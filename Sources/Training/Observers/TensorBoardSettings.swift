import Foundations

/// The settings of the observer `tensorboard`.
public struct TensorBoardSettings: ObserverSettings {
  public static let type = "tensorboard"

  /// How often histograms of parameters and updates are written; `nil` for never.
  public var histograms: ObserverInterests.Period?

  /// Creates the settings.
  ///
  /// - Parameter histograms: How often histograms are written; `nil` for never.
  public init(histograms: ObserverInterests.Period? = .epochs(1)) { self.histograms = histograms }

  private static let key = "histograms"
  private static let kind = "\"never\", or an object with \"epochs\" or \"steps\""
  private static let values = SettingKind.either([.choice(["never"]), .object()])
  private static let help = "The distance between two histograms of parameters and updates."

  /// Reads the settings.
  ///
  /// - Throws: `TrainerError` for a setting of the wrong type or out of range.
  public init(from settings: Settings) throws {
    switch settings.value(Self.key, kind: Self.kind, as: Self.values, help: Self.help) {
    case nil:
      histograms = .epochs(1)
    case "never"?:
      histograms = nil
    case .object?:
      let own = try settings.object(Self.key)
      let epochs = try own.optionalInteger("epochs", in: .positive, help: "So many epochs.")
      let steps = try own.optionalInteger("steps", in: .positive, help: "So many steps.")
      try own.finish()
      switch (epochs, steps) {
      case (let epochs?, nil): histograms = .epochs(epochs)
      case (nil, let steps?): histograms = .steps(steps)
      default:
        throw own.error(nil, "found \(epochs == nil ? "none" : "both") of \"epochs\" and \"steps\", expected one")
      }
    case .string(let text)?:
      let hint = suggestion(for: text, among: ["never"]).map { "; did you mean \"\($0)\"?" } ?? ""
      throw settings.error(Self.key, "found \(JSONValue.string(text).compactText), expected \(Self.kind)\(hint)")
    case let value?:
      throw settings.error(Self.key, "found \(value.lineText), expected \(Self.kind)")
    }
    // Declares it as it is once more, and says it as it was understood.
    _ = settings.value(Self.key, kind: Self.kind, as: Self.values, help: Self.help)
    settings.resolve(Self.key, to: json[Self.key] ?? .null)
  }

  /// The settings as a config writes them.
  public var json: JSONObject {
    switch histograms {
    case .epochs(let count): [Self.key: ["epochs": .integer(count)]]
    case .steps(let count): [Self.key: ["steps": .integer(count)]]
    case nil: [Self.key: "never"]
    }
  }

  /// Makes the observer of one run.
  public func makeObserver() -> any RunObserver { TensorBoardObserver(self) }
}
