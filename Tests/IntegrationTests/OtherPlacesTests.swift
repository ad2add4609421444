import Foundation
import HDF5
import TestSupport
import Testing

/// Data in other files, through the program: the working directory plays no part, and a change there is a change of the
/// data.
@Suite struct OtherPlacesTests {
  private static let foreign = "\(Fixture.directory)/foreign/h5"
  private static let external = ["--set", "data.externalFiles=true", "--quiet"]

  /// A workshop with copies of files and a config for one of them, which has 6 inputs and 3 classes.
  private func withData(_ names: [String], _ body: (_ workshop: Workshop, _ config: String) throws -> Void) throws {
    try withWorkshop { workshop in
      for name in names {
        try FileManager.default.copyItem(atPath: "\(Self.foreign)/\(name).h5", toPath: workshop.path("\(name).h5"))
      }
      let config = try workshop.makeConfig()
      try body(workshop, config)
    }
  }

  private func digest(_ result: CommandResult, of run: String) throws -> String {
    #expect(result.status == 0, "\(result.errors)")
    return try TrainerBinary.run("checkpoint", "digest", Run(run).newestCheckpoint).output
  }

  @Test(arguments: [["link", "src"], ["vds_earliest", "vds_src0", "vds_src1"]])
  func theWorkingDirectoryPlaysNoPart(names: [String]) throws {
    try withData(names) { workshop, config in
      // Other sources of the same names lie where the program is called.
      try FileManager.default.createDirectory(atPath: workshop.path("there"), withIntermediateDirectories: true)
      for name in names.dropFirst() {
        try Data("no HDF5".utf8).write(to: URL(filePath: workshop.path("there/\(name).h5")))
      }
      let data = ["--set", "data.path=\(names[0]).h5"]
      let whole = ["--set", "data.path=\(workshop.path(names[0])).h5"]
      let first = try TrainerBinary.run(
        ["run", "config.json", "--output", "a"] + data + Self.external, in: workshop.directory)
      let second = try TrainerBinary.run(
        ["run", config, "--output", workshop.path("b")] + whole + Self.external, in: workshop.path("there"))
      let digests = [try digest(first, of: workshop.path("a")), try digest(second, of: workshop.path("b"))]
      #expect(digests[0] == digests[1])
      // The fingerprint is the same too: the run goes on.
      let longer = try TrainerBinary.run(
        ["run", config, "--output", workshop.path("a"), "--set", "training.epochs=3"] + whole + Self.external,
        in: workshop.path("there"))
      #expect(longer.status == 0, "\(longer.errors)")
      // Without the sources beside the file, those of the working directory do not count.
      for name in names.dropFirst() {
        try FileManager.default.removeItem(atPath: workshop.path("\(name).h5"))
        try FileManager.default.removeItem(atPath: workshop.path("there/\(name).h5"))
        try FileManager.default.copyItem(
          atPath: "\(Self.foreign)/\(name).h5", toPath: workshop.path("there/\(name).h5"))
      }
      let missing = try TrainerBinary.run(
        ["run", config, "--output", workshop.path("c")] + whole + Self.external, in: workshop.path("there"))
      missing.expectError(3, "\(names[1]).h5", "missing")
    }
  }

  @Test(arguments: [["link", "src"], ["vds_earliest", "vds_src0", "vds_src1"]])
  func aChangeOfASourceIsAChangeOfTheData(names: [String]) throws {
    try withData(names) { workshop, config in
      let run = ["run", config, "--set", "data.path=\(workshop.path(names[0])).h5"] + Self.external
      #expect(try TrainerBinary.run(run).status == 0)
      let longer = run + ["--set", "training.epochs=3"]
      let source = try HDF5.File.open(at: workshop.path("\(names[1]).h5"), writable: true)
      let inputs = try source.root.dataset("x")
      try inputs.write([Float](repeating: 7, count: 6), selecting: .range(0..<1))
      try source.close()
      try TrainerBinary.run(longer).expectError(2, "other data")
    }
  }
}
