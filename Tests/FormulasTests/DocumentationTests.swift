import Autodiff
import Formulas
import Foundation
import TestSupport
import Testing

/// `docs/operations.md` and the recipe in `docs/architecture.md` say what the code says. With `UPDATE_DOCS=1` in the
/// environment the tests write both anew instead of comparing them.
@Suite struct DocumentationTests {
  private static let advice: Comment = "run scripts/tables and look at the difference"

  /// The derivatives of a function of `names`, by its rule, as formulas.
  private func derivatives(_ names: [String], _ function: ([Node]) throws -> Node) throws -> String {
    let graph = Graph()
    let operands = try names.map { try graph.parameter($0, shape: []) }
    let gradient = try graph.gradient(of: function(operands), withRespectTo: operands)
    return try gradient.map { try "`\(graph.formulas(of: $0)[0])`" }.joined(separator: ", ")
  }

  @Test func theTablesAreWhatTheCodeSays() throws {
    let header = ["| operation | in formulas | value | derivatives | operands |", "|---|---|---|---|---|"]
    let unary = try UnaryRow.all.map { row in
      "| `\(row.function.name)` | `\(row.formulaName)(x)` | \(row.summary) | "
        + "\(try derivatives(["x"]) { try $0[0].apply(row.function) }) | \(row.domain.rawValue) |"
    }
    let binary = try BinaryRow.all.map { row in
      "| `\(row.function.name)` | `\(row.formulaName)(x, y)` | \(row.summary) | "
        + "\(try derivatives(["x", "y"]) { try $0[0].apply(row.function, $0[1]) }) | \(row.domain.rawValue) |"
    }
    let reductions = ReductionRow.all.map { "| `\($0.function.name)` | `\($0.function.name)(x)` | \($0.summary) |" }
    let differences = try GeneratedDocument("docs/operations.md").differences(from: [
      ("one argument", (header + unary).joined(separator: "\n")),
      ("two arguments", (header + binary).joined(separator: "\n")),
      ("reductions", (["| operation | in formulas | value |", "|---|---|---|"] + reductions).joined(separator: "\n")),
      (
        "others",
        OperationTable.names.filter { name in
          !(UnaryRow.all.map(\.function.name) + BinaryRow.all.map(\.function.name)
            + ReductionRow.all.map(\.function.name)).contains(name)
        }.map { "`\($0)`" }.joined(separator: ", ") + "."
      ),
    ])
    #expect(differences.isEmpty, Self.advice)
  }

  /// The lines by which `erfc` is an operation, as they stand in the sources.
  @Test func theRecipeIsQuotedFromTheSources() throws {
    let kernel = try lines(of: "Sources/CKernels/functions.inc", from: "UNARY(erfc,", to: ")")
    let rows = "Sources/Autodiff/Operations/FunctionRows.swift"
    let row = try lines(of: rows, from: "    UnaryRow(.erfc,", to: "    },")
    let method = try lines(of: "Sources/Autodiff/NodeArithmetic.swift", from: "  /// The complementary", to: "}")
    let differences = try GeneratedDocument("docs/architecture.md").differences(from: [
      ("kernel", "```c\n\(kernel)\n```"), ("row", "```swift\n\(row)\n```"), ("method", "```swift\n\(method)\n```"),
    ])
    #expect(differences.isEmpty, Self.advice)
    // The documentation comment at the rows quotes them too.
    let comment = try String(contentsOfFile: "\(Repository.path)/\(rows)", encoding: .utf8)
    for quoted in [kernel, row] {
      #expect(comment.contains(quoted.split(separator: "\n").map { "///     \($0)" }.joined(separator: "\n")))
    }
  }

  /// From the line that begins with one text to the next that ends with the other, without their common indentation.
  private func lines(of path: String, from beginning: String, to end: String) throws -> String {
    let source = try String(contentsOfFile: "\(Repository.path)/\(path)", encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(source.firstIndex { $0.hasPrefix(beginning) }, "\(path) has no line '\(beginning)'")
    let stop = try #require(source[start...].firstIndex { $0.hasSuffix(end) })
    let indentation = source[start].prefix { $0 == " " }.count
    return source[start...stop].map { String($0.dropFirst(indentation)) }.joined(separator: "\n")
  }
}
