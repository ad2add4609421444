import CImages
import Foundations

/// libpng or libjpeg-turbo, opened when the first image of its format is decoded.
struct ImageLibrary: Sendable {
  private let format: cimages_format

  private static let png = Result { try ImageLibrary(.png) }
  private static let jpeg = Result { try ImageLibrary(.jpeg) }

  /// The library of a format.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it is not installed.
  static func of(_ format: ImageHeader.Format) throws -> ImageLibrary {
    try (format == .png ? png : jpeg).get()
  }

  private init(_ format: ImageHeader.Format) throws {
    self.format = format == .png ? cimages_png : cimages_jpeg
    var text = [CChar](repeating: 0, count: Int(cimages_text_size))
    if cimages_open(self.format, format == .png ? "libpng16.so.16" : "libturbojpeg.so.0", &text) == 0 { return }
    let library = format == .png ? "libpng (Debian's libpng16-16)" : "libturbojpeg (Debian's libturbojpeg0)"
    throw TrainerError(
      .data,
      "\(format.name) files are decoded by \(library), which cannot be opened: \(Self.string(text).onOneLine); install it"
    )
  }

  /// Decodes a file.
  ///
  /// - Returns: The pixels, or the library's reason why there are none.
  func pixels(of file: [UInt8], _ header: ImageHeader) -> Result<[UInt8], ImageFault> {
    var text = [CChar](repeating: 0, count: Int(cimages_text_size))
    var code: Int32 = 0
    let pixels = [UInt8](unsafeUninitializedCapacity: header.byteCount) { pixels, count in
      code = cimages_decode(
        format, file, file.count, UInt32(header.width), UInt32(header.height), UInt32(header.channels),
        pixels.baseAddress, &text)
      // Of a damaged file only some were written, and none are used.
      count = code == 0 ? header.byteCount : 0
    }
    return code == 0 ? .success(pixels) : .failure(ImageFault(reason: Self.string(text)))
  }

  private static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

/// Why a library could not decode a file, in its own words.
struct ImageFault: Error {
  let reason: String
}
