import ArgumentParser
import Autodiff
import Formulas
import Foundations

/// `trainer gradient FORMULA --at NAME=VALUE…`.
struct GradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradient", abstract: "Prints a formula's value and gradient at a point.",
    discussion: """
      The gradient is computed by automatic differentiation, exactly but for \
      rounding. Each name of the formula needs a value, and the gradient has that \
      value's shape.

      A value is a number or an expression such as pi/2: --at x=1/3, --at v=1,-2*pi.

      --symbolic prints the derivatives as formulas too, and with --hessian the \
      second ones. They are written as on paper: log(x) assumes that x is above 0, \
      and x/x is 1.

      FORMULAS
        numbers       2, .5, 1e-3; pi and e, unless --at gives these names a value
        arithmetic    + - * / ^ and @ for the matrix product, broadcasting as NumPy;
                      -x^2 is -(x^2), 2^3^2 is 2^9
        comparisons   < <= > >= == != give 1 or 0
        arrays        [1, 2, 3], w[0], w[-1], m[0, 1], m[:, 1:], x[labels]

      FUNCTIONS
      \(functions)

      EXAMPLES
        trainer gradient "w[0]^2 + w[1]^2 - w[0]*w[1]" --at w=-5,5
        trainer gradient "sum((x - b)^2)" --at x=5,10 --at b=10 --symbolic
        trainer gradient "x*sin(x)" --at x=pi/2 --symbolic --hessian
        trainer gradient "-log(sigmoid(x @ w))" --at x=1,2 --at w=0.5,-1 \\
          --hessian --format json
      """)

  /// One line for each function that is more than an operator's name.
  private static var functions: String {
    Formula.functions.filter { !$0.isOperator }.map { "  \($0.signature): \($0.summary)" }.joined(separator: "\n")
  }

  @Argument(help: "The formula. It may begin with a minus.")
  var formula: String

  @OptionGroup var point: PointOptions

  @Option(help: "How to print the result.")
  var format: ResultFormat = .text

  @Flag(help: "Print the partial derivatives as formulas too; with --hessian also the second ones.")
  var symbolic = false

  @Flag(help: "Print the matrix of second derivatives too.")
  var hessian = false

  func run() throws {
    let report = try showingFormulaErrors {
      let evaluation = try FormulaEvaluation(Formula(formula), at: point.point(), precision: point.precision)
      return try GradientReport(evaluation, isSymbolic: symbolic, hasHessian: hessian)
    }
    switch format {
    case .json: try printResult(report.json, .compact)
    case .text: try printResult(report.text)
    }
  }
}

/// What `trainer gradient` prints.
struct GradientReport {
  private let value: ArrayValue
  private let names: [String]
  private let gradient: [ArrayValue]
  private let partials: [[String]]?
  private let hessian: [[ArrayValue]]?
  private let secondPartials: [[[String]]]?

  init(_ evaluation: FormulaEvaluation, isSymbolic: Bool, hasHessian: Bool) throws {
    names = evaluation.point.map(\.name)
    gradient = try evaluation.gradient()
    value = try evaluation.value()
    partials = isSymbolic ? try evaluation.partialDerivatives() : nil
    hessian = hasHessian ? try evaluation.hessian() : nil
    secondPartials = isSymbolic && hasHessian ? try evaluation.secondPartialDerivatives() : nil
  }

  /// `{"value":75,"gradient":{"w":[-15,15]}}`; what is asked for beside it has keys of its own.
  var json: JSONValue {
    var object: JSONObject = ["value": .number(value.values[0]), "gradient": .object(byName { gradient[$0].json })]
    if let partials {
      object["symbolic"] = .object(
        byName { index in gradient[index].nested(partials[index].map(JSONValue.string)) })
    }
    if let hessian {
      object["hessian"] = .object(byName { row in .object(byName { hessian[row][$0].json }) })
      if let secondPartials {
        object["symbolicHessian"] = .object(
          byName { row in
            .object(byName { hessian[row][$0].nested(secondPartials[row][$0].map(JSONValue.string)) })
          })
      }
    }
    return .object(object)
  }

  private func byName(_ member: (Int) -> JSONValue) -> JSONObject {
    var object = JSONObject()
    for (index, name) in names.enumerated() { object[name] = member(index) }
    return object
  }

  var text: String {
    var lines = ["value: \(number(value.values[0]))"]
    if !names.isEmpty { lines.append("gradient:") }
    lines += names.indices.map { "  \(names[$0]): \(array(gradient[$0]))" }
    if let partials, !names.isEmpty {
      lines.append("partial derivatives:")
      for (index, formulas) in partials.enumerated() {
        let elements = gradient[index].elementNames(names[index])
        lines += zip(elements, formulas).map { "  d/d\($0): \($1)" }
      }
    }
    if let hessian, !names.isEmpty {
      lines.append("second derivatives:")
      for (row, values) in hessian.enumerated() {
        lines += values.indices.map { "  \(names[row]), \(names[$0]): \(array(values[$0]))" }
      }
    }
    if let secondPartials, !names.isEmpty {
      lines.append("second partial derivatives:")
      let elements = names.indices.map { gradient[$0].elementNames(names[$0]) }
      for (row, columns) in secondPartials.enumerated() {
        // The matrix is symmetric: what stands below its diagonal is left out.
        for column in row..<names.count {
          for (index, formula) in columns[column].enumerated() {
            let (i, j) = (index / elements[column].count, index % elements[column].count)
            if row == column, j < i { continue }
            let (first, second) = (elements[row][i], elements[column][j])
            lines.append("  d2/\(first == second ? "d\(first)^2" : "d\(first) d\(second)"): \(formula)")
          }
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Numbers as in JSON, but with words for those that JSON cannot hold.
  private func number(_ value: Double) -> String {
    value.isFinite ? JSONValue.text(of: value) : JSONValue.number(value).namingNonFinite.text ?? "nan"
  }

  private func array(_ array: ArrayValue) -> String {
    array.nested(array.values.map { .string(number($0)) }).lineText.replacing("\"", with: "")
  }
}
