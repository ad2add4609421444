import Foundations
import Training

extension GradientCheckReport {
  /// What was found as one object, with all digits.
  ///
  /// - Parameter name: What the run is called.
  public func json(named name: String) -> JSONValue {
    [
      "name": .string(name), "passes": .boolean(passes), "tolerance": .number(tolerance),
      "seed": .string(String(seed)), "lossError": .number(lossError), "batches": .array(batches.map(\.json)),
      "parameters": .array(rows.map(\.json)), "worst": worst?.json ?? .null,
    ]
  }
}

extension GradientCheckReport.Batch {
  fileprivate var json: JSONValue {
    [
      "samples": .integer(samples), "shards": .integer(shards),
      "shardSizes": .array(shardSizes.map(JSONValue.integer)),
    ]
  }
}

extension GradientCheckReport.Row {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "delivery": .string(delivery), "count": .integer(count), "checked": .integer(checked),
      "compared": .integer(compared), "nearKink": .integer(nearKink), "worst": .number(worst),
      "withoutShortcuts": .number(withoutShortcuts), "inPrecision": inPrecision.map(JSONValue.number) ?? .null,
    ]
  }
}

extension GradientCheckReport.Coordinate {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "analytic": .number(analytic), "numeric": .number(numeric),
      "relativeError": .number(relativeError),
    ]
  }
}
