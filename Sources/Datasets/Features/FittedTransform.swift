import Foundations

/// One step of a column's transforms with what it took from the training rows: a file each.
///
/// A step that is applied to training rows and to any others gives a row the same numbers, whatever rows are beside it.
protocol FittedTransform: Sendable {
  /// The name of the step, as in a config.
  static var type: String { get }
  /// What was fitted, but for ``type``, as ``init(json:of:)`` reads it.
  var json: JSONObject { get }

  /// Reads what ``json`` writes; `nil` for what it cannot have written of values of that shape.
  init?(json: JSONValue, of shape: FeatureShape)

  /// What values of a shape become.
  func shape(of shape: FeatureShape) -> FeatureShape
  /// Transforms values.
  ///
  /// - Throws: `TrainerError` with code `.data` for a value that the step refuses.
  func apply(to values: inout FeatureValues, at place: FeaturePlace) throws
}

/// Fits a step to the training rows, which come in blocks, in order.
protocol TransformFit {
  /// The bytes that it keeps of each row.
  var bytesPerRow: Int { get }
  /// Takes note of rows.
  mutating func note(_ values: FeatureValues, at place: FeaturePlace) throws
  /// The step, once all rows were noted.
  ///
  /// - Throws: `TrainerError` with code `.data` for rows that it cannot be fitted to.
  func fitted() throws -> any FittedTransform
}

extension TransformFit {
  var bytesPerRow: Int { 0 }
}

/// What a step is before the data are seen.
enum StepBegin {
  /// It needs nothing of the data.
  case fitted(any FittedTransform)
  /// It is fitted to the training rows.
  case fit(any TransformFit)
  /// It does not take such values: what it takes instead, or what comes before it.
  case refused(String)
}

extension FeatureTransform {
  /// Begins the step on values of a shape.
  func begin(_ shape: FeatureShape) -> StepBegin {
    if case .days(let epoch) = self { return Days.begin(shape, epoch: epoch) }
    if case .parts(let parts) = self {
      return shape.main == .date ? .fitted(DateParts(parts)) : .refused("takes dates")
    }
    if case .date = shape.main {
      return .refused("takes no dates; let \"days\" or \"parts\" come first")
    }
    if case .oneHot(let unknown, let minFrequency, let missing) = self {
      return .fit(OneHotFit(shape, unknown: unknown, minFrequency: minFrequency, missing: missing))
    }
    if case .ordinal(let unknown) = self {
      return shape.categories.map { .fit(OrdinalFit($0, unknown: unknown)) }
        ?? .refused("takes categories; a column of numbers is in order already")
    }
    guard let names = shape.numbers else {
      return .refused("takes numbers; let \"oneHot\" or \"ordinal\" come first")
    }
    switch self {
    case .standardize: return .fit(StandardizeFit(columns: names.count))
    case .minMax: return .fit(MinMaxFit(columns: names.count))
    case .log1p: return .fitted(LogOnePlus())
    case .clip(let lower, let upper): return .fit(ClipFit(columns: names.count, lower: lower, upper: upper))
    case .impute(let replacement, let indicator):
      return .fit(ImputeFit(names: names, replacement, indicator))
    case .oneHot, .ordinal, .days, .parts: return .refused("takes other values")
    }
  }

  /// The steps that a checkpoint can hold.
  static let fittedTypes: [any FittedTransform.Type] = [
    Standardize.self, MinMax.self, LogOnePlus.self, Clip.self, Impute.self, OneHot.self, Ordinal.self, Days.self,
    DateParts.self,
  ]

  /// The text of ``FittedTransform/json`` with its type.
  static func typedJSON<Step: FittedTransform>(_ step: Step) -> JSONValue {
    .object(JSONObject([("type", .string(Step.type))]).appending(step.json))
  }

  /// Reads a step; `nil` for what none of them can have written.
  static func step(json: JSONValue, of shape: FeatureShape) -> (any FittedTransform)? {
    guard let type = json["type"]?.text else { return nil }
    return fittedTypes.first { $0.type == type }?.init(json: json, of: shape)
  }
}

extension JSONValue {
  /// The finite numbers of an array of that many; `nil` for anything else.
  func finiteNumbers(_ count: Int?) -> [Double]? {
    guard let elements, elements.count == count ?? elements.count else { return nil }
    let numbers = elements.compactMap(\.double)
    return numbers.count == elements.count && numbers.allSatisfy(\.isFinite) ? numbers : nil
  }

  /// Numbers as a checkpoint keeps them: each the shortest text that reads back to the same bits.
  static func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.number)) }
}
