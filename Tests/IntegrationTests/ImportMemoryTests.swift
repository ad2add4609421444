import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// What an import of a long table takes, and what it leaves behind.
@Suite struct ImportMemoryTests {
  private static let width = 60

  /// A table of so many rows, of which 45 000 are more than is kept in memory.
  private static func write(_ kind: String, _ count: Int, to path: String) throws {
    let words = ["north", "south", "east", "west"]
    func value(_ row: Int, _ column: Int) -> String {
      switch (kind, column % 4) {
      case ("numbers", _): "\((row * 7 + column) % 1000).5"
      case (_, 1): kind == "lines" ? "\"\(words[(row + column) % 4])\"" : words[(row + column) % 4]
      case ("mixed", 2): (row + column) % 9 == 0 ? "" : "\(row % 50)"
      default: "\((row + column) % 1000).25"
      }
    }
    // The rows come again after a thousand, but for the target of numbers.
    let lines = (0..<1000).map { row in
      let values = (0..<width).map { value(row, $0) }
      guard kind == "lines" else { return values.joined(separator: ",") }
      return "{" + values.enumerated().map { "\"x\($0)\":\($1)" }.joined(separator: ",")
    }
    try Data().write(to: URL(filePath: path))
    let file = try #require(FileHandle(forWritingAtPath: path))
    defer { file.closeFile() }
    if kind != "lines" { file.write(Data(((0..<width).map { "x\($0)" }.joined(separator: ",") + ",y\n").utf8)) }
    for start in stride(from: 0, to: count, by: 1000) {
      var text = ""
      for row in start..<start + 1000 {
        let target = kind == "numbers" ? "\(row).5" : "\"\(words[row % 3])\""
        text += lines[row % 1000] + (kind == "lines" ? ",\"y\":\(target)}\n" : ",\(target)\n")
      }
      file.write(Data(text.utf8))
    }
  }

  /// Runs the program and gives its largest memory in KiB. A small program starts it: a process begins with the largest
  /// memory of the one that it comes from.
  private func peakMemory(_ arguments: [String], in directory: String) throws -> Int {
    let path = directory + "/peak"
    let result = try TrainerBinary.run(arguments, under: ["time", "-f", "%M", "-o", path])
    #expect(result.status == 0, "\(result.errors)")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return try #require(text.split(separator: "\n").last.flatMap { Int($0) }, "\(text)")
  }

  // Four times as many rows, of which all at once would be 88 MB, take as much memory but for some buffers' chance.
  @Test(
    .enabled(if: Tool.path(of: "time") != nil, "GNU time is not installed"), arguments: ["numbers", "mixed", "lines"])
  func memoryDoesNotGrowWithTheRows(kind: String) throws {
    try withScratchDirectory { directory in
      let input = directory + "/rows.\(kind == "lines" ? "jsonl" : "csv")"
      let peaks = try [45_000, 180_000].map { count in
        try Self.write(kind, count, to: input)
        return try peakMemory(
          ["data", "import", input, "--target", "y", "-o", directory + "/out.h5", "--overwrite"], in: directory)
      }
      #expect(peaks[1] - peaks[0] < 12 << 10, "\(peaks) KiB")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
          == ["out.h5", "peak", fileName(of: input)])
      let root = try File.open(at: directory + "/out.h5").root
      let counts = try ["train/targets", "test/targets"].map { try root.dataset($0).shape[0] }
      #expect(counts == [144_000, 36_000])
    }
  }
}
