import Foundation
import Foundations

/// How a picture is stored, as its file's suffix says.
public enum PictureFormat: String, CaseIterable, Sendable {
  /// Vector graphics; equal input gives equal text on any machine.
  case svg
  /// Pixels, twice as many a side as the SVG has units.
  case png

  /// The format of a file.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the suffix is another.
  public init(path: String) throws {
    let name = fileName(of: path)
    let suffix = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() }
    guard let format = suffix.flatMap(PictureFormat.init) else {
      throw TrainerError(.usage, "\(path): no picture can be written in this format, expected a name in .svg or .png")
    }
    self = format
  }

  fileprivate func terminal(_ size: (width: Int, height: Int)) -> String {
    let (width, height) = size
    switch self {
    case .svg:
      return "set terminal svg size \(width),\(height) fixed font \"\(Gnuplot.font),13\" background \"#ffffff\""
    case .png:
      return "set terminal pngcairo size \(2 * width),\(2 * height) fontscale 2 linewidth 2 pointscale 2 "
        + "font \"\(Gnuplot.font),10\" background \"#ffffff\""
    }
  }
}

/// Draws with gnuplot, which is found along PATH when a picture is asked for.
enum Gnuplot {
  static let font = "DejaVu Sans"

  /// Draws what a script plots, in a picture of that size in SVG's units, and puts the picture in place whole, or leaves what was there.
  ///
  /// - Throws: `TrainerError` with code `.usage` if gnuplot is missing, fails or takes too long, or the file cannot be
  ///   written.
  static func draw(
    _ script: String, size: (width: Int, height: Int), _ theme: PictureTheme, to file: OutputFile
  ) throws {
    let format = try PictureFormat(path: file.path)
    let whole = "\(format.terminal(size))\n\(script)"
    let picture =
      switch format {
      case .svg: try Array(theme.applied(toSVG: plain(drawn(whole))).utf8)
      case .png: try drawn(theme.applied(toScript: whole))
      }
    try OutputFile.explaining { try file.write(picture) }
  }

  /// Draws what a script plots as SVG.
  ///
  /// - Throws: `TrainerError` with code `.usage` if gnuplot is missing, fails or takes too long.
  static func svg(_ script: String, width: Int, height: Int) throws -> String {
    plain(
      try drawn(
        "set terminal svg size \(width),\(height) dynamic font \"\(font),12\" background \"#ffffff\"\n\(script)"))
  }

  private static func drawn(_ script: String) throws -> [UInt8] {
    let program = DrawingProgram(
      name: "gnuplot", package: "gnuplot-nox",
      // Without the user's own start-up files, which could change fonts and colours.
      arguments: ["--default-settings", "-"],
      environment: ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("GNUPLOT") }
        .merging(["LC_ALL": "C.UTF-8"]) { _, new in new })
    return try program.draw(script, advice: "draw fewer runs or shorter ones")
  }

  /// An SVG without what depends on gnuplot's version or is only for its own viewer, and with fonts to fall back on.
  static func plain(_ picture: [UInt8]) -> String {
    var lines: [String] = []
    for line in String(decoding: picture, as: UTF8.self).split(separator: "\n") {
      var text = String(line)
      while text.last?.isWhitespace == true { text.removeLast() }
      guard !text.isEmpty, !text.hasPrefix("<desc>"), !text.hasPrefix("<title>") else { continue }
      lines.append(
        text.replacing("font-family=\"\(font)\"", with: "font-family=\"\(font), Verdana, sans-serif\""))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
