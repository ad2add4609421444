import Autodiff
import Formulas
import Foundation
import Foundations
import TestSupport
import Testing

private func value(_ formula: String, _ point: KeyValuePairs<String, ArrayValue> = [:]) throws -> [Double] {
  try FormulaEvaluation(formula, at: point).value().values
}

@Suite struct FormulaTests {
  static let constantCases: [(formula: String, value: Double)] = [
    ("1 + 2*3", 7), ("(1 + 2)*3", 9), ("2^3^2", 512), ("-2^2", -4), ("(-2)^2", 4), ("2^-1", 0.5), ("-2^-2", -0.25),
    ("2**3", 8), ("8/4/2", 1), ("8 - 4 - 2", 2), ("- -3", 3), ("--3", 3), ("+3", 3), ("2*-3", -6), ("1e-3*1E3", 1),
    (".5 + 1.", 1.5), ("2.5e1", 25), ("3 < 4", 1), ("3 >= 4", 0), ("3 == 3", 1), ("3 != 3", 0), ("1 + 1 > 1", 1),
    ("cos(pi)", -1), ("log(e)", 1), ("e^0", 1), ("2 × 3 − 1", 5), ("sin(π/2)", 1), ("-3^2 + 1", -8),
    ("[1, 2, 3][1]", 2), ("[[1, 2], [3, 4]][1, 0]", 3), ("[1, 2, 3][-1]", 3), ("sum([1, 2, 3][::-1]*[3, 2, 1])", 14),
    ("sum([1, 2, 3, 4][1:3])", 5), ("sum([1, 2, 3, 4][::2])", 4), ("sum([[1, 2], [3, 4]][:, 1])", 6),
    ("[1, 2] @ [3, 4]", 11), ("sum([[1, 2], [3, 4]] @ [1, -1])", -2), ("max([1, 5, 2])", 5), ("maximum(2, 7)", 7),
    ("where(1 > 2, 10, 20)", 20), ("clip(5, 0, 3)", 3), ("clip(-5, max=3)", -5), ("var([1, 2, 3, 4])", 1.25),
    ("var([1, 2, 3, 4], ddof=1)", 5.0 / 3), ("logSumExp([0, 0])", 0.6931471805599453),
    ("log_sum_exp([0, 0])", 0.6931471805599453),
    ("argmax([1, 9, 3])", 1), ("sum(sum([[1, 2], [3, 4]], axis=0)*[10, 1])", 46),
    ("sum([[1, 2], [3, 4]], axis=(0, 1))", 10),
    ("sum(take([10, 20, 30], [2, 0, 2]))", 70), ("sum([10, 20, 30][[2, 0]])", 40), ("one_hot(1, 3)[1]", 1),
    ("sum(concatenate([[1, 2], [3]]))", 6), ("sum(pad([1, 2], 1)*[1, 10, 100, 1000])", 210),
    ("sum(pad([[1]], [(0, 1), (2, 0)]))", 1), ("transpose([[1, 2], [3, 4]])[0, 1]", 3),
    ("reshape([1, 2, 3, 4], (2, -1))[1, 0]", 3), ("sum(broadcast_to([1, 2], (3, 2)))", 9),
    ("sum(scatter_add([1, 2, 3], [0, 0, 1], 2)*[1, 10])", 33), ("sum(stack([[1, 2], [3, 4]]))", 10),
    ("mean([1, 2, 6])", 3), ("sum(softmax([1, 2, 3]))", 1), ("pow(2, 10)", 1024), ("sum([])", 0),
  ]

  @Test(arguments: constantCases) func constantFormulas(formula: String, expected: Double) throws {
    #expect(try value(formula).map { $0.isClose(to: expected, within: 1e-15) } == [true])
  }

  @Test func theNotesExample() throws {
    let bowl = try FormulaEvaluation("w[0]^2 + w[1]^2 - w[0]*w[1]", at: ["w": [-5, 5]])
    #expect(try bowl.value() == 75)
    #expect(try bowl.gradient() == [[-15, 15]])
    #expect(try bowl.partialDerivatives() == [["2*w[0] - w[1]", "2*w[1] - w[0]"]])
    #expect(try bowl.hessian() == [[ArrayValue([2, -1, -1, 2], shape: [2, 2])]])
    let line = try FormulaEvaluation("sum((x - b)^2)", at: ["x": [5, 10], "b": 10])
    #expect(try line.gradient() == [[-10, 0], 10])
    let second = try line.hessian()
    #expect(second[1][1] == 4)
    #expect(second[0][1] == [-2, -2])
    #expect(second[1][0] == [-2, -2])
    #expect(second[0][0] == ArrayValue([2, 0, 0, 2], shape: [2, 2]))
  }

  @Test func names() throws {
    #expect(try Formula("sum((x - b)^2, keepdims=true) + w[0:n]*pi").names == ["x", "b", "w", "n", "pi"])
    // The caller's own e is not Euler's number.
    #expect(try value("e + 1", ["e": 4]) == [5])
    #expect(try value("größe*2", ["größe": 4]) == [8])
  }

