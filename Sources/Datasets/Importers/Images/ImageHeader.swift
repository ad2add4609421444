import Foundations

/// What the first bytes of an image file say: its format and how many pixels there are, before memory is taken for them.
struct ImageHeader: Sendable, Equatable {
  /// The formats that are decoded.
  enum Format: Sendable, Equatable {
    case png, jpeg

    /// For people.
    var name: String { self == .png ? "PNG" : "JPEG" }
  }

  let format: Format
  let height: Int
  let width: Int
  /// 1 for shades of gray, 3 for colors; alpha does not count.
  let channels: Int

  /// The bytes of the decoded pixels.
  var byteCount: Int { height * width * channels }

  /// More pixels than these are taken for a mistake, or for a file that is made to fill memory.
  private static let mostPixels = 1 << 27

  /// Where a file begins that is looked at first; a JPEG may have more in front of its size.
  private static let firstSize = 1 << 16

  /// Reads the header of a file.
  ///
  /// - Throws: `TrainerError` with exit code `data` that names the file if it cannot be read, is damaged, or is no image of
  ///   these formats.
  init(path: String) throws {
    let files = SystemFileSystem()
    do {
      self = try files.withFile(files.retryingWhenInterrupted { try files.openForReading(path) }) { file in
        var (start, isWhole) = ([UInt8](), false)
        var size = Self.firstSize
        while true {
          let count = start.count
          start.append(contentsOf: repeatElement(0, count: size - count))
          let got = try start.withUnsafeMutableBytes {
            try files.readAll(file, into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
          }
          isWhole = got < size - count
          start.removeLast(size - count - got)
          if let header = try Self(start, isWhole: isWhole, name: "'\(path)'") { return header }
          size *= 4
        }
      }
    } catch let error as FileError {
      throw TrainerError(.data, "'\(path)' cannot be read: \(error.reason.lowercased())")
    }
  }

  /// Reads the header of a file that is in memory.
  ///
  /// - Parameter name: How messages call it.
  /// - Throws: As ``init(path:)``.
  init(whole bytes: [UInt8], name: String) throws {
    guard let header = try Self(bytes, isWhole: true, name: name) else {
      throw Self.truncated(name)
    }
    self = header
  }

  /// Whether bytes are the first of an image in one of the formats.
  static func format(of start: some Collection<UInt8>) -> Format? {
    if start.starts(with: pngMark) { return .png }
    return start.starts(with: [0xFF, 0xD8, 0xFF]) ? .jpeg : nil
  }

  private static let pngMark: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// - Returns: `nil` if more bytes are needed.
  private init?(_ start: [UInt8], isWhole: Bool, name: String) throws {
    guard let format = Self.format(of: start) else {
      guard isWhole || start.count >= Self.firstSize else { return nil }
      throw TrainerError(.data, "\(name) \(Self.other(start)); expected an image in PNG or JPEG")
    }
    let found: (height: Int, width: Int, channels: Int)?
    switch format {
    case .png: found = try Self.png(start, name)
    case .jpeg: found = try Self.jpeg(start, name)
    }
    guard let (height, width, channels) = found else {
      guard isWhole else { return nil }
      throw Self.truncated(name)
    }
    guard height > 0, width > 0 else { throw TrainerError(.data, "\(name) is damaged: it has no pixels") }
    guard height.multipliedReportingOverflow(by: width).overflow == false, height * width <= Self.mostPixels else {
      throw TrainerError(
        .data,
        "\(name) says that it has \(height) x \(width) pixels, and an image may have \(Self.mostPixels); make it smaller, or "
          + "remove it")
    }
    (self.format, self.height, self.width, self.channels) = (format, height, width, channels)
  }

  private static func truncated(_ name: String) -> TrainerError {
    TrainerError(.data, "\(name) is truncated: it ends inside its header")
  }

  // MARK: The formats

  private static func number(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int {
    bytes[at..<at + count].reduce(0) { $0 << 8 | Int($1) }
  }

  private static func png(_ bytes: [UInt8], _ name: String) throws -> (height: Int, width: Int, channels: Int)? {
    guard bytes.count >= 26 else { return nil }
    guard number(bytes, 8, 4) == 13, bytes[12..<16].elementsEqual("IHDR".utf8) else {
      throw TrainerError(.data, "\(name) is a damaged PNG file: it does not begin with its size")
    }
    // Palettes (3) are of colors, whatever these are.
    return (number(bytes, 20, 4), number(bytes, 16, 4), [0, 4].contains(bytes[25]) ? 1 : 3)
  }

  /// Goes from marker to marker to the one of a frame.
  private static func jpeg(_ bytes: [UInt8], _ name: String) throws -> (height: Int, width: Int, channels: Int)? {
    var at = 2
    while at + 4 <= bytes.count {
      guard bytes[at] == 0xFF else {
        throw TrainerError(.data, "\(name) is a damaged JPEG file: there is no marker at byte \(at)")
      }
      let marker = bytes[at + 1]
      switch marker {
      case 0xFF:
        // A byte that fills.
        at += 1
      case 0x01, 0xD0...0xD8: at += 2
      case 0xD9, 0xDA: throw TrainerError(.data, "\(name) is a damaged JPEG file: it does not say its size")
      case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(marker):
        guard at + 10 <= bytes.count else { return nil }
        let (depth, channels) = (bytes[at + 4], Int(bytes[at + 9]))
        guard depth == 8 else {
          throw TrainerError(.data, "\(name) is a JPEG file of \(depth) bits; expected 8, so store it anew as such")
        }
        guard channels == 1 || channels == 3 else {
          throw TrainerError(
            .data,
            "\(name) is a JPEG file of \(channels == 4 ? "printing colors (CMYK)" : "\(channels) channels"); expected gray or "
              + "RGB, so convert it first, with mogrify -colorspace sRGB \(name) for example")
        }
        return (number(bytes, at + 5, 2), number(bytes, at + 7, 2), channels)
      default:
        let length = number(bytes, at + 2, 2)
        guard length >= 2 else {
          throw TrainerError(.data, "\(name) is a damaged JPEG file: a segment at byte \(at) has \(length) bytes")
        }
        at += 2 + length
      }
    }
    return nil
  }

  // MARK: Other files

  private static let otherMarks: [(mark: [UInt8], name: String)] = [
    (Array("GIF8".utf8), "a GIF image"), (Array("BM".utf8), "a BMP image"), (Array("II*\0".utf8), "a TIFF image"),
    (Array("MM\0*".utf8), "a TIFF image"), (Array("8BPS".utf8), "a Photoshop image"),
    (Array("\0\0\u{1}\0".utf8), "an icon"),
    ([0, 0, 0, 0x0C] + Array("jP  ".utf8), "a JPEG 2000 image"), ([0xFF, 0x0A], "a JPEG XL image"),
    (Array("<svg".utf8), "an SVG drawing"), (Array("<?xml".utf8), "an XML file"), (Array("<!".utf8), "a web page"),
    (Array("<html".utf8), "a web page"), (Array("version https://git-lfs".utf8), "a pointer of Git LFS"),
  ]

  /// What a file is that is no image of the formats: the end of a sentence about it.
  private static func other(_ start: [UInt8]) -> String {
    if start.isEmpty { return "is empty" }
    if let other = otherMarks.first(where: { start.starts(with: $0.mark) }) { return "is \(other.name)" }
    if start.starts(with: "RIFF".utf8), start.dropFirst(8).starts(with: "WEBP".utf8) { return "is a WebP image" }
    if start.dropFirst(4).starts(with: "ftyp".utf8) {
      let brand = start.dropFirst(8).prefix(4)
      return brand.starts(with: "avi".utf8) ? "is an AVIF image" : "is a HEIF image or a film"
    }
    return "is no image: it begins with the bytes "
      + start.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
