import Foundations

/// The pixels of an image: rows from the top, channels last, a byte each.
struct PixelImage: Sendable, Equatable {
  let height: Int
  let width: Int
  /// 1 for gray, 3 for red, green and blue.
  let channels: Int
  let bytes: [UInt8]

  /// Takes pixels.
  ///
  /// - Precondition: there are as many bytes as the extents say.
  init(height: Int, width: Int, channels: Int, bytes: [UInt8]) {
    precondition(bytes.count == height * width * channels, "bytes do not fit the image")
    (self.height, self.width, self.channels, self.bytes) = (height, width, channels, bytes)
  }

  /// Decodes a file.
  ///
  /// - Parameter name: How messages call the file.
  /// - Throws: `TrainerError` with exit code `data` if it is truncated or damaged.
  init(file: [UInt8], name: String) throws {
    let header = try ImageHeader(whole: file, name: name)
    switch try ImageLibrary.of(header.format).pixels(of: file, header) {
    case .success(let bytes):
      self.init(height: header.height, width: header.width, channels: header.channels, bytes: bytes)
    case .failure(let fault):
      throw TrainerError(
        .data,
        "\(name) is a truncated or damaged \(header.format.name) file: \(fault.reason.onOneLine); mend or remove it")
    }
  }

  /// Reads and decodes a file.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it cannot be read or decoded.
  init(path: String) throws {
    let file: [UInt8]
    do {
      file = try SystemFileSystem().contents(of: path)
    } catch let error as FileError {
      throw TrainerError(.data, "'\(path)' cannot be read: \(error.reason.lowercased())")
    }
    try self.init(file: file, name: "'\(path)'")
  }

  /// The image in gray or in color: gray is the luma of ITU-R BT.601, 0.299 red + 0.587 green + 0.114 blue, rounded as
  /// Pillow does; a gray image in color has three equal channels.
  func converted(toChannels wanted: Int) -> PixelImage {
    switch (channels, wanted) {
    case (3, 1):
      let gray = stride(from: 0, to: bytes.count, by: 3).map { at in
        // In 65536ths, with a half to round by.
        let sum = 19595 * UInt32(bytes[at]) + 38470 * UInt32(bytes[at + 1]) + 7471 * UInt32(bytes[at + 2]) + 0x8000
        return UInt8(truncatingIfNeeded: sum >> 16)
      }
      return PixelImage(height: height, width: width, channels: 1, bytes: gray)
    case (1, 3):
      var color: [UInt8] = []
      color.reserveCapacity(3 * bytes.count)
      for byte in bytes { color.append(contentsOf: repeatElement(byte, count: 3)) }
      return PixelImage(height: height, width: width, channels: 3, bytes: color)
    default: return self
    }
  }
}