  @Test func precisionIsThatOfTheArithmetic() throws {
    let double = try FormulaEvaluation("x/3", at: ["x": 1], precision: .float64)
    let single = try FormulaEvaluation("x/3", at: ["x": 1], precision: .float32)
    #expect(try double.value().values == [1.0 / 3])
    #expect(try single.value().json.compactText == "0.33333334")
  }

  /// Each function of the table can be called, so that none is listed in vain.
  @Test func everyFunctionCanBeCalled() throws {
    for function in Formula.functions {
      let name = function.signature.prefix { $0 != "(" }
      let count = function.signature.dropFirst(name.count + 1).dropLast().split(separator: ",")
        .count { !$0.contains("=") }
      let calls = [
        "concatenate": "concatenate([x, x])", "stack": "stack([x, x])", "reshape": "reshape(x, 3)",
        "broadcast_to": "broadcast_to(x, [2, 3])", "pad": "pad(x, 1)", "one_hot": "one_hot(x, 3)",
        "take": "take(x, [0, 1])", "scatter_add": "scatter_add(x, [0, 1, 1], 2)",
      ]
      let call = calls[String(name)] ?? "\(name)(\(Array(repeating: "x", count: count).joined(separator: ", ")))"
      #expect(throws: Never.self, "\(call)") { _ = try value(call, ["x": [0.5, 1, 1.5]]) }
    }
  }

  static let errorCases: [(formula: String, column: Int, text: String)] = [
    ("w[0]^2 + ww", 10, "unknown name 'ww'; did you mean \"w\"?"),
    ("learningRate + 1", 1, "unknown name 'learningRate'; the names here are w"),
    ("sqtr(w)", 1, "unknown function 'sqtr'; did you mean \"sqrt\"?"),
    ("w(0)", 1, "'w' is no function: write w*(…) for a product or w[…] for an element"),
    ("sin + 1", 1, "'sin' is a function: write its arguments in brackets, sin(…)"),
    ("2w", 2, "found 'w' after a number; write * between factors"),
    ("2e", 2, "found 'e' after a number; write * between factors"),
    ("(w + 1", 1, "this bracket is never closed: ')' is missing"),
    ("w[0", 2, "this bracket is never closed: ']' is missing"),
    ("w + ", 5, "found the end, expected a number, a name or '('"),
    ("w + )", 5, "found ')', expected a number, a name or '('"), ("", 1, "the formula is empty"),
    ("   ", 1, "the formula is empty"), ("w $ 2", 3, "'$' has no meaning in a formula"),
    ("w = 2", 3, "found '=', expected an operator or the end; equality is written =="),
    ("1 < 2 < 3", 7, "comparisons cannot be chained; multiply them instead: (a < b)*(b < c)"),
    (
      "max(w, w, w, w)", 14,
      "max(x, axis=…, keepdims=…) takes at most 3 arguments; maximum(x, y) compares element by element"
    ),
    ("max(w, w)", 8, "expected a whole number written out, such as 0 or -1"),
    ("sum(w, axes=0)", 13, "sum(x, axis=…, keepdims=…) has no argument 'axes'; did you mean \"axis\"?"),
    ("sum(axis=0)", 1, "sum(x, axis=…, keepdims=…) lacks its argument 'x'"),
    ("sum(w, x=w)", 10, "the argument 'x' is given twice"),
    ("sum(x=w, 0)", 10, "arguments by position must come before those with names"),
    ("w[2]", 2, "the index 2 is out of range: axis 0 of the shape [2] has 2 elements"),
    ("w[0.5]", 3, "the index 0.5 is no whole number"),
    ("w[0, 0]", 2, "2 indices are too many for an array of shape [2], which has rank 1"),
    ("w[::0]", 2, "the step of a slice must not be 0"),
    (
      "1 + w*[1, 2, 3]", 6,
      "'multiply' cannot join the shapes [2] and [3]: extents must be equal or 1, aligned at the last axis"
    ),
    ("w @ 2", 3, "'matmul' takes vectors and matrices; it got the shapes [2] and []; use * for scalars"),
    ("max(w[0:0])", 1, "'max' over an empty axis has no value; the array's shape is [0]"),
    ("sum(w, axis=1)", 1, "'sum' got the axes [1] for the shape [2], which has rank 1"),
    ("[1, [2]]", 1, "the elements of an array must have one shape; these have [], [1]"),
    ("1e999", 1, "the number '1e999' is beyond the range of float64"),
    (
      "sum(reshape(w, (99999999999, 99999999999)))", 5,
      "an array of shape [2] cannot be reshaped to [99999999999, 99999999999]"
    ),
    (
      "broadcast_to(1, (99999999999, 99999999999))", 1,
      "'broadcast' would make an array of shape [99999999999, 99999999999], which is larger than any memory"
    ),
    (
      "one_hot(1, 9007199254740991)", 1,
      "'oneHot' would make an array of shape [9007199254740991], which is larger than any memory"
    ),
    (
      "pad(w, 9007199254740991)", 1,
      "'pad' would make an array of shape [18014398509481984], which is larger than any memory"
    ),
    (
      "scatter_add(w, [0, 0], -3)", 1, "'scatterAdd' would make an array of shape [-3], but no extent can be negative"
    ),
    ("broadcast_to(1, (-1, 2))", 1, "'broadcast' would make an array of shape [-1, 2], but no extent can be negative"),
    ("w[-9223372036854775808]", 3, "this number is too large for an index, an axis or an extent"),
    ("sum(w, axis=1e300)", 13, "this number is too large for an index, an axis or an extent"),
    ("w[[0, 2]]", 2, "the index 2 is out of range: axis 0 of the shape [2] has 2 elements"),
    ("take(w, [0.5])", 1, "the index 0.5 is no whole number"),
    ("softmax(1)", 1, "'softmax' got the axes [-1] for the shape [], which has rank 0"),
    ("sum(w, keepdims=2)", 17, "'keepdims' must be true or false"),
  ]

