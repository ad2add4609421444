import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer runs DIR`.
struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "Lists the runs in a directory and below.",
    discussion: """
      A row for each run directory: how far it has come, its best value of what checkpoints.best names, its last \
      measures, the time of training, and the first digits of its digest. What is damaged or half there is a row that \
      says so. A run that keeps its best checkpoint by the metric of --sort is sorted by that best value.

      EXAMPLES
        trainer runs runs
        trainer runs runs --sort validation.accuracy
        trainer runs runs/mlp-sweep --sort loss --format json
      """)

  @Argument(help: "A directory with runs in it.", completion: .directory)
  var directory: String

  @Option(
    help: ArgumentHelp(
      "The best first, by a measure (its group may be left out), or by name, status, steps, epochs or seconds. (default: name)",
      valueName: "group.metric"))
  var sort: String?

  @Option(help: "How the list is printed.")
  var format: ResultFormat = .text

  func run() throws {
    let directories = try RunOverview.directories(in: directory)
    var list = RunList(directories.map { RunOverview(directory: $0) }, under: directory)
    if let sort { try list.sort(by: sort) }
    switch format {
    case .text: try printResult(list.text)
    case .json: try printResult(list.json, .indented)
    }
  }
}

/// `trainer compare RUN…`.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Says in which settings runs differ, and what they measured.",
    discussion: """
      Settings that are the same in all runs are left out, and so are name and output. Measures are the last ones and, \
      where a run keeps its best checkpoint by one, the best of it; the best of all runs is marked with *. Equal digests \
      mean equal parameters, to the last bit.

      EXAMPLES
        trainer compare runs/softmax runs/mlp
        trainer compare runs/mlp-sweep --format json
      """)

  @Argument(
    help: ArgumentHelp("Run directories, or directories with runs in them, such as a sweep's.", valueName: "run"),
    completion: .directory)
  var runs: [String]

  @Option(help: "How the comparison is printed.")
  var format: ResultFormat = .text

  func run() throws {
    let named = try NamedRuns(runs)
    guard named.directories.count > 1 else {
      throw TrainerError(
        .usage, "\(runs[0]): one run is named, expected two or more to compare, or a directory with several in it")
    }
    let comparison = try RunComparison(named.directories)
    switch format {
    case .text: try printResult(comparison.text)
    case .json: try printResult(comparison.json, .indented)
    }
  }
}
