/// A PNG file with its pixels stored as they are, so that tests can make images of what they need.
public enum PNGBytes {
  /// The bytes of a file.
  ///
  /// - Parameter pixels: Rows from the top, channels last: 1 of them is gray, 3 are red, green and blue.
  public static func file(height: Int, width: Int, channels: Int = 1, pixels: [UInt8]) -> [UInt8] {
    let stride = width * channels
    // Each row behind the number of its filter: none.
    let lines = (0..<height).flatMap { [0] + pixels[$0 * stride..<($0 + 1) * stride] }
    var data: [UInt8] = [0x78, 0x01]
    for start in Swift.stride(from: 0, to: lines.count, by: 65535) {
      let block = lines[start..<min(lines.count, start + 65535)]
      let count = UInt16(block.count)
      data.append(start + block.count == lines.count ? 1 : 0)
      data += [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)] + block
    }
    data += number(adler(lines))
    let header = number(UInt32(width)) + number(UInt32(height)) + [8, channels == 1 ? 0 : 2, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header) + chunk("IDAT", data)
      + chunk("IEND", [])
  }

  private static func number(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) } }

  private static func chunk(_ name: String, _ contents: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + contents
    return number(UInt32(contents.count)) + body + number(crc(body))
  }

  private static func adler(_ bytes: [UInt8]) -> UInt32 {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return b << 16 | a
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 255)] ^ $0 >> 8 }
  }
}
