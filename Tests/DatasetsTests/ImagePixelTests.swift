import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Pixels are those that Pillow reads, of all kinds of PNG and JPEG, and so are gray and resized ones.
@Suite struct ImagePixelTests {
  /// What an import of one image stores of it.
  private func imported(
    _ file: [UInt8], _ name: String = "1.png", size: ImageSize? = nil, colors: ImageFolderImport.Colors = .asFiles
  ) throws -> (shape: [Int], pixels: [UInt8]) {
    try withImageFolder { folder in
      try folder.write("a/\(name)", file)
      try ImageFolderImport(path: folder.path, size: size, colors: colors, split: .none).write(to: folder.output)
      let dataset = try File.open(at: folder.output).root.dataset("train/inputs")
      return (Array(try dataset.shape.dropFirst()), try dataset.read(as: UInt8.self))
    }
  }

  @Test func allKindsOfFilesAreReadAsPillowDoes() throws {
    let files = try #require(try Fixture.read("images").member("files").elements)
    #expect(files.count == 29)
    for file in files {
      let name = try #require(file["name"]?.text)
      let pixels = try file.member("pixels").hexadecimalBytes
      // The contents tell the format, whatever the ending.
      let found = try imported(file.member("bytes").hexadecimalBytes, "1.JPG")
      #expect(found.shape == file.shape, "\(name)")
      // JPEG leaves the last bit to the library.
      let worst = zip(found.pixels, pixels).map { abs(Int($0) - Int($1)) }.max() ?? .max
      #expect(found.pixels.count == pixels.count && worst <= (name.hasPrefix("jpeg") ? 2 : 0), "\(name): \(worst)")
    }
  }

  @Test func resizedImagesAreThoseOfPillow() throws {
    let cases = try #require(try Fixture.read("images").member("resized").elements)
    #expect(cases.count == 12)
    for item in cases {
      let size = try item.member("size").numbers.map { Int($0) }
      let channels = Int(try item.member("channels").numbers[0])
      let found = try imported(
        item.member("bytes").hexadecimalBytes, size: ImageSize(height: size[0], width: size[1]))
      #expect(found.shape == size + [channels])
      #expect(try found.pixels == item.member("pixels").hexadecimalBytes, "\(size)")
    }
  }

  @Test func grayIsTheLumaOfPillow() throws {
    let item = try Fixture.read("images").member("gray")
    let found = try imported(item.member("bytes").hexadecimalBytes, colors: .gray)
    #expect(found.shape.last == 1)
    #expect(try found.pixels == item.member("pixels").hexadecimalBytes)
  }

  @Test func oneColoredImageMakesAllColored() throws {
    try withImageFolder { folder in
      try folder.write("a/1.png", PNGBytes.file(height: 1, width: 2, pixels: [7, 9]))
      try folder.write("b/1.png", PNGBytes.file(height: 1, width: 2, channels: 3, pixels: [1, 2, 3, 4, 5, 6]))
      try ImageFolderImport(path: folder.path, size: nil, split: .none).write(to: folder.output)
      let pixels = try File.open(at: folder.output).root.dataset("train/inputs").read(as: UInt8.self)
      #expect(pixels == [7, 7, 7, 9, 9, 9, 1, 2, 3, 4, 5, 6])
    }
    let gray = PNGBytes.file(height: 1, width: 1, pixels: [5])
    #expect(try imported(gray, colors: .color).pixels == [5, 5, 5])
    #expect(try imported(gray).shape == [1, 1, 1])
  }
}
