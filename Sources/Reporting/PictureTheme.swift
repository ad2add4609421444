import Foundation
import Foundations

/// The colours of a picture: dark lines on light ground, or light ones on dark.
public enum PictureTheme: String, CaseIterable, Sendable {
  /// An SVG goes by what its viewer wants, and is light where that takes no notice; a PNG is light.
  case auto
  case light
  case dark

  /// The ground of dark pictures, and their text.
  package static let (ground, text) = ("#16181b", "#e6e7e9")

  /// A colour, as a dark picture has it.
  ///
  /// - Parameter color: `#rrggbb`, the spellings of gnuplot's SVG, or a name of those that pictures have.
  /// - Returns: `nil` for what is no such colour, such as `none`.
  package static func dark(_ color: String) -> String? {
    guard let channels = channels(of: color) else { return nil }
    let hex = "#" + channels.map { String(format: "%02x", $0) }.joined()
    return known[hex] ?? inverted(channels)
  }

  /// Those of lines and axes are the report's.
  private static let known: [String: String] = {
    let lines = ["#56b4e9", "#f08a4b", "#35c99f", "#e3a0c8", "#e6b84d", "#8fcdf2"]
    return Dictionary(uniqueKeysWithValues: zip(Plot.colors, lines)).merging([
      "#ffffff": ground, "#000000": text, "#666666": "#9aa0a8", "#e4e4e4": "#363a40", "#aaaaaa": "#9aa0a8",
    ]) { one, _ in one }
  }()

  /// The colour of the same hue, as far from dark ground as the given one is from white.
  private static func inverted(_ channels: [Int]) -> String {
    let values = channels.map { Double($0) / 255 }
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    let lightness = (low + high) / 2
    let saturation = high > low ? (high - low) / (1 - abs(2 * lightness - 1)) : 0
    // From the ground's lightness up to that of text.
    let other = 0.1 + 0.8 * (1 - lightness)
    let chroma = saturation * (1 - abs(2 * other - 1))
    let scaled = values.map { high > low ? other - chroma / 2 + chroma * ($0 - low) / (high - low) : other }
    return "#" + scaled.map { String(format: "%02x", Int((255 * $0).rounded())) }.joined()
  }

  private static let names = [
    "black": "#000000", "white": "#ffffff", "gray40": "#666666", "gray92": "#ebebeb", "lightgrey": "#d3d3d3",
  ]

  private static func channels(of color: String) -> [Int]? {
    let color = names[color] ?? color
    if color.hasPrefix("#"), color.count == 7, let number = Int(color.dropFirst(), radix: 16) {
      return [number >> 16, number >> 8 & 255, number & 255]
    }
    guard color.hasPrefix("rgb("), color.hasSuffix(")") else { return nil }
    let parts = color.dropFirst(4).dropLast().split(separator: ",").map { Int($0.filter { $0 != " " }) }
    return parts.count == 3 && !parts.contains(nil) ? parts.compactMap(\.self) : nil
  }

  // MARK: Pictures

  /// An SVG in the theme.
  ///
  /// - Parameter plainText: Whether there is text without a colour of its own or of what it is in.
  package func applied(toSVG svg: String, plainText: Bool = false) -> String {
    switch self {
    case .light: return svg
    case .auto:
      guard let start = svg.range(of: "<svg"), let end = svg[start.upperBound...].firstIndex(of: ">") else {
        return svg
      }
      return svg[...end] + "\n" + Self.style(for: svg, plainText: plainText) + svg[svg.index(after: end)...]
    case .dark:
      return svg.replacing(Self.attribute) { match in
        Self.dark(String(match.value)).map { String(match.0).replacing(match.value, with: $0) } ?? String(match.0)
      }
    }
  }

  /// What makes a viewer that wants dark colours change those of the attributes; others take no notice.
  private static func style(for svg: String, plainText: Bool) -> String {
    var rules: [String] = plainText ? ["text:not([fill]) { fill: \(text) }"] : []
    var seen: Set<String> = []
    for match in svg.matches(of: attribute) {
      let (name, value) = (String(match.name), String(match.value))
      guard seen.insert("\(name) \(value)").inserted, let color = dark(value) else { continue }
      rules.append("[\(name)=\"\(value)\"] { \(name): \(color) }")
    }
    return "<style>@media (prefers-color-scheme: dark) {\n\(rules.joined(separator: "\n"))\n}</style>\n"
  }

  private static var attribute: Regex<(Substring, name: Substring, value: Substring)> {
    /\s(?<name>fill|stroke|color|stop-color)\s*=\s*["'](?<value>[#r-][^"']*|black|white|lightgrey)["']/
  }

  /// A script of gnuplot's for a PNG in the theme.
  package func applied(toScript script: String) -> String {
    guard self == .dark else { return script }
    let colored = Self.replacingColors(in: script)
    let texts = ["set title ", "set xlabel ", "set ylabel ", "set cblabel ", "set tics ", "set cbtics ", "set key "]
    return colored.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let line = String(line)
      if texts.contains(where: line.hasPrefix) { return "\(line) textcolor rgb \"\(Self.text)\"" }
      return line.replacing("noenhanced font \",14\"", with: "noenhanced font \",14\" textcolor rgb \"\(Self.text)\"")
    }.joined(separator: "\n")
  }

  /// A graph in Graphviz's language in the theme.
  package func applied(toDOT dot: String) -> String {
    guard self == .dark else { return dot }
    return Self.replacingColors(in: dot)
      .replacing(/=(white|gray40|gray92)\b/) { match in "=\"\(Self.dark(String(match.1)) ?? String(match.1))\"" }
      .replacing("  graph [", with: "  graph [bgcolor=\"\(Self.ground)\", fontcolor=\"\(Self.text)\", ")
      .replacing("  node [", with: "  node [color=\"\(Self.text)\", fontcolor=\"\(Self.text)\", ")
  }

  private static func replacingColors(in text: String) -> String {
    text.replacing(/"(#[0-9a-fA-F]{6})"/) { match in "\"\(dark(match.1.lowercased()) ?? String(match.1))\"" }
  }
}
