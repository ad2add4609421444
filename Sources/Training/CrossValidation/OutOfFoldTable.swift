import Foundations
import Models

/// The predictions of all folds in one table, in the order of the file's rows.
extension CrossValidationReport {
  /// Writes a line for each row of the file's group `train`: the row, counted from 0, its fold, its target, and then what the
  /// model that did not see it says, as `predict` writes it. Rows of a fold that diverged are left out.
  ///
  /// - Throws: `TrainerError` and `FileError`.
  func writePredictions() throws {
    let parts = folds.compactMap { fold in fold.result.map { (fold: fold.number, heldOut: $0.heldOut) } }
    guard let first = parts.first?.heldOut else { return }
    let blocks = parts.map { $0.heldOut.block }
    var places: [(row: Int, part: Int, index: Int)] = []
    for (part, fold) in parts.enumerated() {
      places += fold.heldOut.rows.enumerated().map { ($1, part, $0) }
    }
    places.sort { $0.row < $1.row }
    func joined(_ values: KeyPath<PredictedBlock, [Double]>) -> [Double] {
      places.flatMap { place in
        let block = blocks[place.part]
        let width = block[keyPath: values].count / max(1, block.rows)
        return block[keyPath: values][place.index * width..<(place.index + 1) * width]
      }
    }
    let targets = first.targetNames
    var kept = [places.map { String($0.row) }, places.map { String(parts[$0.part].fold) }]
    let texts = places.map { parts[$0.part].heldOut.targetTexts($0.index) }
    kept += targets.indices.map { column in texts.map { $0[column] } }
    let block = PredictedBlock(
      rows: places.count, predictions: joined(\.predictions), probabilities: joined(\.probabilities))
    try OutputFile(predictionsPath, mayReplace: true).write { temporary in
      let files = SystemFileSystem()
      try files.withFile(files.retryingWhenInterrupted { try files.openForWriting(creating: temporary) }) { file in
        var table = TablePredictions(
          names: first.names, precision: first.precision, delimiter: ",", to: PredictionText(file: file)
        ) { $0 }
        try table.begin(keptNames: ["row", "fold"] + targets)
        try table.write(block, kept: kept)
        try table.finish()
      }
    } verify: { _ in
    }
  }
}

extension HeldOutPredictions {
  fileprivate var names: PredictionNames {
    PredictionNames(rule: rule, width: rows.isEmpty ? 1 : predictions.outputs.count / rows.count, classes: classes)
  }

  fileprivate var block: PredictedBlock {
    PredictedBlock(
      rows: rows.count, outputs: predictions.outputs, probabilities: predictions.probabilities ?? [],
      classes: predictions.classes ?? [], names: names, isLogistic: isLogistic, precision: precision)
  }

  /// What the columns of targets are called, as those of predictions.
  fileprivate var targetNames: [String] {
    switch names.kind {
    case .classes: ["target"]
    case .labels(let names): names.map { "target_\($0)" }
    case .numbers(let names): names.count == 1 ? ["target"] : names.map { "target_\($0)" }
    }
  }

  /// A row's targets, a text for each of ``targetNames``.
  fileprivate func targetTexts(_ index: Int) -> [String] {
    let count = targets.count / max(1, rows.count)
    let targets = Array(targets[index * count..<(index + 1) * count])
    guard case .classes(let classes) = names.kind else { return targets.map(text) }
    // Of a row of probabilities, such as a one-hot row, the class is the largest.
    let target = targets.count == 1 ? targets[0] : Double(place(ofLargest: targets))
    // A target between the classes is no class.
    guard let place = Int(exactly: target), classes.indices.contains(place) else { return [text(target)] }
    return [classes[place]]
  }

  private func place(ofLargest values: [Double]) -> Int {
    values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) } ?? 0
  }

  /// The shortest text that reads back the same, in the model's precision if that holds the number.
  private func text(_ target: Double) -> String {
    let isExact = precision == .float32 && Double(Float(target)) == target
    return PredictionText.text(of: target, as: isExact ? .float32 : .float64)
  }
}
