/// The values that a setting takes: messages and documentation say it in words, a JSON Schema in its own way.
public indirect enum SettingKind: Sendable, Equatable, CustomStringConvertible {
  /// Any value; its reader judges it.
  case any
  /// A number.
  case number(NumberRange)
  /// An integer; `10.0` and `1e3` are integers too.
  case integer(ClosedRange<Int>)
  /// `true` or `false`.
  case boolean
  /// A string.
  case string
  /// One of some strings.
  case choice([String])
  /// An array of so many elements of a kind.
  case array(SettingKind, count: ClosedRange<Int> = .nonNegative)
  /// An object; the shorthand is a key that a plain string may stand for, such as `type`.
  case object(shorthand: String? = nil)
  /// An object whose keys are names that users choose, with values of a kind.
  case named(SettingKind)
  /// A value of one of some kinds.
  case either([SettingKind])

  /// As in "expected a number greater than 0".
  public var description: String {
    switch self {
    case .any: "any value"
    case .number(let range): range.description
    case .integer(let range): range.settingDescription
    case .boolean: "true or false"
    case .string: "a string"
    case .choice(let choices): "one of " + choices.map { "\"\($0)\"" }.joined(separator: ", ")
    case .array(.object, _): "an array of objects"
    case .array(let element, _): "an array, each element \(element)"
    case .object(let shorthand): shorthand.map { "an object or its \($0)" } ?? "an object"
    case .named(let value): "an object, each value \(value)"
    case .either(let kinds): kinds.map(\.description).joined(separator: ", or ")
    }
  }

  /// A path, or several.
  public static var paths: SettingKind { .either([.string, .array(.string, count: .positive)]) }

  /// A value of the kind, for readers that are to go on without one.
  var example: JSONValue {
    switch self {
    case .any: .null
    case .number(let range): .number(range.example)
    case .integer(let range): .integer(range.contains(1) ? 1 : range.lowerBound)
    case .boolean: false
    case .string: "x"
    case .choice(let choices): .string(choices.first ?? "")
    case .array(let element, let count):
      .array(Array(repeating: element.example, count: max(1, min(count.lowerBound, 64))))
    case .object, .named: [:]
    // An object has keys of its own, which its reader goes on to ask for.
    case .either(let kinds): (kinds.first(where: \.isObject) ?? kinds.first ?? .any).example
    }
  }

  /// Whether it is not one of several kinds.
  var isOneKind: Bool { if case .either = self { false } else { true } }

  /// Whether it is an object with keys of its own.
  private var isObject: Bool { if case .object = self { true } else { false } }
}
