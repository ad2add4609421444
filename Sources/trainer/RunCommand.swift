import ArgumentParser
import DataParallel
import Foundation
import Foundations
import Reporting
import Training

/// `trainer run CONFIG`.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Trains what a config describes.",
    discussion: """
      The run directory gets the resolved config, metrics.jsonl and checkpoints. In a directory that holds the same \
      run, an unfinished one goes on from its newest checkpoint and of a finished one the summary is printed.

      Interrupted by SIGINT, SIGTERM or SIGHUP, it saves a checkpoint and ends with exit code 75; the second signal \
      ends it at once. SIGUSR1 saves a checkpoint and goes on. A checkpoint that cannot be saved is a warning, and \
      training goes on; if it was the last one, the exit code is 4.

      More epochs than a run was begun with continue it, if its schedule does not depend on the length.

      Under mpirun or srun all processes train together, one rank each, to the same bits as one process.

      EXAMPLES
        trainer run configs/softmax.json
        mpirun -n 4 trainer run configs/softmax.json
        trainer run configs/mlp.json --set optimizer.learningRate=0.3 --output try
        trainer run configs/softmax.json --stop-after 50m
      """)

  @Argument(help: "The config, a JSON or YAML file.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String

  @Option(
    help: ArgumentHelp("The run directory. (default: the config's output)", valueName: "dir"), completion: .directory)
  var output: String?

  @OptionGroup var overrides: OverrideOptions

  @Option(
    help: ArgumentHelp(
      "What to begin from: auto, the newest checkpoint if there is one; never, a directory without a run; or a checkpoint, "
        + "also the last one of another run directory.",
      valueName: "auto|never|file"))
  var resume: RunOptions.Resume = .automatic

  @OptionGroup var shared: RunningOptions

  func run() throws {
    try shared.carryOut(resume: resume) { ranks in
      try ranks.together { try RunConfiguration(file: config, overrides: overrides.parsed, output: output) }
    }
  }
}

/// `trainer resume RUN_DIR`.
struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Goes on with a run.",
    discussion: """
      The run goes on from its newest checkpoint with the config that its directory holds, and ends with the same bits \
      as one that was never interrupted. A finished run can be made longer if its schedule does not depend on the length.

      EXAMPLES
        trainer resume runs/softmax
        trainer resume runs/softmax --set training.epochs=40
        trainer resume moved/softmax --data elsewhere/digits.h5
      """)

  @Argument(help: "The run directory.", completion: .directory)
  var runDirectory: String

  @Option(
    help: ArgumentHelp(
      "The dataset file, where it has been moved; its contents must be the same. (default: where the config says, or at "
        + "the same place beside the directory as when the run was begun)", valueName: "file"),
    completion: .file(extensions: ["h5"]))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "A value in place of the config's that changes no step done so far, such as a greater training.epochs. May be "
        + "repeated.", valueName: "key.path=value"))
  var set: [String] = []

  @OptionGroup var shared: RunningOptions

  func run() throws {
    try shared.carryOut(resume: .automatic) { ranks in
      // The directory is rank 0's.
      let found = try ranks.onFirst(storedConfiguration)
      let text = try ranks.fromFirst { found?.resolved.compactText ?? "" }
      return try ranks.together {
        let configuration = try found ?? RunConfiguration(json: text)
        if let path = configuration.data?.paths.first(where: { !FileManager.default.fileExists(atPath: $0) }) {
          throw TrainerError(.data, "\(path): the run's data are not there; say where they are now with --data FILE")
        }
        return configuration
      }
    }
  }

  /// The config of the run, with its data where they are now.
  private func storedConfiguration() throws -> RunConfiguration {
    guard try RunDirectory(runDirectory).holdsRun else {
      throw TrainerError(
        .usage,
        try SystemFileSystem().status(of: runDirectory) == nil
          ? "\(runDirectory): there is no such run directory\(neighbourHint(of: runDirectory))"
          : "\(runDirectory): there is no run in this directory; start one with trainer run")
    }
    var overrides = try set.map { try SettingsOverride($0, option: "--set") }
    if let data {
      overrides.append(try SettingsOverride("data.path=\(JSONValue.string(data).compactText)", option: "--data"))
    }
    let configuration = try MovedData.configuration(of: runDirectory, overrides: overrides)
    if configuration.data != nil, configuration.data?.path == nil {
      throw TrainerError(
        .usage,
        "\(runDirectory): the run was trained on arrays in memory; name a dataset file that holds the same numbers with "
          + "--data FILE, or go on from the program that has them")
    }
    return configuration
  }
}

/// What `run` and `resume` share.
struct RunningOptions: ParsableArguments {
  @OptionGroup var workers: WorkerOptions

  @OptionGroup var pinning: PinningOption

  @Flag(help: "Print errors and warnings only.")
  var quiet = false

  @Flag(help: "Print more: the learning rate and the seconds of each epoch, and each checkpoint.")
  var verbose = false

