import Foundations
import Training

extension RunSummary {
  /// The end of a run as one object: its length, its digest and its files, and every measure of each group under its key.
  ///
  /// What a summary from a file does not know is `null`: of a run that was finished before, who trained it.
  public var json: JSONValue {
    func integer(_ value: Int?) -> JSONValue { value.map(JSONValue.integer) ?? .null }
    func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
    var object: JSONObject = [
      "name": .string(name), "directory": text(directory), "steps": .integer(step), "epochs": .integer(epoch),
      "seconds": .number(seconds), "workers": integer(workers), "ranks": integer(ranks),
      "bytesSent": integer(bytesSent),
      "digest": .string(digest), "checkpoint": text(checkpoint), "best": best?.json ?? .null,
    ]
    if let reason { object["reason"] = .string(reason) }
    for group in measures {
      var values = JSONObject()
      for measure in group.values { values[measure.key] = measure.value }
      object[group.group] = .object(values)
    }
    return .object(object)
  }
}

extension RunSummary.Best {
  fileprivate var json: JSONValue {
    [
      "metric": .string(metric), "value": .number(value), "step": .integer(step),
      "checkpoint": checkpoint.map(JSONValue.string) ?? .null,
    ]
  }
}
