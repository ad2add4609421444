import Autodiff
import Formulas
import Foundation
import Foundations
import TestSupport
import Testing

/// What is printed is the derivative: random formulas, whose printed first and second derivatives are read back by the
/// parser and compared with the engine's at points of all signs.
@Suite struct SymbolicPropertyTests {
  /// No two of these numbers have a round sum or product, so that no formula has an isolated point there.
  private static let points: [(x: Double, y: Double)] = [
    (0.713, 1.291), (1.877, 0.416), (-0.618, 0.792), (-1.324, -0.873), (0.307, 2.236),
  ]

  @Test(arguments: 1...8) func printedDerivativesAreTheEnginesDerivatives(seed: UInt64) throws {
    var generator = FormulaGenerator(seed: seed)
    var compared = 0
    for _ in 0..<Torture.count(60, 300) {
      let text = generator.formula(depth: 3)
      let formula = try Formula(text)
      let names = ["x", "y"].filter(formula.names.contains)
      var printed: [[String]]?
      for (x, y) in Self.points {
        func evaluation(at x: Double) throws -> FormulaEvaluation {
          let point = names.map { (name: $0, value: ArrayValue([$0 == "x" ? x : y], shape: [])) }
          return try FormulaEvaluation(formula, at: point, precision: .float64)
        }
        let own = try evaluation(at: x)
        // Elsewhere the point lies outside the formula's domain.
        guard try own.value().values[0].isFinite else { continue }
        let exact = try Self.derivatives(of: own)
        // How much the numbers change with the last digits of x is how well they are known.
        let near = try Self.derivatives(of: evaluation(at: x * (1 + 1e-13)))
        let texts =
          try printed
          ?? [own.partialDerivatives().map { $0[0] }]
          + own.secondPartialDerivatives().map { $0.map { $0[0] } }
        printed = texts
        for (row, numbers) in zip(texts, zip(exact, near)) {
          // A derivative may have no number where the value has one: that of sqrt(x) at 0.
          for (derivative, (number, other)) in zip(row, zip(numbers.0, numbers.1)) where abs(number) < 1e12 {
            let found = try value(of: derivative, x, y)
            let resolution = other.isFinite ? 1000 * abs(other - number) : 0
            #expect(
              abs(found - number) <= 1e-6 * max(1, abs(number)) + resolution,
              "\(text) at x = \(x), y = \(y): \(derivative) is \(found), the engine says \(number)")
            compared += 1
          }
        }
      }
    }
    #expect(compared > 300)
  }

  /// SymPy's derivatives as numbers: what is printed has the same, and so has the engine.
  @Test func printedDerivativesHaveTheValuesOfSymPys() throws {
    let fixture = try Fixture.read("derivatives")
    guard case .object(let others) = try fixture.member("names") else { throw TrainerError(.data, "no names") }
    for item in try fixture.member("cases").elements ?? [] {
      let formula = try Formula(item.member("formula").text ?? "")
      for point in try item.member("points").elements ?? [] {
        // The name by which is differentiated comes first.
        let values =
          try [("x", point.member("x").double ?? .nan)] + others.members.map { ($0.key, $0.value.double ?? .nan) }
        let known = values.filter { formula.names.contains($0.0) }.map {
          (name: $0.0, value: ArrayValue([$0.1], shape: []))
        }
        let evaluation = try FormulaEvaluation(formula, at: known, precision: .float64)
        let printed = try [
          evaluation.partialDerivatives()[0][0], evaluation.secondPartialDerivatives()[0][0][0],
        ]
        let engine = try [evaluation.gradient()[0].values[0], evaluation.hessian()[0][0].values[0]]
        let expected = try [point.member("first").double ?? .nan, point.member("second").double ?? .nan]
        for (order, text) in printed.enumerated() {
          // A derivative that is a number has no names left.
          let own = try Formula(text)
          let point = known.filter { own.names.contains($0.name) }
          let found = try FormulaEvaluation(own, at: point, precision: .float64).value().values[0]
          #expect(found.isClose(to: expected[order], within: 1e-10), "\(formula.text): \(text)")
          #expect(engine[order].isClose(to: expected[order], within: 1e-10), "\(formula.text), order \(order + 1)")
        }
      }
    }
  }

  /// The first derivatives, then each row of the second ones.
  private static func derivatives(of evaluation: FormulaEvaluation) throws -> [[Double]] {
    try [evaluation.gradient().map { $0.values[0] }] + evaluation.hessian().map { $0.map { $0.values[0] } }
  }

  private func value(of text: String, _ x: Double, _ y: Double) throws -> Double {
    let graph = Graph()
    let names = ["x": try graph.parameter("x", shape: []), "y": try graph.parameter("y", shape: [])]
    var layout = ParameterLayout()
    layout.append(name: "x", shape: [])
    layout.append(name: "y", shape: [])
    return try graph.evaluate(
      Formula(text).build(in: graph, names: names), parameters: [x, y], layout: layout)[0]
  }
}

/// Draws formulas of x and y with all kinds of parts that formulas of numbers have.
private struct FormulaGenerator {
  private var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed) }

  private static let leaves = ["x", "x", "x", "y", "y", "2", "3", "0.5", "1/3", "pi", "e", "10"]
  private static let exponents = ["2", "3", "(-1)", "(-2)", "0.5", "(1/3)", "1.5", "4"]
  private static let functions = [
    "exp", "log", "ln", "log2", "log10", "log1p", "expm1", "sqrt", "rsqrt", "sin", "cos", "tan", "asin", "acos", "atan",
    "sinh", "cosh", "tanh", "sigmoid", "softplus", "erf", "erfc", "abs", "sign", "relu", "square", "reciprocal", "-",
    "-",
  ]

  mutating func formula(depth: Int) -> String {
    let kind = Double.random(in: 0..<1, using: &generator)
    if depth == 0 || kind < 0.1 { return Self.leaves.randomElement(using: &generator) ?? "x" }
    func part(_ generator: inout FormulaGenerator) -> String { "(\(generator.formula(depth: depth - 1)))" }
    let (a, b) = (part(&self), part(&self))
    switch kind {
    case ..<0.38: return "\(a)\(Bool.random(using: &generator) ? " + " : " - ")\(b)"
    case ..<0.54: return "\(a)*\(b)"
    case ..<0.68: return "\(a)/\(b)"
    case ..<0.78: return "\(a)^\(Self.exponents.randomElement(using: &generator) ?? "2")"
    case ..<0.82: return "\(a)^\(b)"
    case ..<0.84: return "where(x > \(Self.leaves.randomElement(using: &generator) ?? "1"), \(a), \(b))"
    case ..<0.86: return "\(Bool.random(using: &generator) ? "maximum" : "minimum")(\(a), \(b))"
    default: return "\(Self.functions.randomElement(using: &generator) ?? "sin")\(a)"
    }
  }
}
