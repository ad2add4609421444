import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer summary CONFIG | MODEL`.
struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Prints a model's layers: shapes, parameters, operations, and the memory of a run.",
    discussion: """
      Nothing is trained, and of the data only shapes are read, but for tables and oneHot: what categories become is known \
      when their columns have been looked at. Of a formula the parameters are listed.

      Operations are of floating-point numbers, for one sample: a multiply-add counts as two, a function as one. Those of a \
      training step are of loss and gradient, without the optimizer's. Layers within another stand below it, indented, and \
      are part of its numbers.

      The memory of a run is what it works out before it reads its data, with its checkpoints; of a MODEL it is left out, \
      since its data are not looked at.

      EXAMPLES
        trainer summary configs/mlp.json
        trainer summary configs/mlp.json --set training.batchSize=1024 --format json
        trainer summary runs/mlp
      """)

  @Argument(
    help: "A config, or a model: a checkpoint or a run directory.", completion: .file())
  var config: String

  @OptionGroup var overrides: OverrideOptions

  @OptionGroup var choice: ModelOptions

  @OptionGroup var workers: WorkerOptions

  @Option(help: "How to print it.")
  var format: ResultFormat = .text

  @OptionGroup var showing: QuietOption

  func run() throws { try LongWork.run(isQuiet: showing.quiet, summarize) }

  private func summarize() throws {
    let summary = try makeSummary()
    switch format {
    case .text: try printResult(summary.text)
    case .json: try printResult(summary.json, .indented)
    }
  }

  private func makeSummary() throws -> ModelSummary {
    guard try ModelCheckpoint.isModel(config) else {
      guard !choice.best, !choice.last else {
        throw TrainerError(
          .usage, "\(choice.best ? "--best" : "--last") chooses a checkpoint of a run, and '\(config)' is a config")
      }
      return try ModelSummary(
        of: RunConfiguration(file: config, overrides: overrides.parsed), workers: workers.workers)
    }
    guard overrides.set.isEmpty else {
      throw TrainerError(.usage, "--set changes a config, and '\(config)' is a model, which is as it was trained")
    }
    return try ModelSummary(checkpoint: choice.checkpoint(config), workers: workers.workers)
  }
}
