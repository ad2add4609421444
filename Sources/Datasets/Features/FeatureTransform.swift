import Foundations

/// One step of what makes numbers of a column. What it needs to know of the data is fitted to the training rows.
public enum FeatureTransform: Sendable, Equatable {
  /// (x − mean) / standard deviation, the population's; a constant column is only centred.
  case standardize
  /// (x − least) / (greatest − least); 0 for a constant column.
  case minMax
  /// log(1 + x), for x > −1.
  case log1p
  /// Values outside of two quantiles become these.
  case clip(lower: Double = 0.01, upper: Double = 0.99)
  /// Missing values become another.
  case impute(Replacement = .median, indicator: Indicator = .automatic)
  /// A column of 0 and 1 for each category of the training rows; of numbers, for each different one.
  case oneHot(unknown: Handling = .ignore, minFrequency: Int = 1, missing: Handling = .own)
  /// The place of each category among those of the training rows, counted from 0; missing stays missing.
  case ordinal(unknown: Handling = .own)
  /// Days since a date, written as `2001-12-31`; `nil` for the first of the training rows.
  case days(epoch: String? = nil)
  /// Parts of a date, a column for each.
  case parts([DatePart] = DatePart.allCases)

  /// What stands for a missing value.
  public enum Replacement: Sendable, Equatable {
    /// The mean of the training rows.
    case mean
    /// The median of the training rows.
    case median
    /// The value that most training rows have; of several the least.
    case mostFrequent
    /// A number.
    case constant(Double)
  }

  /// Whether there is a column that says where a value was missing. Later steps leave it as it is.
  public enum Indicator: String, Sendable, CaseIterable {
    /// If a value is missing in the training rows.
    case automatic = "auto"
    /// In any case.
    case always
    /// In no case.
    case never
  }

  /// What becomes of a value that is no category of the training rows.
  public enum Handling: String, Sendable, CaseIterable {
    /// 0 in all columns.
    case ignore
    /// An error that names row and column.
    case error
    /// A column, or a code, of its own.
    case own
  }

  /// A part of a date, of the proleptic Gregorian calendar and UTC.
  public enum DatePart: String, Sendable, CaseIterable {
    /// The year, such as 2001.
    case year
    /// From 1 to 12.
    case month
    /// From 1 to 31.
    case day
    /// From 0, a Monday, to 6.
    case weekday
    /// From 0 to 23.
    case hour
  }

  /// The names of the steps in a config.
  static let types = ["standardize", "minMax", "log1p", "clip", "impute", "oneHot", "ordinal", "days", "parts"]

  /// The name of the step in a config.
  var type: String {
    switch self {
    case .standardize: "standardize"
    case .minMax: "minMax"
    case .log1p: "log1p"
    case .clip: "clip"
    case .impute: "impute"
    case .oneHot: "oneHot"
    case .ordinal: "ordinal"
    case .days: "days"
    case .parts: "parts"
    }
  }

  /// The step as a config writes it.
  public var json: JSONObject {
    var json: JSONObject = ["type": .string(type)]
    switch self {
    case .standardize, .minMax, .log1p: break
    case .clip(let lower, let upper): (json["lower"], json["upper"]) = (.number(lower), .number(upper))
    case .impute(let replacement, let indicator):
      json["with"] = replacement.json
      json["indicator"] = indicator.json
    case .oneHot(let unknown, let minFrequency, let missing):
      json["unknown"] = .string(unknown.rawValue)
      json["minFrequency"] = .integer(minFrequency)
      json["missing"] = .string(missing.rawValue)
    case .ordinal(let unknown): json["unknown"] = .string(unknown.rawValue)
    case .days(let epoch): json["epoch"] = epoch.map(JSONValue.string)
    case .parts(let parts): json["parts"] = .array(parts.map { .string($0.rawValue) })
    }
    return json
  }

  /// What is done to a column that no rule is for.
  static func standard(for kind: FeatureKind) -> [FeatureTransform] {
    switch kind {
    case .number: [.impute(), .standardize]
    case .category: [.oneHot()]
    case .boolean: [.impute(.mostFrequent, indicator: .never)]
    case .date: [.days(), .impute(), .standardize]
    }
  }
}

