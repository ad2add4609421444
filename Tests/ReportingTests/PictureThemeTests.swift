import Foundation
import Reporting
import Testing

/// Pictures in dark colours.
@Suite struct PictureThemeTests {
  private let svg = """
    <?xml version="1.0"?>
    <svg
     width="10" height="10">
    <rect fill="#ffffff"/><g color="black" stroke="currentColor" fill="none"><path stroke='rgb(  0, 114, 178)'/></g>
    <text fill="rgb(102,102,102)">fill="black"</text>
    </svg>

    """

  /// The contrast of two colours by the Web Content Accessibility Guidelines 2.1, from 1 to 21.
  private func contrast(_ one: String, _ other: String) throws -> Double {
    func linear(_ channel: Int) -> Double {
      let value = Double(channel & 255) / 255
      return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    func luminance(_ color: String) throws -> Double {
      let number: Int = try #require(Int(color.dropFirst(), radix: 16))
      let red: Double = 0.2126 * linear(number >> 16)
      let green: Double = 0.7152 * linear(number >> 8)
      return red + green + 0.0722 * linear(number)
    }
    let values = [try luminance(one), try luminance(other)].sorted()
    return (values[1] + 0.05) / (values[0] + 0.05)
  }

  @Test func anSVGFollowsItsViewerAndIsOtherwiseAsItWas() throws {
    let themed = PictureTheme.auto.applied(toSVG: svg)
    let start = try #require(themed.range(of: "<style>")), end = try #require(themed.range(of: "</style>\n"))
    // One sheet, right behind the outermost tag, and nothing else is changed.
    #expect(themed[..<start.lowerBound].hasSuffix("height=\"10\">\n"))
    #expect(
      (themed[..<start.lowerBound].dropLast() + themed[end.upperBound...]).replacing("\n", with: "")
        == svg.replacing("\n", with: ""))
    let style = themed[start.upperBound..<end.lowerBound]
    #expect(style.hasPrefix("@media (prefers-color-scheme: dark) {"))
    for rule in [
      "[fill=\"#ffffff\"] { fill: #16181b }", "[color=\"black\"] { color: #e6e7e9 }",
      "[stroke=\"rgb(  0, 114, 178)\"] { stroke: #56b4e9 }", "[fill=\"rgb(102,102,102)\"] { fill: #9aa0a8 }",
    ] { #expect(style.contains(rule), "\(rule)") }
    #expect(!style.contains("none") && !style.contains("currentColor") && !style.contains("text:not"))
    #expect(PictureTheme.auto.applied(toSVG: svg, plainText: true).contains("text:not([fill]) { fill: #e6e7e9 }"))
    #expect(PictureTheme.light.applied(toSVG: svg) == svg)
  }

  @Test func aDarkSVGNeedsNoStyle() {
    let dark = PictureTheme.dark.applied(toSVG: svg)
    #expect(!dark.contains("<style") && !dark.contains("#ffffff") && !dark.contains("rgb("))
    #expect(dark.contains("<rect fill=\"#16181b\"/>") && dark.contains("<path stroke='#56b4e9'/>"))
  }

  @Test func linesAndTextStandOutOnDarkGround() throws {
    for color in Plot.colors + ["#000000", "#666666"] {
      let dark = try #require(PictureTheme.dark(color))
      #expect(try contrast(dark, PictureTheme.ground) >= 4.5, "\(color) is \(dark)")
    }
    // Colours that no table has keep their hue and order: what stands out on white does on dark ground.
    let steps = try ["#08306b", "#2171b5", "#6baed6", "#c6dbef"].map { color in
      try contrast(#require(PictureTheme.dark(color)), PictureTheme.ground)
    }
    #expect(steps == steps.sorted(by: >) && steps[0] > 6)
    #expect(PictureTheme.dark("#ff0000") == PictureTheme.dark("rgb(255,0,0)"))
    for other in ["none", "currentColor", "url(#a)", "#fff", "rgb(1,2)", ""] {
      #expect(PictureTheme.dark(other) == nil)
    }
  }

  @Test func scriptsAndGraphsHaveDarkGround() {
    let script = "set terminal pngcairo background \"#ffffff\"\nset title 'a'\nset border lc rgb \"#666666\"\nplot x\n"
    #expect(
      PictureTheme.dark.applied(toScript: script)
        == "set terminal pngcairo background \"#16181b\"\nset title 'a' textcolor rgb \"#e6e7e9\"\nset border lc rgb \"#9aa0a8\"\nplot x\n"
    )
    let dot = "digraph {\n  graph [label=a]\n  node [fillcolor=white, fontsize=11]\n  n0 [fillcolor=\"#cfe8ff\"]\n}\n"
    let dark = PictureTheme.dark.applied(toDOT: dot)
    #expect(dark.contains("bgcolor=\"#16181b\"") && dark.contains("fillcolor=\"#16181b\""))
    #expect(!dark.contains("white") && !dark.contains("#cfe8ff"))
    for theme in [PictureTheme.auto, .light] {
      #expect(theme.applied(toScript: script) == script && theme.applied(toDOT: dot) == dot)
    }
  }
}
