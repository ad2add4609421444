import Autodiff
import Formulas
import Foundations
import TestSupport
import Testing

@Suite struct SymbolicTests {
  /// Partial derivatives as a person would write them.
  static let cases: [(formula: String, partials: [String])] = [
    ("w[0]^2 + w[1]^2 - w[0]*w[1]", ["2*w[0] - w[1]", "2*w[1] - w[0]"]),
    ("(5 - w[0])^2 + (10 - w[0])^2", ["4*w[0] - 30", "0"]),
    ("sum(w^2)", ["2*w[0]", "2*w[1]"]),
    ("sum(([5, 10] - w[0])^2)", ["4*w[0] - 30", "0"]),
    ("w[0]*w[1]", ["w[1]", "w[0]"]),
    ("w[0]/w[1]", ["1/w[1]", "-w[0]/w[1]^2"]),
    ("sqrt(w[0]) + w[1]^3", ["1/(2*sqrt(w[0]))", "3*w[1]^2"]),
    ("exp(-w[0])*sin(w[1])", ["-exp(-w[0])*sin(w[1])", "cos(w[1])*exp(-w[0])"]),
    ("tanh(w[0]) + log(w[1])", ["1 - tanh(w[0])^2", "1/w[1]"]),
    ("sigmoid(w[0])", ["sigmoid(w[0])*(1 - sigmoid(w[0]))", "0"]),
    ("relu(w[0]) + abs(w[1])", ["w[0] > 0", "sign(w[1])"]),
    ("(1 - w[0])^2 + 100*(w[1] - w[0]^2)^2", ["400*w[0]*(w[0]^2 - w[1]) + 2*w[0] - 2", "200*w[1] - 200*w[0]^2"]),
    ("logsumexp(w)", ["exp(w[0])/(exp(w[0]) + exp(w[1]))", "exp(w[1])/(exp(w[0]) + exp(w[1]))"]),
    ("sin(pi*w[0]) + e^w[1]", ["pi*cos(pi*w[0])", "e^w[1]"]),
    ("w @ [[2, 1], [1, 3]] @ w", ["4*w[0] + 2*w[1]", "2*w[0] + 6*w[1]"]),
    (
      "w[0]^w[0]*1 + 0*w[1]",
      [
        "w[0]^w[0]*where(w[0] == 0, 0, log(w[0])) + where(w[0] == 0, 0, w[0]*w[0]^(w[0] - 1))", "0",
      ]
    ),
  ]

  @Test(arguments: cases) func partialDerivatives(formula: String, expected: [String]) throws {
    let point: KeyValuePairs<String, ArrayValue> = ["w": [0.7, 1.3]]
    let found = try FormulaEvaluation(formula, at: point).partialDerivatives()
    #expect(found == [expected])
  }

  @Test func namesOfTheCallerStayThoseOfTheCaller() throws {
    #expect(try FormulaEvaluation("e*pi^2", at: ["e": 2, "pi": 3]).partialDerivatives() == [["pi^2"], ["2*e*pi"]])
    let many = try FormulaEvaluation("sum(w)*w[10]*w[2]", at: ["w": ArrayValue((1...12).map(Double.init), shape: [12])])
    #expect(try many.partialDerivatives()[0][0] == "w[2]*w[10]")
  }

  /// What is printed parses back and gives the gradient.
  @Test(arguments: [
    "sum(softmax(w)*[1, 2, 3])", "max(w) + min(w^2)", "sum(clip(w, 0.2, 0.9)^3)", "var(w)/mean(w)",
    "sum(where(w > 0.5, w^2, exp(w)))", "logsumexp(w[0:2]*w[2])", "prod[0]*w[1] + w[2]",
    "sum(maximum(w, [0.3, 2, 0.1])*minimum(w, w[0]))", "sum(softplus(w) + erf(w) + log1p(w) + expm1(w))",
    "w[0]^w[1] - 2^w[2]", "sum(rsqrt(w) + reciprocal(w) + sqrt(w[0]*w[1]))", "sum([w, w^2] @ w)",
    "sum(take(w, [0, 0, 2])^2)", "sum(scatter_add(w, [1, 1, 0], 2)^2)", "sum(pad(w, 1)*[1, 2, 3, 4, 5])",
    "sum(log_softmax(transpose([w, w*w]), axis=0)[:, 1])", "sum(one_hot([2, 0], 3) @ w)*w[1]",
    "sum(cos(w)*sin(w[::-1])) - 1e-3*w[0]", "sum(concatenate([w, 2*w])^1.5)", "(w[0] < w[1])*w[2]^2 - -w[1]",
    "sum(reshape(w, (3, 1))*w) + stop_gradient(w[0])*w[0]", "tanh(w[0])/(1 + w[1]^2)/(w[2] + w[0])^0.5",
  ]) func printedFormulasParseBack(formula: String) throws {
    let point: [(name: String, value: ArrayValue)] = [("w", [0.7, 1.3, 0.4])]
    let text = formula.replacing("prod[0]", with: "(w[0]*w[1]*w[2])")
    let evaluation = try FormulaEvaluation(Formula(text), at: point, precision: .float64)
    let gradient = try evaluation.gradient()[0].values
    for (index, partial) in try evaluation.partialDerivatives()[0].enumerated() {
      let graph = Graph()
      let w = try graph.variable([0.7, 1.3, 0.4])
      let value = try Formula(partial).build(in: graph, names: ["w": w]).value()
      #expect(value[0].isClose(to: gradient[index], within: 1e-12), "\(text): \(partial)")
    }
  }

  @Test func whatCannotBeReadIsAnError() throws {
    let wide = ArrayValue([Double](repeating: 1, count: 300), shape: [300])
    #expect(
      message { _ = try FormulaEvaluation("sum(w^2)", at: ["w": wide]).partialDerivatives() }
        .contains("symbolic output is for small formulas"))
    let tower = String(repeating: "tanh(", count: 60) + "w" + String(repeating: ")", count: 60)
    #expect(throws: Never.self) { _ = try FormulaEvaluation(tower, at: ["w": 1]).value() }
    #expect(
      message { _ = try FormulaEvaluation("sum(w[[i, 0]])", at: ["w": [1, 2], "i": 1]).partialDerivatives() }
        .contains("indices that are numbers"))
  }
}
