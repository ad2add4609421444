import Foundation

/// Amounts of memory and of files, for people.
package enum ByteText {
  /// An amount to three digits: `512 bytes`, `11.3 kB`, `1.23 GB`; prefixes are powers of 1000.
  package static func text(_ bytes: Double) -> String {
    if bytes < 1000 { return bytes == 1 ? "1 byte" : String(format: "%.0f bytes", bytes) }
    let units = [("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12)]
    // Where three digits would round to 1000 of a unit, the next one has it.
    let (unit, scale) = units.first { bytes < 999.5 * $0.1 } ?? units[units.count - 1]
    return "\(threeDigits(bytes / scale)) \(unit)"
  }

  /// The same of a whole number.
  package static func text(_ bytes: Int) -> String { text(Double(bytes)) }

  /// A number below 1000 to three digits.
  package static func threeDigits(_ value: Double) -> String {
    String(format: value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value)
  }
}
