import Datasets
import Foundation
import Foundations
import TestSupport
import Testing

/// Two numbers a line behind a first line of their own.
private struct PairsImport: Importer {
  static let name = "pairs"
  let path: String

  static func recognizes(_ source: ImportSource) -> Bool { source.start.starts(with: Array("pairs\n".utf8)) }
  var sources: [String] { [path] }
  func read() throws -> ImportedSamples {
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst()
    let numbers = lines.map { $0.split(separator: " ").compactMap { Double($0) } }
    return ImportedSamples(groups: [
      .init(
        name: "train", inputs: NumberTable(shape: [numbers.count, 1], values: numbers.map { $0[0] }),
        targets: NumberTable(shape: [numbers.count], values: numbers.map { $0[1] }))
    ])
  }
}

@Suite struct ImporterTests {
  private func withFile(_ name: String, _ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/\(name)"
      try Data(bytes).write(to: URL(filePath: path))
      try body(path)
    }
  }

  @Test(arguments: [
    ("table.dat", Array("a,b\n1,2\n".utf8), "CSVImport"), ("cut", Array("é,b\n".utf8) + [0xc3], "CSVImport"),
    ("tsv", Array("a\tb\r\n1\t2\r\n".utf8), "CSVImport"),
    ("pairs.csv", Array("pairs\n1 2\n".utf8), "PairsImport"),
  ])
  func theContentsTellTheFormat(name: String, bytes: [UInt8], type: String) throws {
    var registry = ImporterRegistry.standard
    try registry.add(PairsImport.self)
    try withFile(name, bytes) { path in
      let importer = try registry.importer(of: path)
      #expect("\(Swift.type(of: importer))" == type && importer.sources == [path])
    }
  }

  @Test func imagesAloneLackTheirLabels() throws {
    // Two images of one byte.
    try withFile("images.csv", [0, 0, 8, 1, 0, 0, 0, 2, 7, 8]) { path in
      let error = #expect(throws: TrainerError.self) { try ImporterRegistry.standard.importer(of: path) }
      #expect(error?.message == "'\(path)' holds images without their labels; name the file of their labels")
    }
  }

  @Test func unknownFilesAreRefused() throws {
    try withFile("data.csv", [0x01, 0x48, 0x44, 0x46, 0x0d, 0x0a]) { path in
      #expect(
        throws: TrainerError(
          .data, "'\(path)' is of no known format; expected csv, idx, npy, npz, libsvm, jsonl, images")
      ) {
        try ImporterRegistry.standard.importer(of: path)
      }
      let error = #expect(throws: TrainerError.self) { try ImporterRegistry.standard.importer(of: path + "x") }
      #expect(error?.message.hasPrefix("there is no file '\(path)x'") == true)
    }
  }

  @Test func anImporterIsWrittenByTheSameRules() throws {
    try withFile("pairs", Array("pairs\n1 2\n3 4\n".utf8)) { path in
      let summary = try PairsImport(path: path).write(to: path + ".h5")
      #expect(summary.samples == ["train": 2] && summary.classCount == nil)
      #expect(throws: TrainerError.self) { try PairsImport(path: path).write(to: path + ".h5") }
      #expect(throws: TrainerError.self) {
        try PairsImport(path: path).write(to: path, with: DatasetWriter(overwrite: true))
      }
    }
  }

  @Test func aNameIsRegisteredOnce() throws {
    var registry = ImporterRegistry.standard
    try registry.add(PairsImport.self)
    #expect(registry.names == ["csv", "idx", "npy", "npz", "libsvm", "jsonl", "images", "pairs"])
    #expect(
      throws: TrainerError(
        .usage, "'pairs' is the name of a registered importer already; give the new importer another name")
    ) { try registry.add(PairsImport.self) }
  }
}
