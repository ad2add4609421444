import Foundations

/// What a run shows of itself at the bottom of a terminal while it goes on: how far it is, how fast, and its measures so far
/// beside the last measured ones and the best. On a narrow terminal the same, one after the other.
package struct LiveBlock {
  /// How far something has come.
  package struct Part {
    package let name: String
    /// From 0 to 1.
    package let share: Double
    /// Where it is, such as `step 12/100`.
    package let place: String
  }

  /// One measure of one group.
  package struct Measure {
    let label: String
    /// Of the epoch so far.
    var now: Double?
    /// As it was measured last.
    var last: Double?
    /// The best of those that were measured, and when, such as `epoch 3`.
    var best: (value: Double, when: String)?
    /// Whether the last is the best.
    var isBest = false
  }

  package var parts: [Part]
  /// Such as `1.23 M samples/s`.
  package var facts: [String]
  package var measures: [Measure]
  /// Whether bars may be drawn with characters beyond ASCII.
  package var isUnicode = true

  /// Narrower terminals get no table.
  private static let tableColumns = 60
  private static let mostBarColumns = 40

  /// The block for a terminal's width.
  package func lines(columns: Int) -> [StyledLine] {
    columns >= Self.tableColumns ? table(columns) : flow(columns - 1)
  }

  private func table(_ columns: Int) -> [StyledLine] {
    let names = parts.map(\.name.count).max() ?? 0
    let places = parts.map(\.place.count).max() ?? 0
    let width = min(Self.mostBarColumns, columns - 1 - names - places - 2 * 2 - 7)
    var lines = parts.map { part in
      var line = StyledLine(part.name.padded(to: names) + "  ", .bold)
      let (done, left) = Self.bar(part.share, columns: max(4, width), isUnicode: isUnicode)
      line.append(done, .good)
      line.append(left, .faint)
      line.append(" \(Self.percent(part.share).padded(to: 5, atEnd: false))  \(part.place)")
      return line
    }
    lines += wrapped(facts, columns - 1).map { StyledLine($0, .accent) }
    guard !measures.isEmpty else { return lines }
    let labels = measures.map(\.label.count).max() ?? 0
    let header = ["now", "last", "best"].map { $0.padded(to: 11, atEnd: false) }.joined()
    lines.append(StyledLine(String(repeating: " ", count: labels) + header, .faint))
    for measure in measures {
      var line = StyledLine(measure.label.padded(to: labels))
      for value in [measure.now, measure.last] { line.append(Self.cell(value)) }
      line.append(Self.cell(measure.best?.value), measure.isBest ? .good : .plain)
      if let best = measure.best {
        line.append(measure.isBest ? " *" : "  \(best.when)", measure.isBest ? .good : .faint)
      }
      lines.append(line)
    }
    return lines
  }

  /// All of it as words, in as many lines as it takes; each measure begins a line.
  private func flow(_ columns: Int) -> [StyledLine] {
    let progress = parts.flatMap { ["\($0.name) \(Self.percent($0.share))", $0.place] } + facts
    let groups = measures.map { measure in
      var words = [measure.label]
      if let now = measure.now { words.append("now \(NumberText.measure(now))") }
      if let last = measure.last { words.append("last \(NumberText.measure(last))") }
      if let best = measure.best {
        words.append("best \(NumberText.measure(best.value))" + (measure.isBest ? " *" : " \(best.when)"))
      }
      return words
    }
    return ([progress] + groups).flatMap { wrapped($0, columns) }.map { StyledLine($0) }
  }

  /// Pieces with two spaces between them, in lines of a width; a longer piece goes on in the next line, behind a word if that
  /// can be.
  private func wrapped(_ pieces: [String], _ columns: Int) -> [String] {
    let columns = max(1, columns)
    var lines: [String] = []
    for piece in pieces where !piece.isEmpty {
      if let last = lines.last, last.count + 2 + piece.count <= columns {
        lines[lines.count - 1] += "  " + piece
        continue
      }
      var rest = piece[...]
      while rest.count > columns {
        let line = rest.prefix(columns + 1)
        let end = line.lastIndex(of: " ").flatMap { $0 > line.startIndex ? $0 : nil } ?? line.dropLast().endIndex
        lines.append(String(rest[..<end]))
        rest = rest[end...].drop { $0 == " " }
      }
      lines.append(String(rest))
    }
    return lines
  }

  static func bar(_ share: Double, columns: Int, isUnicode: Bool) -> (done: String, left: String) {
    let count = min(columns, max(0, Int((share * Double(columns)).rounded(.down))))
    let (done, left) = isUnicode ? ("━", "─") : ("=", "-")
    return (String(repeating: done, count: count), String(repeating: left, count: columns - count))
  }

  static func percent(_ share: Double) -> String {
    // 100 % is said when all is done.
    "\(Int(min(1, max(0, share.isFinite ? share : 0)) * 100)) %"
  }

  private static func cell(_ value: Double?) -> String {
    (value.map(NumberText.measure) ?? "-").padded(to: 11, atEnd: false)
  }
}
