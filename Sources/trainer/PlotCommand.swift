import ArgumentParser
import Autodiff
import Formulas
import Foundations
import Reporting
import Training

/// `trainer plot RUN_DIR…` and `trainer plot --formula FORMULA`.
struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot", abstract: "Draws the loss curves of runs, the paths of formula runs, or a formula.",
    discussion: """
      Several runs share one picture. With --path, for runs of a formula of one to three numbers, the picture shows the \
      formula's curve or contours and the way that each run took on it, from a ring to a dot; of three numbers there is \
      a picture for each two. --parameters shows the numbers over the steps.

      --formula needs no run: it draws the curve of a formula of one name, or the contours of one of two, from -5 to 5 \
      or from --from to --to, which may be said for each name. Names given with --at stay as they are. Values may be \
      expressions such as 2*pi.

      Pictures are drawn by gnuplot.

      EXAMPLES
        trainer plot runs/softmax
        trainer plot runs/softmax runs/mlp --metric accuracy --output accuracy.png
        trainer plot runs/mlp-sweep --theme dark --output sweep.png
        trainer plot runs/bowl --path --output bowl.svg
        trainer plot --formula "x*sin(x)" --from '-2*pi' --to '2*pi' --derivative
        trainer plot --formula "x^2 - x*y + y^2" --from -2 --to 2 --to y=3
      """)

  @Argument(
    help: ArgumentHelp("Run directories, or directories with runs in them, such as a sweep's.", valueName: "run-dir"),
    completion: .directory)
  var runDirectories: [String] = []

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "The picture, SVG or PNG by its suffix. (default: <metric>.svg, path.svg or parameters.svg in the first directory; formula.svg here)",
      valueName: "file"))
  var output: String?

  @Option(help: "What to draw over the steps, for each group of samples that has it. (default: loss)")
  var metric: String?

  @Flag(help: "Draw the runs' paths on their formula's curve or contours.")
  var path = false

  @Flag(help: "Draw the course of a formula's parameters over the steps.")
  var parameters = false

  @Option(parsing: .unconditional, help: "A formula to draw, without a run.")
  var formula: String?

  @Option(
    name: .customLong("from"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Where a formula's names begin, or one of them. (default: -5)", valueName: "[name=]value"))
  var from: [String] = []

  @Option(
    name: .customLong("to"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Where a formula's names end, or one of them. (default: 5)", valueName: "[name=]value"))
  var to: [String] = []

  @Option(
    name: .customLong("at"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The value of a name of the formula that stays as it is.", valueName: "name=value"))
  var at: [String] = []

  @Flag(help: "Draw the derivative of a formula of one name beside it.")
  var derivative = false

  @Flag(help: "Make the vertical axis logarithmic.")
  var logarithmic = false

  @OptionGroup var coloring: ThemeOption

  @OptionGroup var overwriting: OverwriteOption

  func validate() throws {
    if path || parameters, metric != nil || logarithmic {
      throw ValidationError(
        "--path and --parameters draw parameters, so --metric and --logarithmic do not go with them")
    }
    if path, parameters { throw ValidationError("--path and --parameters are two pictures; give one of them") }
    if formula != nil {
      guard runDirectories.isEmpty, metric == nil, !path, !parameters, !logarithmic else {
        throw ValidationError(
          "--formula draws a formula without a run: run directories and what is drawn of them do not go with it")
      }
    } else {
      guard !runDirectories.isEmpty else { throw ValidationError("a run directory or --formula FORMULA is missing") }
      guard from.isEmpty, to.isEmpty, at.isEmpty, !derivative else {
        throw ValidationError("--from, --to, --at and --derivative are for --formula")
      }
    }
  }

  func run() throws {
    if let formula { return try draw(formula) }
    let metric = metric ?? "loss"
    let named = try NamedRuns(runDirectories)
    let name = output ?? "\(runDirectories[0])/\(path ? "path" : parameters ? "parameters" : metric).svg"
    _ = try PictureFormat(path: name)
    let inputs = named.directories.map { RunDirectory($0) }.flatMap { [$0.configPath, $0.metricsPath] }
    // A picture in a run directory is the run's own: drawn again, it takes the place of the last.
    let file =
      output == nil ? OutputFile(name, mayReplace: true, inputs: inputs) : try overwriting.file(name, inputs: inputs)
    let runs = Plot.Run.labelled(
      try named.traces { Console().warn("\($0) is left out: \($1)") })
    let plot =
      path
      ? try Plot.paths(runs)
      : parameters ? try Plot.courses(runs) : try Plot.curves(of: metric, runs, isLogarithmic: logarithmic)
    try plot.write(to: file, theme: coloring.theme)
    try printResult("wrote \(name)\n")
  }

  private func draw(_ text: String) throws {
    let name = output ?? "formula.svg"
    _ = try PictureFormat(path: name)
    let file = try overwriting.file(name, inputs: [])
    let formula = try showingFormulaErrors { try Formula(text) }
    let fixed = try PointOptions.point(at)
    let names = formula.leastShapes.map(\.name).filter { name in !fixed.contains { $0.name == name } }
    let bounds = try RangeBounds(from: from, to: to, names: names)
    let ranges = try Dictionary(uniqueKeysWithValues: names.map { ($0, try bounds.range(of: $0)) })
    let plot = try showingFormulaErrors {
      try Plot.formula(
        formula, over: { ranges[$0] ?? -5...5 }, at: fixed, hasDerivative: derivative)
    }
    try plot.write(to: file, theme: coloring.theme)
    try printResult("wrote \(name)\n")
  }
}

/// From where to where the names of a formula go, as `--from` and `--to` say it for all or for one.
private struct RangeBounds {
  private let lower: [String: Double]
  private let upper: [String: Double]

  init(from: [String], to: [String], names: [String]) throws {
    lower = try Self.read("--from", from, names)
    upper = try Self.read("--to", to, names)
  }

  /// The range of a name.
  ///
  /// - Throws: `TrainerError` if it is empty.
  func range(of name: String) throws -> ClosedRange<Double> {
    let (low, high) = (lower[name] ?? lower[""] ?? -5, upper[name] ?? upper[""] ?? 5)
    guard low < high else {
      throw TrainerError(
        .usage,
        "the range of \(name) is empty: it goes from \(JSONValue.text(of: low)) to \(JSONValue.text(of: high)); let --to "
          + "be larger than --from")
    }
    return low...high
  }

  /// The values by name; that for all names has none.
  private static func read(_ option: String, _ texts: [String], _ names: [String]) throws -> [String: Double] {
    var values: [String: Double] = [:]
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let name = parts.count == 2 ? parts[0].filter { !$0.isWhitespace } : ""
      guard parts.count == 1 || names.contains(name) else {
        throw TrainerError(
          .usage,
          "\(option) \(text): the formula has no free name '\(name)'"
            + (names.isEmpty ? "" : "; its free names are \(names.joined(separator: ", "))"))
      }
      let value = try ArrayValue(commandLine: parts.last ?? "", of: text, option: option)
      guard value.shape.isEmpty else {
        throw TrainerError(
          .usage, "\(option) \(text): expected one number; say that of each name with \(option) NAME=VALUE")
      }
      guard values.updateValue(value.values[0], forKey: name) == nil else {
        throw TrainerError(
          .usage,
          "\(option) \(text): \(name.isEmpty ? "the value for all names" : "'\(name)'") is given twice; give it once")
      }
    }
    return values
  }
}
