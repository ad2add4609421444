import Foundations
import Training

extension EvaluationReport {
  /// The measures, those of each class and, for up to 20 classes, the confusion matrix, for people.
  public var text: String {
    let values = [("loss", measurement.loss)] + measurement.metrics.map { ($0.name, $0.value) }
    var text = "\(group) of \(RunText.shortened(data)), \(samples) samples, after step \(step)\n"
    text += TextTable(values.map { ($0.0, NumberText.measure($0.1)) }, indentation: 2).text
    return text + classesText + confusionText
  }

  /// A line for each class; empty where there are no classes, or too many to have been counted.
  private var classesText: String {
    guard !perClass.isEmpty else { return "" }
    var table = TextTable(header: ["", "precision", "recall", "f1", "support"], left: [0], indentation: 2)
    for row in perClass {
      let measures = [row.precision, row.recall, row.f1].map(NumberText.measure)
      table.append([name(of: row.index)] + measures + [Self.countText(row.support)])
    }
    return "\nmeasures of each \(hasLabels ? "label" : "class")\n" + table.text
  }

  /// The confusion matrix with a line for each class; empty for more than 20 of them.
  private var confusionText: String {
    guard let confusion = measurement.confusion, confusion.classes <= 20 else { return "" }
    let classes = 0..<confusion.classes
    var table = TextTable(header: [""] + classes.map(String.init), left: [0], indentation: 2)
    for actual in classes {
      // The classes of several labels are no and yes.
      let name = hasLabels ? ["no", "yes"][actual] : name(of: actual)
      table.append([name] + classes.map { Self.countText(confusion[actual, $0]) })
    }
    return
      "\nconfusion matrix\(hasLabels ? " of all answers" : ""): a row for each class, a column for each prediction\n"
      + table.text
  }

  /// A class's index and name; a number that is its own name needs no second one.
  private func name(of index: Int) -> String {
    guard let name = classNames?.dropFirst(index).first, name != String(index) else { return String(index) }
    return "\(index) \(name)"
  }

  private static func countText(_ count: Double) -> String {
    Int(exactly: count).map(String.init) ?? NumberText.measure(count)
  }

  /// How many samples there are; where they have weights, the sum of these.
  private static func count(_ value: Double) -> JSONValue {
    Int(exactly: value).map(JSONValue.integer) ?? .number(value)
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
          .array((0..<confusion.classes).map { Self.count(confusion[actual, $0]) })
        })
      object["perClass"] = .array(
        perClass.map { row in
          [
            "class": .string(row.name ?? String(row.index)), "precision": .number(row.precision),
            "recall": .number(row.recall), "f1": .number(row.f1), "support": Self.count(row.support),
          ]
        })
    }
    object["classes"] = classNames.map { .array($0.map(JSONValue.string)) }
    return .object(object)
  }
}
