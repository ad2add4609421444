/// What a model predicts for some rows.
public struct Predictions: Sendable, Equatable {
  /// The number of rows.
  public let rows: Int
  /// The model's outputs, [rows, outputs of a row], before its loss makes probabilities of them: for numbers, the
  /// predictions. Each is exactly the number of the model's precision.
  public let outputs: [Double]
  /// The probabilities, [rows, outputs of a row]; for two classes with one output, that of class 1. `nil` for numbers.
  public let probabilities: [Double]?
  /// The classes: for each row the index of the largest output or, for two classes with one output, 1 if it is positive;
  /// with several such outputs, as many for each row. `nil` for numbers.
  public let classes: [Int]?
}
