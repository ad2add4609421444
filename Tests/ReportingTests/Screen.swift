/// What a terminal shows of what is written to it: lines, the cursor's moves up and to the first column, and clearing to the end.
/// It wraps long lines unless told not to, as terminals do that keep lines together when they are made narrower.
struct Screen {
  private(set) var lines: [[Character]] = [[]]
  private var row = 0
  private var column = 0
  private var wraps = true
  private let columns: Int
  /// Whatever it does not know.
  private(set) var unknown: [String] = []

  init(_ text: String, columns: Int = .max) {
    self.columns = columns
    var rest = Substring(text)
    while let character = rest.first {
      rest = rest.dropFirst()
      switch character {
      case "\u{1B}":
        let code = rest.prefix { !$0.isLetter }
        let letter = rest.dropFirst(code.count).first ?? " "
        rest = rest.dropFirst(code.count + 1)
        act(String(code), letter)
      case "\n", "\r\n":
        row += 1
        column = 0
        if row == lines.count { lines.append([]) }
      case "\r": column = 0
      default: put(character)
      }
    }
  }

  /// The lines, without spaces at their ends and empty lines at the end.
  var text: String {
    var texts = lines.map { String(String($0).reversed().drop { $0 == " " }.reversed()) }
    while texts.last == "" { texts.removeLast() }
    return texts.map { $0 + "\n" }.joined()
  }

  private mutating func act(_ code: String, _ letter: Character) {
    switch (letter, code) {
    case ("A", _): row = max(0, row - (Int(code.dropFirst()) ?? 1))
    case ("J", "["):
      lines[row] = Array(lines[row].prefix(column))
      lines.removeLast(lines.count - 1 - row)
    case ("m", _): break
    case ("l", "[?7"): wraps = false
    case ("h", "[?7"): wraps = true
    default: unknown.append("\(code)\(letter)")
    }
  }

  private mutating func put(_ character: Character) {
    if column == columns {
      guard wraps else { return }
      row += 1
      column = 0
      if row == lines.count { lines.append([]) }
    }
    while lines[row].count < column { lines[row].append(" ") }
    if column < lines[row].count { lines[row][column] = character } else { lines[row].append(character) }
    column += 1
  }
}
