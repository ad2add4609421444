import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer sweep CONFIG --over KEY.PATH=[…]...`.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Trains a config once for each combination of values.",
    discussion: """
      Each run gets a directory of its own, named after its values, and prints a row of the table at the end. All runs \
      are checked before the first begins. A run that diverges is a marked row, and the sweep goes on. The same command \
      goes on with a sweep that was interrupted.

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
    help: ArgumentHelp(
      "Holds the run directories. (default: the output that --set gives, else the config's and -sweep)",
      valueName: "dir"
    ),
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

  @OptionGroup var overwriting: OverwriteOption

  @Flag(help: "Print errors and warnings only, and the table.")
  var quiet = false

  @OptionGroup var workers: WorkerOptions

  func run() throws {
    if let fault = output.flatMap(pathFault) { throw TrainerError(.usage, "--output: the path \(fault)") }
    if let plot { _ = try PictureFormat(path: plot) }
    let picture = try plot.map { try overwriting.file($0, inputs: [config]) }
    let runs = try plannedRuns()
    try check(runs)
    let console = Console(isQuiet: quiet)
    let control = RunControl()
    let signals = SignalHandling(control, console)
    try signals.whileHandling {
      for (index, run) in runs.enumerated() {
        console.print("run \(index + 1) of \(runs.count): \(run.name)\n")
        try carryOut(run.configuration, control, signals, console)
      }
    }
    let traces = try runs.map { try RunTrace(directory: $0.directory) }
    var table = SweepTable(keys: over.map(\.key))
    for (run, trace) in zip(runs, traces) { table.append(values: run.values, trace) }
    try printResult(table.text)
    if let picture {
      guard traces.contains(where: { !$0.records.isEmpty }) else {
        return console.warn("\(picture.path) is not drawn: no run came to a first measurement")
      }
      try self.picture(zip(runs, traces).map { Plot.Run(label: $0.label, $1) }).write(to: picture)
      console.print("wrote \(picture.path)\n")
    }
  }

  /// Checks all runs, data and directories too, before the first begins: a fault in the last would otherwise show after
  /// hours.
  private func check(_ runs: [PlannedRun]) throws {
    let check = TrainabilityCheck(options: RunOptions(workers: workers.workers))
    for run in runs {
      do {
        try check.require(run.configuration)
      } catch let error as TrainerError {
        throw TrainerError(error.code, "the run with \(run.name): \(error.message)", excerpt: error.excerpt)
      }
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
      if case .interrupted(let summary) = outcome {
        console.print(
          "interrupted after step \(summary.step), saved \(summary.checkpoint ?? ""); the same command goes on from there\n"
        )
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
    /// The run directory; a config from a file always has one.
    var directory: String { configuration.output ?? "" }
  }

  private func plannedRuns() throws -> [PlannedRun] {
    try requireSeparateSettings()
    let shared = try set.map { try SettingsOverride($0, option: "--set") }
    let parent = try parentDirectory(shared)
    var names: Set<String> = []
    let runs = try combinations().map { values in
      let pairs = zip(over, values).map { (key: $0.key, value: $1) }
      let name = pairs.map { "\($0.key)=\($0.value.text ?? $0.value.compactText)" }.joined(separator: ",")
        .replacing("/", with: "_")
      guard names.insert(name).inserted else {
        throw TrainerError(.usage, "--over: two runs are called \(name); give each value once")
      }
      let overrides =
        try shared + pairs.map { try SettingsOverride("\($0.key)=\($0.value.compactText)", option: "--over") }
      return PlannedRun(
        values: values, name: name,
        label: pairs.map { "\($0.key.split(separator: ".").last ?? "") \($0.value.text ?? $0.value.compactText)" }
          .joined(separator: ", "),
        configuration: try RunConfiguration(
          file: config, overrides: overrides, output: parent.map { "\($0)/\(name)" }))
    }
    for (index, run) in runs.enumerated() {
      if let twin = runs[..<index].first(where: { $0.directory == run.directory }) {
        throw TrainerError(
          .usage,
          "--over: the runs \(twin.name) and \(run.name) would share the directory \(run.directory); "
            + "give each its own, or leave output out")
      }
    }
    return runs
  }

  /// What the run directories are made in; `nil` if the directories themselves are swept.
  private func parentDirectory(_ shared: [SettingsOverride]) throws -> String? {
    if over.contains(where: { $0.key == "output" }) {
      guard output == nil else {
        throw TrainerError(.usage, "--output and --over output: both say where the runs go; give one of them")
      }
      return nil
    }
    if let output { return output }
    let common = try RunConfiguration(file: config, overrides: shared).output ?? ""
    return shared.contains { $0.sets("output") } ? common : common + "-sweep"
  }

  /// Refuses settings that are one, or a part of one another: a run would have other values than its row says.
  private func requireSeparateSettings() throws {
    let settings = try over.map { try SettingsOverride("\($0.key)=null", option: "--over") }
    for (index, setting) in settings.enumerated() {
      guard let other = settings[..<index].firstIndex(where: setting.overlaps) else { continue }
      let (first, second) = (over[other].key, over[index].key)
      throw TrainerError(
        .usage,
        first == second
          ? "--over \(second): the key is given twice; give all its values in one array"
          : "--over \(second): it overlaps with --over \(first), so that one would undo the other; sweep only one of them"
      )
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
