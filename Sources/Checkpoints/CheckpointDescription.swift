import Foundations

extension Checkpoint {
  /// What is in the checkpoint, for `trainer checkpoint info`: one line for each value and tensor.
  package var info: String {
    var rows: [(name: String, value: String)] = [
      ("step", String(step)), ("epoch", String(epoch)), ("seed", String(seed)), ("digest", digest.description),
    ]
    rows += provenance.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    rows += progress.sorted { $0.key < $1.key }.map { ("progress/\($0.key)", $0.value.text) }
    for (name, tensors) in sections where !tensors.isEmpty {
      rows.append((name, "\(tensors.reduce(0) { $0 + $1.count }) values in \(tensors.count) tensors"))
      rows += tensors.map { ("  \($0.name)", $0.typeText) }
    }
    return TextTable(rows).text
  }
}

extension Checkpoint {
  /// The same as one object, for `trainer checkpoint info --format json`. What has not been measured yet is `null`.
  ///
  /// - Parameter path: The checkpoint's file.
  package func json(of path: String) -> JSONValue {
    var object: JSONObject = [
      "file": .string(path), "step": .integer(step), "epoch": .integer(epoch), "seed": .integer(seed),
      "digest": .string(digest.description),
    ]
    object["provenance"] = .object(
      JSONObject(provenance.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    object["progress"] = .object(JSONObject(progress.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
    for (name, tensors) in sections { object[name] = .array(tensors.map(\.json)) }
    return .object(object)
  }
}

extension ProgressValue {
  fileprivate var json: JSONValue {
    switch self {
    case .integer(let value): value < 0 ? .null : .integer(value)
    case .number(let value): value.isNaN ? .null : .number(value)
    }
  }
}

extension CheckpointTensor {
  fileprivate var json: JSONValue {
    ["name": .string(name), "shape": .array(shape.map(JSONValue.integer)), "type": .string(elementType.rawValue)]
  }
}

extension CheckpointDifference {
  /// The lines and notes as one object, for `trainer checkpoint diff --format json`.
  package func json(of first: String, _ second: String) -> JSONValue {
    [
      "first": .string(first), "second": .string(second), "equal": .boolean(isEmpty),
      "differences": .array(lines.map(JSONValue.string)), "notes": .array(notes.map(JSONValue.string)),
    ]
  }
}
