import Foundation
import HDF5
import TestSupport
import Testing

/// What users and callers read when something is wrong.
@Suite struct ErrorTests {
  private static func opening(_ path: String) throws -> HDF5Error {
    try #require(throws: HDF5Error.self) { try File.open(at: path) }
  }

  @Test func filesThatDoNotOpen() throws {
    try withScratchDirectory { directory in
      let path = directory + "/x.h5"
      var error = try Self.opening(path)
      #expect(error.reason == .unreadableFile)
      #expect(error.message == "cannot open '\(path)': no such file or directory")

      error = try Self.opening(directory)
      #expect(error.reason == .unreadableFile)
      #expect(error.message == "cannot open '\(directory)': it is a directory, expected a regular file")

      try Data().write(to: URL(filePath: path))
      error = try Self.opening(path)
      #expect(error.reason == .notHDF5)
      #expect(error.message == "'\(path)' is empty")

      try Data("name,value\n1,2\n".utf8).write(to: URL(filePath: path))
      error = try Self.opening(path)
      #expect(error.reason == .notHDF5)
      #expect(error.message == "'\(path)' is not an HDF5 file")
      #expect(throws: HDF5Error.self) { try File.open(image: Data("text".utf8)) }
    }
  }

  @Test func truncatedFilesAreCalledThat() throws {
    let file = try File.inMemory()
    try file.root.createDataset("train/inputs", shape: [1000], values: (0..<1000).map(Float.init))
    let image = try file.image()
    try withScratchDirectory { directory in
      for length in [8, 20, 95, 96, 100, 500, 1000, image.count - 1] {
        let path = directory + "/cut-\(length).h5"
        try Data(image[..<length]).write(to: URL(filePath: path))
        let error = try Self.opening(path)
        #expect(error.reason == .truncated, "\(length): \(error) \(error.stack)")
        #expect(error.message.hasPrefix("'\(path)' is truncated"))
        let fromMemory = #expect(throws: HDF5Error.self) { try File.open(image: Array(image[..<length])) }
        #expect(fromMemory?.reason == .truncated, "\(length)")
      }
    }
  }

  @Test func damagedFilesFailWithoutCrashing() throws {
    let file = try File.inMemory()
    try file.root.createDataset("x", shape: [10], values: Array(0..<10))
    let image = try file.image()
    var failures = 0
    for place in 8..<min(image.count, 1200) {
      var damaged = image
      damaged[place] ^= 0xff
      do {
        _ = try File.open(image: damaged).root.dataset("x").read(as: Int.self)
      } catch is HDF5Error {
        failures += 1
      }
    }
    #expect(failures > 100)
  }

  @Test func missingMembersAreListed() throws {
    let root = try File.inMemory().root
    try root.createDataset("train/inputs", shape: [1], values: [1])
    try root.createDataset("train/targets", shape: [1], values: [1])
    var error = try #require(throws: HDF5Error.self) { try root.dataset("train/labels") }
    #expect(error.reason == .notFound)
    #expect(
      error.message == "group '/train' of 'a file in memory' has no member 'labels'; it holds 'inputs', 'targets'")
    error = try #require(throws: HDF5Error.self) { try root.dataset("test/inputs") }
    #expect(error.message == "group '/' of 'a file in memory' has no member 'test'; it holds 'train'")
    error = try #require(throws: HDF5Error.self) { try root.dataset("train") }
    #expect(error.reason == .wrongKind)
    #expect(error.message == "'/train' of 'a file in memory' is a group, and a dataset is needed")
    error = try #require(throws: HDF5Error.self) { try root.dataset("train/inputs/deeper") }
    #expect(error.reason == .wrongKind || error.reason == .notFound || error.reason == .library)
    error = try #require(throws: HDF5Error.self) { try root.createGroup("train/inputs") }
    #expect(error.reason == .alreadyExists)
    #expect(throws: HDF5Error.self) { try root.dataset("") }
    #expect(throws: HDF5Error.self) { try root.remove("nothing") }
  }

  @Test func useAfterCloseIsAnError() throws {
    let file = try File.inMemory()
    let dataset = try file.root.createDataset("x", shape: [1], values: [1])
    try dataset.close()
    var error = try #require(throws: HDF5Error.self) { try dataset.read(as: Int.self) }
    #expect(error.message == "dataset '/x' of 'a file in memory' is used after it was closed")
    let again = try file.root.dataset("x")
    try file.close()
    error = try #require(throws: HDF5Error.self) { try again.read(as: Int.self) }
    #expect(error.reason == .closed)
    #expect(throws: HDF5Error.self) { try file.root }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "the system has no /dev/full"))
  func unwritablePlaces() throws {
    let error = try #require(throws: HDF5Error.self) { try File.create(at: "/proc/nothing/x.h5") }
    #expect(error.message == "cannot create '/proc/nothing/x.h5': No such file or directory")
  }

  @Test func nothingIsPrinted() throws {
    try withScratchDirectory { directory in
      let path = directory + "/stderr"
      let saved = dup(2)
      let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
      dup2(descriptor, 2)
      let thread = Thread {
        do { _ = try File.open(at: "/nowhere/x.h5") } catch {}
        do { _ = try File.inMemory().root.createDataset("x", shape: [1], values: [300]).read(as: Int8.self) } catch {}
      }
      thread.start()
      while !thread.isFinished { Thread.sleep(forTimeInterval: 0.01) }
      dup2(saved, 2)
      close(saved)
      close(descriptor)
      let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
      #expect(!text.contains("HDF5-DIAG"))
    }
  }
}