extension FeatureTransform {
  /// Reads a step.
  ///
  /// - Throws: `TrainerError` with code `.usage` for a faulty setting.
  public init(from settings: Settings) throws {
    switch try settings.string("type", oneOf: Self.types) {
    case "standardize": self = .standardize
    case "minMax": self = .minMax
    case "log1p": self = .log1p
    case "clip":
      let lower = try settings.number(
        "lower", default: 0.01, in: .unit, help: "The quantile that lesser values become.")
      let upper = try settings.number(
        "upper", default: 0.99, in: .unit, help: "The quantile that greater values become.")
      guard lower < upper else {
        throw settings.error("upper", "found \(JSONValue.text(of: upper)), expected more than \"lower\"")
      }
      self = .clip(lower: lower, upper: upper)
    case "impute":
      self = .impute(
        try Replacement(from: settings), indicator: try Indicator(from: settings))
    case "oneHot":
      self = .oneHot(
        unknown: try settings.choice(
          "unknown", default: .ignore, help: "What becomes of a category that the training rows lack."),
        minFrequency: try settings.integer(
          "minFrequency", default: 1, in: .positive,
          help: "Categories that fewer training rows have share a column."),
        missing: try settings.choice("missing", default: .own, help: "What becomes of a missing value."))
    case "ordinal":
      let unknown = try settings.choice(
        "unknown", of: Handling.self, default: .own,
        help: "What becomes of a category that the training rows lack: -1, or an error.")
      guard unknown != .ignore else {
        throw settings.error("unknown", "found \"ignore\", expected \"own\", which is -1, or \"error\"")
      }
      self = .ordinal(unknown: unknown)
    case "days":
      let epoch = try settings.optionalString("epoch", help: "The date that days are counted from.")
      if let epoch, CalendarDate(epoch) == nil {
        throw settings.error(
          "epoch", "found \(JSONValue.string(epoch).lineText), expected a date such as \"2001-12-31\"")
      }
      self = .days(epoch: epoch)
    default:
      let names = try settings.strings(
        "parts", oneOf: DatePart.allCases.map(\.rawValue), default: DatePart.allCases.map(\.rawValue),
        count: 1...DatePart.allCases.count, help: "The parts of the date, a column for each.")
      if let twin = names.first(where: { name in names.count { $0 == name } > 1 }) {
        throw settings.error("parts", "\"\(twin)\" comes twice, name each part once")
      }
      self = .parts(names.compactMap(DatePart.init))
    }
    try settings.finish()
  }
}

extension FeatureTransform.Replacement {
  /// As a config writes it.
  fileprivate var json: JSONValue {
    switch self {
    case .mean: "mean"
    case .median: "median"
    case .mostFrequent: "mostFrequent"
    case .constant(let value): .number(value)
    }
  }

  fileprivate init(from settings: Settings) throws {
    let kind = "\"mean\", \"median\", \"mostFrequent\" or a number"
    let values = SettingKind.either([.choice(["mean", "median", "mostFrequent"]), .number(.finite)])
    let help = "What missing values become."
    let value = settings.value("with", kind: kind, as: values, default: "median", help: help) ?? "median"
    settings.resolve("with", to: value)
    switch (value.text, value.double) {
    case ("mean", _): self = .mean
    case ("median", _): self = .median
    case ("mostFrequent", _): self = .mostFrequent
    case (_, let number?) where number.isFinite: self = .constant(number)
    default: throw settings.error("with", "found \(value.lineText), expected \(kind)")
    }
  }
}

extension FeatureTransform.Indicator {
  /// As a config writes it.
  fileprivate var json: JSONValue {
    switch self {
    case .automatic: "auto"
    case .always: true
    case .never: false
    }
  }

  fileprivate init(from settings: Settings) throws {
    let kind = "true, false or \"auto\""
    let help = "Whether a column says where a value was missing; auto: if one is in the training rows."
    let values = SettingKind.either([.boolean, .choice(["auto"])])
    let value = settings.value("indicator", kind: kind, as: values, default: "auto", help: help) ?? "auto"
    settings.resolve("indicator", to: value)
    switch value {
    case .boolean(let isThere): self = isThere ? .always : .never
    case "auto": self = .automatic
    default: throw settings.error("indicator", "found \(value.lineText), expected \(kind)")
    }
  }
}
