import ArgumentParser
import Datasets
import Foundations
import Reporting
import Training

/// `trainer cross-validate CONFIG --folds K`.
struct CrossValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cross-validate", abstract: "Trains a config once for each fold of its data, and measures it there.",
    discussion: """
      The rows of the group train are divided into folds. For each there is a run in a directory of its own, fold-1 and so \
      on, that trains on the others and is measured on that fold, as its group validation. At the end there is a table with \
      the mean and the standard deviation (n - 1) of each measure; predictions.csv, what was predicted of each row by the \
      model that did not see it; and cross-validation.json, the measures with all digits.

      What is measured is the best checkpoint if the config keeps one, else the last. A best checkpoint, or early stopping, \
      goes by the fold that is then measured, so that its measures are a little too good.

      A split of the config's own gives way to folds; how rows are chosen, "by" and "stratify", and its "seed" stay. A run \
      that diverges is a marked row. The same command goes on with what was interrupted, and only reads finished folds. \
      Digests and measures do not depend on --jobs.

      EXAMPLES
        trainer cross-validate configs/logistic.json --folds 5
        trainer cross-validate configs/logistic.json --folds 10 --jobs 4 \\
          --set seed=2 --output cv
      """)

  @Argument(help: "The config, a JSON or YAML file.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String

  @Option(
    help: ArgumentHelp(
      "How many folds, \(DataSplit.folds.lowerBound) to \(DataSplit.folds.upperBound).", valueName: "k"))
  var folds: Int

  @Option(
    help: ArgumentHelp(
      "How many folds train at once, \(OptionRanges.text(OptionRanges.workers)); each takes its share of the workers.",
      valueName: "n"))
  var jobs = 1

  @Option(
    help: ArgumentHelp(
      "Holds the run directories. (default: the output that --set gives, else the config's and -folds)",
      valueName: "dir"),
    completion: .directory)
  var output: String?

  @OptionGroup var overrides: OverrideOptions

  @Option(help: "How to print the measures.")
  var format: ResultFormat = .text

  @Flag(help: "Print errors and warnings only, and the measures.")
  var quiet = false

  @OptionGroup var workers: WorkerOptions

  func validate() throws {
    try require(folds, of: "--folds", in: DataSplit.folds)
    try require(jobs, of: "--jobs", in: OptionRanges.workers)
  }

  func run() throws {
    try requireOneProcess("cross-validate")
    if let fault = output.flatMap(pathFault) { throw TrainerError(.usage, "--output: the path \(fault)") }
    let validation = try CrossValidation(file: config, folds: folds, overrides: overrides.parsed, output: output)
    // What is printed as JSON stands alone on standard output.
    let console = Console(isQuiet: quiet || format == .json)
    let control = RunControl()
    let signals = SignalHandling(control, console)
    let options = RunOptions(workers: workers.workers, control: control)
    let watch = FoldWatch(folds: folds)
    let report = try LongWork.showing(isQuiet: quiet) {
      let part = WorkProgress.begin("training \(folds) folds") { watch.progress }
      defer { part?.end() }
      return try signals.whileHandling {
        try validation.run(
          jobs: jobs, options: options, makeObservers: { [MetricsFile(), WarningPrinter(console), signals, watch] },
          progress: { [folds] fold, progress in
            watch.end(fold: fold)
            console.print("fold \(fold) of \(folds): \(Self.sentence(progress))\n")
          })
      }
    }
    guard let report else {
      console.print("interrupted; the same command goes on from there\n")
      throw ArgumentParser.ExitCode(Foundations.ExitCode.interruptedAfterSave.rawValue)
    }
    switch format {
    case .text: try printResult(report.text)
    case .json: try printResult(report.json, .indented)
    }
  }

  private static func sentence(_ progress: CrossValidation.Progress) -> String {
    switch progress {
    case .ended(let summary): "finished after step \(summary.step), \(summary.digest)"
    case .interrupted(let summary): "interrupted after step \(summary.step), saved \(summary.checkpoint ?? "")"
    case .diverged(let error): error.message
    }
  }
}
