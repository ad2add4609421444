/// The names in a list that Python has pickled in its oldest protocol, in which PyTables keeps what pandas calls the columns of
/// a block (Python Software Foundation, `pickletools`).
///
/// Such a list reads `(lp0`, a line for each name and `p1`, where it is kept in the memo, `a` to append, and `.`. A name is
/// `V` and a text in Python's raw-unicode-escape, `S` and a quoted one of bytes, `I` or `L` and a whole number.
struct PickledNames {
  let names: [String]

  /// - Returns: `nil` for anything else.
  init?(_ pickle: [UInt8]) {
    var names: [String] = []
    var lines = pickle.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
    guard lines.popFirst()?.starts(with: Array("(lp".utf8)) == true else { return nil }
    while var line = lines.popFirst() {
      if line.first == UInt8(ascii: "a") { line = line.dropFirst() }
      if line.elementsEqual([UInt8(ascii: ".")]) {
        self.names = names
        return
      }
      guard let name = Self.name(line) else { return nil }
      names.append(name)
      if lines.first?.first == UInt8(ascii: "p") { lines.removeFirst() }
    }
    return nil
  }

  private static func name(_ line: ArraySlice<UInt8>) -> String? {
    // Bytes that are no escape are Latin-1, whose codes are those of Unicode.
    let rest = line.dropFirst().map { Unicode.Scalar($0) }
    switch line.first {
    case UInt8(ascii: "V"): return unescaped(rest[...], widths: ["u": 4, "U": 8], plain: [:])
    case UInt8(ascii: "S"):
      guard rest.count >= 2, rest.first == rest.last, rest.first == "'" || rest.first == "\"" else { return nil }
      return unescaped(
        rest.dropFirst().dropLast(), widths: ["x": 2],
        plain: ["\\": "\\", "'": "'", "\"": "\"", "n": "\n", "t": "\t", "r": "\r"])
    case UInt8(ascii: "I"), UInt8(ascii: "L"):
      var digits = String(String.UnicodeScalarView(rest))
      if digits.last == "L" { digits.removeLast() }
      return Int(digits).map { "\($0)" }
    default: return nil
    }
  }

  /// - Parameters:
  ///   - widths: How many hexadecimal digits follow a backslash and such a letter.
  ///   - plain: What a backslash and such a character stand for. Where it is empty other backslashes are themselves.
  private static func unescaped(
    _ text: ArraySlice<Unicode.Scalar>, widths: [Unicode.Scalar: Int], plain: [Unicode.Scalar: Unicode.Scalar]
  ) -> String? {
    var (rest, result) = (text, String.UnicodeScalarView())
    while let scalar = rest.popFirst() {
      guard scalar == "\\" else {
        result.append(scalar)
        continue
      }
      if let next = rest.first, let width = widths[next] {
        let digits = String(String.UnicodeScalarView(rest.dropFirst().prefix(width)))
        guard digits.unicodeScalars.count == width, let code = UInt32(digits, radix: 16),
          let escaped = Unicode.Scalar(code)
        else { return nil }
        result.append(escaped)
        rest = rest.dropFirst(width + 1)
      } else if plain.isEmpty {
        result.append(scalar)
      } else {
        guard let next = rest.popFirst(), let escaped = plain[next] else { return nil }
        result.append(escaped)
      }
    }
    return String(result)
  }
}
