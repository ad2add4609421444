import CZlib

/// A picture of red, green and blue bytes, and its PNG (RFC 2083).
package struct Picture: Sendable {
  /// A color.
  package struct Color: Sendable, Equatable {
    let (red, green, blue): (UInt8, UInt8, UInt8)

    /// A color of parts from 0 to 255.
    package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) { (self.red, self.green, self.blue) = (red, green, blue) }

    /// Whether the parts are the same.
    package static func == (left: Color, right: Color) -> Bool {
      (left.red, left.green, left.blue) == (right.red, right.green, right.blue)
    }
  }

  /// Columns of pixels.
  package let width: Int
  /// Rows of pixels.
  package let height: Int
  private var pixels: [UInt8]

  /// A white picture.
  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
    pixels = Array(repeating: 255, count: 3 * width * height)
  }

  /// The color of a pixel, from the upper left.
  package subscript(x: Int, y: Int) -> Color {
    get {
      let start = 3 * (y * width + x)
      return Color(pixels[start], pixels[start + 1], pixels[start + 2])
    }
    set {
      let start = 3 * (y * width + x)
      (pixels[start], pixels[start + 1], pixels[start + 2]) = (newValue.red, newValue.green, newValue.blue)
    }
  }

  /// Fills a rectangle; what lies outside of the picture is cut.
  package mutating func fill(x: Range<Int>, y: Range<Int>, _ color: Color) {
    for row in y.clamped(to: 0..<height) {
      for column in x.clamped(to: 0..<width) { self[column, row] = color }
    }
  }

  /// The picture as a PNG file.
  package var png: [UInt8] {
    var header = bigEndianBytes(width) + bigEndianBytes(height)
    // Eight bits a part, three parts; deflate, filters by row, not interlaced.
    header += [8, 2, 0, 0, 0]
    // Before each row its filter: none.
    var rows: [UInt8] = []
    for row in 0..<height {
      rows.append(0)
      rows += pixels[3 * width * row..<3 * width * (row + 1)]
    }
    return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + Self.chunk("IHDR", header)
      + Self.chunk("IDAT", Self.deflated(rows)) + Self.chunk("IEND", [])
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let named = Array(name.utf8) + content
    let checksum = named.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
    return bigEndianBytes(content.count) + named + bigEndianBytes(Int(checksum))
  }

  private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(UInt(bytes.count))
    let packed = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
      let status = compress2(buffer.baseAddress, &size, bytes, UInt(bytes.count), 9)
      // The buffer has the size that zlib needs at most, so nothing but a lack of memory can fail.
      precondition(status == Z_OK, "zlib has no memory for a picture")
      count = Int(size)
    }
    return packed
  }
}

/// The four bytes of a number, the highest first.
private func bigEndianBytes(_ value: Int) -> [UInt8] {
  withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian) { Array($0) }
}