  @Test(arguments: errorCases) func errors(formula: String, column: Int, text: String) throws {
    let found = #expect(throws: FormulaError.self) {
      let graph = Graph()
      _ = try Formula(formula).build(in: graph, names: ["w": graph.parameter("w", shape: [2])])
    }
    #expect(found?.message == text)
    #expect(found?.column == column)
  }

  @Test func deepAndLongFormulasAreErrorsNotCrashes() {
    let deep = String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000)
    #expect(message { _ = try value(deep) }.contains("parts"))
    let nested = String(repeating: "(", count: 1500) + "1" + String(repeating: ")", count: 1500)
    #expect(message { _ = try value(nested) }.contains("nested more than 200 deep"))
    #expect(message { _ = try value(String(repeating: "-", count: 3000) + "1") }.contains("nested more than 200 deep"))
    #expect(message { _ = try value("1" + String(repeating: "^1", count: 1500)) }.contains("nested more than 200 deep"))
    #expect(throws: Never.self) { _ = try value("1" + String(repeating: " + 1", count: 2000)) }
    let brackets = String(repeating: "(", count: 199) + "1" + String(repeating: ")", count: 199)
    #expect(throws: Never.self) { _ = try value(brackets) }
  }

  /// An array that the machine cannot hold ends in a sentence, not in a failed allocation.
  @Test func arraysBeyondTheMemoryAreErrors() {
    let found = message { _ = try value("sum(broadcast_to(x, (1000000, 1000000)))", ["x": 1]) }
    #expect(found.contains("computing this needs 24.0 TB of memory, but only "), "\(found)")
  }

  @Test func theExcerptPointsAtThePlace() {
    let found = #expect(throws: FormulaError.self) { _ = try value("1 + sqtr(2)") }
    #expect(found?.excerpt == "  1 + sqtr(2)\n      ^")
    #expect(found?.description == "formula, column 5: unknown function 'sqtr'; did you mean \"sqrt\"?")
    #expect(found?.shown.code == .usage)
    // Of a long formula what stands around the place, of one with line breaks a single line.
    let long = #expect(throws: FormulaError.self) {
      _ = try value(String(repeating: "1 +\n", count: 50) + "foo(1) + " + String(repeating: "2 + ", count: 50) + "2")
    }
    let lines = long?.excerpt.split(separator: "\n") ?? []
    #expect(lines.count == 2 && lines[0].hasPrefix("  …1 + ") && lines[0].hasSuffix("…") && lines[0].count == 76)
    #expect(lines.count == 2 && lines[0].dropFirst(lines[1].count - 1).hasPrefix("foo"))
  }

  @Test func pointErrors() throws {
    #expect(message { _ = try FormulaEvaluation("x", at: ["x": 1, "x": 2]) }.contains("'x' is given two values"))
    #expect(
      message { _ = try FormulaEvaluation("rate*x", at: ["x": 1, "rat": 2]) }
        == "the formula has no name 'rat'; did you mean \"rate\"?")
    #expect(
      message { _ = try FormulaEvaluation("x + rate*x", at: ["x": 1]) }
        == "formula, column 5: 'rate' has no value; give it one in the point")
    #expect(message { _ = try FormulaEvaluation("2", at: ["x": 1]) } == "the formula has no name 'x'; it has none")
    #expect(
      message { _ = try FormulaEvaluation("2*x", at: ["x": [1, 2]]).gradient() }.contains(
        "only a scalar has a gradient, but the formula's value has the shape [2]"))
    #expect(
      message { _ = try FormulaEvaluation("argmax(x)", at: ["x": [1, 2]]).gradient() }
        == "operation 'argmax' has no gradient rule")
  }
}
