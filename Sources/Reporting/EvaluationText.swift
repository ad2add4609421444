import Foundations
import Training

extension EvaluationReport {
  /// The measures and, for up to 20 classes, the confusion matrix, for people.
  public var text: String {
    let values = [("loss", measurement.loss)] + measurement.metrics.map { ($0.name, $0.value) }
    var text = "\(group) of \(RunText.shortened(data)), \(samples) samples, after step \(step)\n"
    text += RunText.table(values.map { ($0.0, NumberText.measure($0.1)) })
    return text + confusionText
  }

  /// The confusion matrix with a line for each class; empty for more than 20 of them.
  private var confusionText: String {
    guard let confusion = measurement.confusion, confusion.classes <= 20 else { return "" }
    let classes = 0..<confusion.classes
    let cells = classes.map { actual in classes.map { String(Int(confusion[actual, $0])) } }
    let names = classes.map { index in
      // A number that is its own name needs no second one.
      guard let name = classNames?.dropFirst(index).first, name != String(index) else { return String(index) }
      return "\(index) \(name.onOneLine)"
    }
    let width = (cells.joined().map(\.count) + ["\(confusion.classes - 1)".count]).max() ?? 0
    let nameWidth = names.map(\.count).max() ?? 0
    func row(_ name: String, _ cells: [String]) -> String {
      "  " + name.padded(to: nameWidth) + cells.map { "  " + $0.padded(to: width, atEnd: false) }.joined() + "\n"
    }
    return "\nconfusion matrix: a row for each class, a column for each prediction\n"
      + row("", classes.map(String.init)) + zip(names, cells).map(row).joined()
  }

  /// The same as one JSON object with all digits.
  public var json: JSONValue {
    var object: JSONObject = [
      "checkpoint": .string(checkpoint), "step": .integer(step), "data": .string(data), "group": .string(group),
      "samples": .integer(samples), "metrics": measurement.json,
    ]
    if let confusion = measurement.confusion {
      object["confusion"] = .array(
        (0..<confusion.classes).map { actual in
          .array((0..<confusion.classes).map { .integer(Int(confusion[actual, $0])) })
        })
    }
    object["classes"] = classNames.map { .array($0.map(JSONValue.string)) }
    return .object(object)
  }
}
