import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer bench …`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures how fast a config trains on this machine.",
    subcommands: [BenchStepsCommand.self, BenchScalingCommand.self])
}

/// What both measurements share.
struct BenchOptions: ParsableArguments {
  @Argument(
    help: "The config, a JSON file. Nothing is written to its run directory.", completion: .file(extensions: ["json"]))
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
        trainer bench steps configs/fashion-mlp.json --set training.batchSize=1024 --workers 1
      """)

  @OptionGroup var options: BenchOptions

  @OptionGroup var workers: WorkerOptions

  @Option(help: "About how long to measure; at most 86400.")
  var seconds = 3.0

  func validate() throws {
    try require(seconds, of: "--seconds", in: OptionRanges.seconds)
  }

  func run() throws {
    let result = try StepBenchmark(options.configuration, workers: workers.workers, seconds: seconds)
    try options.print(result.text, result.json)
  }
}

/// `trainer bench scaling CONFIG`.
struct BenchScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling", abstract: "Measures the same training with several numbers of workers.",
    discussion: """
      Strong scaling: the config's batches. Weak scaling: batches and shards as many times as large as there are workers. \
      The numbers of workers take turns, and speed-ups are of the same turn, so that a machine which others use too \
      gives fair ratios. Exit code 1 if the digests differ.

      EXAMPLES
        trainer bench scaling configs/fashion-mlp.json
        trainer bench scaling configs/fashion-mlp.json --workers 1,2,4,8,16 --output scaling.svg
      """)

  @OptionGroup var options: BenchOptions

  @Option(
    help: ArgumentHelp(
      "Numbers of workers. (default: powers of two up to the cores that the process may use, and these)",
      valueName: "n,n,…"))
  var workers: WorkerCounts?

  @Option(help: "How often each number of workers has its turn, \(OptionRanges.text(OptionRanges.rounds)).")
  var rounds = 7

  @Option(help: "About how long a turn is; at most 86400.")
  var seconds = 0.5

  @Option(help: ArgumentHelp("A picture of the speed-ups, SVG or PNG by its suffix.", valueName: "file"))
  var output: String?

  @OptionGroup var overwriting: OverwriteOption

  func validate() throws {
    for count in workers?.counts ?? [] { try require(count, of: "--workers", in: OptionRanges.workers) }
    try require(rounds, of: "--rounds", in: OptionRanges.rounds)
    try require(seconds, of: "--seconds", in: OptionRanges.seconds)
  }

  func run() throws {
    if let output { _ = try PictureFormat(path: output) }
    let file = try output.map { try overwriting.file($0, inputs: [options.config]) }
    let result = try ScalingBenchmark(
      options.configuration, workers: workers?.counts, rounds: rounds, seconds: seconds)
    try options.print(result.text, result.json)
    if let file { try result.plot.write(to: file) }
    guard result.digestsAgree else {
      throw TrainerError(.checkFailed, "the digests of \(result.name) depend on the number of workers")
    }
  }
}

/// `1,2,4`.
struct WorkerCounts: ExpressibleByArgument {
  let counts: [Int]

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard !numbers.isEmpty, !numbers.contains(nil) else { return nil }
    counts = numbers.compactMap(\.self)
  }
}
