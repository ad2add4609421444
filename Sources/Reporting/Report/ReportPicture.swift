import Foundation
import Foundations

/// Pictures inside a page: they take its colours, light or dark, and its width.
enum ReportPicture {
  /// A drawing by gnuplot.
  ///
  /// - Throws: `TrainerError` with code `.usage` if gnuplot is missing or takes too long.
  static func html(_ plot: Plot) throws -> HTML {
    // Smaller numbers at the axes: a page has less room than a picture by itself.
    let script = plot.script.replacing(
      "set tics nomirror out scale 0.5", with: "set tics nomirror out scale 0.5 font \",9\"")
    let (width, height) = plot.hasEndLabels ? plot.size : (480, 320)
    return HTML(trusting: themed(try Gnuplot.svg(script, width: width, height: height)))
  }

  /// A drawing in the colours of the page, as wide as it is given room.
  static func themed(_ svg: String) -> String {
    var text = svg
    // Neither a declaration nor a fixed size has a place inside a page.
    if let start = text.range(of: "<svg") { text.removeSubrange(..<start.lowerBound) }
    if let end = text.range(of: ">") {
      let tag = text[..<end.upperBound].replacing(/\s(width|height)="[^"]*"/, with: "")
      text = String(tag) + text[end.upperBound...]
    }
    for (index, color) in Plot.colors.enumerated() { text = text.recolored(color, "var(--c\(index))") }
    for (color, name) in [
      ("#ffffff", "var(--ground)"), ("#000000", "var(--text)"), ("#666666", "var(--faint)"), ("#e4e4e4", "var(--line)"),
      ("#aaaaaa", "var(--faint)"),
    ] { text = text.recolored(color, name) }
    return text.replacing("black", with: "var(--text)")
  }

  /// A picture of a sample, [height, width] or [height, width, 1, 3 or 4 channels], from its darkest value to its brightest: a
  /// bitmap, the one format of pixels that needs no packing.
  static func image(_ values: [Double], shape: [Int]) -> HTML? {
    guard shape.count >= 2, let low = values.min(), let high = values.max() else { return nil }
    let (height, width, channels) = (shape[0], shape[1], shape.count > 2 ? shape[2] : 1)
    guard values.count == height * width * channels, (1...4096).contains(height), (1...4096).contains(width) else {
      return nil
    }
    let scale = high > low ? 255 / (high - low) : 0
    // Rows are filled up to whole words of four bytes, and begin with the lowest.
    let rowBytes = (width * 3 + 3) / 4 * 4
    var bytes = Array("BM".utf8)
    func append(_ value: Int, _ count: Int) {
      for byte in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    append(54 + rowBytes * height, 4)
    append(0, 4)
    append(54, 4)
    for (value, count) in [(40, 4), (width, 4), (height, 4), (1, 2), (24, 2), (0, 4), (rowBytes * height, 4)] {
      append(value, count)
    }
    append(0, 16)
    for row in stride(from: height - 1, through: 0, by: -1) {
      for column in 0..<width {
        let place = (row * width + column) * channels
        // Blue comes first.
        for channel in [2, 1, 0] {
          bytes.append(UInt8((values[place + (channels >= 3 ? channel : 0)] - low) * scale))
        }
      }
      for _ in width * 3..<rowBytes { bytes.append(0) }
    }
    let data = Data(bytes).base64EncodedString()
    return "<img alt=\"sample\" src=\"data:image/bmp;base64,\(HTML(trusting: data))\">"
  }

  /// Bars, each as high as its count is beside the greatest.
  static func spark(_ counts: [Int]) -> HTML {
    let most = Double(max(1, counts.max() ?? 1))
    let bars = counts.enumerated().map { index, count -> HTML in
      let height = String(format: "%.2f", 20 * Double(count) / most)
      let top = String(format: "%.2f", 20 - 20 * Double(count) / most)
      return "<rect x=\"\(index)\" y=\"\(top)\" width=\"0.9\" height=\"\(height)\"/>"
    }
    return
      "<svg class=\"spark\" viewBox=\"0 0 \(counts.count) 20\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"histogram\">\(bars)</svg>"
  }
}

extension String {
  /// A colour in both spellings of gnuplot, replaced.
  fileprivate func recolored(_ color: String, _ name: String) -> String {
    let channels = stride(from: 1, to: 7, by: 2).map { start in
      let from = color.index(color.startIndex, offsetBy: start)
      return Int(color[from..<color.index(from, offsetBy: 2)], radix: 16) ?? 0
    }
    let spelt = ["rgb(%3d, %3d, %3d)", "rgb(%d,%d,%d)"].map {
      String(format: $0, channels[0], channels[1], channels[2])
    }
    return ([color, color.uppercased()] + spelt).reduce(self) { $0.replacing($1, with: name) }
  }
}
