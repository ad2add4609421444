import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct FileTests {
  private static func makeSample(at path: String, userBlock: Int = 0) throws {
    let file = try File.create(at: path, userBlock: userBlock)
    try file.root.createDataset("train/inputs", shape: [100, 10], values: (0..<1000).map(Float.init))
    try file.close()
  }

  private static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

  @Test func groupsAndMembers() throws {
    let file = try File.inMemory()
    let root = try file.root
    try root.createGroup("b/c")
    try root.createDataset("a", shape: [1], values: [1])
    #expect(try root.members().map { "\($0.name) \($0.kind)" } == ["a dataset", "b group"])
    #expect(try root.group("b").memberNames() == ["c"])
    #expect(try root.group("b/c").path == "/b/c")
    #expect(try root.exists("b/c"))
    #expect(try !root.exists("b/d"))
    #expect(try !root.exists("x/y/z"))
    try root.remove("b")
    #expect(try root.memberNames() == ["a"])
    #expect(try File.open(image: file.image()).root.memberNames() == ["a"])
  }

  @Test func aPathIsWalkedOnce() throws {
    let file = try File.open(image: try Self.nested().image())
    let root = try file.root
    #expect(try root.kinds(along: ["a", "b", "x"]) == [.group, .group, .dataset])
    // As far as it leads: what is missing is left out, and nothing is in a dataset or behind a link that leads nowhere.
    #expect(try root.kinds(along: ["a", "c", "x"]) == [.group])
    #expect(try root.kinds(along: ["a", "b", "x", "y"]) == [.group, .group, .dataset])
    #expect(try root.kinds(along: ["gone", "x"]).isEmpty && root.kinds(along: []).isEmpty)
    #expect(try root.exists("a/b/x") && !root.exists("a/b/x/y") && root.exists("/a//b/") && root.exists(""))
    #expect(try root.group("a").kind(of: "b/x") == .dataset)
    func message(_ path: String) throws -> String {
      try #require(throws: HDF5Error.self) { _ = try root.kind(of: path) }.message
    }
    #expect(try message("a/c/x") == "group '/a' of 'a file in memory' has no member 'c'; it holds 'b'")
    #expect(try message("a/b/x/y") == "'/a/b/x' of 'a file in memory' is a dataset and has no member 'y'")
    #expect(try message("c") == "group '/' of 'a file in memory' has no member 'c'; it holds 'a'")
    #expect(try message("") == "a member of group '/' of 'a file in memory' must have a name")
  }

  private static func nested() throws -> File {
    let file = try File.inMemory()
    try file.root.createDataset("a/b/x", shape: [2], values: [1, 2])
    return file
  }

  @Test func attributes() throws {
    let root = try File.inMemory().root
    try root.setAttribute("step", to: 3)
    try root.setAttribute("step", to: "three")
    try root.setAttribute("epoch", to: [1.5])
    #expect(try root.attributeNames() == ["epoch", "step"])
    #expect(try root.attribute("step").readString() == "three")
    try root.removeAttribute("step")
    #expect(try !root.hasAttribute("step"))
    let error = try #require(throws: HDF5Error.self) { try root.attribute("step") }
    #expect(error.reason == .notFound)
    #expect(error.message == "group '/' of 'a file in memory' has no attribute 'step'; it has 'epoch'")
  }

  @Test func filtersAndChunks() throws {
    try withScratchDirectory { directory in
      let path = directory + "/filters.h5"
      let file = try File.create(at: path)
      let properties = try PropertyList.datasetCreation(chunk: [100, 4], deflate: 6, shuffle: true, fletcher32: true)
      let values = (0..<4000).map { UInt16($0 / 100) }
      try file.root.createDataset("x", shape: [500, 8], values: values, properties: properties)
      try file.root.createDataset("plain", shape: [500, 8], values: values)
      try file.close()
      let root = try File.open(at: path).root
      let dataset = try root.dataset("x")
      #expect(try dataset.read(as: UInt16.self) == values)
      #expect(try dataset.layout == .chunked)
      #expect(try dataset.chunkShape == [100, 4])
      #expect(try dataset.filters.map(\.description) == ["shuffle", "deflate 6", "fletcher32"])
      #expect(try dataset.storageSize < 2000)
      #expect(try dataset.offset == nil)
      #expect(try root.dataset("plain").layout == .contiguous)
      #expect(try root.dataset("plain").chunkShape == nil)
      #expect(try root.dataset("plain").filters == [])

      #expect(throws: HDF5Error.self) { try PropertyList.datasetCreation(deflate: 1) }
      #expect(throws: HDF5Error.self) { try PropertyList.datasetCreation(chunk: [1], deflate: 10) }
      #expect(throws: HDF5Error.self) { try PropertyList.datasetCreation(chunk: [0]) }
    }
  }

  @Test func checksumsFindDamage() throws {
    let file = try File.inMemory()
    let values = (0..<256).map { UInt32($0) &* 2_654_435_761 }
    try file.root.createDataset(
      "x", shape: [256], values: values, properties: .datasetCreation(chunk: [256], fletcher32: true))
    var image = try file.image()
    let raw = values.withUnsafeBytes(Array.init)
    let place = try #require(Data(image).range(of: Data(raw)))
    image[place.lowerBound + 17] ^= 1
    let dataset = try File.open(image: image).root.dataset("x")
    let error = try #require(throws: HDF5Error.self) { try dataset.read(as: UInt32.self) }
    #expect(error.reason == .library)
    let cause =
      File.libraryVersion.lexicographicallyPrecedes([1, 14])
      ? "data error detected by Fletcher32 checksum" : "a filter refuses the stored bytes, which are damaged"
    #expect(error.message == "cannot read dataset '/x' of 'a file in memory': \(cause)")
    #expect(error.stack.last?.function == "H5Dread")
    #expect(error.cause == cause)
  }

  @Test(arguments: [0, 512, 4096]) func offsetsAreTheFiles(userBlock: Int) throws {
    try withScratchDirectory { directory in
      let path = directory + "/offset.h5"
      try Self.makeSample(at: path, userBlock: userBlock)
      let offset = try #require(try File.open(at: path).root.dataset("train/inputs").offset)
      let stored = try Self.bytes(path)[offset..<offset + 4000].withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      #expect(stored == (0..<1000).map(Float.init))
      let empty = try File.inMemory().root.createDataset("x", shape: [3], type: .number(.int8))
      #expect(try empty.offset == nil)
    }
  }

  @Test func alignedElementsBeginAtMultiples() throws {
    try withScratchDirectory { directory in
      let file = try File.create(at: directory + "/x.h5", alignment: 64)
      for index in 0..<5 {
        let dataset = try file.root.createDataset("\(index)", shape: [301], values: [UInt8](repeating: 1, count: 301))
        #expect(try dataset.offset.map { $0 % 64 } == 0)
      }
    }
  }

  @Test func imagesAreFiles() throws {
    try withScratchDirectory { directory in
      let file = try File.inMemory()
      try file.root.createDataset("x", shape: [3], values: [1, 2, 3])
      let other = try File.inMemory()
      #expect(try other.root.memberNames() == [])
      let image = try file.image()
      try file.close()
      let path = directory + "/image.h5"
      try Data(image).write(to: URL(filePath: path))
      #expect(try File.open(at: path).root.dataset("x").read(as: Int.self) == [1, 2, 3])
      #expect(try File.open(image: Data(image)).root.dataset("x").read(as: Int.self) == [1, 2, 3])
    }
  }

  @Test func anyBytesMayStandInTheUserBlock() throws {
    try withScratchDirectory { directory in
      let file = try File.inMemory(userBlock: 512)
      try file.root.createDataset("x", shape: [3], values: [1, 2, 3])
      let whole = [UInt8](repeating: 7, count: 512) + (try file.image())
      let path = directory + "/block.h5"
      try Data(whole).write(to: URL(filePath: path))
      #expect(try File.open(at: path).root.dataset("x").read(as: Int.self) == [1, 2, 3])
      #expect(try File.open(image: whole).root.dataset("x").read(as: Int.self) == [1, 2, 3])
      #expect(throws: HDF5Error.self) { try File.inMemory(userBlock: 100) }
    }
  }

  @Test func equalContentsGiveEqualBytes() throws {
    func image() throws -> [UInt8] {
      let file = try File.inMemory()
      try file.root.createDataset("g/x", shape: [3], values: [1, 2, 3])
      try file.root.setAttribute("note", to: "text")
      return try file.image()
    }
    let first = try image()
    Thread.sleep(forTimeInterval: 1.1)
    #expect(try image() == first)
  }

  @Test func writableFilesGoOn() throws {
    try withScratchDirectory { directory in
      let path = directory + "/more.h5"
      try Self.makeSample(at: path)
      let file = try File.open(at: path, writable: true)
      try file.root.createDataset("more", shape: [1], values: [1])
      try file.close()
      try file.close()
      #expect(try File.open(at: path).root.memberNames() == ["more", "train"])
      let readOnly = try File.open(at: path)
      #expect(throws: HDF5Error.self) { try readOnly.root.createGroup("g") }
      #expect(throws: HDF5Error.self) { try File.create(at: path) }
      let emptied = try File.create(at: directory + "/other.h5", overwriting: true)
      #expect(try emptied.root.memberNames() == [])
    }
  }

  @Test func readingAsksForNoLock() throws {
    try withScratchDirectory { directory in
      let path = directory + "/locked.h5"
      try Self.makeSample(at: path)
      let descriptor = open(path, O_RDWR)
      defer { close(descriptor) }
      try #require(flock(descriptor, LOCK_EX) == 0)
      #expect(try File.open(at: path).root.memberNames() == ["train"])
    }
  }
}
