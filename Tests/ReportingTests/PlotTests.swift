import Foundation
import Foundations
import Reporting
import TestSupport
import Testing

@Suite("Pictures")
struct PlotTests {
  private func plot() -> Plot {
    var plot = Plot(
      title: "it's a 'title' with ^ and _", xLabel: "step", yLabel: "loss",
      series: [
        Plot.Series("", [.init(x: 0, y: 4), .init(x: 1, y: 1), .init(x: 2, y: 0)], .function),
        Plot.Series(
          "run", [.init(x: 0, y: 4), .init(x: 1, y: .nan), .init(x: 2, y: 1 / 3)], .path(color: 0, above: 0)),
      ])
    plot.xRange = 0...2
    return plot
  }

  @Test(
    "two drawings have the same bytes, without the plotter's version", .enabled(if: Tool.path(of: "gnuplot") != nil))
  func reproducible() throws {
    try withScratchDirectory { directory in
      for name in ["a.svg", "b.svg", "c.png"] { try plot().write(to: OutputFile("\(directory)/\(name)")) }
      let first = try Data(contentsOf: URL(filePath: "\(directory)/a.svg"))
      #expect(try first == Data(contentsOf: URL(filePath: "\(directory)/b.svg")))
      let text = String(decoding: first, as: UTF8.self)
      #expect(text.hasPrefix("<?xml") && text.contains("it's a 'title' with ^ and _") && !text.contains("GNUPLOT"))
      #expect(try Data(contentsOf: URL(filePath: "\(directory)/c.png")).starts(with: [0x89, 0x50, 0x4E, 0x47]))
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 3)
    }
  }

  @Test("another suffix is an error and no file", arguments: ["picture.jpg", "picture", "svg"])
  func suffix(_ name: String) throws {
    try withScratchDirectory { directory in
      #expect {
        try plot().write(to: OutputFile("\(directory)/\(name)"))
      } throws: { error in
        (error as? TrainerError).map { $0.code == .usage && $0.message.contains("expected a name in .svg or .png") }
          ?? false
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(left.isEmpty)
    }
  }

  @Test("a folder that is not there is an error", .enabled(if: Tool.path(of: "gnuplot") != nil))
  func noFolder() throws {
    try withScratchDirectory { directory in
      _ = #expect(throws: TrainerError.self) { try plot().write(to: OutputFile("\(directory)/none/picture.svg")) }
    }
  }
}
