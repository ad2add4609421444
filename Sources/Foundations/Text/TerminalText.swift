extension String {
  /// The text on one line: what would break it, or what a terminal would act on, is written out, a line break as `\n`
  /// and an escape as `\u{1b}`.
  ///
  /// Names in files may hold anything, also what would move the cursor or begin a second message. Doing this twice
  /// changes nothing.
  package var onOneLine: String { escaping { $0.actsOnTerminals } }

  /// The text with its line breaks and tabs, without anything else that a terminal would act on.
  package var withoutControls: String { escaping { $0 != "\n" && $0 != "\t" && $0.actsOnTerminals } }

  /// The text without its middle if it is longer than a sentence can be: names in files may have any length.
  package var shortened: String {
    let (most, begin, end) = (6000, 4000, 1000)
    guard utf8.count > most else { return self }
    return String(decoding: utf8.prefix(begin), as: UTF8.self) + " … "
      + String(decoding: utf8.suffix(end), as: UTF8.self)
  }

  private func escaping(_ isEscaped: (Unicode.Scalar) -> Bool) -> String {
    guard unicodeScalars.contains(where: isEscaped) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      switch scalar {
      case _ where !isEscaped(scalar): text.unicodeScalars.append(scalar)
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default: text += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Whether it is a control, ends a line, or changes the direction in which what follows is shown.
  var actsOnTerminals: Bool {
    switch value {
    case 0...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

/// Names for people, each in quotes and on one line: `'a', 'b'`, the first so many and how many more.
///
/// - Parameter count: How many there are, if these are only the first of them.
package func listed(_ names: some Collection<String>, of count: Int? = nil, atMost limit: Int = 20) -> String {
  let rest = (count ?? names.count) - min(names.count, limit)
  let text = names.prefix(limit).map { "'\($0.onOneLine)'" }.joined(separator: ", ")
  return rest > 0 ? "\(text) and \(rest) more" : text
}

extension String {
  /// The text as one word of a shell's command: as it is where no shell would take it for anything else, otherwise in single
  /// quotes.
  package var shellWord: String {
    let isPlain = !isEmpty && allSatisfy { $0.isLetter || $0.isNumber || "-_./,+@%:=".contains($0) }
    return isPlain ? self : "'" + replacing("'", with: #"'\''"#) + "'"
  }
}
