import Foundations

/// Text that is HTML already. What is put into it is escaped unless it is HTML itself.
struct HTML: ExpressibleByStringInterpolation {
  private(set) var text: String

  init(stringLiteral value: String) { text = value }
  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ value: HTML) { text += value.text }
    mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { text += part.text } }
    mutating func appendInterpolation(_ value: Int) { text += String(value) }
    mutating func appendInterpolation(_ value: String) { text += HTML.escaped(value) }
  }

  /// HTML that another program has made, such as a drawing.
  init(trusting text: String) { self.text = text }

  /// Text as an element or an attribute in quotes holds it; what a page cannot hold is spelt.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.withoutControls {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.append(character)
      }
    }
    return escaped
  }

  /// A table whose first line names the columns.
  ///
  /// - Parameter left: The columns that stand flush left, as names do.
  static func table(_ header: [String], _ rows: [[HTML]], left: Set<Int> = [0]) -> HTML {
    func cells(_ row: [HTML], _ tag: HTML) -> [HTML] {
      row.enumerated().map { index, cell in
        let kind: HTML = left.contains(index) ? "" : " class=\"number\""
        return "<\(tag)\(kind)>\(cell)</\(tag)>"
      }
    }
    let head = cells(header.map { "\($0)" }, "th")
    let lines = rows.map { row -> HTML in "<tr>\(cells(row, "td"))</tr>\n" }
    return "<div class=\"wide\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(lines)</tbody></table></div>\n"
  }
}
