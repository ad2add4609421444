import Foundation
import Foundations
import TestSupport
import Testing

/// From a table of 50 000 rows with words, gaps and dates to predictions as good as those of scikit-learn's pipelines, in
/// the hands of the real program.
@Suite struct MixedTableTests {
  @Test func predictionsAreAsGoodAsScikitLearns() throws {
    let reference = try Fixture.read("mixed-table")
    let table = "\(Repository.path)/data/mixed.csv.gz"
    try withScratchDirectory { directory in
      let data = directory + "/mixed.h5"
      try expectSuccess("data", "import", table, "--target", "returned", "--output", data)
      let labels = try unpacked(table, in: directory).dropFirst().map { $0.hasSuffix(",yes") }
      let testRows = fifths(labels)
      #expect(testRows.count == Int(try reference.member("test").numbers[0]))
      for model in try #require(reference.member("cases").elements) {
        let name = try #require(model["model"]?.text)
        let run = "\(directory)/\(name)"
        try expectSuccess(
          "run", Repository.config("mixed-\(name)"), "--set", "data.path=\(data)", "--output", run, "--quiet")

        // Of the dataset's test group, and of the table's text.
        try expectSuccess("predict", run, data, "--group", "test", "--output", run + "-test.csv")
        try expectSuccess("predict", run, table, "--output", run + "-all.csv")
        let predictions = try lines(of: run + "-all.csv")
        #expect(predictions[0] == "prediction,probability_no,probability_yes")
        #expect(predictions.count == 1 + labels.count)
        #expect(try lines(of: run + "-test.csv") == [predictions[0]] + testRows.map { predictions[1 + $0] })

        let losses = try testRows.map { row in
          let chance = try #require(Double(predictions[1 + row].split(separator: ",")[2]))
          return -log(labels[row] ? chance : 1 - chance)
        }
        let theirs = zip(testRows, try model.member("thousandths").numbers).map { row, thousandths in
          -log(labels[row] ? thousandths / 1000 : 1 - thousandths / 1000)
        }
        let mean = losses.reduce(0, +) / Double(losses.count)
        let (theirMean, error) = (try model.member("logLoss").numbers[0], try model.member("standardError").numbers[0])
        #expect(abs(mean - theirMean) <= 2 * error, "\(name): log loss \(mean), scikit-learn's \(theirMean)")
        // Sharper: row by row, where what both models find hard falls out. Better than theirs is right as well.
        let differences = zip(losses, theirs).map { $0 - $1 }
        let difference = differences.reduce(0, +) / Double(differences.count)
        let spread = differences.map { ($0 - difference) * ($0 - difference) }.reduce(0, +)
        let pairedError = (spread / Double(differences.count - 1) / Double(differences.count)).squareRoot()
        #expect(difference <= 2 * pairedError, "\(name): worse by \(difference), standard error \(pairedError)")
        print("\(name): log loss \(mean), scikit-learn's \(theirMean), difference \(difference) +- \(pairedError)")
        let epoch = try Run(run).lastEpoch["test"]?["loss"]?.double
        #expect(abs(mean - (try #require(epoch))) < 1e-5, "what the run measured is the log loss of its predictions")
      }
    }
  }

  private func expectSuccess(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    let result = try TrainerBinary.run(arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)", sourceLocation: sourceLocation)
  }

  /// The lines of a gzipped text.
  private func unpacked(_ path: String, in directory: String) throws -> [Substring] {
    let copy = directory + "/table.csv"
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", "gzip -dc '\(path)' > '\(copy)'"]
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0)
    return try String(contentsOfFile: copy, encoding: .utf8).split(separator: "\n")
  }

  private func lines(of path: String) throws -> [Substring] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
  }

  /// Each fifth row of each class.
  private func fifths(_ labels: [Bool]) -> [Int] {
    var counts = [false: 0, true: 0]
    return labels.indices.filter { row in
      counts[labels[row], default: 0] += 1
      return counts[labels[row], default: 0] % 5 == 0
    }
  }
}
