import Foundations

/// One step of what is done to the inputs before the model sees them.
public enum PreprocessingStep: Sendable, Equatable {
  /// x · factor + offset.
  case scale(factor: Double = 1, offset: Double = 0)
  /// (x − mean) / standard deviation of each column of the training group; a constant column is only centred.
  case standardize
  /// Columns of category codes become one column for each category of the training group; `nil` for all columns.
  case oneHot(columns: [Int]? = nil)

  /// The step as a config writes it.
  public var json: JSONObject {
    switch self {
    case .scale(let factor, let offset):
      ["type": "scale", "factor": .number(factor), "offset": .number(offset)]
    case .standardize: ["type": "standardize"]
    case .oneHot(let columns):
      JSONObject([("type", "oneHot"), ("columns", columns.map { .array($0.map(JSONValue.integer)) })])
    }
  }

  /// Reads a step.
  ///
  /// - Throws: `TrainerError` for a faulty setting.
  public init(from settings: Settings) throws {
    switch try settings.string("type", oneOf: ["scale", "standardize", "oneHot"]) {
    case "scale":
      self = .scale(
        factor: try settings.number("factor", default: 1, help: "Multiplies each input."),
        offset: try settings.number("offset", default: 0, help: "Is added after the multiplication."))
    case "standardize":
      self = .standardize
    default:
      let columns = try settings.optionalIntegers(
        "columns", in: .nonNegative, help: "The columns of category codes, counted from 0; by default all.")
      if let columns, Set(columns).count != columns.count {
        throw settings.error("columns", "a column comes twice, name each once")
      }
      self = .oneHot(columns: columns)
    }
    try settings.finish()
  }
}
