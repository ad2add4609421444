import Foundation
import Foundations
import TestSupport
import Testing

@Suite struct GradientCommandTests {
  private static let bowl = "w[0]^2 + w[1]^2 - w[0]*w[1]"

  private func json(_ arguments: String...) throws -> JSONValue {
    let result = try TrainerBinary.run(["gradient", "--format", "json"] + arguments)
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    return try JSONDocument(text: result.output, source: "output").root
  }

  // L(w) = w1² + w2² − w1·w2 at w = (−5, 5), from the notes on gradients.
  @Test func theNotesExample() throws {
    #expect(try json(Self.bowl, "--at", "w=-5,5") == ["value": 75, "gradient": ["w": [-15, 15]]])
    let result = try TrainerBinary.run("gradient", Self.bowl, "--at", "w=-5,5", "--symbolic", "--hessian")
    #expect(
      result.output == """
        value: 75
        gradient:
          w: [-15, 15]
        partial derivatives:
          d/dw[0]: 2*w[0] - w[1]
          d/dw[1]: 2*w[1] - w[0]
        second derivatives:
          w, w: [[2, -1], [-1, 2]]
        second partial derivatives:
          d2/dw[0]^2: 2
          d2/dw[0] dw[1]: -1
          d2/dw[1]^2: 2

        """)
    #expect(
      try json(Self.bowl, "--at", "w=-5,5", "--symbolic", "--hessian")
        == [
          "value": 75, "gradient": ["w": [-15, 15]], "symbolic": ["w": ["2*w[0] - w[1]", "2*w[1] - w[0]"]],
          "hessian": ["w": ["w": [[2, -1], [-1, 2]]]],
          "symbolicHessian": ["w": ["w": [["2", "-1"], ["-1", "2"]]]],
        ])
  }

  @Test func aFormulaMayBeginWithAMinusAndStandAnywhere() throws {
    #expect(try json("-x^2", "--at", "x=3") == ["value": -9, "gradient": ["x": -6]])
    #expect(try json("--at", "x=3", "-x^2") == ["value": -9, "gradient": ["x": -6]])
    #expect(try json("--at", "x=3", "--", "-x^2") == ["value": -9, "gradient": ["x": -6]])
    #expect(try json("--at", "x=3", "y=2", "x==y") == ["value": 0, "gradient": ["x": 0, "y": 0]])
    #expect(try json("-x*y", "--at", "x=3", "y=-2") == ["value": 6, "gradient": ["x": 2, "y": -3]])
    #expect(try json("- -x", "--at", "x=-.5e1") == ["value": -5, "gradient": ["x": 1]])
  }

  @Test func pointsAreNumbersVectorsAndArrays() throws {
    #expect(try json("sum(m*m)", "--at", "m=[[1, 2], [3, 4]]")["gradient"] == ["m": [[2, 4], [6, 8]]])
    #expect(try json("sum(v)", "--at", "v=[7]")["gradient"] == ["v": [1]])
    #expect(try json("x*1e3", "--at", "x=1e-3")["value"] == 1)
    #expect(try json("2^10")["value"] == 1024)
    #expect(try json("x/3", "--at", "x=1", "--precision", "float32")["value"]?.compactText == "0.33333334")
    #expect(try json("x/0", "--at", "x=1") == ["value": "inf", "gradient": ["x": "inf"]])
  }

  private static let expected =
    "expected a number, an expression such as pi/2, several separated by commas, or an array whose rows are equally long"

  @Test func valuesMayBeExpressions() throws {
    #expect(try json("x", "--at", "x=pi")["value"] == .number(.pi))
    #expect(try json("x", "--at", "x=1/3")["value"] == .number(1.0 / 3))
    #expect(try json("x", "--at", "x=-2*pi")["value"] == .number(-2 * .pi))
    #expect(try json("x*y", "--at", "x=-e", "y=2^3")["gradient"]?["x"] == 8)
    for vector in ["v=1,pi", "v=[1,pi]", "v= [ 1 , pi ]", "v=maximum(1, 0),pi"] {
      #expect(try json("sum(v*v)", "--at", vector)["gradient"] == ["v": [2, .number(2 * .pi)]], "\(vector)")
    }
    #expect(try json("v[0]", "--at", "v=[1/3]")["gradient"] == ["v": [1]])
    #expect(try json("sum(m)", "--at", "m=[[1/2, 2], [3, pi]]")["gradient"] == ["m": [[1, 1], [1, 1]]])
    // A name that has a value is no constant.
    #expect(try json("e*x", "--at", "e=2", "x=e")["value"] == .number(2 * M_E))
  }

  @Test func secondDerivativesAsFormulas() throws {
    let result = try TrainerBinary.run("gradient", "x^2*y", "--at", "x=1", "y=3", "--symbolic", "--hessian")
    #expect(
      result.output.hasSuffix(
        """
        second partial derivatives:
          d2/dx^2: 2*y
          d2/dx dy: 2*x
          d2/dy^2: 0

        """))
  }

  @Test(arguments: [
    (["x", "--at", "x=1", "--at", "x=2"], "--at x=2: the name 'x' is given twice; give each name one value"),
    (["x", "--at", "x=1", "x=2"], "--at x=2: the name 'x' is given twice; give each name one value"),
    (["x", "--at", "x"], "--at x: expected NAME=VALUE, such as w=-5,5"),
    (
      ["x", "--at", "x=a"],
      "--at x=a: found 'a', \(Self.expected) (unknown name 'a'; no names have values here)"
    ),
    (
      ["x", "--at", "x=[[1],[2,3]]"],
      "--at x=[[1],[2,3]]: found '[[1],[2,3]]', \(Self.expected) (the elements of an array must have one shape; these "
        + "have [1], [2])"
    ),
    (["x", "--at", "x="], "--at x=: found '', \(Self.expected) (there is nothing)"),
    (["x", "--at", "x=1,"], "--at x=1,: found '1,', \(Self.expected) (there is nothing behind the last comma)"),
    (
      ["x", "--at", "x=sqr(2)"],
      "--at x=sqr(2): found 'sqr(2)', \(Self.expected) (unknown function 'sqr'; did you mean \"sqrt\"?)"
    ),
    (["x", "--at", "x=1/0"], "--at x=1/0: the value of '1/0' is not finite; give a number that is"),
    (["x", "--at", "2x=1"], "--at 2x=1: '2x' cannot be a name in a formula"),
    (["x", "--at", "y=1"], "the formula has no name 'y'; did you mean \"x\"?"),
    (
      ["2*x", "--at", "x=1,2"],
      "only a scalar has a gradient, but the formula's value has the shape [2]; make it one number, for example with "
        + "sum(…)"
    ),
    (["argmax(x)", "--at", "x=1,2"], "operation 'argmax' has no gradient rule"),
  ])
  func errors(arguments: [String], message: String) throws {
    let result = try TrainerBinary.run(["gradient"] + arguments)
    #expect(result.status == 2 && result.output == "")
    #expect(result.errors == "error: \(message)\n")
  }

  @Test func aFormulaWithoutNamesHasNoGradient() throws {
    let result = try TrainerBinary.run("gradient", "2^10", "--symbolic", "--hessian")
    #expect(result.status == 0 && result.output == "value: 1024\n")
    #expect(try json("2^10", "--hessian") == ["value": 1024, "gradient": [:], "hessian": [:]])
  }

  /// Formulas that could end the program otherwise: each is one error, none a crash.
  @Test(arguments: [
    "", " ", "((", String(repeating: "(", count: 60_000) + "1" + String(repeating: ")", count: 60_000),
    String(repeating: "[", count: 100_000), String(repeating: "sin(", count: 5000),
    String(repeating: "-", count: 90_000),
    "reshape(x, (99999999999, 99999999999))", "sum(broadcast_to(x, (99999999999, 99999999999)))",
    "sum(broadcast_to(x, (1000000, 1000000)))", "sum(one_hot(x, 1000000000000))", "sum(pad([x], 9007199254740991))",
    "scatter_add([x], [0], 99999999999999)[0]", "broadcast_to(x, (0, -1))", "[x][9223372036854775807]",
    "[x][-9223372036854775808]", "[x][::-9223372036854775808]", "sum([x], axis=9223372036854775807)", "[x][1e300]",
    "[x][0:1:1e18]", "x[", "x]", "x,", ",", ")", "1..2..3", "x = 2", "x \u{1F642}", "take([x], [1e18])",
    "transpose(x, 0)", "concatenate([x, x], axis=-9007199254740991)", "softmax([x], axis=9007199254740991)",
  ]) func noFormulaCrashes(formula: String) throws {
    for command in ["gradient", "graph"] {
      let result = try TrainerBinary.run(command, "--at", "x=1", "--", formula)
      // A graph is drawn without computing, so some have one.
      #expect(result.status == 2 || (command == "graph" && result.status == 0), "\(result.errors.prefix(300))")
      #expect(result.status == 0 || result.errors.hasPrefix("error: "), "\(result.errors.prefix(300))")
      #expect(result.errors.count < 400)
    }
  }

  /// A faulty formula is shown with a caret under the place.
  @Test func formulaErrorsPointAtThePlace() throws {
    let result = try TrainerBinary.run("gradient", "1 + sqtr(x)", "--at", "x=1")
    #expect(result.status == 2 && result.output == "")
    #expect(
      result.errors == """
        error: formula, column 5: unknown function 'sqtr'; did you mean "sqrt"?
          1 + sqtr(x)
              ^

        """)
    let unknown = try TrainerBinary.run("gradient", "x + y", "--at", "x=1")
    #expect(unknown.errors.hasPrefix("error: formula, column 5: 'y' has no value; give it one with --at NAME=VALUE\n"))
  }

  @Test func helpFitsATerminal() throws {
    for command in ["gradient", "graph"] {
      let help = try TrainerBinary.run(command, "--help")
      #expect(help.status == 0)
      // A line that is too long is broken, and goes on without its indentation.
      let broken = help.output.split(separator: "\n").filter { $0.first?.isLowercase == true && !$0.contains(" ") }
      #expect(broken.isEmpty, "\(broken)")
    }
  }
}

