import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer report RUN...`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Writes one page about runs, for a browser.",
    discussion: """
      The page needs no network and no other file: curves, measures, confusion matrix and a table of the classes, parameters, \
      configs, and where the checkpoints come from. Of each run its best checkpoint is measured, or the last. Several runs share \
      the page and its curves. Curves are drawn by gnuplot.

      EXAMPLES
        trainer report runs/softmax
        trainer report runs/softmax runs/mlp --output both.html
        trainer report runs/softmax --group validation
        trainer report runs/mlp-sweep
      """)

  @Argument(
    help: ArgumentHelp("Run directories, or directories with runs in them, such as a sweep's.", valueName: "run-dir"),
    completion: .directory)
  var runDirectories: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The page. (default: report.html in the first directory)", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp("A dataset file. (default: that of each run's config)", valueName: "file"),
    completion: .file(extensions: ["h5"]))
  var data: String?

  @Option(help: "The group of samples that is measured. (default: test, where there is one)")
  var group: String?

  @OptionGroup var overwriting: OverwriteOption

  @OptionGroup var workers: WorkerOptions

  @OptionGroup var showing: QuietOption

  func run() throws { try LongWork.run(isQuiet: showing.quiet, write) }

  private func write() throws {
    let name = output ?? "\(runDirectories[0])/report.html"
    let named = try NamedRuns(runDirectories)
    let inputs =
      named.directories.map { RunDirectory($0) }.flatMap { [$0.configPath, $0.metricsPath] } + [data].compactMap { $0 }
    // A page in a run directory is the run's own: made again, it takes the place of the last.
    let file =
      output == nil ? OutputFile(name, mayReplace: true, inputs: inputs) : try overwriting.file(name, inputs: inputs)
    let traces = try named.traces { Console().warn("\($0) is left out: \($1)") }
    let report = try RunReport(traces, data: data, group: group, options: RunOptions(workers: workers.workers))
    try report.write(to: file)
    try printResult("wrote \(name)\n")
  }
}
