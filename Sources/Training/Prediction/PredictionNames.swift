import Foundations
import Models

/// What the parts of a prediction are called in the output.
package struct PredictionNames: Sendable {
  /// The shape of what is predicted for a row.
  package enum Kind: Sendable {
    /// One of these classes.
    case classes([String])
    /// No or yes for each of these labels.
    case labels([String])
    /// A number for each of these targets.
    case numbers([String])
  }

  package let kind: Kind
  /// At how many positions of a row there is a prediction.
  package let positions: Int
  /// Whether the classes' names are the data's; otherwise they are their numbers.
  package let areNamed: Bool

  /// - Parameters:
  ///   - width: The model's outputs for a row.
  ///   - classes: The names of the classes in the order of their indices; `nil` if they have none.
  ///   - positions: At how many positions of a row there is a prediction.
  init(rule: PredictionRule, width: Int, classes: [String]?, positions: Int = 1) {
    self.positions = positions
    let count =
      switch rule {
      case .largest: width
      case .positive: width == 1 ? 2 : width
      case .value: width
      }
    let numbers = (0..<count).map(String.init)
    // Of classes that the model has no output for no sample was, and an output without a name has its number.
    let named = classes.map { Array($0.prefix(count)) + numbers.dropFirst($0.count) }
    let names = named.flatMap { Set($0).count == count ? $0 : nil }
    switch rule {
    case .largest: kind = .classes(names ?? numbers)
    case .positive: kind = width == 1 ? .classes(names ?? numbers) : .labels(names ?? numbers)
    case .value: kind = .numbers(numbers)
    }
    areNamed = names != nil
  }

  /// The names of the columns of a table: predictions, and probabilities.
  var columns: [String] {
    switch kind {
    case .classes(let names): ["prediction"] + names.map { "probability_\($0)" }
    case .labels(let names): names.map { "prediction_\($0)" } + names.map { "probability_\($0)" }
    case .numbers(let names): names.count == 1 ? ["prediction"] : names.map { "prediction_\($0)" }
    }
  }

  /// Refuses a format in which a row has one class.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  func requireOnePosition() throws {
    guard positions > 1 else { return }
    throw TrainerError(
      .usage,
      "the model predicts a class at each of \(positions) positions of a row, for which text has no column; write the "
        + "predictions as HDF5")
  }

  /// The names of the classes or labels; `nil` for numbers.
  package var classes: [String]? {
    switch kind {
    case .classes(let names), .labels(let names): names
    case .numbers: nil
    }
  }

  /// The extents of a row of predictions, `nil` where it is one value, and of probabilities, `nil` where there are none.
  var widths: (predictions: Int?, probabilities: Int?) {
    switch kind {
    case .classes(let names): (positions == 1 ? nil : positions, positions * names.count)
    case .labels(let names): (names.count, names.count)
    case .numbers(let names): (names.count == 1 ? nil : names.count, nil)
    }
  }
}
