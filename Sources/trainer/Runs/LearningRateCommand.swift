import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer lr-find CONFIG`.
struct LearningRateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lr-find", abstract: "Finds a learning rate by a short training in which it grows.",
    discussion: """
      Each step's rate is the same multiple of the one before. Suggested is the rate at which the smoothed loss falls \
      fastest; the search ends early when the smoothed loss is more than four times its best. It trains through the \
      engine that runs use, on the config's batches, and no run directory is made. A schedule of the config's own gives way.

      EXAMPLES
        trainer lr-find configs/mlp.json
        trainer lr-find configs/mlp.json --from 1e-4 --to 100 --output rates.svg
      """)

  @Argument(help: "The config, a JSON or YAML file.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String

  @Option(help: ArgumentHelp("The learning rate of the first step.", valueName: "rate"))
  var from = 1e-7

  @Option(help: ArgumentHelp("The learning rate of the last step.", valueName: "rate"))
  var to = 10.0

  @Option(help: ArgumentHelp("How many steps, \(OptionRanges.text(OptionRanges.searchSteps)).", valueName: "n"))
  var steps = 100

  @OptionGroup var overrides: OverrideOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("A picture of the loss over the rate, SVG or PNG by its suffix.", valueName: "file"))
  var output: String?

  @OptionGroup var coloring: ThemeOption

  @OptionGroup var overwriting: OverwriteOption

  @Option(help: "How the result is printed.")
  var format: ResultFormat = .text

  @OptionGroup var workers: WorkerOptions

  func validate() throws {
    try require(steps, of: "--steps", in: OptionRanges.searchSteps)
    guard from > 0, from.isFinite, to.isFinite, from < to else {
      throw ValidationError("--from is \(from) and --to is \(to), expected a positive rate and a greater one")
    }
  }

  func run() throws {
    try requireOneProcess("lr-find")
    if let output { _ = try PictureFormat(path: output) }
    let picture = try output.map { try overwriting.file($0, inputs: [config]) }
    let configuration = try RunConfiguration(file: config, overrides: overrides.parsed)
    let range = try LearningRateRange(
      configuration, from: from, to: to, steps: steps, options: RunOptions(workers: workers.workers))
    try picture.map { try range.plot(title: configuration.name).write(to: $0, theme: coloring.theme) }
    switch format {
    case .json: try printResult(range.json, .indented)
    case .text:
      let use = range.suggestion.map {
        "use it with --set optimizer.learningRate=\(LearningRateRange.text($0))\n"
      }
      try printResult(range.text + (use ?? "") + (picture.map { "wrote \($0.path)\n" } ?? ""))
    }
  }
}
