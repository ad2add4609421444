import Foundation
import HDF5
import TestSupport
import Testing

/// Files that are not damaged, but newer than the library or not closed.
@Suite struct FormatVersionTests {
  private static func path(_ name: String) -> String { "\(Fixture.directory)/foreign/h5/\(name).h5" }

  @Test func aNewerFormatIsToldFromDamage() throws {
    let path = Self.path("libver_latest")
    let error = try #require(throws: HDF5Error.self) { try File.open(at: path).root.dataset("train/inputs") }
    #expect(error.reason == .newerFormat)
    let start = "cannot open dataset '/train/inputs' of '\(path)': it is written in a newer format than libhdf5 "
    #expect(error.message.hasPrefix(start), "\(error)")
    #expect(error.message.contains("bad version number for layout message") && error.message.contains("-v110.h5', 'w'"))
    // The other objects are read as they are.
    #expect(try File.open(at: path).root.dataset("train/targets").shape == [120])
  }

  // In a file without checksums a version's number can be damaged.
  @Test func inAnOldFileItCanBeEither() throws {
    let file = try File.inMemory()
    try file.root.createDataset("x", shape: [4], values: [1.0, 2, 3, 4])
    var image = try file.image()
    // Version 1 and class 1 of the datatype message of a little-endian binary64, its bits and size.
    let place = try #require(image.firstRange(of: [0x11, 0x20, 0x3F, 0, 8, 0, 0, 0])).lowerBound
    image[place] = 0xF1
    let error = try #require(throws: HDF5Error.self) { try File.open(image: image).root.dataset("x") }
    #expect(error.reason == .newerFormat && error.message.contains("it is damaged or written in a newer format"))
  }

  @Test func aNewerSuperblockIsToldBeforeAnythingIsRead() throws {
    let file = try File.inMemory()
    try file.root.createDataset("x", shape: [4], values: [1.0, 2, 3, 4])
    var image = try file.image()
    image[8] = 4
    let error = try #require(throws: HDF5Error.self) { try File.open(image: image) }
    #expect(error.reason == .newerFormat && error.message.contains("newer format than libhdf5 "), "\(error)")
  }

  @Test func aFileThatIsBeingWrittenIsSaidToBe() throws {
    let path = "\(Fixture.directory)/hostile/in-use.h5"
    let error = try #require(throws: HDF5Error.self) { try File.open(at: path) }
    #expect(error.reason == .inUse)
    #expect(error.message.contains("open for writing") && error.message.contains("h5clear -s '\(path)'"))
  }
}
