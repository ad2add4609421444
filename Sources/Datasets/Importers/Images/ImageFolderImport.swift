import Foundations
import HDF5

/// Imports a folder of images in PNG or JPEG: a folder for each class (`flowers/rose/1.png`), or folders `train`, `validation`
/// (`valid`, `val`) and `test` of such folders, as torchvision's `ImageFolder` and Keras's `image_dataset_from_directory` take
/// them.
///
/// Classes are the folders' names, in the order of their bytes. Samples are in the order of groups, classes and file names, in
/// which numbers count as such. Inputs are bytes, [height, width, channels], with 1 channel where all images are gray and 3
/// otherwise. Alpha is left out, of 16 bits the higher 8 are taken, and what a camera noted of how it was held (EXIF) is not
/// looked at.
public struct ImageFolderImport: Importer {
  /// `images`.
  public static let name = "images"

  /// The channels of the inputs.
  public enum Colors: Sendable, Equatable {
    /// 1 channel where all images are gray, else 3.
    case asFiles
    /// 1 channel; of colored images their luma.
    case gray
    /// 3 channels; of gray images three times the same.
    case color

    fileprivate func channels(of headers: Set<Int>) -> Int {
      switch self {
      case .asFiles: headers.max() ?? 1
      case .gray: 1
      case .color: 3
      }
    }
  }

  /// The folder.
  public var path: String
  /// The size that images are given; `nil` where they have one size. They are resampled by the triangle filter, which is as
  /// wide as a new pixel where images become smaller: Pillow's `BILINEAR`.
  public var size: ImageSize?
  /// The channels of the inputs.
  public var colors: Colors
  /// How samples are divided where there are no folders for groups.
  public var split: Split
  /// How many threads decode; `nil` for as many as there are cores. It changes no result.
  package var threads: Int?

  /// Creates an import of a folder whose images all have one size.
  public init(path: String) { self.init(path: path, size: nil) }

  /// Creates an import of a folder.
  public init(path: String, size: ImageSize?, colors: Colors = .asFiles, split: Split = .fifth) {
    self.path = path
    while self.path.count > 1, self.path.hasSuffix("/") { self.path.removeLast() }
    (self.size, self.colors, self.split) = (size, colors, split)
  }

  /// Whether it is a folder with folders or images in it.
  public static func recognizes(_ source: ImportSource) -> Bool {
    source.isDirectory && !IDXImport.recognizes(source) && ImageFolder.recognizes(source.path)
  }

  /// The folder.
  public var sources: [String] { [path] }

  /// Decodes all images in memory.
  ///
  /// - Throws: `TrainerError` that names the file or folder and what is wrong there.
  public func read() throws -> ImportedSamples { try scan().inMemory() }

  /// Decodes the images and writes the dataset file, in memory that does not grow with their number.
  ///
  /// - Throws: `TrainerError` that names the file or folder and what is wrong there, or that the output cannot be written.
  @discardableResult
  public func write(to output: String, with writer: DatasetWriter) throws -> ImportSummary {
    try writer.checkOutput(output, inputs: sources)
    let samples = try scan()
    try samples.write(to: output, with: writer)
    return ImportSummary(groups: samples.layouts, classCount: samples.classes.count, notes: samples.notes)
  }

  /// Finds the images and looks at their headers.
  ///
  /// - Throws: As ``read()``.
  func scan() throws -> ImageSamples {
    let folder = try ImageFolder(path: path)
    let count = folder.groups.reduce(0) { $0 + $1.images.count }
    let part = WorkProgress.begin("looking at \(fileName(of: path))", of: count, "images")
    defer { part?.end() }
    var first: (path: String, header: ImageHeader)?
    var largest = first
    var channels: Set<Int> = []
    for image in folder.groups.lazy.flatMap(\.images) {
      let header = try ImageHeader(path: image.path)
      if size == nil, let first, (first.header.height, first.header.width) != (header.height, header.width) {
        throw TrainerError(
          .data,
          "'\(image.path)' has \(header.height) x \(header.width) pixels, but '\(first.path)' "
            + "\(first.header.height) x \(first.header.width), and all inputs of a dataset have one size",
          remedy: .init("size", "give a size that all are resized to"))
      }
      first = first ?? (image.path, header)
      if header.byteCount > largest?.header.byteCount ?? 0 { largest = (image.path, header) }
      channels.insert(header.channels)
      part?.add(1)
    }
    guard let first else { throw TrainerError(.data, "'\(path)' holds no images") }
    let rows = try ImageRows(
      size ?? ImageSize(height: first.header.height, width: first.header.width),
      channels: colors.channels(of: channels), resizes: size != nil, largest: largest, threads: threads)
    return ImageSamples(folder, rows: rows, split: split)
  }
}
