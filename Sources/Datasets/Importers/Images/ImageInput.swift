import Foundations

/// Images to predict: one, or those of a folder, as a model takes them.
package struct ImageInput: Sendable {
  /// What the images are called: their paths below the folder.
  package let names: [String]
  /// The folder; empty for one image.
  private let folder: String
  /// The file of the one image; `nil` for a folder's.
  private let file: [UInt8]?
  private let rows: ImageRows

  /// Finds the images of a folder and of those below it.
  ///
  /// - Parameters:
  ///   - shape: The extents of a row that the model takes.
  ///   - resizes: Whether images of another size are resized; otherwise they are an error.
  /// - Throws: `TrainerError` with exit code `data` if the model takes no images, or the folder has none.
  package init(folder path: String, shape: [Int], resizes: Bool) throws {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    names = try ImageFiles(in: path).names
    guard !names.isEmpty else { throw TrainerError(.data, "the folder '\(path)' holds no images (PNG or JPEG)") }
    (folder, file) = (path, nil)
    rows = try Self.rows(shape, resizes: resizes, source: path)
  }

  /// Takes one image.
  ///
  /// - Parameters:
  ///   - file: The bytes of its file.
  ///   - name: What it is called.
  /// - Throws: As the other.
  package init(file: [UInt8], name: String, shape: [Int], resizes: Bool) throws {
    (names, folder, self.file) = ([name], "", file)
    rows = try Self.rows(shape, resizes: resizes, source: name)
  }

  private static func rows(_ shape: [Int], resizes: Bool, source: String) throws -> ImageRows {
    let channels = shape.count == 3 ? shape[2] : 1
    guard (2...3).contains(shape.count), channels == 1 || channels == 3, shape.allSatisfy({ $0 > 0 }) else {
      throw TrainerError(
        .data,
        "\(source): the model was made for inputs of the shape \(shape), which are no images of [height, width] and 1 or 3 "
          + "channels")
    }
    return try ImageRows(ImageSize(height: shape[0], width: shape[1]), channels: channels, resizes: resizes)
  }

  /// How many images are decoded at a time.
  package var blockRows: Int { rows.blockRows() }

  /// The bytes of some images' rows.
  ///
  /// - Throws: `TrainerError` with exit code `data` that names an image which cannot be decoded, or has another size.
  package func block(_ range: Range<Int>) throws -> [UInt8] {
    let (names, folder, file) = (names[range].map(\.self), folder, file)
    return try rows.decoded(range.count) { row in
      if let file { return (try PixelImage(file: file, name: "'\(names[row])'"), "'\(names[row])'") }
      let path = "\(folder)/\(names[row])"
      return (try PixelImage(path: path), "'\(path)'")
    }
  }
}
