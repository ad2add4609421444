import ArgumentParser
import Datasets
import Foundations

/// The options for folders of images.
struct ImageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Resize all images, by a triangle filter as wide as a new pixel (Pillow's BILINEAR); proportions are not kept. (default: all must have one size)",
      valueName: "height x width"))
  var resize: ImageSize?
  @Flag(help: "Make gray of colors. (default: 1 channel if all images are gray, else 3)") var grayscale = false
  @Flag(help: "Store 3 channels, also of gray images.") var color = false

  func validate() throws {
    if grayscale, color { throw ValidationError("--grayscale and --color exclude each other") }
  }

  /// The options that were used.
  var given: [String] {
    [("--resize", resize != nil), ("--grayscale", grayscale), ("--color", color)].filter(\.1).map(\.0)
  }

  func makeImport(input: String, split: Split) -> ImageFolderImport {
    ImageFolderImport(path: input, size: resize, colors: grayscale ? .gray : color ? .color : .asFiles, split: split)
  }
}

extension ImageSize: ExpressibleByArgument {
  /// Beyond this an image is taken for a slip.
  private static let most = 1 << 14

  /// Reads `32x24`, the height first, or one number for both.
  public init?(argument: String) {
    let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard (1...2).contains(parts.count), parts.allSatisfy((1...Self.most).contains) else { return nil }
    self.init(height: parts[0], width: parts[parts.count - 1])
  }
}
