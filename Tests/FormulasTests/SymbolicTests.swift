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
    ("w[0]^w[0]*1 + 0*w[1]", ["w[0]^w[0]*(log(w[0]) + 1)", "0"]),
  ]

  @Test(arguments: cases) func partialDerivatives(formula: String, expected: [String]) throws {
    let point: KeyValuePairs<String, ArrayValue> = ["w": [0.7, 1.3]]
    let found = try FormulaEvaluation(formula, at: point).partialDerivatives()
    #expect(found == [expected])
  }

  /// First and second derivatives as a teacher writes them; of formulas of several names, those by x.
  static let written: [(formula: String, first: String, second: String)] = [
    // Powers
    ("x^x", "x^x*(log(x) + 1)", "x^x*(log(x)^2 + 2*log(x) + 1/x + 1)"),
    ("x^n", "n*x^(n - 1)", "n*x^(n - 2)*(n - 1)"),
    ("n^x", "n^x*log(n)", "n^x*log(n)^2"),
    ("2^x", "log(2)*2^x", "log(2)^2*2^x"),
    ("2^(x + 1)", "log(2)*2^(x + 1)", "log(2)^2*2^(x + 1)"),
    ("2^(-x)", "-log(2)*2^(-x)", "log(2)^2*2^(-x)"),
    ("x^pi", "pi*x^(pi - 1)", "pi*(pi - 1)*x^(pi - 2)"),
    ("x^(1/3)", "1/(3*x^(2/3))", "-2/(9*x^(5/3))"),
    ("x^-2", "-2/x^3", "6/x^4"),
    ("x^3/3", "x^2", "2*x"),
    ("0.1*x^2", "0.2*x", "0.2"),
    ("x^log(x)", "2*x^(log(x) - 1)*log(x)", "2*x^(log(x) - 2)*(2*log(x)^2 - log(x) + 1)"),
    // Quotients
    ("(x + 1)/(x - 1)", "-2/(x - 1)^2", "4/(x - 1)^3"),
    ("1/(1 - x)", "1/(1 - x)^2", "2/(1 - x)^3"),
    ("log(x)/x", "(1 - log(x))/x^2", "(2*log(x) - 3)/x^3"),
    ("sin(x)/x", "(x*cos(x) - sin(x))/x^2", "(2*sin(x) - x^2*sin(x) - 2*x*cos(x))/x^3"),
    ("(x^2 + 1)/x", "1 - 1/x^2", "2/x^3"),
    ("(x^2 - 1)/(x - 1)", "1", "0"),
    ("1/x + 1/x^2", "-1/x^2 - 2/x^3", "2/x^3 + 6/x^4"),
    ("x/(x + 1)/(x + 2)", "(2 - x^2)/((x + 1)^2*(x + 2)^2)", "2*(x^3 - 6*x - 6)/((x + 1)^3*(x + 2)^3)"),
    ("1/(1/x + 1/y)", "y^2/(x + y)^2", "-2*y^2/(x + y)^3"),
    ("(a*x + b)/(c*x + d)", "(a*d - b*c)/(c*x + d)^2", "2*c*(b*c - a*d)/(c*x + d)^3"),
    ("x*y/(x + y)", "y^2/(x + y)^2", "-2*y^2/(x + y)^3"),
    // Products
    ("x*exp(-x^2)", "exp(-x^2)*(1 - 2*x^2)", "2*x*exp(-x^2)*(2*x^2 - 3)"),
    ("(x + 1)^2*(x - 2)^3", "(5*x - 1)*(x + 1)*(x - 2)^2", "20*x^3 - 48*x^2 + 6*x + 20"),
    ("x*(x + 1)*(x + 2)", "3*x^2 + 6*x + 2", "6*x + 6"),
    ("x^2*y + x*y^2", "2*x*y + y^2", "2*y"),
    ("x^2*log(x)", "2*x*log(x) + x", "2*log(x) + 3"),
    ("x^5*exp(-2*x)", "x^4*exp(-2*x)*(5 - 2*x)", "4*x^3*exp(-2*x)*(x^2 - 5*x + 5)"),
    ("(sin(x) + cos(x))^2", "2*(cos(x) + sin(x))*(cos(x) - sin(x))", "-8*cos(x)*sin(x)"),
    ("a*exp(-b*x)", "-a*b*exp(-b*x)", "a*b^2*exp(-b*x)"),
    // Roots and sizes
    ("sqrt(x^2 + 1)", "x/sqrt(x^2 + 1)", "1/(x^2 + 1)^(3/2)"),
    ("sqrt(2*x)", "1/sqrt(2*x)", "-1/(2*x*sqrt(2*x))"),
    ("x*sqrt(x^2 + 1)", "(2*x^2 + 1)/sqrt(x^2 + 1)", "x*(2*x^2 + 3)/(x^2 + 1)^(3/2)"),
    ("sqrt(x)*log(x)", "(log(x) + 2)/(2*sqrt(x))", "-log(x)/(4*x^(3/2))"),
    ("1/sqrt(x)", "-1/(2*x^(3/2))", "3/(4*x^(5/2))"),
    ("abs(x)^3", "3*x*abs(x)", "6*abs(x)"),
    ("x*abs(x)", "2*abs(x)", "2*sign(x)"),
    // Functions
    ("1/(1 + exp(-x))", "exp(-x)/(exp(-x) + 1)^2", "exp(-x)*(exp(-x) - 1)/(exp(-x) + 1)^3"),
    ("softplus(x)", "sigmoid(x)", "sigmoid(x)*(1 - sigmoid(x))"),
    ("tan(x)", "tan(x)^2 + 1", "2*tan(x)*(tan(x)^2 + 1)"),
    ("sin(x)/cos(x)", "1/cos(x)^2", "2*sin(x)/cos(x)^3"),
    ("sinh(x)/cosh(x)", "1/cosh(x)^2", "-2*sinh(x)/cosh(x)^3"),
    ("ln(x)", "1/x", "-1/x^2"),
    ("log10(x)", "1/(x*log(10))", "-1/(x^2*log(10))"),
    ("log2(x)", "1/(x*log(2))", "-1/(x^2*log(2))"),
    ("asin(x)", "1/sqrt(1 - x^2)", "x/(1 - x^2)^(3/2)"),
    ("acos(x)", "-1/sqrt(1 - x^2)", "-x/(1 - x^2)^(3/2)"),
    ("atan(x)", "1/(x^2 + 1)", "-2*x/(x^2 + 1)^2"),
    ("atan(x/y)", "y/(x^2 + y^2)", "-2*x*y/(x^2 + y^2)^2"),
    ("erf(x)", "2*exp(-x^2)/sqrt(pi)", "-4*x*exp(-x^2)/sqrt(pi)"),
    ("sin(2*pi*x)", "2*pi*cos(2*pi*x)", "-4*pi^2*sin(2*pi*x)"),
    ("e^(-x^2/2)/sqrt(2*pi)", "-x*e^(-x^2/2)/sqrt(2*pi)", "e^(-x^2/2)*(x^2 - 1)/sqrt(2*pi)"),
    // Pieces
    ("where(x > 0, x^2, exp(x))", "where(x > 0, 2*x, exp(x))", "where(x > 0, 2, exp(x))"),
    ("relu(x)^2", "2*relu(x)*(x > 0)", "2*(x > 0)"),
  ]

  @Test(arguments: written) func asATeacherWritesThem(formula: String, first: String, second: String) throws {
    let parsed = try Formula(formula)
    // The name by which is differentiated comes first.
    let names = ["x"] + parsed.names.filter { $0 != "x" && Formula.constants[$0] == nil }
    let evaluation = try FormulaEvaluation(
      parsed, at: names.map { (name: $0, value: ArrayValue([0.7], shape: [])) }, precision: .float64)
    #expect(try evaluation.partialDerivatives()[0] == [first])
    #expect(try evaluation.secondPartialDerivatives()[0][0] == [second])
  }

  /// What rules say of isolated points is left out, but not where a part of a formula is 0 on a whole interval.
  @Test func guardsStayWhereTheyMatter() throws {
    let partials = try FormulaEvaluation("relu(x)^y", at: ["x": 1, "y": 2]).partialDerivatives()
    #expect(partials[1] == ["where(relu(x) == 0, 0, relu(x)^y*log(relu(x)))"])
  }

  @Test func secondDerivativesAreForSmallInputs() throws {
    let wide = ArrayValue([Double](repeating: 1, count: 17), shape: [17])
    #expect(
      message { _ = try FormulaEvaluation("sum(w^2)", at: ["w": wide]).secondPartialDerivatives() }
        .contains("formulas of second derivatives are for small inputs"))
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
