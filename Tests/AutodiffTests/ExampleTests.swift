import Autodiff
import Formulas
import Foundation
import TestSupport
import Testing

/// The examples of the README and of the documentation comments: compiled here, run, and compared with what is printed
/// there.
@Suite struct ExampleTests {
  @Test func readme() throws {
    // example: README.md, Sources/Autodiff/Variables.swift
    let w = try variable([-5, 5])
    let bowl = try w[0].square() + w[1].square() - w[0] * w[1]
    let value = try bowl.value()  // [75]
    let gradient = try bowl.gradient(of: w)  // [-15, 15]
    // end
    #expect(value == [75] && gradient == [-15, 15])
  }

  @Test func neuron() throws {
    // example: README.md
    let graph = Graph()
    let x = try graph.variable([1, -2])
    let weights = try graph.variable([0.5, 0.25])
    let bias = try graph.variable(0.5)
    let neuron = try (weights.matmul(x) + bias).tanh()
    let error = try (neuron - 1).square()
    let slopes = try error.gradient(of: weights)
    let curvature = try graph.gradient(of: graph.gradient(of: error, withRespectTo: [bias])[0], withRespectTo: [bias])
    // end
    let t = 0.46211715726000973  // tanh(0.5)
    let slope = 2 * (t - 1) * (1 - t * t)
    #expect(slopes.isClose(to: [slope, -2 * slope], within: 1e-15))
    // d²/db² (tanh − 1)² = 2 (1 − t²)² − 4 t (t − 1)(1 − t²)
    let second = 2 * (1 - t * t) * (1 - t * t) - 4 * t * (t - 1) * (1 - t * t)
    #expect(try curvature[0].value().isClose(to: [second], within: 1e-14))
  }

  @Test func formula() throws {
    let graph = Graph()
    // example: Sources/Formulas/Formula.swift
    let w = try graph.parameter("w", shape: [2])
    let bowl = try Formula("w[0]^2 + w[1]^2 - w[0]*w[1]").build(in: graph, names: ["w": w])
    // end
    #expect(bowl.shape.isEmpty)
  }

  @Test func evaluation() throws {
    // example: Sources/Formulas/FormulaEvaluation.swift
    let bowl = try FormulaEvaluation("w[0]^2 + w[1]^2 - w[0]*w[1]", at: ["w": [-5, 5]])
    let value = try bowl.value().values  // [75]
    let gradient = try bowl.gradient()[0].values  // [-15, 15]
    let partials = try bowl.partialDerivatives()[0]  // ["2*w[0] - w[1]", "2*w[1] - w[0]"]
    // end
    #expect(value == [75] && gradient == [-15, 15] && partials == ["2*w[0] - w[1]", "2*w[1] - w[0]"])
  }

  /// What stands between `// example: FILE` and `// end` above, stands in that file too.
  @Test func examplesAreThoseOfTheDocuments() throws {
    let source = try String(contentsOfFile: #filePath, encoding: .utf8).components(separatedBy: "\n")
    var compared = 0
    for (start, line) in source.enumerated() where line.trimmed.hasPrefix("// example: ") {
      let example = source[(start + 1)...].prefix { $0.trimmed != "// end" }.map(\.trimmed)
      for file in line.trimmed.dropFirst("// example: ".count).components(separatedBy: ", ") {
        let document = try String(contentsOfFile: "\(Repository.path)/\(file)", encoding: .utf8)
          .components(separatedBy: "\n").map { $0.trimmed.replacing(/^\/\/\/ */, with: "") }
        #expect(
          document.indices.contains { document[$0...].prefix(example.count).elementsEqual(example) },
          "\(file) does not hold the example\n\(example.joined(separator: "\n"))")
        compared += 1
      }
    }
    #expect(compared == 5)
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
