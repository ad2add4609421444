import Foundation
import HDF5
import TestSupport
import Testing

/// Virtual datasets, external storage and links: what is missing has a name, and zeros stand for nothing.
@Suite struct VirtualSourceTests {
  private static let folder = "\(Fixture.directory)/hostile"

  private static func read(_ name: String) throws -> [Float] {
    try File.open(at: "\(folder)/\(name).h5", externalFiles: .allowed).root.dataset("train/inputs").read(as: Float.self)
  }

  @Test(arguments: [
    ("virtual-missing-file", ["'gone.h5', which is missing", "hostile/gone.h5"]),
    ("virtual-missing-dataset", ["'train/outputs' in the file 'plain.h5', which has no such dataset"]),
    ("virtual-larger", ["'plain.h5'", "should have 18 elements", "its shape is [6, 2]"]),
    (
      "virtual-other-rank",
      ["'train/targets' in the file 'plain.h5', which should have 12 elements", "its shape is [6]"]
    ),
    ("virtual-nested-missing", ["'gone.h5', which is missing"]),
    ("virtual-numbered-missing", ["'x' in the file 'absent-0.h5', which is missing"]),
    ("virtual-uneven", ["'x' in the file 'short.h5', which gives 4 of 6 rows"]),
  ])
  func whatIsMissingIsNamed(name: String, parts: [String]) throws {
    let error = try #require(throws: HDF5Error.self) { try Self.read(name) }
    #expect(error.reason == .externalFile)
    for part in parts { #expect(error.message.contains(part), "\(error)") }
  }

  @Test func whatIsThereIsRead() throws {
    let rows = (0..<12).map(Float.init)
    #expect(try Self.read("virtual-nested") == rows)
    // The row of numbered files ends before the first that is missing; the fourth is not part of it.
    #expect(try Self.read("virtual-numbered") == rows.prefix(6) + rows.prefix(6).map { $0 + 1 })
  }

  /// A copy of files in a folder of their own, and another folder, which becomes the working directory.
  private static func withCopies(_ names: [String], _ body: (_ folder: String, _ other: String) throws -> Void) throws {
    try withScratchDirectory { scratch in
      for name in ["here", "there"] {
        try FileManager.default.createDirectory(atPath: "\(scratch)/\(name)", withIntermediateDirectories: true)
      }
      for name in names {
        try FileManager.default.copyItem(atPath: "\(folder)/\(name).h5", toPath: "\(scratch)/here/\(name).h5")
      }
      try body("\(scratch)/here", "\(scratch)/there")
    }
  }

  @Test(arguments: ["virtual", "external-link"])
  func aSymbolicLinkIsFollowedToTheFilesBesideIt(name: String) throws {
    try Self.withCopies([name, "plain"]) { here, there in
      try FileManager.default.createSymbolicLink(atPath: "\(there)/x.h5", withDestinationPath: "\(here)/\(name).h5")
      let dataset = try File.open(at: "\(there)/x.h5", externalFiles: .allowed).root.dataset("train/inputs")
      #expect(try dataset.read(as: Float.self) == (0..<12).map(Float.init))
    }
  }

  @Test func rawStorageLiesBesideTheFile() throws {
    try Self.withCopies(["external-storage"]) { here, _ in
      try Data((0..<12).map { UInt8($0) }).write(to: URL(filePath: "\(here)/elsewhere.bin"))
      let file = try File.open(at: "\(here)/external-storage.h5", externalFiles: .allowed)
      #expect(try file.root.dataset("train/inputs").read(as: Int.self) == Array(0..<12))
    }
  }

  @Test func linksThatLeadNowhereAreNamed() throws {
    try Self.withCopies(["external-link"]) { here, _ in
      for externalFiles in [ExternalFiles.refused, .allowed] {
        let root = try File.open(at: "\(here)/external-link.h5", externalFiles: externalFiles).root
        #expect(
          try root.group("train").description(of: "inputs")
            == "a link to '/train/inputs' in the file 'plain.h5', which is missing")
      }
    }
  }
}
