/// The number that a decimal text stands for, as in a table or on a command line: digits with or without a sign, a point
/// and an exponent, such as `-3`, `.5`, `2.` and `1e-3`; `nil` for any other text.
///
/// The standard library reads more, as C does: hexadecimal numbers, words for infinities and NaN, and text that goes on
/// behind a NUL. A table means none of these as numbers.
package func decimalNumber(_ text: some StringProtocol) -> Double? {
  var bytes = text.utf8[...]
  func skipDigits() -> Bool {
    let rest = bytes.drop { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    defer { bytes = rest }
    return rest.startIndex != bytes.startIndex
  }
  func skip(_ signs: String) -> Bool {
    guard let first = bytes.first, signs.utf8.contains(first) else { return false }
    bytes.removeFirst()
    return true
  }
  _ = skip("+-")
  let hasWhole = skipDigits()
  let hasFraction = skip(".") && skipDigits()
  guard hasWhole || hasFraction else { return nil }
  if skip("eE") {
    _ = skip("+-")
    guard skipDigits() else { return nil }
  }
  return bytes.isEmpty ? Double(text) : nil
}
