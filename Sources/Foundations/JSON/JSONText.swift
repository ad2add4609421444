extension JSONValue {
  /// The value on one line without spaces, as in a line of `metrics.jsonl`.
  public var compactText: String {
    var writer = JSONWriter(separator: ",", keySeparator: ":")
    writer.writeOnOneLine(self)
    return writer.text
  }

  /// The value over several lines, indented by two spaces, arrays of scalars on one line where that fits; ends
  /// without a line break.
  public var prettyText: String {
    var writer = JSONWriter(separator: ", ", keySeparator: ": ")
    writer.writeIndented(self, depth: 0)
    return writer.text
  }

  /// The value on one line with spaces, as in messages.
  public var lineText: String {
    var writer = JSONWriter(separator: ", ", keySeparator: ": ")
    writer.writeOnOneLine(self)
    return writer.text
  }

  /// The shortest text that reads back as the same number: `15` and not `15.0`, `0.1`, `1e-10`; `null` for a number
  /// that is not finite.
  public static func text(of number: Double) -> String {
    guard number.isFinite else { return "null" }
    let text = number.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

private struct JSONWriter {
  var text = ""
  let separator: String
  let keySeparator: String

  mutating func writeOnOneLine(_ value: JSONValue) {
    switch value {
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += separator }
        writeOnOneLine(element)
      }
      text += "]"
    case .object(let object):
      text += "{"
      for (index, member) in object.members.enumerated() {
        if index > 0 { text += separator }
        write(member.key)
        text += keySeparator
        writeOnOneLine(member.value)
      }
      text += "}"
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += JSONValue.text(of: value)
    case .string(let value): write(value)
    }
  }

  mutating func writeIndented(_ value: JSONValue, depth: Int) {
    let indentation = String(repeating: "  ", count: depth + 1)
    let end = "\n" + String(repeating: "  ", count: depth)
    switch value {
    case .array(let elements) where !fitsOneLine(elements, depth: depth):
      text += "["
      for (index, element) in elements.enumerated() {
        text += (index > 0 ? ",\n" : "\n") + indentation
        writeIndented(element, depth: depth + 1)
      }
      text += end + "]"
    case .object(let object) where !object.members.isEmpty:
      text += "{"
      for (index, member) in object.members.enumerated() {
        text += (index > 0 ? ",\n" : "\n") + indentation
        write(member.key)
        text += keySeparator
        writeIndented(member.value, depth: depth + 1)
      }
      text += end + "}"
    default:
      writeOnOneLine(value)
    }
  }

  private func fitsOneLine(_ elements: [JSONValue], depth: Int) -> Bool {
    // Also arrays of arrays of numbers (a matrix) stay on one line while they are short.
    elements.allSatisfy { $0.isScalar || $0.elements?.allSatisfy(\.isScalar) == true }
      && JSONValue.array(elements).lineText.count + 2 * depth <= 100
  }

  private mutating func write(_ string: String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.actsOnTerminals:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
