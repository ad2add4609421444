import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Folders of images: which samples they are, in which order, and what is wrong with them.
@Suite struct ImageFolderImportTests {
  private func link(_ name: String, to target: String, in folder: ImageFolderFixture) throws {
    try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: target)
  }

  @Test func classesAreSortedFoldersAndNumbersInNamesCount() throws {
    try withImageFolder { folder in
      // By bytes, capitals come first, and 10 before 9.
      for (name, value) in [
        ("é/x.png", 60), ("9/x.png", 50), ("10/a10.png", 13), ("10/a9.png", 12), ("10/a09.png", 11), ("10/A2.png", 10),
        ("10/b/1.png", 14), ("Z/x.png", 30),
      ] {
        try folder.write(gray: UInt8(value), name)
      }
      let summary = try ImageFolderImport(path: folder.path + "//", size: nil, split: .none).write(to: folder.output)
      #expect(summary.description == "8 train samples of 2 x 3 x 1 inputs in 4 classes")
      #expect(summary.notes == [])
      #expect(try folder.classes() == ["10", "9", "Z", "é"])
      let (values, labels) = try folder.rows("train")
      #expect(values == [10, 11, 12, 13, 14, 50, 30, 60])
      #expect(labels == [0, 0, 0, 0, 0, 1, 2, 3])
    }
  }

  @Test func eachFifthOfAClassIsTestWhereNoFolderNamesGroups() throws {
    try withImageFolder { folder in
      for index in 0..<12 { try folder.write(gray: UInt8(index), "\(index < 6 ? "a" : "b")/\(index).png") }
      let samples = try ImageFolderImport(path: folder.path).read()
      try ImageFolderImport(path: folder.path).write(to: folder.output)
      #expect(try folder.rows("test").values == [4, 10])
      #expect(try folder.rows("train").values == [0, 1, 2, 3, 5, 6, 7, 8, 9, 11])
      #expect(samples.groups.map(\.name) == ["train", "test"] && samples.classes == ["a", "b"])
      guard case .array(let inputs) = samples.groups[1].inputs else {
        Issue.record("images are one array")
        return
      }
      #expect(
        inputs.shape == [2, 2, 3, 1]
          && inputs.bytes == [UInt8](repeating: 4, count: 6) + [UInt8](repeating: 10, count: 6))
    }
  }

  @Test(arguments: ["val", "valid", "Validation"]) func foldersNameGroups(validation: String) throws {
    try withImageFolder { folder in
      for (index, place) in ["train/b", "train/a", "\(validation)/b", "test/b", "test/a"].enumerated() {
        try folder.write(gray: UInt8(index), "\(place)/1.png")
      }
      try folder.write("README.md", Array("pets".utf8))
      try folder.write("extra/notes.txt", [])
      let summary = try ImageFolderImport(path: folder.path).write(to: folder.output)
      #expect(summary.samples == ["train": 2, "validation": 1, "test": 2])
      #expect(summary.notes == ["skipped 1 file that is no image: 'README.md'", "left out 'extra', which is no group"])
      #expect(try folder.rows("train").values == [1, 0])
      #expect(try folder.rows("validation").labels == [1])
      #expect(try folder.rows("test").values == [4, 3])
    }
  }

  @Test func trainMayBeTheNameOfAClass() throws {
    try withImageFolder { folder in
      for name in ["train", "bus"] { try folder.write(gray: 1, "\(name)/1.png") }
      try ImageFolderImport(path: folder.path).write(to: folder.output)
      #expect(try folder.classes() == ["bus", "train"])
    }
  }

  @Test func whatIsNoImageIsCounted() throws {
    try withImageFolder { folder in
      try folder.write(gray: 1, "a/1.png")
      for name in [
        ".DS_Store", "a/.hidden.png", "a/Thumbs.db", "b/.ipynb_checkpoints/1-checkpoint.png", "__MACOSX/a/1.png",
        "labels.csv",
      ] {
        try folder.write(name, [1])
      }
      try folder.write(gray: 2, "b/1.jpeg")
      let summary = try ImageFolderImport(path: folder.path).write(to: folder.output)
      #expect(summary.samples == ["train": 2])
      #expect(summary.notes == ["skipped 6 files that are no images: 'labels.csv', 'a/Thumbs.db' and 4 more"])
    }
  }

  @Test func linksAreFollowedButNotInCircles() throws {
    try withImageFolder { folder in
      try folder.write(gray: 3, "a/1.png")
      try FileManager.default.createDirectory(
        atPath: folder.directory + "/elsewhere", withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: folder.path + "/a/1.png", toPath: folder.directory + "/elsewhere/2.png")
      try link("b", to: folder.directory + "/elsewhere", in: folder)
      try link("a/3.png", to: folder.directory + "/elsewhere/2.png", in: folder)
      let summary = try ImageFolderImport(path: folder.path).write(to: folder.output)
      #expect(summary.samples == ["train": 3])
      try link("a/loop", to: "..", in: folder)
      let error = #expect(throws: TrainerError.self) { try ImageFolderImport(path: folder.path).read() }
      #expect(error?.message.contains("leads back to a folder which it is in") == true, "\(String(describing: error))")
    }
  }

  @Test func threadsAndStorageChangeNoPixel() throws {
    try withImageFolder { folder in
      // Nine rows of a megabyte are more than one block.
      for index in 0..<9 {
        let pixels = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 / 7 &* (index + 3)) }
        try folder.write("a/\(index).png", PNGBytes.file(height: 1 << 10, width: 1 << 10, pixels: pixels))
      }
      var importer = ImageFolderImport(path: folder.path, size: nil, split: .none)
      importer.threads = 1
      try importer.write(to: folder.output)
      let alone = try Data(contentsOf: URL(filePath: folder.output))
      importer.threads = 4
      let (_, seen) = try watched {
        try importer.write(to: folder.output, with: DatasetWriter(overwrite: true))
      }
      #expect(try Data(contentsOf: URL(filePath: folder.output)) == alone)
      #expect(seen.last { $0.what == "looking at pets" } == WorkSighting(what: "looking at pets", count: 9, share: 1))
      #expect(seen.last { $0.what == "storing train" } == WorkSighting(what: "storing train", count: 9, share: 1))
      let inputs = try File.open(at: folder.output).root.dataset("train/inputs").read(as: UInt8.self)
      #expect(try importer.read().groups[0].inputs.rowCount == 9)
      try importer.write(to: folder.output, with: DatasetWriter(chunkRows: 2, deflate: 1, overwrite: true))
      #expect(try File.open(at: folder.output).root.dataset("train/inputs").read(as: UInt8.self) == inputs)
    }
  }

  // MARK: Faults

  /// What is wrong with a folder of one good image and what the body adds; no dataset is left behind.
  private func fault(_ add: (ImageFolderFixture) throws -> Void) throws -> String {
    try withImageFolder { folder in
      try folder.write(gray: 1, "a/1.png")
      try add(folder)
      let error = try #require(throws: TrainerError.self) {
        try ImageFolderImport(path: folder.path).write(to: folder.output)
      }
      #expect(error.code == .data)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.directory)
      #expect(files == ["pets"], "\(files)")
      return error.message.replacing(folder.path, with: "DIR")
    }
  }

  @Test func imagesThatCannotBeDecodedAreNamed() throws {
    let good = PNGBytes.file(height: 2, width: 3, pixels: [1, 2, 3, 4, 5, 6])
    var flipped = good
    flipped[45] ^= 1
    let jpeg = try #require(
      try Fixture.read("images").member("files").elements?.first { $0["name"]?.text == "jpeg 4:2:0" }
    ).member("bytes").hexadecimalBytes
    let cmyk = try Fixture.read("images").member("refused").member("cmyk").hexadecimalBytes
    var huge = good
    // The width, with a checksum that does not fit, which is not looked at so early.
    huge.replaceSubrange(16..<20, with: [0x7F, 0xFF, 0xFF, 0xFF])
    for (bytes, part) in [
      ([], "is empty; expected an image in PNG or JPEG"),
      (Array(good.prefix(20)), "is truncated: it ends inside its header"),
      (Array(good.dropLast(20)), "is a truncated or damaged PNG file: "),
      (flipped, "is a truncated or damaged PNG file: "),
      (Array("GIF89a".utf8), "is a GIF image; expected"),
      (Array("hello".utf8), "is no image: it begins with the bytes 68 65"),
      (Array("RIFF\0\0\0\0WEBPVP8 ".utf8), "is a WebP image; expected"),
      (huge, "says that it has 2 x 2147483647 pixels, and an image may have 134217728"),
      (cmyk, "is a JPEG file of printing colors (CMYK); expected gray or RGB"),
      ([0xFF, 0xD8, 0xFF, 0xD9, 0, 0], "does not say its size"),
    ] as [([UInt8], String)] {
      let message = try fault { try $0.write("b/2.png", bytes) }
      #expect(message.hasPrefix("'DIR/b/2.png' ") && message.contains(part), "\(message)")
    }
    // Sizes are the same, so that it is decoding that fails.
    let cut = try withImageFolder { folder in
      try folder.write("a/1.jpg", jpeg)
      try folder.write("a/2.jpg", Array(jpeg.dropLast(200)))
      return try #require(throws: TrainerError.self) { try ImageFolderImport(path: folder.path).read() }.message
    }
    #expect(cut.contains("a/2.jpg' is a truncated or damaged JPEG file: "), "\(cut)")
  }

  @Test func harmlessBytesBehindThePixelsAreTaken() throws {
    let jpeg = try #require(
      try Fixture.read("images").member("files").elements?.first { $0["name"]?.text == "jpeg gray" }
    ).member("bytes").hexadecimalBytes
    try withImageFolder { folder in
      try folder.write("a/1.jpg", jpeg)
      try folder.write("a/2.jpg", Array(jpeg.dropLast(2)) + [0, 1, 2, 3, 0xFF, 0xD9])
      try folder.write("a/3.jpg", jpeg + [1, 2, 3])
      let samples = try ImageFolderImport(path: folder.path, size: nil, split: .none).read()
      guard case .array(let inputs) = samples.groups[0].inputs else { return }
      #expect(inputs.selecting(rows: [1]) == inputs.selecting(rows: [0]))
      #expect(inputs.selecting(rows: [2]) == inputs.selecting(rows: [0]))
    }
  }

  @Test func foldersThatAreNotRightAreNamed() throws {
    for (part, add) in [
      (
        "'DIR/b/1.png' has 3 x 2 pixels, but 'DIR/a/1.png' 2 x 3, and all inputs of a dataset have one size",
        { try $0.write("b/1.png", PNGBytes.file(height: 3, width: 2, pixels: [1, 2, 3, 4, 5, 6])) }
      ),
      ("the folder 'DIR/b' holds no images", { try $0.write("b/readme.txt", [1]) }),
      ("'DIR/logo.png' is in no folder of a class", { try $0.write(gray: 1, "logo.png") }),
      ("'DIR/b/x.webp' is an image of a format that is not decoded", { try $0.write("b/x.webp", [1]) }),
      (
        "'DIR/b/x.png' is a symbolic link that leads to no file",
        {
          try $0.write(gray: 1, "b/1.png")
          try link("b/x.png", to: "nowhere.png", in: $0)
        }
      ),
      (
        "in 'DIR' both 'val', 'valid' stand for the group 'validation'",
        { folder in for group in ["train", "val", "valid"] { try folder.write(gray: 1, "\(group)/b/1.png") } }
      ),
      (
        "'DIR/test/c' is a class that the group 'train' does not have; its classes are 'b'",
        { folder in for name in ["train/b", "test/c"] { try folder.write(gray: 1, "\(name)/1.png") } }
      ),
      (
        "'DIR/test/1.png' is in no folder of a class",
        { folder in for name in ["train/b/1.png", "test/1.png"] { try folder.write(gray: 1, name) } }
      ),
    ] as [(String, (ImageFolderFixture) throws -> Void)] {
      let message = try fault(add)
      #expect(message.contains(part), "\(message)")
    }
    let none = try withImageFolder { folder in
      try FileManager.default.createDirectory(atPath: folder.path + "/test", withIntermediateDirectories: true)
      return try #require(throws: TrainerError.self) { try ImageFolderImport(path: folder.path).read() }.message
    }
    #expect(none.contains("there is no folder 'train' beside 'test'"), "\(none)")
  }

  @Test func namesThatAreNoTextAreRefused() throws {
    let message = try fault { folder in
      var path = Array((folder.path + "/a/x").utf8CString.dropLast())
      path += [CChar(bitPattern: 0xE9)] + ".png".utf8CString
      let file = fopen(path, "w")
      #expect(file.map { fclose($0) } == 0)
    }
    #expect(message.contains("has a name that is no UTF-8; rename it"), "\(message)")
  }

  @Test func foldersOfImagesAreKnown() throws {
    try withImageFolder { folder in
      let error = #expect(throws: TrainerError.self) { try ImporterRegistry.standard.importer(of: folder.path) }
      #expect(error?.message.contains("is of no known format") == true)
      try folder.write(gray: 1, "a/1.png")
      #expect(try ImporterRegistry.standard.importer(of: folder.path) is ImageFolderImport)
      let image = #expect(throws: TrainerError.self) {
        try ImporterRegistry.standard.importer(of: folder.path + "/a/1.png")
      }
      #expect(image?.message.contains("is one image (PNG); name a folder") == true)
      // MNIST's four files in a folder of their own are no images.
      try folder.write("train-images-idx3-ubyte", [])
      let name = try ImporterRegistry.standard.format(of: folder.path)
      #expect(name == IDXImport.name)
    }
  }
}
