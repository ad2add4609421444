import HDF5
import TestSupport
import Testing

@Suite struct StringTests {
  private static let texts = ["", "ascii", "Grüße, 世界 🌍", " spaces "]

  @Test func variableLengthStringsSurvive() throws {
    try withScratchDirectory { directory in
      let path = directory + "/text.h5"
      let file = try File.create(at: path)
      let root = try file.root
      try root.createDataset("list", shape: [2, 2], type: .variableLengthString()).writeStrings(Self.texts)
      try root.createDataset("one", text: Self.texts[2])
      try root.setAttribute("one", to: Self.texts[2])
      try root.setAttribute("list", to: Self.texts)
      try root.setAttribute("none", to: [String]())
      try file.close()

      let again = try File.open(at: path).root
      #expect(try again.dataset("list").readStrings() == Self.texts)
      #expect(
        try again.dataset("list").readStrings(selecting: .rows([1, 0])) == [
          Self.texts[2], Self.texts[3], Self.texts[0], Self.texts[1],
        ])
      #expect(try again.dataset("one").readStrings() == [Self.texts[2]])
      #expect(try again.attribute("one").readString() == Self.texts[2])
      #expect(try again.attribute("list").readStrings() == Self.texts)
      #expect(try again.attribute("none").readStrings() == [])
      #expect(throws: HDF5Error.self) { try again.attribute("list").readString() }
    }
  }

  @Test func fixedLengthStringsSurvive() throws {
    let file = try File.inMemory()
    let dataset = try file.root.createDataset("x", shape: [4], type: .fixedLengthString(byteCount: 21))
    try dataset.writeStrings(Self.texts)
    #expect(try dataset.readStrings() == Self.texts)
    #expect(try dataset.readStrings(selecting: .range(1..<3)) == Array(Self.texts[1..<3]))
    #expect(dataset.datatype.description == "string (21 bytes, UTF-8)")
    let error = try #require(throws: HDF5Error.self) {
      try dataset.writeStrings(["a", "b", "c", .init(repeating: "d", count: 22)])
    }
    #expect(error.message.hasSuffix("has 22 bytes, and there is room for 21"))
    #expect(throws: HDF5Error.self) { try Datatype.fixedLengthString(byteCount: 0) }
  }

  @Test func zeroCharactersAreRefused() throws {
    let root = try File.inMemory().root
    #expect(throws: HDF5Error.self) { try root.setAttribute("a", to: "a\0b") }
  }

  @Test func longTextsSurvive() throws {
    let text = String(repeating: "configuration ", count: 100_000)
    let file = try File.inMemory()
    try file.root.createDataset("config", text: text)
    #expect(try File.open(image: file.image()).root.dataset("config").readStrings() == [text])
  }
}
