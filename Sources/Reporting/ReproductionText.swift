import Foundations
import Training

extension Reproduction {
  /// What came of it, as lines.
  public var text: String {
    var lines: [String]
    if isEqual {
      lines = [
        "equal: \(step) steps trained anew, the same parameters and state to the last bit", "digest \(expected)",
      ]
    } else if let found {
      lines =
        ["differs: \(step) steps trained anew, and not all bits are the same"]
        + (found == expected ? ["digest \(expected)"] : ["digest \(found), the checkpoint's is \(expected)"])
        + differences
    } else {
      lines = ["differs: it cannot be trained anew to the same bits, so it was not"]
    }
    return (lines + circumstances.map { "note: \($0)" }).map { $0.onOneLine + "\n" }.joined()
  }

  /// The same as JSON.
  public var json: JSONValue {
    [
      "equal": .boolean(isEqual), "checkpoint": .string(checkpoint), "step": .integer(step),
      "expected": .string(expected), "found": found.map(JSONValue.string) ?? .null,
      "differences": .array(differences.map(JSONValue.string)),
      "circumstances": .array(circumstances.map(JSONValue.string)),
    ]
  }
}