  @OptionGroup var color: ColorOption

  @Option(
    help: ArgumentHelp(
      "Save and end with exit code 75 after so long, for batch queues: 90s, 50m, 2h, 1h30m; at most 8760h.",
      valueName: "time"))
  var stopAfter: TimeSpan?

  @Option(help: "How the result is printed; json is one object at the end, and nothing before it.")
  var format: ResultFormat = .text

  @OptionGroup(title: "OPTIONS FOR RANKS") var ranks: RankOptions

  func validate() throws {
    if quiet, verbose { throw ValidationError("--quiet and --verbose do not go together") }
  }

  /// Trains and shows it, and ends the program with the exit code of an interruption if there was one.
  ///
  /// - Parameter configuration: Reads the config on all ranks.
  func carryOut(
    resume: RunOptions.Resume, _ configuration: (any Communicator) throws -> RunConfiguration
  ) throws {
    try ranks.whileTogether { ranks in
      let console = Console(isQuiet: quiet || format == .json || !ranks.isFirst, colors: color.color)
      let configuration = try configuration(ranks)
      var options = RunOptions(
        workers: try workers.workers(of: ranks, console), resume: resume, control: RunControl(),
        stopAfter: stopAfter?.duration)
      options.communicator = ranks
      options.starter = try ranks.together { try pinning.starter(of: ranks) }
      // Only now: MPI's start has put handlers of its own in their place.
      let signals = SignalHandling(options.control, console)
      let display = ProgressDisplay(console, detail: verbose ? .more : .usual)
      defer { display.end() }
      let outcome = try signals.whileHandling {
        try train(
          configuration, options: options, observers: ranks.isFirst ? [MetricsFile(), display, signals] : [signals])
      }
      try ranks.onFirst { try tell(outcome, console) }
      if case .interrupted = outcome {
        throw ArgumentParser.ExitCode(Foundations.ExitCode.interruptedAfterSave.rawValue)
      }
    }
  }

  private func tell(_ outcome: RunOutcome, _ console: Console) throws {
    if format == .json { return try printResult(outcome.summary.json, .indented) }
    switch outcome {
    case .finished(let summary): console.print(summary.text)
    case .alreadyFinished(let summary): console.print(summary.textOfFinishedRun)
    case .interrupted(let summary):
      console.print(
        "interrupted after step \(summary.step), saved \(summary.checkpoint ?? ""); the same command goes on from there\n"
      )
    }
    try console.requireWritten()
  }
}

/// The number of workers.
struct WorkerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Worker threads, \(OptionRanges.text(OptionRanges.workers)); their number changes no bit of the result. "
        + "(default: one for each core that the process may use)",
      valueName: "n"))
  var workers: Int?

  func validate() throws {
    try require(workers, of: "--workers", in: OptionRanges.workers)
  }
}

/// `--pin-workers`, for the commands that train long.
struct PinningOption: ParsableArguments {
  @Flag(
    help: "Keep each worker on a core of its own, of those that the process may use; it changes no bit of the result.")
  var pinWorkers = false

  /// What starts the workers.
  ///
  /// - Throws: `TrainerError` with code `.usage` if they are to be pinned and cannot be.
  func starter(of ranks: any Communicator) throws -> WorkerStarter {
    guard pinWorkers else { return standardStarter }
    guard ranks.rankCount == 1 else {
      throw TrainerError(
        .usage,
        "--pin-workers is for one process; ranks are bound to their cores by what starts them, such as "
          + "'mpirun --bind-to core'")
    }
    guard let starter = pinnedStarter() else {
      throw TrainerError(.usage, "--pin-workers: the system lets no thread choose its core; leave the option out")
    }
    return starter
  }
}

/// A time on the command line: numbers with the units h, m and s, such as `1h30m`.
struct TimeSpan: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    guard let match = argument.wholeMatch(of: #/(?:([0-9.]+)h)?(?:([0-9.]+)m)?(?:([0-9.]+)s)?/#), !argument.isEmpty
    else { return nil }
    var seconds = 0.0
    for (text, unit) in [(match.1, 3600.0), (match.2, 60), (match.3, 1)] {
      guard let text else { continue }
      guard let number = decimalNumber(text) else { return nil }
      seconds += number * unit
    }
    guard seconds > 0, seconds <= 8760 * 3600 else { return nil }
    self.init(seconds: seconds)
  }

  init(seconds: Double) { duration = .seconds(seconds) }

  /// How the help shows a default.
  var defaultValueDescription: String { "\(Int(duration / .seconds(1)))s" }
}

extension RunOptions.Resume: ExpressibleByArgument {
  /// Reads the option's value.
  public init?(argument: String) {
    switch argument {
    case "auto": self = .automatic
    case "never": self = .never
    default: self = .file(argument)
    }
  }

  /// The option's default as the help shows it.
  public var defaultValueDescription: String {
    switch self {
    case .automatic: "auto"
    case .never: "never"
    case .file(let path): path
    }
  }
}
