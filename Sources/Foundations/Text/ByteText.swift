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

  /// The bytes that a text says: a number and a unit, as in `512MB`, `1.5 GB` or `4GiB`; without a unit, bytes.
  ///
  /// - Returns: `nil` if it says no whole amount from 1 byte to 2^62.
  package static func bytes(_ text: String) -> Int? {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.dropFirst(number.count).trimmingPrefix(" ")
    let units: [(String, Double)] = [
      ("", 1), ("B", 1), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("KiB", 0x1p10),
      ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40),
    ]
    guard let scale = units.first(where: { $0.0 == unit })?.1, let value = Double(number) else { return nil }
    let bytes = (value * scale).rounded()
    return 1...0x1p62 ~= bytes ? Int(bytes) : nil
  }

  /// A number below 1000 to three digits.
  package static func threeDigits(_ value: Double) -> String {
    String(format: value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value)
  }
}
