import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer sweep CONFIG --over KEY.PATH=[…]...`.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Trains a config with many settings, and says which is best.",
    discussion: """
      Each run gets a directory of its own, named after its values. At the end there is a table, the best run first; \
      best.json, the config of the best run, which can be run as it is; and sweep.json, the table with all digits. All runs \
      are checked before the first begins. A run that diverges or fails is a marked row, and the sweep goes on. The same \
      command goes on with a sweep that was interrupted. Digests do not depend on --jobs.

      Every combination of values is a run. With --random N, N combinations are drawn, and a setting may have a range: \
      [0.1..0.5], or log[0.0001..0.1] where equal factors are to be equally likely; integers at both ends give integers. \
      {"from":0.0001,"to":0.1,"scale":"log"} means the same. Numbers are drawn with four digits. A greater N keeps the runs \
      of a smaller one.

      With --halving all runs begin with a part of their length, and of three the best one goes on to three times that \
      (--factor says of how many), until the last trains to its end. It stops early and goes on from checkpoints, so that it \
      has the bits of a run of its own.

      The exit code is 0 if a run finished, 5 if all diverged, and that of the first error if a run failed.

      EXAMPLES
        trainer sweep configs/softmax.json \\
          --over 'optimizer.learningRate=[0.01,0.1,1]' \\
          --over 'training.batchSize=[32,256]'
        trainer sweep configs/mlp.json --random 27 --halving --jobs 2 \\
          --over 'optimizer.learningRate=log[0.001..1]' \\
          --over 'model.layers.0.units=[16..256]'
        trainer sweep configs/notes/rates.json \\
          --over 'optimizer.learningRate=[0.2,0.5]' --plot rates.svg
      """)

  @Argument(help: "The config, a JSON or YAML file.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String

  @Option(
    help: ArgumentHelp(
      "A setting and its values, a JSON array, or with --random a range. May be repeated.", valueName: "key.path=[…]"))
  var over: [String]

  @Option(
    help: ArgumentHelp(
      "Draw so many combinations at random, \(OptionRanges.text(OptionRanges.runs)), in place of all.", valueName: "n"))
  var random: Int?

  @Option(help: ArgumentHelp("The seed of what is drawn.", valueName: "n"))
  var seed: UInt64 = 0

  @Flag(help: "Stop runs early that others are better than.")
  var halving = false

  @Option(
    help: ArgumentHelp(
      "Of so many runs --halving goes on with one, \(OptionRanges.text(OptionRanges.halvingFactor)). (default: 3)",
      valueName: "n"))
  var factor: Int?

  @Option(
    help: ArgumentHelp(
      "What the runs are judged by. (default: the metric of checkpoints.best, else validation.loss, else train.loss)",
      valueName: "group.metric"))
  var metric: String?

  @Option(
    help: ArgumentHelp(
      "How many runs train at once, \(OptionRanges.text(OptionRanges.workers)); each takes its share of the workers.",
      valueName: "n"))
  var jobs = 1

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

  @OptionGroup var coloring: ThemeOption

  @OptionGroup var overwriting: OverwriteOption

  @Option(help: "How the table is printed; json is one object, and nothing before it.")
  var format: ResultFormat = .text

  @Flag(help: "Print errors and warnings only, and the table.")
  var quiet = false

  @OptionGroup var workers: WorkerOptions

  func validate() throws {
    try require(random, of: "--random", in: OptionRanges.runs)
    try require(factor, of: "--factor", in: OptionRanges.halvingFactor)
    try require(jobs, of: "--jobs", in: OptionRanges.workers)
    if factor != nil, !halving { throw ValidationError("--factor is for --halving, which is not given") }
    if seed != 0, random == nil {
      throw ValidationError("--seed is for --random, which is not given; --set seed=\(seed) sets that of the runs")
    }
  }

  func run() throws {
    try requireOneProcess("sweep")
    if let fault = output.flatMap(pathFault) { throw TrainerError(.usage, "--output: the path \(fault)") }
    if let plot { _ = try PictureFormat(path: plot) }
    let picture = try plot.map { try overwriting.file($0, inputs: [config]) }
    let sweep = try sweep()
    // What is printed as JSON stands alone on standard output.
    let console = Console(isQuiet: quiet || format == .json)
    if let random, sweep.runs.count < random {
      console.warn(
        "--random \(random): there are only \(sweep.runs.count) different combinations, which are all trained")
    }
    let control = RunControl()
    let signals = SignalHandling(control, console)
    let options = RunOptions(workers: workers.workers, control: control)
    let report = try signals.whileHandling {
      try sweep.run(
        metric: metric, halvingBy: halving ? factor ?? 3 : nil, jobs: jobs, options: options,
        makeObservers: { [MetricsFile(), WarningPrinter(console), signals] },
        progress: { console.print(Self.sentence($0, of: sweep.runs.count)) })
    }
    guard let report else {
      console.print("interrupted; the same command goes on from there\n")
      throw ArgumentParser.ExitCode(Foundations.ExitCode.interruptedAfterSave.rawValue)
    }
    switch format {
    case .text:
      try printResult(report.text)
      if !report.bestText.isEmpty { console.print("\n" + report.bestText) }
    case .json: try printResult(report.json, .indented)
    }
    if let picture { try draw(report, to: picture, console) }
    if let fault = report.fault { throw fault }
  }

  private func sweep() throws -> Sweep {
    let settings = try over.map { try SweptSetting($0) }
    if halving, let key = settings.map(\.key).first(where: ["training", "training.epochs", "training.steps"].contains) {
      throw TrainerError(
        .usage,
        "--over \(key): runs of different length cannot be compared with --halving, which trains a part of it; leave one out"
      )
    }
    return try SweepPlan(config: config, settings: settings, random: random, seed: seed, set: set, output: output)
      .sweep()
  }

  private static func sentence(_ progress: Sweep.Progress, of count: Int) -> String {
    let rung = progress.rung.map { "rung \($0), " } ?? ""
    let score = progress.score.map { ", \(progress.metric) \(NumberText.measure($0))" } ?? ""
    let ending =
      switch progress.ending {
      case .finished: "finished after step \(progress.step)\(score)"
      case .paused: "paused after step \(progress.step)\(score)"
      case .interrupted: "interrupted after step \(progress.step), saved"
      case .diverged(let reason): reason
      case .failed(let error): "failed: \(error.message)"
      }
    return "\(rung)run \(progress.number) of \(count), \(progress.run.name): \(ending)\n"
  }

  private func draw(_ report: SweepReport, to picture: OutputFile, _ console: Console) throws {
    let runs = report.rows.sorted { $0.number < $1.number }.compactMap { row in
      row.trace.map { Plot.Run(label: row.run.label, $0) }
    }
    guard runs.contains(where: { !$0.trace.records.isEmpty }) else {
      return console.warn("\(picture.path) is not drawn: no run came to a first measurement")
    }
    let drawn =
      Plot.canDrawPaths(of: runs.map(\.trace.configuration))
      ? try Plot.paths(runs) : try Plot.curves(of: "loss", runs)
    try drawn.write(to: picture, theme: coloring.theme)
    console.print("wrote \(picture.path)\n")
  }
}
