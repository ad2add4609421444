import Foundations
import Models

/// The predictions of all folds in one table, in the order of the file's rows.
extension CrossValidationReport {
  /// A line for each row of the file's group `train`: the row, counted from 0, its fold, its target, what the model that did
  /// not see it predicts, and for classes their probabilities. Rows of a fold that diverged are left out.
  var predictionsText: String {
    let parts = folds.compactMap { fold in fold.result.map { (fold: fold.number, heldOut: $0.heldOut) } }
    guard let first = parts.first?.heldOut else { return "" }
    let lines = parts.flatMap { fold, heldOut in
      heldOut.rows.indices.map { (row: heldOut.rows[$0], text: heldOut.line($0, fold: fold)) }
    }
    return first.header + lines.sorted { $0.row < $1.row }.map(\.text).joined()
  }
}

extension HeldOutPredictions {
  /// The outputs of the model for one row.
  private var width: Int { rows.isEmpty ? 1 : predictions.outputs.count / rows.count }
  /// The targets of one row.
  private var targetCount: Int { rows.isEmpty ? 1 : targets.count / rows.count }
  /// Whether several yes-or-no labels or numbers are predicted for a row.
  private var hasSeveralTargets: Bool { if case .largest = rule { false } else { width > 1 } }

  /// The names of the classes that probabilities are of.
  private var classNames: [String] {
    let count = if case .largest = rule { width } else { 2 }
    return (0..<count).map(className)
  }

  private func className(_ index: Int) -> String {
    classes.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? String(index)
  }

  private func names(_ name: String) -> [String] {
    hasSeveralTargets ? (1...width).map { "\(name)_\($0)" } : [name]
  }

  fileprivate var header: String {
    var cells = ["row", "fold"] + names("target") + names("prediction")
    if rule.hasProbabilities {
      cells += hasSeveralTargets ? names("probability") : classNames.map { "probability_\($0)" }
    }
    return csvLine(cells)
  }

  fileprivate func line(_ index: Int, fold: Int) -> String {
    let outputs = predictions.outputs[index * width..<(index + 1) * width]
    let targets = targets[index * targetCount..<(index + 1) * targetCount]
    var cells = [String(rows[index]), String(fold)]
    switch rule {
    case .largest:
      // Of a row of probabilities, such as a one-hot row, the class is the largest.
      let target = targetCount == 1 ? targets.first.map { Int($0) } ?? 0 : place(ofLargest: targets)
      cells += [className(target), className(predictions.classes?[index] ?? 0)]
    case .positive where !hasSeveralTargets:
      let target = targets.first ?? 0
      // A target between the classes is no class.
      cells += [target == target.rounded() ? className(Int(target)) : number(target)]
      cells += [className(predictions.classes?[index] ?? 0)]
    case .positive:
      cells += targets.map(number)
      cells += predictions.classes.map { $0[index * width..<(index + 1) * width].map(String.init) } ?? []
    case .value:
      cells += targets.map(number) + outputs.map(number)
    }
    if let probabilities = predictions.probabilities?[index * width..<(index + 1) * width] {
      if case .positive = rule, !hasSeveralTargets, let yes = probabilities.first { cells.append(complement(yes)) }
      cells += probabilities.map(number)
    }
    return csvLine(cells)
  }

  private func place(ofLargest values: ArraySlice<Double>) -> Int {
    var best = values.startIndex
    for index in values.indices where values[index] > values[best] { best = index }
    return best - values.startIndex
  }

  /// The probability of class 0, in the precision of that of class 1.
  private func complement(_ probability: Double) -> String {
    precision == .float32 ? number(Double(1 - Float(probability))) : number(1 - probability)
  }

  /// The shortest text that reads back the same in the model's precision.
  private func number(_ value: Double) -> String {
    guard precision == .float32, Double(Float(value)) == value else { return JSONValue.text(of: value) }
    let text = Float(value).description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

/// Cells as a line of comma-separated values (RFC 4180).
private func csvLine(_ cells: [String]) -> String {
  cells.map { cell in
    cell.contains { ",\"\r\n".contains($0) } || cell.contains("\r\n")
      ? "\"\(cell.replacing("\"", with: "\"\""))\"" : cell
  }.joined(separator: ",") + "\n"
}