@Suite struct GraphCommandTests {
  @Test func aFormulaIsDrawnWithValuesAndGradients() throws {
    let result = try TrainerBinary.run("graph", "w[0]^2 - b", "--at", "w=-5,5", "--at", "b=1")
    #expect(result.status == 0 && result.errors == "")
    #expect(result.output.hasPrefix("digraph {") && result.output.hasSuffix("}\n"))
    #expect(result.output.contains(#"label="w\n[2]\nvalue [-5, 5]\ngradient [-10, 0]""#))
    #expect(result.output.contains(#"label="subtract\nvalue 24\ngradient 1""#))
  }

  @Test func arrowsCarryTheDerivativesOfTheNodesAbove() throws {
    let result = try TrainerBinary.run("graph", "exp(w)*w - b", "--at", "w=0", "b=5")
    let arrows = result.output.split(separator: "\n").filter { $0.contains("->") }.map { $0.drop { $0 == " " } }
    // exp(w) is 1 at 0, and so is its derivative; the product's are w = 0 and exp(w) = 1.
    #expect(
      arrows.sorted() == [
        #"n0 -> n2 [label=" × 1"]"#, #"n0 -> n3 [label=" × 1"]"#, #"n1 -> n4 [label=" × -1"]"#,
        #"n2 -> n3 [label=" × 0"]"#, #"n3 -> n4 [label=" × 1"]"#,
      ], "\(result.output)")
    #expect(result.output.contains("at each arrow"))
    // Where an element depends on several, one number for each says nothing.
    let product = try TrainerBinary.run("graph", "sum(m @ v)", "--at", "m=[[1,2],[3,4]]", "v=1,2")
    #expect(product.output.split(separator: "\n").filter { $0.contains("->") && $0.contains("×") }.count == 1)
  }

  @Test func withoutValuesShapesAreGuessed() throws {
    let result = try TrainerBinary.run("graph", "-w[0, 2]*x")
    #expect(result.output.contains(#"label="w\n[1, 3]""#) && result.output.contains(#"label="x""#))
    #expect(!result.output.contains("value"))
  }

  @Test func aPlanIsATable() throws {
    let result = try TrainerBinary.run("graph", "sum((x - b)^2)", "--at", "x=5,10", "--at", "b=10", "--plan")
    #expect(result.status == 0)
    #expect(result.output.contains("instruction") && result.output.contains("flop"))
    #expect(result.output.contains("floating-point operations\n"))
    #expect(!result.output.contains("digraph"))
  }

  @Test func indicesBeyondGuessingNeedAValue() throws {
    try TrainerBinary.run("graph", "w[9999999, 9999999]").expectError(2, "too large to guess", "--at w=VALUE")
  }

  @Test func aConfigIsDrawn() throws {
    let result = try TrainerBinary.run("graph", "--config", Repository.config("mlp"))
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("dense1/weight") && result.output.contains("matmul"))
    let plan = try TrainerBinary.run("graph", "--config", Repository.config("softmax"), "--plan")
    #expect(plan.status == 0 && plan.output.contains("matmul"))
    #expect(plan.output.hasPrefix("for a shard of 16 samples\n"))
    // Without data there is no axis of samples that a picture would have to explain.
    let bowl = try TrainerBinary.run("graph", "--config", Repository.path + "/configs/notes/bowl.json")
    #expect(bowl.status == 0 && bowl.output.contains("subtract") && !bowl.output.contains("broadcast"))
  }

  @Test(.enabled(if: Tool.path(of: "dot") != nil)) func filesAreDrawnByGraphviz() throws {
    try withScratchDirectory { directory in
      let (svg, png, dot) = ("\(directory)/a.svg", "\(directory)/a.png", "\(directory)/a.dot")
      for path in [svg, png, dot] {
        let result = try TrainerBinary.run("graph", "tanh(x)*2", "--at", "x=0.5", "--output", path)
        #expect(result.status == 0 && result.output == "", "\(result.errors)")
      }
      #expect(String(decoding: try Data(contentsOf: URL(filePath: svg)), as: UTF8.self).contains("<svg"))
      #expect(try Data(contentsOf: URL(filePath: png)).starts(with: [0x89, 0x50, 0x4E, 0x47]))
      #expect(String(decoding: try Data(contentsOf: URL(filePath: dot)), as: UTF8.self).hasPrefix("digraph {"))
      #expect(try files(in: directory) == ["a.svg", "a.png", "a.dot"])
    }
  }

  @Test func errors() throws {
    try withScratchDirectory { directory in
      try TrainerBinary.run("graph", "x", "--output", "\(directory)/a.gif").expectError(
        2, "a.gif", ".svg, .png or .dot")
      try TrainerBinary.run("graph", "x", "--output", "\(directory)/no/a.dot").expectError(
        2, "no/a.dot cannot be written")
      #expect(try files(in: directory).isEmpty)
    }
    #expect(try TrainerBinary.run("graph").status == 2)
    #expect(try TrainerBinary.run("graph", "x", "--config", "c.json").status == 2)
    #expect(try TrainerBinary.run("graph", "--config", "c.json", "--at", "x=1").status == 2)
  }
}

