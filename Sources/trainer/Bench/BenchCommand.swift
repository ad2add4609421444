import ArgumentParser
import DataParallel
import Foundations
import Reporting
import Training

/// `trainer bench …`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures how fast a config trains on this machine, and how fast data load.",
    subcommands: [BenchStepsCommand.self, BenchScalingCommand.self, BenchDataCommand.self])
}

/// What both measurements share.
struct BenchOptions: ParsableArguments {
  @Argument(
    help: "The config, a JSON or YAML file. Nothing is written to its run directory.",
    completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String

  @OptionGroup var overrides: OverrideOptions

  @Option(help: "How the result is printed.")
  var format: ResultFormat = .text

  var configuration: RunConfiguration {
    get throws { try RunConfiguration(file: config, overrides: overrides.parsed) }
  }

  func print(_ text: String, _ json: JSONValue) throws {
    switch format {
    case .json: try printResult(json, .oneLine)
    case .text: try printResult(text)
    }
  }
}

/// `trainer bench steps CONFIG`.
struct BenchStepsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps",
    abstract: "Measures training steps: their speed, where the time goes, what share of the machine.",
    discussion: """
      The machine's peak arithmetic and its memory bandwidth are measured too, with as many workers, at the end.

      EXAMPLES
        trainer bench steps configs/softmax.json
        trainer bench steps configs/fashion-mlp.json --workers 1 \\
          --set training.batchSize=1024
        trainer bench steps configs/mlp.json --kernels
        mpirun -n 2 trainer bench steps configs/fashion-mlp.json
      """)

  @OptionGroup var options: BenchOptions

  @OptionGroup var workers: WorkerOptions

  @OptionGroup var pinning: PinningOption

  @Option(help: "About how long to measure; at most 86400.")
  var seconds = 3.0

  @Flag(help: "Also time each kernel: a roofline, line by line.")
  var kernels = false

  func validate() throws {
    try require(seconds, of: "--seconds", in: OptionRanges.seconds)
  }

  @OptionGroup(title: "OPTIONS FOR RANKS") var ranks: RankOptions

  func run() throws {
    try ranks.whileTogether { ranks in
      let count = try workers.workers(of: ranks, Console(isQuiet: !ranks.isFirst))
      let result = try StepBenchmark(
        ranks.together { try options.configuration }, workers: count, seconds: seconds, timesKernels: kernels,
        ranks: ranks, starter: ranks.together { try pinning.starter(of: ranks) })
      guard ranks.isFirst else { return }
      try options.print(result.text, result.json)
    }
  }
}

/// `trainer bench scaling CONFIG`.
struct BenchScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling", abstract: "Measures the same training with several numbers of workers, or of ranks.",
    discussion: """
      Strong scaling: the config's batches. Weak scaling: batches and shards as many times as large as there are workers. \
      The numbers of workers take turns, and speed-ups are of the same turn, so that a machine which others use too \
      gives fair ratios. Exit code 1 if the digests differ.

      With --ranks each turn is a run of its own, started by the mpirun that is on the PATH; all ranks are on this \
      machine. Compared are then the digests after the first steps.

      EXAMPLES
        trainer bench scaling configs/fashion-mlp.json
        trainer bench scaling configs/fashion-mlp.json \\
          --workers 1,2,4,8,16 --output scaling.svg
        trainer bench scaling configs/fashion-mlp.json --ranks 1,2,4 --workers 1
      """)

  @OptionGroup var options: BenchOptions

  @Option(
    help: ArgumentHelp(
      "Numbers of workers. (default: powers of two up to the cores that the process may use, and these); with --ranks one "
        + "number, that of each rank (default: what of the cores each of the most ranks can have)",
      valueName: "n,n,…"))
  var workers: CountList?

  @Option(help: ArgumentHelp("Numbers of ranks, in place of workers.", valueName: "n,n,…"))
  var ranks: CountList?

  @Option(
    help: ArgumentHelp(
      "How often each number has its turn, \(OptionRanges.text(OptionRanges.rounds)). (default: 7, with --ranks 3)",
      valueName: "n"))
  var rounds: Int?

  @Option(help: "About how long a turn is; at most 86400.")
  var seconds = 0.5

  @Option(help: ArgumentHelp("A picture of the speed-ups, SVG or PNG by its suffix.", valueName: "file"))
  var output: String?

  @OptionGroup var overwriting: OverwriteOption

  func validate() throws {
    for count in workers?.counts ?? [] { try require(count, of: "--workers", in: OptionRanges.workers) }
    for count in ranks?.counts ?? [] { try require(count, of: "--ranks", in: OptionRanges.workers) }
    if ranks != nil, let workers, workers.counts.count != 1 {
      throw ValidationError("--ranks and several numbers of --workers do not go together; give one, that of each rank")
    }
    try require(rounds, of: "--rounds", in: OptionRanges.rounds)
    try require(seconds, of: "--seconds", in: OptionRanges.seconds)
  }

  func run() throws {
    if let output { _ = try PictureFormat(path: output) }
    let file = try output.map { try overwriting.file($0, inputs: [options.config]) }
    let result = try measure(options.configuration)
    try options.print(result.text, result.json)
    if let file { try result.plot.write(to: file) }
    guard result.digestsAgree else {
      throw TrainerError(.checkFailed, "the digests of \(result.name) depend on the number of \(result.unit.rawValue)")
    }
  }

  private func measure(_ configuration: RunConfiguration) throws -> ScalingBenchmark {
    guard let ranks else {
      return try ScalingBenchmark(configuration, workers: workers?.counts, rounds: rounds ?? 7, seconds: seconds)
    }
    let counts = Set(ranks.counts).sorted()
    let scaling = RankScaling(
      config: options.config, overrides: options.overrides.set, counts: counts,
      workers: workers?.counts.first ?? max(1, availableCores() / (counts.last ?? 1)), rounds: rounds ?? 3,
      seconds: seconds)
    return try ChildProcesses().whileHandlingSignals { try scaling.measure(configuration) }
  }
}

/// `1,2,4`.
struct CountList: ExpressibleByArgument {
  let counts: [Int]

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard !numbers.isEmpty, !numbers.contains(nil) else { return nil }
    counts = numbers.compactMap(\.self)
  }
}
