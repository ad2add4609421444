import ArgumentParser
import Autodiff
import Formulas
import Foundations
import Reporting
import Training

/// `trainer graph FORMULA | --config FILE`.
struct GraphCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "Draws a computational graph, or prints the plan that computes it.",
    discussion: """
      Draws the operations of a formula, or of a config's model with its loss for \
      one sample. With --at, each node of a formula shows its value and the \
      gradient with respect to it. Names without a value are drawn as scalars, or \
      with as many elements as the formula's indices need.

      A file that ends with .svg or .png is drawn by Graphviz (the package \
      graphviz) within 30 seconds, if it has at most \(GraphPicture.mostDrawnNodes) nodes; one that ends with \
      .dot is the graph in Graphviz's language, of any size; without a file it is printed.

      The plan of a config is that of its largest shard.

      EXAMPLES
        trainer graph "w[0]^2 + w[1]^2 - w[0]*w[1]" --at w=-5,5 --output bowl.svg
        trainer graph "-log(sigmoid(x @ w))" --at x=1,2 --at w=0.5,-1 --plan
        trainer graph --config configs/mlp.json --output mlp.png
      """)

  @Argument(help: "The formula. It may begin with a minus.")
  var formula: String?

  @Option(
    help: ArgumentHelp("A run's config, in place of a formula.", valueName: "file"),
    completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String?

  @OptionGroup var point: PointOptions

  @Flag(help: "Print the plan of value and gradient: instructions, buffers, bytes, floating-point operations.")
  var plan = false

  @Option(help: "How the plan is printed.")
  var format: ResultFormat = .text

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where to draw: a file that ends with .svg, .png or .dot.", valueName: "file"),
    completion: .file(extensions: ["svg", "png", "dot"]))
  var output: String?

  @OptionGroup var coloring: ThemeOption

  @OptionGroup var overwriting: OverwriteOption

  func validate() throws {
    guard (formula == nil) != (config == nil) else {
      throw ValidationError(
        formula == nil ? "a formula or --config FILE is missing" : "give a formula or --config, not both")
    }
    guard plan || format == .text else {
      throw ValidationError("--format json is for the plan; add --plan, or leave it out for the graph")
    }
    guard config == nil || point.values.isEmpty else {
      throw ValidationError("--at gives a formula's names values; a config has values of its own")
    }
  }

  func run() throws {
    let file = try output.map { try overwriting.file($0, inputs: config.map { [$0] } ?? []) }
    let picture: GraphPicture
    let summary: () throws -> PlanSummary
    var samples: Int?
    if let formula {
      (picture, summary) = try showingFormulaErrors { try drawing(of: Formula(formula)) }
    } else {
      let configuration = try RunConfiguration(file: config ?? "")
      let graph = try RunGraph(of: configuration)
      picture = GraphPicture(of: graph.nodes, title: configuration.name)
      summary = { graph.plan }
      samples = graph.samples
    }
    if let file { try write(picture, to: file) }
    if plan {
      let summary = try showingFormulaErrors(summary)
      let heading = samples.flatMap { $0 > 1 ? "for a shard of \($0) samples\n\n" : nil } ?? ""
      switch format {
      case .text: try printResult(heading + summary.text + "\n")
      case .json: try printResult(summary.json(samples: samples), .indented)
      }
    } else if output == nil {
      try printResult(picture.dot)
    }
  }

  /// The most elements of a name without a value.
  private static let mostGuessedElements = 1e6

  private func drawing(of formula: Formula) throws -> (GraphPicture, () throws -> PlanSummary) {
    let point = try self.point.point()
    let isKnown = formula.names.allSatisfy { name in
      Formula.constants[name] != nil || point.contains { $0.name == name }
    }
    let guesses = formula.leastShapes.filter { guess in !point.contains { $0.name == guess.name } }
    for guess in guesses where guess.shape.reduce(1.0, { $0 * Double($1) }) > Self.mostGuessedElements {
      throw TrainerError(
        .usage,
        "the formula's indices make \(guess.name) an array of at least the shape \(guess.shape), which is too large to "
          + "guess; give it a value with --at \(guess.name)=VALUE")
    }
    let zeros = guesses.map { guess in
      (name: guess.name, value: ArrayValue(Array(repeating: 0, count: guess.shape.reduce(1, *)), shape: guess.shape))
    }
    let evaluation = try FormulaEvaluation(formula, at: point + zeros, precision: self.point.precision)
    let trace = try isKnown ? evaluation.trace() : evaluation.graph.trace(of: evaluation.output)
    return (GraphPicture(of: trace, title: formula.text), { try evaluation.planSummary() })
  }

  private func write(_ picture: GraphPicture, to file: OutputFile) throws {
    let ending = file.path.split(separator: ".").last.map { $0.lowercased() } ?? ""
    let bytes: [UInt8]
    switch ending {
    case "dot": bytes = Array(picture.dot.utf8)
    case "svg", "png": bytes = try picture.rendered(as: ending, theme: coloring.theme)
    default: throw TrainerError(.usage, "--output \(file.path): expected a file that ends with .svg, .png or .dot")
    }
    try OutputFile.explaining { try file.write(bytes) }
  }
}
