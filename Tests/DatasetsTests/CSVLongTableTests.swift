import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Tables of more rows than a chunk, of more targets than classes, and what is told on the way.
@Suite struct CSVLongTableTests {
  private static func write(_ text: String, _ directory: String, _ name: String = "/x.csv") throws -> String {
    try Data(text.utf8).write(to: URL(filePath: directory + name))
    return directory + name
  }

  // The first half are bytes, so everything must be stored anew at the first number that is none.
  @Test func bytesBecomeNumbersAtTheFirstThatIsNone() throws {
    try withScratchDirectory { directory in
      let (rows, width) = (3000, 3000)
      let line = (0..<width).map { "\($0 % 256)," }.joined()
      var text = ""
      for row in 0..<rows { text += line + "\(row % 2 == 0 ? "p" : "q")\n" }
      text += [String](repeating: "0.5,", count: width).joined() + "p\n"
      let path = try Self.write(text, directory)
      try CSVImport(path: path, hasHeader: false).write(to: directory + "/out.h5")
      let root = try File.open(at: directory + "/out.h5").root
      let (train, test) = (try root.dataset("train/inputs"), try root.dataset("test/inputs"))
      #expect(train.datatype.numberType == .float64)
      #expect(try train.shape == [2401, width] && test.shape == [600, width])
      let expected = (0..<width).map { Double($0 % 256) }
      let values = try train.read(as: Double.self)
      #expect((0..<2400).allSatisfy { Array(values[$0 * width..<($0 + 1) * width]) == expected })
      #expect(values.suffix(width).allSatisfy { $0 == 0.5 })
      #expect(try test.read(as: Double.self).suffix(width) == expected[...])
    }
  }

  @Test func targetsOfMoreTextsThanAreKept() throws {
    try withScratchDirectory { directory in
      let count = 70_000
      let lines = (0..<count).map { "\($0 % 9),\($0).5\n" }
      func error(_ lines: [String], _ task: CSVImport.LearningTask = .automatic) throws -> String {
        let path = try Self.write("a,y\n" + lines.joined(), directory)
        return try #require(throws: TrainerError.self) {
          try CSVImport(path: path, task: task).write(to: directory + "/no.h5")
        }.message.replacing(directory + "/", with: "")
      }
      let path = try Self.write("a,y\n" + lines.joined(), directory)
      try CSVImport(path: path, split: .none).write(to: directory + "/out.h5")
      let targets = try File.open(at: directory + "/out.h5").root.dataset("train/targets").read(as: Double.self)
      #expect(targets == (0..<count).map { Double($0) + 0.5 })
      #expect(
        try error(lines + ["1,high\n"]).hasPrefix(
          "'x.csv', line 70002, column 2 ('y'): 'high' is not a finite number, though 70000 of 70001 targets are numbers"
        ))
      #expect(
        try error(lines + ["1,\n"], .regression).hasPrefix(
          "'x.csv', line 70002, column 2 ('y'): the field is empty, and each sample needs a target"))
      #expect(
        try error(lines + ["1,x\n"], .regression) == "'x.csv', line 70002, column 2 ('y'): 'x' is not a finite number")
      #expect(try error(lines, .classification).hasPrefix("column 2 ('y') of 'x.csv' holds too many different values"))
    }
  }

  /// What an import of a text gives: the stored values of both groups and the names, or the error.
  private static func outcome(_ text: String, _ set: (inout CSVImport) -> Void) throws -> [String] {
    try withScratchDirectory { directory in
      var importer = CSVImport(path: try write(text, directory), hasHeader: true)
      set(&importer)
      do {
        try importer.write(to: directory + "/out.h5")
      } catch let error as TrainerError {
        return [error.message.replacing(directory, with: "")]
      }
      let root = try File.open(at: directory + "/out.h5").root
      return try ["train/inputs", "train/targets", "test/inputs", "test/targets"].map { name in
        let dataset = try root.dataset(name)
        let classes = try dataset.hasAttribute("classes") ? dataset.attribute("classes").readStrings() : []
        return try "\(dataset.datatype.numberType as Any) \(dataset.read(as: Double.self)) \(classes)"
      }
    }
  }

  // Blocks that are cut into pieces for threads, or not because of quotes; rows of bytes before others; comments, blank
  // lines and CRLF between; more targets than are kept; errors in any place.
  @Test func threadsAndBlocksChangeNothing() throws {
    var random = SystemRandomNumberGenerator()
    func table(_ rows: Int, _ target: (Int) -> String, _ line: (Int) -> String? = { _ in nil }) -> String {
      "a,b,y\n" + (0..<rows).map { line($0) ?? "\($0 % 250),\(($0 * 7) % 256),\(target($0))\n" }.joined()
    }
    let kinds = (0..<300).map { _ in ["p", "q", "r", "s s"].randomElement(using: &random) ?? "p" }
    let texts = [
      table(300, { kinds[$0] }), table(300, { "\($0).25" }),
      table(300, { kinds[$0] }) { $0 == 211 ? "0.5,-1e3,t\r\n" : $0 % 50 == 49 ? "#c\n\n" : nil },
      table(300, { kinds[$0] }) { $0 == 150 ? "1,2,\"q\n\"\"\"\n" : nil },
      table(300, { kinds[$0] }) { $0 == 280 ? "1,x,p\n" : nil },
      table(300, { kinds[$0] }) { $0 == 120 ? "1,2\n" : nil },
      table(300, { $0 == 250 ? "high" : "\($0)" }), table(300, { $0 == 250 ? "9007199254740993" : "\($0).5" }),
      table(300, { kinds[$0] }).replacing("\n", with: "\r"), String(table(300, { kinds[$0] }).dropLast()),
    ]
    for text in texts {
      let expected = try Self.outcome(text) { ($0.threads, $0.comment) = (1, "#") }
      for threads in [1, 2, 3, 7] {
        for size in [1, 7, 64, 1000] {
          let found = try Self.outcome(text) {
            ($0.threads, $0.blockSize, $0.comment, $0.mostRowBytesInMemory) = (threads, size, "#", size)
          }
          #expect(found == expected, "\(threads) threads, \(size) bytes: \(text.prefix(100))")
        }
      }
    }
    let long = table(70_000, { "\($0).5" }) { $0 == 3000 ? "1,2,\"5\"\n" : nil }
    let one = try Self.outcome(long) { $0.threads = 1 }
    #expect(try Self.outcome(long) { ($0.threads, $0.blockSize) = (3, 1 << 15) } == one)
    #expect(try Self.outcome(long) { ($0.threads, $0.blockSize) = (2, 1 << 20) } == one)
  }

  @Test func progressComesWithEachBlockAndEndsWithAll() throws {
    try withScratchDirectory { directory in
      let text = "a,y\n" + (0..<5000).map { "\($0),\($0 % 3)\n" }.joined()
      let path = try Self.write(text, directory)
      var importer = CSVImport(path: path)
      (importer.blockSize, importer.threads) = (4096, 1)
      let (_, seen) = try watched { try importer.write(to: directory + "/out.h5") }
      for (what, least) in [("reading \(fileName(of: path))", 5), ("storing the rows", 1)] {
        let own = seen.filter { $0.what == what }
        #expect(own.count >= least && own.last == WorkSighting(what: what, count: 5000, share: 1), "\(what)")
        #expect(zip(own, own.dropFirst()).allSatisfy { $0.count <= $1.count && $0.share ?? -1 <= $1.share ?? -1 })
      }
    }
  }
}
