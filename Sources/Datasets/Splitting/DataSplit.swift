import Foundations

/// How the rows of a file's group `train` are divided into groups, where the file has not all of them.
///
/// The rows of each group are a pure function of the split and of the data: nothing of the machine, and no order of reading,
/// plays a part. They keep the order that they have in the file.
public struct DataSplit: Sendable, Equatable {
  /// Into what the rows are divided.
  public enum Parts: Sendable, Equatable {
    /// Shares of the rows, each 0 for none; the rest is trained on.
    case fractions(validation: Double = 0, test: Double = 0)
    /// As many folds; the one with this number, counted from 1, is the group `validation`, and the others are trained on.
    case folds(count: Int, heldOut: Int)
  }

  /// By what a row's group is chosen.
  public enum Method: Sendable, Equatable {
    /// Drawn with the seed.
    case random
    /// By place: the last rows are tested, those before them validated. Folds are stretches of consecutive rows.
    case order
    /// At even distances: row k, counted from 0, is tested where k + 1 rows have one more whole row to test than k; for a
    /// fraction of 1 / n that is each n-th. Of the others as many are validated, at even distances too, as make it the share
    /// of all rows. Folds are dealt row by row.
    case every
    /// Rows with one value of this column stay together: whole groups of rows are drawn with the seed until a fraction is
    /// reached. Folds get the largest groups first, each the fold with the fewest rows (as scikit-learn's `GroupKFold`).
    case column(String)
  }

  /// Into what the rows are divided.
  public let parts: Parts
  /// By what a row's group is chosen.
  public let method: Method
  /// Whether each class is divided by itself; `nil` for whether the loss predicts classes. Only `random` and `every` can.
  public let isStratified: Bool?
  /// What rows or groups of rows are drawn with; `nil` for the seed of the config.
  public let seed: Int?

  /// Creates a split.
  ///
  /// - Parameters:
  ///   - parts: Into what the rows are divided.
  ///   - method: By what a row's group is chosen.
  ///   - isStratified: Whether each class is divided by itself; `nil` for whether the loss predicts classes.
  ///   - seed: What is drawn with; `nil` for the seed of the config.
  public init(_ parts: Parts, by method: Method = .random, isStratified: Bool? = nil, seed: Int? = nil) {
    self.parts = parts
    self.method = method
    self.isStratified = isStratified
    self.seed = seed
  }

  /// The most folds.
  package static let folds = 2...10_000

  /// The split as a config writes it.
  public var json: JSONObject {
    var json = JSONObject()
    switch parts {
    case .fractions(let validation, let test):
      if validation != 0 { json["validation"] = .number(validation) }
      if test != 0 { json["test"] = .number(test) }
    case .folds(let count, let heldOut):
      json["folds"] = .integer(count)
      json["fold"] = .integer(heldOut)
    }
    json["by"] =
      switch method {
      case .random: "random"
      case .order: "order"
      case .every: "every"
      case .column(let name): ["column": .string(name)]
      }
    json["stratify"] = isStratified.map(JSONValue.boolean)
    json["seed"] = seed.map(JSONValue.integer)
    return json
  }

  /// Reads a split.
  ///
  /// - Parameter seed: The seed of the config.
  /// - Throws: `TrainerError` for a faulty setting.
  package init(from settings: Settings, seed: Int) throws {
    let shares = try Shares(settings)
    method = try settings.attempt(or: .random) { try Self.method(settings) }
    switch settings.value(
      "stratify", as: .boolean,
      help: "Whether each class is divided by itself; by default where the loss predicts classes.")
    {
    case nil: isStratified = nil
    case .boolean(let choice)?: isStratified = choice
    case let value?: throw settings.error("stratify", "found \(value.compactText), expected true or false")
    }
    guard isStratified != true || Self.canStratify(method) else {
      throw settings.error(
        "stratify", "found true, but only a split by \"random\" or \"every\" divides each class by itself; leave it out"
      )
    }
    self.seed = try settings.integer(
      "seed", default: seed, in: 0 ... .max, help: "What is drawn with; by default the config's seed.")
    settings.derive("seed", from: "from seed")
    // A part with a misspelt key is not one that is missing.
    try settings.finish()
    parts = try shares.parts(settings)
  }

  private static func canStratify(_ method: Method) -> Bool { method == .random || method == .every }

  /// The split with what it leaves to the loss: whether each class is divided by itself.
  ///
  /// - Parameter predictsClasses: Whether the loss predicts classes.
  package func completed(predictsClasses: Bool) -> DataSplit {
    DataSplit(
      parts, by: method, isStratified: isStratified ?? (predictsClasses && Self.canStratify(method)), seed: seed)
  }

  private static func method(_ settings: Settings) throws -> Method {
    let kind = "\"random\", \"order\", \"every\" or {\"column\": NAME}"
    let help = "By what a row's group is chosen; by default \"random\"."
    let values = SettingKind.either([.choice(["random", "order", "every"]), .object()])
    switch settings.value("by", kind: kind, as: values, default: "random", help: help) {
    case nil:
      settings.resolve("by", to: "random")
      return .random
    case .object?:
      let by = try settings.object("by", help: help)
      return .column(try by.string("column", help: "Rows with one value of this column stay together."))
    case "random"?: return .random
    case "order"?: return .order
    case "every"?: return .every
    case let value?: throw settings.error("by", "found \(value.compactText), expected \(kind)")
    }
  }
}

/// The settings that say into what rows are divided.
private struct Shares {
  let validation: Double?
  let test: Double?
  let count: Int?
  let heldOut: Int?

  init(_ settings: Settings) throws {
    let fraction = NumberRange(0, 1, includesLower: false, includesUpper: false)
    let folds = DataSplit.folds
    validation = try settings.optionalNumber(
      "validation", in: fraction, help: "The share of the rows that is measured after each epoch.")
    test = try settings.optionalNumber("test", in: fraction, help: "The share of the rows that is measured besides.")
    count = try settings.optionalInteger("folds", in: folds, help: "How many folds the rows are divided into.")
    heldOut = try settings.optionalInteger(
      "fold", in: 1...(count ?? folds.upperBound), help: "The fold that is the group validation, counted from 1.")
  }

  func parts(_ settings: Settings) throws -> DataSplit.Parts {
    if let count {
      for (key, value) in [("validation", validation), ("test", test)] where value != nil {
        throw settings.error(key, "found beside \"folds\", expected either fractions or folds")
      }
      guard let heldOut else {
        throw settings.error(
          nil, "\"fold\" is missing: say which of the \(count) folds is held out; 'cross-validate' does so for each")
      }
      return .folds(count: count, heldOut: heldOut)
    }
    guard heldOut == nil else { throw settings.error("fold", "found without \"folds\", the number of folds") }
    guard validation != nil || test != nil else {
      throw settings.error(nil, "found no part, expected \"validation\" or \"test\" or both, or \"folds\" and \"fold\"")
    }
    guard (validation ?? 0) + (test ?? 0) < 1 else {
      throw settings.error(
        nil,
        "\"validation\" and \"test\" leave nothing to train on: together they are "
          + "\(JSONValue.text(of: (validation ?? 0) + (test ?? 0))) of the rows, expected less than 1")
    }
    return .fractions(validation: validation ?? 0, test: test ?? 0)
  }
}
