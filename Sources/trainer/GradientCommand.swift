import ArgumentParser
import Autodiff
import Foundations

/// `trainer gradient`.
struct GradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradient",
    abstract: "Prints a formula's value and gradient at a point.",
    usage: "trainer gradient <formula> --at NAME=VALUE... [--format text|json] [--symbolic] [--hessian]",
    discussion: """
      A formula is written as usual: w[0]^2 + w[1]^2 - w[0]*w[1], sum((x - b)^2), log(1 + exp(-z)).

        trainer gradient "w[0]^2 + w[1]^2 - w[0]*w[1]" --at w=-5,5

      The gradient is exact: by reverse-mode differentiation of the formula's graph, not by differences.
      """)

  /// How the result is printed.
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Argument(help: "The formula; it may begin with '-'.")
  var formula: String

  @Option(
    help: ArgumentHelp(
      "The value of a name: a number, several separated by commas for a vector, or a JSON array.",
      valueName: "name=value"))
  var at: [String] = []

  @Option(help: "text or json.")
  var format = Format.text

  @Option(help: "The type to compute in: float64 or float32.")
  var precision = ElementType.float64

  @Flag(help: "Also print the partial derivatives as formulas.")
  var symbolic = false

  @Flag(help: "Also print the second derivatives.")
  var hessian = false

  func run() throws {
    do {
      let point = try at.map(parsePoint)
      let evaluation = try FormulaEvaluation(Formula(formula), at: point, precision: precision)
      let result = try GradientResult(evaluation, isSymbolic: symbolic, hasHessian: hessian)
      try printResult((format == .json ? result.json.compactText : result.text) + "\n")
    } catch let error as FormulaError {
      throw TrainerError(.usage, error.description)
    }
  }
}

extension ElementType: ExpressibleByArgument {}

/// Reads `NAME=VALUE`.
///
/// - Throws: `TrainerError` if it is anything else.
func parsePoint(_ text: String) throws -> (name: String, value: ArrayValue) {
  let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
  guard parts.count == 2, !parts[0].isEmpty, let value = ArrayValue(commandLine: String(parts[1])) else {
    throw TrainerError(
      .usage, "--at: found '\(text)', expected NAME=VALUE with a number, numbers separated by commas, or a JSON array")
  }
  return (String(parts[0]), value)
}

/// Makes an argument that begins with '-' and is no option a formula: the parser takes such a one for an option, unless
/// a space stands before it.
func shieldFormulas(_ arguments: [String]) -> [String] {
  guard let command = arguments.first, ["gradient", "graph"].contains(command) else { return arguments }
  let options = [
    "--at", "--format", "--precision", "--symbolic", "--hessian", "--config", "--plan", "--output", "--set", "--help",
    "--version",
  ]
  return arguments.map { argument in
    let name = argument.prefix { $0 != "=" }
    let isOption =
      argument == "-h" || argument == "-o" || argument == "--"
      || (argument.hasPrefix("--") && argument.dropFirst(2).first?.isLetter == true
        && options.contains { $0.hasPrefix(name) || name.hasPrefix($0) })
    return argument.hasPrefix("-") && !isOption ? " " + argument : argument
  }
}

/// What `trainer gradient` prints.
private struct GradientResult {
  let point: [(name: String, value: ArrayValue)]
  let value: ArrayValue
  let gradient: [ArrayValue]
  let partials: [[String]]?
  let hessian: [[ArrayValue]]?

  init(_ evaluation: FormulaEvaluation, isSymbolic: Bool, hasHessian: Bool) throws {
    point = evaluation.point
    value = try evaluation.value()
    gradient = try evaluation.gradient()
    partials = isSymbolic ? try evaluation.partialDerivatives() : nil
    hessian = hasHessian ? try evaluation.hessian() : nil
  }

  var json: JSONValue {
    var object = JSONObject()
    object["value"] = value.json
    object["gradient"] = byName { gradient[$0].json }
    if let partials { object["symbolic"] = byName { .array(partials[$0].map(JSONValue.string)) } }
    if let hessian { object["hessian"] = byName { row in byName { hessian[row][$0].json } } }
    return .object(object)
  }

  private func byName(_ value: (Int) -> JSONValue) -> JSONValue {
    var object = JSONObject()
    for (index, entry) in point.enumerated() { object[entry.name] = value(index) }
    return .object(object)
  }

  var text: String {
    var lines = ["value     \(value.json.lineText)"]
    for (index, entry) in point.enumerated() {
      lines.append("gradient  \(entry.name) = \(gradient[index].json.lineText)")
    }
    for (index, entry) in point.enumerated() {
      for (element, formula) in (partials?[index] ?? []).enumerated() {
        lines.append("d/d\(entry.name)\(indices(of: element, in: entry.value.shape)) = \(formula)")
      }
    }
    if let hessian {
      for (row, left) in point.enumerated() {
        for (column, right) in point.enumerated() {
          lines.append("hessian   \(left.name), \(right.name) = \(hessian[row][column].json.lineText)")
        }
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Where an element stands: `[1]`, `[0, 2]`; nothing for a scalar.
  private func indices(of element: Int, in shape: [Int]) -> String {
    guard !shape.isEmpty else { return "" }
    var rest = element
    let coordinates = shape.reversed().map { extent in
      defer { rest /= extent }
      return rest % extent
    }
    return "[\(coordinates.reversed().map(String.init).joined(separator: ", "))]"
  }
}
