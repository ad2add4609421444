import Foundations

/// One step between a dataset's inputs and a model's.
public enum PreprocessingStep: Sendable, Equatable {
  /// x · factor + offset.
  case scale(factor: Double, offset: Double)
  /// (x − mean) / deviation for each column, from the training group; a column of one value becomes zero.
  case standardize
  /// A class index becomes a row of zeros with a one at that index.
  ///
  /// `columns` are the columns that hold indices, all if `nil`; `classes` is the width of each one's row, learnt from the
  /// training group if `nil`.
  case oneHot(columns: [Int]?, classes: Int?)

  private enum Kind: String, CaseIterable { case scale, standardize, oneHot }

  /// Reads a step's settings.
  ///
  /// - Throws: `TrainerError` for an unknown type, a faulty setting or an unknown key.
  public init(from settings: Settings) throws {
    switch try settings.choice("type", of: Kind.self, help: "What the step does.") {
    case .scale:
      self = try .scale(
        factor: settings.number("factor", default: 1, help: "What every input is multiplied by."),
        offset: settings.number("offset", default: 0, help: "What is added then."))
    case .standardize:
      self = .standardize
    case .oneHot:
      let columns = try settings.optionalIntegers(
        "columns", in: .nonNegative, help: "The columns that hold class indices, counted from 0; by default all.")
      let classes = try settings.optionalInteger(
        "classes", in: .positive, help: "The number of classes; by default one more than the largest index in training."
      )
      if let columns, Set(columns).count != columns.count {
        throw settings.error("columns", "a column comes twice, name each once")
      }
      self = .oneHot(columns: columns, classes: classes)
    }
    try settings.finish()
  }
}
