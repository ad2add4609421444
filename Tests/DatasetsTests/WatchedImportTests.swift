import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Who watches an import or a measurement is told how far it is, and gets the same of it.
@Suite struct WatchedImportTests {
  private static let rows = 700

  /// A file of one format, with 700 samples of four inputs in two classes.
  private func source(_ format: String, in directory: String) throws -> any Importer {
    let inputs = (0..<Self.rows * 4).map { UInt8($0 * 37 % 251) }
    let labels = (0..<Self.rows).map { UInt8($0 % 2) }
    let path = "\(directory)/x.\(format)"
    func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }
    func array(_ shape: String, _ values: [UInt8]) -> [UInt8] {
      let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(shape)), }"
      return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]
        + Array(header.padding(toLength: 117, withPad: " ", startingAt: 0).utf8)
        + [10] + values
    }
    func row(_ index: Int) -> [UInt8] { Array(inputs[index * 4..<index * 4 + 4]) }
    switch format {
    case "csv":
      let lines = (0..<Self.rows).map { row($0).map(String.init).joined(separator: ",") + ",\(labels[$0])\n" }
      try write(Array(("a,b,c,d,y\n" + lines.joined()).utf8), path)
      return CSVImport(path: path)
    case "jsonl":
      let lines = (0..<Self.rows).map { "{\"a\":\(row($0)[0]),\"b\":\(row($0)[1]),\"y\":\(labels[$0])}\n" }
      try write(Array(lines.joined().utf8), path)
      return JSONLinesImport(path: path)
    case "libsvm":
      let lines = (0..<Self.rows).map { index in
        "\(labels[index]) " + row(index).enumerated().map { "\($0 + 1):\($1)" }.joined(separator: " ") + "\n"
      }
      try write(Array(lines.joined().utf8), path)
      return LIBSVMImport(path: path)
    case "npy":
      try write(array("\(Self.rows), 4", inputs), path)
      try write(array("\(Self.rows),", labels), "\(directory)/y.npy")
      return NPYImport(path: path, targets: "\(directory)/y.npy")
    default:
      func extents(_ values: [Int]) -> [UInt8] { values.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] } }
      try write([0, 0, 8, 2] + extents([Self.rows, 4]) + inputs, path)
      try write([0, 0, 8, 1] + extents([Self.rows]) + labels, "\(directory)/y.idx")
      return IDXImport(
        images: path, labels: "\(directory)/y.idx", testImages: nil, testLabels: nil, classes: nil, split: .fifth)
    }
  }

  @Test(arguments: ["csv", "jsonl", "libsvm", "npy", "idx"]) func eachFormatIsToldToItsEnd(format: String) throws {
    try withScratchDirectory { directory in
      let importer = try source(format, in: directory)
      let (_, seen) = try watched { try importer.write(to: "\(directory)/watched.h5") }
      try importer.write(to: "\(directory)/alone.h5")
      let reading = try #require(seen.last { $0.what == "reading x.\(format)" }, "\(seen)")
      #expect(reading.share == 1 && reading.count > 0)
      let storing = try #require(seen.last { $0.what.hasPrefix("storing") })
      #expect(storing.share == 1)
      for what in Set(seen.map(\.what)) {
        let shares = seen.filter { $0.what == what }.compactMap(\.share)
        // A file may be read twice: the share begins anew then.
        #expect(shares.allSatisfy { (0...1).contains($0) } && shares.last == 1, "\(what)")
      }
      #expect(
        try Data(contentsOf: URL(filePath: "\(directory)/watched.h5"))
          == Data(contentsOf: URL(filePath: "\(directory)/alone.h5")))
    }
  }

  @Test func measurementsAndChecksAreTold() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      try source("csv", in: directory).write(to: path)
      let reader = try DatasetReader(path: path)
      let (statistics, seen) = try watched {
        try DatasetStatistics(reader, inputs: "inputs", targets: "targets")
      }
      #expect(statistics.groups.map(\.rows) == [560, 140])
      for (what, count) in [
        ("measuring train/inputs", 560), ("sorting train/inputs", 4), ("counting train/targets", 560),
        ("measuring test/inputs", 140),
      ] {
        #expect(seen.last { $0.what == what } == WorkSighting(what: what, count: count, share: 1), "\(what)")
      }
      let plan = LayoutCheck.Plan(order: .rows)
      let (_, looked) = try watched { try LayoutCheck(reader, inputs: "inputs", targets: "targets", plan: plan) }
      #expect(looked.last?.what == "reading train/targets" && looked.last?.share == 1)
    }
  }

  @Test func aPieceThatFailsIsGone() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.csv"
      try "a,y\n1,0\n2\n".write(toFile: path, atomically: true, encoding: .utf8)
      let progress = WorkProgress()
      #expect(throws: TrainerError.self) {
        try WorkProgress.$watched.withValue(progress) { _ = try CSVImport(path: path).read() }
      }
      #expect(progress.current == nil)
    }
  }
}
