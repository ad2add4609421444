import CZlib
import TensorBoard
import Testing

@Suite struct PictureTests {
  /// The chunks of a PNG file, whose checksums are right.
  private func chunks(_ png: [UInt8]) throws -> [(name: String, content: [UInt8])] {
    try #require(Array(png.prefix(8)) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    var chunks: [(name: String, content: [UInt8])] = []
    var rest = png[8...]
    func number() -> Int {
      defer { rest = rest.dropFirst(4) }
      return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }
    while !rest.isEmpty {
      let size = number()
      let named = Array(rest.prefix(4 + size))
      rest = rest.dropFirst(4 + size)
      #expect(number() == Int(crc32(0, named, UInt32(named.count))))
      chunks.append((String(decoding: named.prefix(4), as: UTF8.self), Array(named.dropFirst(4))))
    }
    return chunks
  }

  @Test func aPictureIsAPNGOfItsPixels() throws {
    var picture = Picture(width: 3, height: 2)
    picture.fill(x: 1..<9, y: -4..<1, Picture.Color(1, 2, 3))
    let chunks = try chunks(picture.png)
    #expect(chunks.map(\.name) == ["IHDR", "IDAT", "IEND"])
    #expect(chunks[0].content == [0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0])
    var size = UInt(100)
    var rows = [UInt8](repeating: 0, count: 100)
    #expect(uncompress(&rows, &size, chunks[1].content, UInt(chunks[1].content.count)) == Z_OK)
    let white: [UInt8] = [255, 255, 255]
    #expect(Array(rows[..<Int(size)]) == [0] + white + [1, 2, 3, 1, 2, 3] + [0] + white + white + white)
  }

  @Test func aConfusionMatrixIsDarkWhereAClassIs() {
    // All of class 0 right, half of class 1; nothing is of class 2.
    let picture = ConfusionPicture([8, 0, 0, 3, 3, 0, 0, 0, 0], classes: 3).picture
    let cell = (picture.width - 24 - 1) / 3
    #expect(picture.width == picture.height && cell >= 28)
    func color(_ row: Int, _ column: Int) -> Picture.Color {
      picture[24 + column * cell + 2, 24 + row * cell + 2]
    }
    #expect(color(0, 0) == Picture.Color(8, 48, 107))
    #expect(color(0, 1) == Picture.Color(255, 255, 255))
    #expect(color(1, 0) == color(1, 1))
    #expect(color(1, 0) == Picture.Color(132, 152, 181))
    #expect(color(2, 2) == Picture.Color(255, 255, 255))
  }

  @Test(arguments: [1, 2, 20, 21, 100]) func anyNumberOfClassesIsDrawn(classes: Int) {
    let counts = (0..<classes * classes).map { Double($0 % 7) * 1_000_000.5 }
    let picture = ConfusionPicture(counts, classes: classes).picture
    #expect(picture.width <= 3000 && picture.width >= 24 + 4 * classes)
  }
}
