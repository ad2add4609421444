import Foundation
import Foundations
import TestSupport
import Testing

/// The tables of a report's page hold what the runs' files say.
@Suite(.enabled(if: Tool.path(of: "gnuplot") != nil, "gnuplot is missing"))
struct ReportTableTests {
  private func train(_ directory: String, _ name: String, rate: String) throws {
    let result = try TrainerBinary.run(
      "run", Repository.config("softmax"), "--output", "\(directory)/\(name)", "--quiet", "--set", "training.epochs=2",
      "--set", "optimizer.learningRate=\(rate)", "--set", "name=\(name)")
    #expect(result.status == 0, "\(result.errors)")
  }

  private func page(_ directory: String, _ runs: String...) throws -> String {
    let result = try TrainerBinary.run(["report"] + runs + ["-o", "page.html", "--overwrite"], in: directory)
    #expect(result.status == 0, "\(result.errors)")
    return try String(contentsOfFile: "\(directory)/page.html", encoding: .utf8)
  }

  /// The texts of a section's cells, without their markup, line by line.
  private func cells(_ text: Substring) -> [[String]] {
    text.matches(of: #/<tr>(.*?)<\/tr>/#).map { row in
      row.output.1.matches(of: #/<t[dh][^>]*>(.*?)<\/t[dh]>/#).map {
        String($0.output.1).replacing(#/<[^>]*>/#, with: "")
      }
    }
  }

  private func section(_ name: String, of page: String) throws -> Substring {
    let start = try #require(page.range(of: "<h2>\(name)</h2>"), "there is no \(name)")
    let end = page.range(of: "<h2>", range: start.upperBound..<page.endIndex)?.lowerBound ?? page.endIndex
    return page[start.upperBound..<end]
  }

  @Test func theBestOfEachMeasureIsMarked() throws {
    try withScratchDirectory { directory in
      try train(directory, "slow", rate: "0.01")
      try train(directory, "fast", rate: "0.5")
      let text = try section("Measures", of: page(directory, "slow", "fast"))
      let best = text.matches(of: #/<span class="best">(.*?)<\/span>/#).map { String($0.output.1) }
      let table = cells(text)
      #expect(table[0][..<5] == ["run", "learningRate", "status", "steps", "train loss"], "\(table[0])")
      #expect(table[1][..<2] == ["slow", "0.01"] && table[2][..<2] == ["fast", "0.5"])
      // A large accuracy is good, and a small loss; what is measured alike has two.
      let columns = try (4..<table[0].count).map { column in
        let (one, other) = (table[1][column], table[2][column])
        let (first, second) = (try #require(Double(one)), try #require(Double(other)))
        return (first < second) == table[0][column].hasSuffix("loss") ? one : other
      }
      #expect(best.sorted() == columns.sorted() && columns.count == 4)
      #expect(try !section("Measures", of: page(directory, "slow")).contains("class=\"best\""))
    }
  }

  @Test func confusionAndClassesAreThoseOfAnEvaluation() throws {
    try withScratchDirectory { directory in
      try train(directory, "run", rate: "0.05")
      let text = try page(directory, "run")
      let evaluation = try JSONDocument(
        text: TrainerBinary.run("evaluate", "run", "--format", "json", in: directory).output, source: "the output"
      ).root
      let counts = try #require(evaluation["confusion"]?.elements).map { try #require($0.elements).compactMap(\.int) }
      // A row for each class, a column for each prediction; it is not symmetric.
      #expect(counts.indices.contains { row in counts.indices.contains { counts[row][$0] != counts[$0][row] } })
      let matrix = cells(try section("Confusion", of: text))
      #expect(matrix.dropFirst().map { $0.dropFirst().compactMap { Int($0) } } == counts)
      let classes = cells(try section("Classes", of: text))
      #expect(classes[0] == ["class", "precision", "recall", "F1", "samples"])
      for (index, row) in classes.dropFirst().enumerated() {
        let own = Double(counts[index][index])
        let (called, all) = (counts.reduce(0) { $0 + $1[index] }, counts[index].reduce(0, +))
        #expect(row[4] == "\(all)")
        #expect(abs((Double(row[1]) ?? -1) - own / Double(called)) < 1e-4, "precision of \(index)")
        #expect(abs((Double(row[2]) ?? -1) - own / Double(all)) < 1e-4, "recall of \(index)")
      }
    }
  }

  @Test func barsOfHistogramsStandOnTheGround() throws {
    try withScratchDirectory { directory in
      try train(directory, "run", rate: "0.05")
      let text = try section("Parameters", of: page(directory, "run"))
      let sparks = text.matches(of: #/<svg class="spark".*?<\/svg>/#).map(\.output)
      #expect(sparks.count == 2)
      for spark in sparks {
        let bars = spark.matches(of: #/y="([0-9.]+)" width="0.9" height="([0-9.]+)"/#).map {
          (top: Double($0.output.1) ?? -1, height: Double($0.output.2) ?? -1)
        }
        // The picture is 20 high, and the highest bar fills it.
        #expect(bars.allSatisfy { abs($0.top + $0.height - 20) < 0.011 } && bars.map(\.height).max() == 20)
      }
    }
  }
}
