import Foundation
import HDF5
import TestSupport
import Testing

/// Files whose contents are not what a program would write, or not in the file.
@Suite struct HostileFileTests {
  private static func open(_ name: String, _ externalFiles: ExternalFiles = .refused) throws -> File {
    try File.open(at: "\(Fixture.directory)/hostile/\(name).h5", externalFiles: externalFiles)
  }

  private static func error(_ body: () throws -> Void) throws -> (reason: HDF5Error.Reason, message: String) {
    let error = try #require(throws: HDF5Error.self) { try body() }
    return (error.reason, error.message.replacing("\(Fixture.directory)/hostile/", with: ""))
  }

  // The datatype message of a little-endian binary64: class and version, bits, size; then the offset, the precision, and
  // place and size of exponent and mantissa, and the bias.
  private static let float64: [UInt8] = [
    0x11, 0x20, 0x3F, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xFF, 3, 0, 0,
  ]

  @Test(arguments: [
    (4, 9), (4, 0), (6, 2), (8, 1), (8, 200), (10, 63), (10, 255), (12, 51), (12, 255), (13, 0), (13, 255), (14, 1),
    (15, 0), (15, 255), (16, 0), (17, 255),
  ])
  func aDamagedFloatIsNoNumber(place: Int, value: Int) throws {
    let file = try File.inMemory()
    try file.root.createDataset("x", shape: [4], values: [1.0, 2, 3, 4])
    var image = try file.image()
    let start = try #require(image.firstRange(of: Self.float64)).lowerBound
    image[start + place] = UInt8(value)
    let error = try #require(throws: HDF5Error.self) {
      _ = try File.open(image: image).root.dataset("x").read(as: Float.self)
    }
    #expect(error.reason == .datatype || error.reason == .library, "\(error)")
  }

  // As above, for an integer of 32 bits: the offset and the precision follow the size.
  @Test(arguments: [(4, 3), (4, 16), (6, 1), (8, 33), (9, 4), (10, 0), (10, 33), (11, 1)])
  func aDamagedIntegerIsNoNumber(place: Int, value: Int) throws {
    let file = try File.inMemory()
    try file.root.createDataset("x", shape: [4], values: [1, 2, 3, 4] as [Int32])
    var image = try file.image()
    let message: [UInt8] = [0x10, 0x08, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0]
    let start = try #require(image.firstRange(of: message)).lowerBound
    image[start + place] = UInt8(value)
    let error = try #require(throws: HDF5Error.self) {
      _ = try File.open(image: image).root.dataset("x").read(as: Int.self)
    }
    #expect(error.reason == .datatype || error.reason == .library, "\(error)")
  }

  @Test func reasonableNumbersOfOtherProgramsAreNumbers() throws {
    let root = try Self.open("plain").root
    #expect(try root.dataset("train/inputs").datatype.isNumeric)
    #expect(try Self.open("types").root.dataset("large/targets").read(as: UInt64.self) == [1 << 63 + 5, 1, 1])
  }

  @Test func linksAreToldFromObjects() throws {
    let soft = try Self.open("soft-links").root
    #expect(try soft.group("train").link(of: "inputs") == .soft(path: "/rows"))
    #expect(try soft.link(of: "rows") == .hard && soft.group("train").kind(of: "inputs") == .dataset)
    #expect(try soft.kind(of: "first") == .danglingLink && soft.description(of: "first").contains("'/second'"))
    let external = try Self.open("external-link").root.group("train")
    #expect(try external.link(of: "inputs") == .external(file: "plain.h5", path: "/train/inputs"))
    #expect(try external.kind(of: "inputs") == .externalLink && !external.exists("inputs"))
    let cycle = try Self.open("hard-cycle").root
    #expect(try cycle.identity() == cycle.group("root").identity())
    #expect(try cycle.identity() != cycle.group("train").identity())
    #expect(try cycle.memberNames(atMost: 1) == ["root"] && cycle.memberCount() == 2)
  }

  @Test func otherFilesAreReadOnlyIfThatWasAskedFor() throws {
    let link = try Self.error { _ = try Self.open("external-link").root.dataset("train/inputs") }
    #expect(link.reason == .externalFile)
    #expect(
      link.message == "'/train/inputs' of 'external-link.h5' is a link to '/train/inputs' in the file 'plain.h5', and "
        + "external files are not allowed here, and a dataset is needed")
    let storage = try Self.error {
      _ = try Self.open("external-storage").root.dataset("train/inputs").read(as: Int.self)
    }
    #expect(storage.reason == .externalFile && storage.message.contains("in 'elsewhere.bin', which is missing"))
    let virtual = try Self.error { _ = try Self.open("virtual").root.dataset("train/inputs").shape }
    #expect(virtual.reason == .externalFile && virtual.message.contains("other files, 'plain.h5'"))

    let rows = (0..<12).map(Float.init)
    #expect(try Self.open("virtual-same-file").root.dataset("train/inputs").read(as: Float.self) == rows)
    for name in ["external-link", "virtual"] {
      #expect(try Self.open(name, .allowed).root.dataset("train/inputs").read(as: Float.self) == rows)
    }
    let missing = try Self.error {
      _ = try Self.open("external-storage", .allowed).root.dataset("train/inputs").read(as: Int.self)
    }
    #expect(missing.message.contains("has elements in 'elsewhere.bin', which is missing"))
  }

  @Test(arguments: ["external-link", "virtual"])
  func onlyRegularFilesAreFollowed(name: String) throws {
    try withScratchDirectory { directory in
      try FileManager.default.copyItem(
        atPath: "\(Fixture.directory)/hostile/\(name).h5", toPath: "\(directory)/x.h5")
      // Opening a pipe that nobody writes to would wait for ever.
      #expect(mkfifo("\(directory)/plain.h5", 0o600) == 0)
      #expect(throws: HDF5Error.self) {
        try File.open(at: "\(directory)/x.h5", externalFiles: .allowed).root.dataset("train/inputs").read(
          as: Float.self)
      }
    }
  }

  @Test func aMissingFilterIsNamedWithWhatToInstall() throws {
    let dataset = try Self.open("filter").root.dataset("train/inputs")
    #expect(try dataset.filters.map(\.identifier) == [32000] && dataset.filters.map(\.name) == ["lzf"])
    do {
      #expect(try dataset.read(as: Float.self).count == 12, "the plugin is installed")
    } catch let error as HDF5Error {
      #expect(error.reason == .missingFilter)
      #expect(error.message.contains("the filter 'lzf' (number 32000)") && error.message.contains("hdf5-plugin-lzf"))
    }
  }

  @Test func anArrayThatDoesNotFitMemoryIsAnError() throws {
    let dataset = try File.inMemory().root.createDataset(
      "x", shape: [1 << 50], type: .number(.float64), properties: .datasetCreation(chunk: [1024]))
    let error = try #require(throws: HDF5Error.self) { try dataset.read(as: Double.self) }
    #expect(error.reason == .memory && error.message.contains("needs 9007 TB of memory, but only "))
    let much = try File.inMemory().root.createDataset(
      "x", shape: [1 << 61], type: .number(.float64), properties: .datasetCreation(chunk: [1024]))
    #expect(try #require(throws: HDF5Error.self) { try much.read(as: Double.self) }.reason == .memory)
  }
}
