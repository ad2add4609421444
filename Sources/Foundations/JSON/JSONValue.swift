/// A JSON value that keeps the order of an object's keys and the difference between integers and other numbers.
public enum JSONValue: Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A number written without fraction and exponent that fits `Int`.
  case integer(Int)
  /// Any other number. One that is not finite is written as `null`.
  case number(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object.
  case object(JSONObject)

  /// The value of a key if this is an object that has it.
  public subscript(key: String) -> JSONValue? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  /// The number as a double if this is an integer or a number.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The number as an integer if this is one, also one written as `10.0` or `1e3`.
  public var int: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The same with the strings "inf", "-inf" and "nan" in place of numbers that are not finite, which JSON has no text
  /// for.
  public var namingNonFinite: JSONValue {
    switch self {
    case .number(let value) where !value.isFinite: return .string(value.isNaN ? "nan" : value < 0 ? "-inf" : "inf")
    case .array(let elements): return .array(elements.map(\.namingNonFinite))
    case .object(var object):
      for member in object.members { object[member.key] = member.value.namingNonFinite }
      return .object(object)
    default: return self
    }
  }

  /// The text if this is a string.
  public var text: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements if this is an array.
  public var elements: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// Whether this is neither an array nor an object.
  public var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }
}

/// The members of a JSON object in the order in which they were written. Look-up is linear in their number.
public struct JSONObject: Sendable {
  /// One key with its value.
  public struct Member: Sendable, Equatable {
    /// The key.
    public let key: String
    /// The value.
    public var value: JSONValue
  }

  /// The members in order; no two have the same key.
  public private(set) var members: [Member] = []

  /// Creates an object without members.
  public init() {}

  /// The keys in order.
  public var keys: [String] { members.map(\.key) }

  /// Creates an object with these members; of a key that is given twice, the last value counts, and one without a value
  /// is left out.
  public init(_ members: [(key: String, value: JSONValue?)]) {
    for (key, value) in members { self[key] = value }
  }

  /// This object with the members of another behind its own.
  public func appending(_ other: JSONObject) -> JSONObject {
    var object = self
    for member in other.members { object[member.key] = member.value }
    return object
  }

  /// The value of a key. Setting a new key appends it, setting `nil` removes the key.
  public subscript(key: String) -> JSONValue? {
    get { members.first { $0.key == key }?.value }
    set {
      let index = members.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(Member(key: key, value: value))
      case (nil, nil): break
      }
    }
  }
}

/// Two objects are equal if they have the same members in any order: order is for readers, not meaning.
extension JSONObject: Equatable {
  /// Whether both have the same members, in any order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.members.count == right.members.count && left.members.allSatisfy { right[$0.key] == $0.value }
  }
}

/// Numbers are equal by value: `15` read from a file equals the `15.0` that was written to it.
extension JSONValue: Equatable {
  /// Whether both stand for the same value.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.boolean(let left), .boolean(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.integer(let left), .number(let right)), (.number(let right), .integer(let left)):
      Int(exactly: right) == left
    case (.string(let left), .string(let right)): left == right
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// Creates an object from a literal; of a key that is given twice, the last value counts.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    for (key, value) in elements { self[key] = value }
  }
}

// No `ExpressibleByNilLiteral`: where a `JSONValue?` is meant, `nil` would silently become `null`.
extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Creates a boolean.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  /// Creates an integer.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// Creates a number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Creates a string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// Creates an array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// Creates an object; of a key that is given twice, the last value counts.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (key, value) in elements { object[key] = value }
    self = .object(object)
  }
}
