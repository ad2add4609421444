import Checkpoints
import Foundations

/// What cross-validation has measured.
public struct CrossValidationReport: Sendable {
  /// One fold, held out of a run.
  public struct Fold: Sendable {
    /// What the run that did not see the fold says of it.
    public struct Result: Sendable {
      /// The checkpoint that was measured: the best of the run if it kept one, else the last.
      public let checkpoint: String
      /// Its completed steps.
      public let step: Int
      /// The digest of its parameters.
      public let digest: String
      /// How many rows were held out.
      public let rowCount: Int
      /// The loss and the metrics on them.
      public let measurement: LossAndMetrics
      let heldOut: HeldOutPredictions
    }

    /// The fold's number, counted from 1.
    public let number: Int
    /// The run directory.
    public let directory: String
    /// What was measured; `nil` if the run diverged.
    public let result: Result?
    /// Why there is no result, as a sentence.
    public let reason: String?

    init(
      number: Int, _ configuration: RunConfiguration, _ ending: CrossValidation.Ending, _ options: RunOptions
    ) throws {
      self.number = number
      directory = configuration.output ?? ""
      if case .diverged(let reason) = ending {
        (self.reason, result) = (reason, nil)
        return
      }
      reason = nil
      let checkpoint = try ModelCheckpoint(configuration.output ?? "")
      let heldOut = try HeldOutPredictions(checkpoint: checkpoint.path, options: options)
      result = Result(
        checkpoint: checkpoint.path, step: heldOut.step, digest: heldOut.digest, rowCount: heldOut.rows.count,
        measurement: heldOut.measurement, heldOut: heldOut)
    }
  }

  /// Holds the run directories, and the files that come of all folds.
  public let directory: String
  /// The folds.
  public let folds: [Fold]

  /// The predictions of all rows that were held out.
  public var predictionsPath: String { "\(directory)/\(CrossValidation.predictionsName)" }
  /// All that was measured, as JSON.
  public var resultPath: String { "\(directory)/\(CrossValidation.resultName)" }

  /// The names of what is measured, loss first.
  public var measureNames: [String] {
    folds.compactMap(\.result).first.map { ["loss"] + $0.measurement.metrics.map(\.name) } ?? []
  }

  /// The mean of a measure over the folds that have it.
  public func mean(of measure: String) -> Double {
    let values = values(of: measure)
    return values.reduce(0, +) / Double(values.count)
  }

  /// The standard deviation of a measure over the folds that have it, with one degree of freedom less than there are (n −
  /// 1); not a number for one.
  public func deviation(of measure: String) -> Double {
    let (values, mean) = (values(of: measure), mean(of: measure))
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
  }

  private func values(of measure: String) -> [Double] { folds.compactMap { $0.result?.measurement[measure] } }

  /// All that was measured as one JSON object with all digits.
  public var json: JSONValue {
    func object(_ value: (String) -> Double) -> JSONValue {
      .object(JSONObject(measureNames.map { ($0, .number(value($0))) }))
    }
    let rows = folds.map { fold -> JSONValue in
      var row: JSONObject = [
        "fold": .integer(fold.number), "directory": .string(fold.directory),
        "status": .string(fold.result == nil ? "diverged" : "finished"),
      ]
      row["reason"] = fold.reason.map(JSONValue.string)
      if let result = fold.result {
        row["checkpoint"] = .string(result.checkpoint)
        row["step"] = .integer(result.step)
        row["digest"] = .string(result.digest)
        row["samples"] = .integer(result.rowCount)
        row["validation"] = result.measurement.json
      }
      return .object(row)
    }
    return [
      "folds": .array(rows), "mean": object(mean), "deviation": object(deviation),
      "predictions": .string(predictionsPath),
    ]
  }

  /// Writes both files, each complete or not at all; the one with the measures last.
  func write() throws {
    try OutputFile.explaining {
      try writePredictions()
      try OutputFile(resultPath, mayReplace: true).write(Array((json.namingNonFinite.prettyText + "\n").utf8))
    }
  }
}