@Suite struct PlotFormulaTests {
  @Test(arguments: [
    (["--formula", "x*y*z"], "give the others a value with --at NAME=VALUE"),
    (["--formula", "x", "--from", "5", "--to", "1"], "the range of x is empty: it goes from 5 to 1"),
    (["--formula", "x", "--from", "-pi", "--from", "-e"], "the value for all names is given twice"),
    (["--formula", "x", "--to", "y=3"], "--to y=3: the formula has no free name 'y'; its free names are x"),
    (["--formula", "x", "--to", "1,2"], "--to 1,2: expected one number"),
    (["--formula", "sqtr(x)"], "unknown function 'sqtr'; did you mean \"sqrt\"?"),
    (["--formula", "x", "-o", "x.gif"], "x.gif"),
    (["--formula", "x", "run"], "--formula draws a formula without a run"),
    (["run", "--from", "1"], "--from, --to, --at and --derivative are for --formula"),
    (["run", "--path", "--parameters"], "give one of them"),
    ([], "a run directory or --formula FORMULA is missing"),
  ])
  func errors(arguments: [String], message: String) throws {
    let result = try TrainerBinary.run(["plot"] + arguments)
    #expect(result.status == 2 && result.output == "")
    #expect(result.errors.hasPrefix("error: ") && result.errors.contains(message), "\(result.errors)")
  }

  @Test(.enabled(if: Tool.path(of: "gnuplot") != nil, "gnuplot is missing"))
  func aFormulaIsDrawnWithoutARun() throws {
    try withScratchDirectory { directory in
      for (arguments, name) in [
        (["-x^2", "--from", "-2*pi", "--to", "pi", "--derivative"], "curve.svg"),
        (["x*y", "--to", "y=1/3"], "contours.png"),
      ] {
        let path = "\(directory)/\(name)"
        let result = try TrainerBinary.run(["plot", "--formula"] + arguments + ["-o", path])
        #expect(result.status == 0 && result.output == "wrote \(path)\n", "\(result.errors)")
        #expect(FileManager.default.fileExists(atPath: path))
        // What is there stays unless asked.
        #expect(try TrainerBinary.run(["plot", "--formula"] + arguments + ["-o", path]).status == 2)
      }
      let text = try String(contentsOfFile: "\(directory)/curve.svg", encoding: .utf8)
      #expect(text.contains("derivative: -2*x"))
    }
  }
}
