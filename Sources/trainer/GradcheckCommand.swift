import ArgumentParser
import Foundations
import Training

/// `trainer gradcheck`.
struct GradcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradcheck",
    abstract: "Compares a model's gradients with central differences.",
    discussion: """
      The loss of the first samples of the training group is differentiated twice, in float64: by the graph's rules, \
      and by differences of its value. Exit code 1 if a parameter is off by more than the tolerance.
      """)

  @Argument(help: "The config.")
  var config: String

  @Option(help: ArgumentHelp("Overrides a setting of the config.", valueName: "key.path=value"))
  var set: [String] = []

  @Option(help: "The most samples to use.")
  var samples = 8

  @Option(help: "The most coordinates of each parameter to compare.")
  var coordinates = 64

  @Option(help: "The largest relative error that passes.")
  var tolerance = 1e-6

  func validate() throws {
    guard samples >= 1 else { throw ValidationError("--samples is \(samples), expected at least 1") }
    guard coordinates >= 1 else { throw ValidationError("--coordinates is \(coordinates), expected at least 1") }
    guard tolerance > 0 else { throw ValidationError("--tolerance is \(tolerance), expected more than 0") }
  }

  func run() throws {
    let configuration = try RunConfiguration(file: config, overrides: set.map { try SettingsOverride($0) })
    let report = try checkGradient(
      of: configuration, samples: samples, coordinates: coordinates, tolerance: tolerance)
    print("gradient of \(configuration.name) on \(report.samples) samples against central differences")
    for row in report.rows {
      let kinks = row.nearKink > 0 ? ", \(row.nearKink) near a kink left out" : ""
      print(
        "  \(row.name)  \(row.checked) coordinates, largest relative error \(row.worst.rounded(toDigits: 2))\(kinks)")
    }
    guard report.passes else {
      throw TrainerError(
        .checkFailed, "the gradient of \(configuration.name) is off by more than the tolerance \(tolerance)")
    }
    print("all within \(tolerance)")
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
