import Foundation
import Foundations

/// How numbers are written for people. Files get the shortest text that reads back the same instead.
package enum NumberText {
  /// A loss or a metric, to about five digits.
  package static func measure(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let format =
      switch abs(value) {
      case 0: "%.4f"
      case ..<1e-3: "%.3e"
      case ..<10: "%.4f"
      case ..<100: "%.3f"
      case ..<1000: "%.2f"
      case ..<10_000: "%.1f"
      default: "%.5g"
      }
    return String(format: format, value)
  }

  /// How much is done in a second, to three digits.
  package static func rate(_ value: Double, of unit: String) -> String {
    guard value.isFinite else { return "- \(unit)/s" }
    for (limit, scale, prefix) in [(9.995e8, 1e9, "G"), (9.995e5, 1e6, "M"), (9995, 1e3, "k")] where value >= limit {
      return "\(ByteText.threeDigits(value / scale)) \(prefix) \(unit)/s"
    }
    return "\(ByteText.threeDigits(value)) \(unit)/s"
  }

  /// A time span in the two units that matter.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "-" }
    if seconds < 9.95 { return String(format: seconds < 0.995 ? "%.2f s" : "%.1f s", seconds) }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return String(format: "%d min %02d s", whole / 60, whole % 60) }
    return String(format: "%d h %02d min", whole / 3600, whole % 3600 / 60)
  }

  /// A share in hundredths, to a tenth of one.
  package static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
}
