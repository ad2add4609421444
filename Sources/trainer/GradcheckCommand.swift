import ArgumentParser
import Foundations
import Training

/// `trainer gradcheck`.
struct GradcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradcheck",
    abstract: "Compares a model's gradients with central differences.",
    discussion: """
      The loss of the first samples of the training group is differentiated twice, in float64, where the parameters \
      start: by the graph's rules, and by differences of its value. Exit code 1 if a parameter is off by more than the \
      tolerance. Of parameters with many coordinates a sample is compared, drawn with the seed; --all compares each.

      EXAMPLES
        trainer gradcheck configs/mlp.json
        trainer gradcheck configs/mlp.json --coordinates 200 --seed 3 --tolerance 1e-8
      """)

  @Argument(help: "The config.", completion: .file(extensions: ["json"]))
  var config: String

  @OptionGroup var overrides: OverrideOptions

  @Option(help: "The most samples to use.")
  var samples = 8

  @Option(help: "The most coordinates of each parameter to compare.")
  var coordinates = 64

  @Flag(help: "Compare every coordinate of every parameter.")
  var all = false

  @Option(help: "What the coordinates are drawn with. (default: the config's seed)")
  var seed: UInt64?

  @Option(help: "The largest relative error that passes.")
  var tolerance = 1e-6

  func validate() throws {
    guard samples >= 1 else { throw ValidationError("--samples is \(samples), expected at least 1") }
    guard coordinates >= 1 else { throw ValidationError("--coordinates is \(coordinates), expected at least 1") }
    guard tolerance > 0 else { throw ValidationError("--tolerance is \(tolerance), expected more than 0") }
  }

  func run() throws {
    let configuration = try RunConfiguration(file: config, overrides: overrides.parsed)
    let report = try checkGradient(
      of: configuration, samples: samples, coordinates: all ? nil : coordinates, seed: seed, tolerance: tolerance)
    try printResult(text(of: report, named: configuration.name))
    guard report.passes else {
      throw TrainerError(
        .checkFailed, "the gradient of \(configuration.name) is off by more than the tolerance \(tolerance)")
    }
    try printResult("all within \(tolerance)\n")
  }

  private func text(of report: GradientCheckReport, named name: String) -> String {
    let samples = report.samples == 1 ? "" : " on \(report.samples) samples"
    var lines = ["gradient of \(name)\(samples) against central differences"]
    for row in report.rows {
      let compared = row.checked == row.count ? "all \(row.count)" : "\(row.checked) of \(row.count)"
      let kinks = row.nearKink > 0 ? ", \(row.nearKink) near a kink left out" : ""
      lines.append(
        "  \(row.name)  \(compared) coordinates, largest relative error \(row.worst.rounded(toDigits: 2))\(kinks)")
    }
    if !report.isComplete { lines.append("coordinates drawn with the seed \(report.seed)") }
    if let worst = report.worst {
      lines.append(
        "worst: \(worst.name) is \(worst.analytic) by the rules, \(worst.numeric) by differences, relative error "
          + "\(worst.relativeError.rounded(toDigits: 2))")
    }
    return lines.joined(separator: "\n") + "\n"
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
