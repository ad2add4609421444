import Foundation
import TestSupport

/// Draws what a fuzz case is made of, the same for the same seed.
struct FuzzRandom {
  private var generator: SeededGenerator

  init(_ seed: UInt64) { generator = SeededGenerator(seed) }

  mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
  mutating func chance(_ one: Int) -> Bool { number(0..<one) == 0 }
  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[number(0..<choices.count)] }

  /// Numbers at the ends of what types hold, and what is no number.
  static let numbers = [
    "0", "-0", "-1", "1", "2", "3", "255", "65536", "2147483647", "2147483648", "-2147483649", "4294967296",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "1e18", "1e19",
    "1e300",
    "1e308", "1e309", "-1e308", "1e-320", "5e-324", "0.1", "-0.5", "1e400", "00", "01", "0x10", "1.", ".5", "1e", "NaN",
    "Infinity", "-Infinity", "1e1000000000", "999999999999999999999999999999", "1_000", "١",
  ]

  /// Values of every kind that JSON has, and some that it has not.
  static let values =
    numbers + [
      "null", "true", "false", "\"\"", "\"x\"", "\"full\"", "[]", "{}", "[1,2]", "[[1],[2,3]]", #"{"type":"sgd"}"#,
      #"{"type":"\u001b[31m"}"#, #""\u0000""#, #""\u001b[2J""#, #""a\nerror: b""#, #""\ud800""#, "\"\u{202E}x\"",
      String(repeating: "[", count: 2000), "\"" + String(repeating: "a", count: 5000) + "\"", "[1e308,-1e308]",
      "\"/dev/zero\"", "\"/\"", "\"..\"",
    ]

  /// Damages bytes in one to eight places: flipped, overwritten, cut out, doubled or cut off.
  mutating func damage(_ bytes: [UInt8], from first: Int = 0) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<pick([1, 1, 1, 2, 4, 8]) {
      guard bytes.count > first else { break }
      let place = number(first..<bytes.count)
      switch number(0..<12) {
      case 0...3: bytes[place] ^= 1 << UInt8(number(0..<8))
      case 4...6: bytes[place] = pick([0, 0xFF, 0x7F, 0x80, 1, UInt8(number(0..<256))])
      case 7:
        for index in place..<min(bytes.count, place + pick([2, 4, 8])) { bytes[index] = 0xFF }
      case 8:
        for index in place..<min(bytes.count, place + pick([2, 4, 8, 64])) { bytes[index] = 0 }
      case 9: bytes.removeSubrange(place..<min(bytes.count, place + number(1..<9)))
      case 10: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + number(1..<33))], at: place)
      default: if chance(4) { bytes.removeSubrange(place...) }
      }
    }
    return bytes
  }

  /// Changes a text in a few places: a token becomes another, comes twice or goes, or a byte is damaged.
  mutating func change(_ text: String, tokens others: [String]) -> String {
    var tokens = Self.tokens(of: text)
    for _ in 0..<pick([1, 1, 1, 2, 3]) {
      guard !tokens.isEmpty else { break }
      let place = number(0..<tokens.count)
      switch number(0..<10) {
      case 0...5: tokens[place] = pick(others)
      case 6: tokens.remove(at: place)
      case 7: tokens.insert(tokens[place], at: place)
      case 8: tokens.swapAt(place, number(0..<tokens.count))
      default: tokens[place] = String(decoding: damage(Array(tokens[place].utf8)), as: UTF8.self)
      }
    }
    return tokens.joined()
  }

  /// Words with their quotes, numbers, and single characters.
  private static func tokens(of text: String) -> [String] {
    text.matches(of: /"[^"]*"|[A-Za-z_][A-Za-z_0-9]*|[0-9.]+(e[+-]?[0-9]+)?|./.dotMatchesNewlines()).map {
      String($0.output.0)
    }
  }
}
