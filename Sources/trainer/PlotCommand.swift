import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer plot RUN_DIR...`.
struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot", abstract: "Draws the loss curves of runs, or the paths of formula runs.",
    discussion: """
      Several runs share one picture. With --path, for runs of a formula of one or two numbers, the picture shows the \
      formula's curve or contours and the way that each run took on it. Pictures are drawn by gnuplot.

      EXAMPLES
        trainer plot runs/softmax
        trainer plot runs/softmax runs/mlp --metric accuracy --output accuracy.png
        trainer plot runs/bowl --path --output bowl.svg
      """)

  @Argument(help: ArgumentHelp("Run directories.", valueName: "run-dir"), completion: .directory)
  var runDirectories: [String]

  @Option(
    help: ArgumentHelp(
      "The picture, SVG or PNG by its suffix. (default: <metric>.svg or path.svg in the first run directory)",
      valueName: "file"))
  var output: String?

  @Option(help: "What to draw over the steps, for each group of samples that has it. (default: loss)")
  var metric: String?

  @Flag(help: "Draw the runs' paths on their formula's curve or contours.")
  var path = false

  @Flag(help: "Make the vertical axis logarithmic.")
  var logarithmic = false

  @OptionGroup var overwriting: OverwriteOption

  func validate() throws {
    if path, metric != nil || logarithmic {
      throw ValidationError("--path draws parameters, so --metric and --logarithmic do not go with it")
    }
  }

  func run() throws {
    let metric = metric ?? "loss"
    let name = output ?? "\(runDirectories[0])/\(path ? "path" : metric).svg"
    _ = try PictureFormat(path: name)
    let inputs = runDirectories.map { RunDirectory($0) }.flatMap { [$0.configPath, $0.metricsPath] }
    // A picture in a run directory is the run's own: drawn again, it takes the place of the last.
    let file =
      output == nil ? OutputFile(name, mayReplace: true, inputs: inputs) : try overwriting.file(name, inputs: inputs)
    let runs = Plot.Run.labelled(try runDirectories.map { try RunTrace(directory: $0) })
    let plot = path ? try Plot.paths(runs) : try Plot.curves(of: metric, runs, isLogarithmic: logarithmic)
    try plot.write(to: file)
    try printResult("wrote \(name)\n")
  }
}
