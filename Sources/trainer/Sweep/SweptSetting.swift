import Foundation
import Foundations

/// What `--over` says: a setting, and the values that it takes.
struct SweptSetting {
  /// The values.
  enum Values {
    /// These.
    case list([JSONValue])
    /// Any between two numbers.
    case range(SweptRange)
  }

  /// The path of the setting.
  let key: String
  /// What it takes.
  let values: Values

  /// How a value is written, for messages.
  static let forms = "a JSON array such as [0.01,0.1], or a range such as [0.001..0.1] or log[0.001..0.1]"

  /// Reads `KEY=VALUES`.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  init(_ text: String) throws {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw TrainerError(
        .usage, "--over \(text): there is no '=' with a key before it; expected a key, '=' and \(Self.forms)")
    }
    let key = String(text[..<equals])
    self.key = key
    values = try Self.values(text[text.index(after: equals)...].trimmingCharacters(in: .whitespaces)) {
      TrainerError(.usage, "--over \(key): \($0); expected \(Self.forms)")
    }
  }

  private static func values(_ text: String, _ fault: (String) -> TrainerError) throws -> Values {
    if let range = try SweptRange(text, fault) { return .range(range) }
    let root: JSONValue
    do {
      root = try JSONDocument(text: text, source: "--over").root
    } catch is TrainerError {
      throw fault("found '\(text)', which is neither JSON nor a range")
    }
    switch root {
    case .array(let elements):
      guard !elements.isEmpty else { throw fault("the array is empty") }
      return .list(elements)
    case .object(let object): return .range(try SweptRange(object, fault))
    default: throw fault("found the one value \(text)")
    }
  }

  /// How many different values there are; `nil` for those of a range that is not of integers.
  var count: Int? {
    switch values {
    case .list(let values): values.count
    case .range(let range): range.integers.map(\.count)
    }
  }

  /// Every value; `nil` if they cannot be counted.
  var all: [JSONValue]? {
    switch values {
    case .list(let values): values
    case .range(let range): range.integers.map { $0.map(JSONValue.integer) }
    }
  }

  /// The value for a random number in [0, 1).
  func value(at random: Double) -> JSONValue {
    switch values {
    case .list(let values): values[min(values.count - 1, Int(random * Double(values.count)))]
    case .range(let range): range.value(at: random)
    }
  }
}

/// The numbers between two, both included.
struct SweptRange {
  let from: Double
  let to: Double
  /// Whether equal factors are equally likely, not equal differences.
  let isLogarithmic: Bool
  /// Both ends, if they are written as integers: then integers are drawn.
  let integers: ClosedRange<Int>?

  /// Reads `[FROM..TO]` or `log[FROM..TO]`; `nil` for a text without dots like these.
  init?(_ text: String, _ fault: (String) -> TrainerError) throws {
    let isLogarithmic = text.hasPrefix("log[")
    guard isLogarithmic || text.hasPrefix("["), text.hasSuffix("]"), let dots = text.firstRange(of: "..") else {
      return nil
    }
    let start = text.index(text.startIndex, offsetBy: isLogarithmic ? 4 : 1)
    guard start <= dots.lowerBound else { return nil }
    let ends = [text[start..<dots.lowerBound], text[dots.upperBound..<text.index(before: text.endIndex)]]
      .map { $0.trimmingCharacters(in: .whitespaces) }
    // Dots may stand in a text of an array as well.
    if ends.contains(where: { $0.contains("\"") || $0.contains(",") }) { return nil }
    guard let from = decimalNumber(ends[0]), let to = decimalNumber(ends[1]) else {
      throw fault("found '\(text)', whose ends are no two numbers")
    }
    let integers = ends.compactMap { Int($0) }
    try self.init(from, to, integers.count == 2 ? integers : nil, isLogarithmic: isLogarithmic, fault)
  }

  /// Reads `{"from":…,"to":…,"scale":"log"}`.
  init(_ object: JSONObject, _ fault: (String) -> TrainerError) throws {
    if let key = object.keys.first(where: { !["from", "to", "scale"].contains($0) }) {
      throw fault("found the key \"\(key)\" in a range, which has \"from\", \"to\" and \"scale\"")
    }
    guard let from = object["from"]?.double, let to = object["to"]?.double else {
      throw fault("found a range without numbers \"from\" and \"to\"")
    }
    let scale = object["scale"] ?? "linear"
    guard scale == "linear" || scale == "log" else {
      throw fault("found the scale \(scale.compactText), which is \"linear\" or \"log\"")
    }
    var integers: [Int]?
    if case .integer(let first)? = object["from"], case .integer(let last)? = object["to"] { integers = [first, last] }
    try self.init(from, to, integers, isLogarithmic: scale == "log", fault)
  }

  private init(
    _ from: Double, _ to: Double, _ integers: [Int]?, isLogarithmic: Bool, _ fault: (String) -> TrainerError
  ) throws {
    guard from < to, from.isFinite, to.isFinite else {
      throw fault("found a range from \(from.formatted) to \(to.formatted), which does not rise")
    }
    guard !isLogarithmic || from > 0 else {
      throw fault("found a logarithmic range from \(from.formatted), which must be greater than 0")
    }
    (self.from, self.to, self.isLogarithmic) = (from, to, isLogarithmic)
    guard let integers else {
      self.integers = nil
      return
    }
    // A random number has 53 bits.
    guard integers.allSatisfy({ $0.magnitude < 1 << 52 }) else {
      throw fault("found integers of more than 52 bits, which are not drawn evenly")
    }
    self.integers = integers[0]...integers[1]
  }

  /// The number at a random place: an integer, or one of four digits, so that names of directories stay short.
  func value(at random: Double) -> JSONValue {
    if let integers {
      let end = Double(integers.upperBound) + 1
      let place = isLogarithmic ? from * pow(end / from, random) : from + random * (end - from)
      return .integer(min(integers.upperBound, max(integers.lowerBound, Int(place.rounded(.down)))))
    }
    let place = isLogarithmic ? from * pow(to / from, random) : from + random * (to - from)
    let decimals = max(0, 3 - Int(log10(to - from).rounded(.down)))
    let text = isLogarithmic ? String(format: "%.3e", place) : String(format: "%.\(min(decimals, 300))f", place)
    return .number(min(to, max(from, Double(text) ?? place)))
  }
}

extension Double {
  fileprivate var formatted: String { JSONValue.number(self).compactText }
}
