import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer sweep CONFIG --over KEY.PATH=[…]...`.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Trains a config once for each combination of values.",
    discussion: """
      Each run gets a directory of its own, named after its values, and prints a row of the table at the end. A run that \
      diverges is a marked row, and the sweep goes on. The same command goes on with a sweep that was interrupted.

      EXAMPLES
        trainer sweep configs/softmax.json --over optimizer.learningRate=[0.01,0.1,1] --over training.batchSize=[32,256]
        trainer sweep configs/notes/rates.json --over optimizer.learningRate=[0.2,0.5] --plot rates.svg
      """)

  @Argument(help: "The config, a JSON file.", completion: .file(extensions: ["json"]))
  var config: String

  @Option(
    help: ArgumentHelp(
      "A setting and its values, a JSON array. Repeated, every combination is a run.", valueName: "key.path=[…]"))
  var over: [SweptSetting]

  @Option(
    help: ArgumentHelp("Holds the run directories. (default: the config's output and -sweep)", valueName: "dir"),
    completion: .directory)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "A value in place of the config's, for all runs. May be repeated.", valueName: "key.path=value"))
  var set: [String] = []

  @Option(
    help: ArgumentHelp(
      "A picture of all runs, SVG or PNG by its suffix: their paths where the objective is a formula of one or two "
        + "numbers, else their loss.", valueName: "file"))
  var plot: String?

  @Flag(help: "Print errors and warnings only, and the table.")
  var quiet = false

  @OptionGroup var workers: WorkerOptions

  func run() throws {
    if let plot { _ = try PictureFormat(path: plot) }
    // All configs are read before the first run begins: a fault in the last would otherwise show after hours.
    let runs = try plannedRuns()
    let console = Console(isQuiet: quiet)
    let control = RunControl()
    let signals = SignalHandling(control, console)
    try signals.whileHandling {
      for (index, run) in runs.enumerated() {
        console.print("run \(index + 1) of \(runs.count): \(run.name)\n")
        try carryOut(run.configuration, control, signals, console)
      }
    }
    let traces = try runs.map { try RunTrace(directory: $0.configuration.output) }
    var table = SweepTable(keys: over.map(\.key))
    for (run, trace) in zip(runs, traces) { table.append(values: run.values, trace) }
    try printResult(table.text)
    if let plot {
      try picture(zip(runs, traces).map { Plot.Run(label: $0.label, $1) }).write(to: plot)
      console.print("wrote \(plot)\n")
    }
  }

  private func picture(_ runs: [Plot.Run]) throws -> Plot {
    let configurations = runs.map(\.trace.configuration)
    return Plot.canDrawPaths(of: configurations) ? try Plot.paths(runs) : try Plot.curves(of: "loss", runs)
  }

  /// Trains one combination; that it diverges is a result like any other.
  private func carryOut(
    _ configuration: RunConfiguration, _ control: RunControl, _ signals: SignalHandling, _ console: Console
  ) throws {
    let options = RunOptions(workers: workers.workers, control: control)
    do {
      let outcome = try train(configuration, options: options, observers: [MetricsFile(), signals])
      if case .interrupted(let step, let checkpoint) = outcome {
        console.print("interrupted after step \(step), saved \(checkpoint); the same command goes on from there\n")
        throw ArgumentParser.ExitCode(Foundations.ExitCode.interruptedAfterSave.rawValue)
      }
    } catch let error as TrainerError where error.code == .diverged {
      console.print("  \(error.message)\n")
    }
  }

  // MARK: Combinations

  private struct PlannedRun {
    let values: [JSONValue]
    /// The directory's name: `optimizer.learningRate=0.1,seed=1`.
    let name: String
    /// The same for the legend, with keys cut to their last part.
    let label: String
    let configuration: RunConfiguration
  }

  private func plannedRuns() throws -> [PlannedRun] {
    let shared = try set.map(SettingsOverride.init)
    let parent = try output ?? RunConfiguration(file: config, overrides: shared).output + "-sweep"
    var names: Set<String> = []
    return try combinations().map { values in
      let pairs = zip(over, values).map { (key: $0.key, value: $1) }
      let name = pairs.map { "\($0.key)=\($0.value.text ?? $0.value.compactText)" }.joined(separator: ",")
        .replacing("/", with: "_")
      guard names.insert(name).inserted else {
        throw TrainerError(.usage, "--over: two runs are called \(name); give each value once")
      }
      let overrides = try shared + pairs.map { try SettingsOverride("\($0.key)=\($0.value.compactText)") }
      return PlannedRun(
        values: values, name: name,
        label: pairs.map { "\($0.key.split(separator: ".").last ?? "") \($0.value.text ?? $0.value.compactText)" }
          .joined(separator: ", "),
        configuration: try RunConfiguration(file: config, overrides: overrides, output: "\(parent)/\(name)"))
    }
  }

  /// Every combination, the last setting changing fastest.
  private func combinations() -> [[JSONValue]] {
    over.reduce([[]]) { rows, setting in rows.flatMap { row in setting.values.map { row + [$0] } } }
  }
}

/// `KEY.PATH=[…]`.
struct SweptSetting: ExpressibleByArgument {
  let key: String
  let values: [JSONValue]

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
    do {
      let text = String(argument[argument.index(after: equals)...])
      guard let values = try JSONDocument(text: text, source: "--over").root.elements, !values.isEmpty else {
        return nil
      }
      key = String(argument[..<equals])
      self.values = values
    } catch _ {
      // The argument parser says that the value is invalid, and the help how one looks.
      return nil
    }
  }
}
