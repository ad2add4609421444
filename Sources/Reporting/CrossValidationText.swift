import Foundations
import Training

extension CrossValidationReport {
  /// A table with a row for each fold, the mean and the standard deviation of each measure, then the digests and the files.
  public var text: String {
    var table = TextTable(
      header: ["fold", "samples", "step"] + measureNames + ["status"], left: [0, measureNames.count + 3])
    for fold in folds {
      let values = measureNames.map { name in fold.result?.measurement[name].map(NumberText.measure) ?? "-" }
      table.append(
        [
          String(fold.number), fold.result.map { String($0.rowCount) } ?? "-",
          fold.result.map { String($0.step) } ?? "-",
        ] + values + [fold.result == nil ? "DIVERGED" : "finished"])
    }
    table.append(["mean", "", ""] + measureNames.map { NumberText.measure(mean(of: $0)) } + [""])
    table.append(["deviation", "", ""] + measureNames.map { NumberText.measure(deviation(of: $0)) } + [""])
    let digests = folds.compactMap { fold in fold.result.map { ("fold \(fold.number)", $0.digest) } }
    let files = [("predictions", RunText.shortened(predictionsPath)), ("measures", RunText.shortened(resultPath))]
    return table.text + "\n" + TextTable((digests + files).map { (name: $0.0, value: $0.1) }).text
  }
}
