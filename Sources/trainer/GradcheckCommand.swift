import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer gradcheck`.
struct GradcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradcheck",
    abstract: "Compares the gradients that a run would use with central differences.",
    discussion: """
      The first batch of a run goes through its engine (sampler, shards, sum, update) in float64, where the parameters \
      start; so does an epoch's last batch, if it is smaller. What the update is given is compared with central \
      differences of the plain graph's loss; with the same step without the engine's shortcuts; and with the gradient \
      of the plain graph. A float32 run is compared with the latter too. Exit code 1 if a parameter is off by more than \
      the tolerance.

      Of parameters with many coordinates a sample is compared with differences, drawn with the seed, and fewer of large \
      models; --all compares each. All coordinates are compared with the other gradients.

      EXAMPLES
        trainer gradcheck configs/mlp.json
        trainer gradcheck configs/mlp.json --coordinates 200 --seed 3 --tolerance 1e-8
      """)

  @Argument(help: "The config.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String

  @OptionGroup var overrides: OverrideOptions

  @Option(
    help: "The most samples of a batch, \(OptionRanges.text(OptionRanges.compared)). (default: the config's batch)")
  var samples: Int?

  @Option(help: "The most coordinates of each parameter to compare, \(OptionRanges.text(OptionRanges.compared)).")
  var coordinates = 64

  @Flag(help: "Compare every coordinate of every parameter.")
  var all = false

  @Option(help: "What the coordinates are drawn with. (default: the config's seed)")
  var seed: UInt64?

  @Option(help: "The largest relative error that passes; at most 1.")
  var tolerance = 1e-6

  @Option(help: "How to print what was found.")
  var format: ResultFormat = .text

  @OptionGroup var showing: QuietOption

  func validate() throws {
    try require(samples, of: "--samples", in: OptionRanges.compared)
    try require(coordinates, of: "--coordinates", in: OptionRanges.compared)
    try require(tolerance, of: "--tolerance", in: OptionRanges.tolerance)
  }

  func run() throws { try LongWork.run(isQuiet: showing.quiet, check) }

  private func check() throws {
    let configuration = try RunConfiguration(file: config, overrides: overrides.parsed)
    let report = try checkGradient(
      of: configuration, samples: samples, coordinates: all ? nil : coordinates, seed: seed, tolerance: tolerance)
    switch format {
    case .text: try printResult(text(of: report, named: configuration.name))
    case .json: try printResult(report.json(named: configuration.name), .indented)
    }
    guard report.passes else {
      throw TrainerError(
        .checkFailed, "the gradient of \(configuration.name) is off by more than the tolerance \(tolerance)")
    }
    if format == .text { try printResult("all within \(tolerance)\n") }
  }

  private func text(of report: GradientCheckReport, named name: String) -> String {
    var text = "gradient of \(name) as a run computes it, in float64, against central differences\n"
    for batch in report.batches { text += "  \(Self.text(of: batch))\n" }
    let isSingle = report.rows.contains { $0.inPrecision != nil }
    var table = TextTable(
      header: ["parameter", "way to the update", "compared", "differences", "shortcuts off"]
        + (isSingle ? ["float32"] : []),
      left: [0, 1, 2])
    for row in report.rows {
      let compared = row.checked == row.count ? "all \(row.count)" : "\(row.checked) of \(row.count)"
      let kinks = row.nearKink > 0 ? ", \(row.nearKink) of \(row.compared) near a kink" : ""
      let differences =
        row.nearKink == row.compared && row.compared > 0 ? "-" : row.worst.rounded(toDigits: 2).description
      table.append(
        [row.name, row.delivery, compared + kinks, differences, row.withoutShortcuts.rounded(toDigits: 2).description]
          + (isSingle ? [(row.inPrecision ?? 0).rounded(toDigits: 2).description] : []))
    }
    text += table.text
    if !report.isComplete { text += "coordinates drawn with the seed \(report.seed)\n" }
    if let worst = report.worst {
      text +=
        "worst: \(worst.name) is \(worst.analytic) in the run, \(worst.numeric) by differences, relative error "
        + "\(worst.relativeError.rounded(toDigits: 2))\n"
    }
    return text
  }

  /// What one batch was, such as `34 samples in 4 shards of 8 and 9`.
  private static func text(of batch: GradientCheckReport.Batch) -> String {
    let samples = batch.samples == 1 ? "1 sample" : "\(batch.samples) samples"
    guard batch.shards > 1 else { return "\(samples) in one shard" }
    return "\(samples) in \(batch.shards) shards of \(batch.shardSizes.map(String.init).joined(separator: " and "))"
  }
}

extension Double {
  /// The number rounded to that many significant digits.
  fileprivate func rounded(toDigits digits: Int) -> Double {
    guard self != 0, isFinite else { return self }
    var scale = 1.0
    while abs(self * scale) < 1 { scale *= 10 }
    for _ in 1..<digits { scale *= 10 }
    return (self * scale).rounded() / scale
  }
}
