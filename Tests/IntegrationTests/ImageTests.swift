import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// From a folder of images to predictions.
@Suite struct ImageTests {
  /// Writes two classes of dark and of bright images.
  private func makePets(_ workshop: Workshop, size: Int = 8, count: Int = 20) throws {
    for name in ["cat", "dog"] {
      try FileManager.default.createDirectory(atPath: workshop.path("pets/\(name)"), withIntermediateDirectories: true)
      for index in 0..<count {
        let pixels = (0..<size * size).map { UInt8(($0 * 7 + index * 13) % 100 + (name == "dog" ? 150 : 0)) }
        try Data(PNGBytes.file(height: size, width: size, pixels: pixels)).write(
          to: URL(filePath: workshop.path("pets/\(name)/\(index).png")))
      }
    }
  }

  @Test func aFolderBecomesADatasetAModelAndPredictions() throws {
    try withWorkshop { workshop in
      try makePets(workshop)
      try workshop.write("pets/README.md", "pets")
      let data = workshop.path("pets.h5")
      let imported = try TrainerBinary.run("data", "import", workshop.path("pets/"), "-o", data)
      #expect(
        imported.output == """
          \(data): 32 train + 8 test samples of 8 x 8 x 1 inputs in 2 classes
            skipped 1 file that is no image: 'README.md'

          """, "\(imported.errors)")
      let config = workshop.path("first.json")
      let begun = try TrainerBinary.run("init", workshop.path("pets"), "-o", config)
      #expect(
        begun.status == 0 && begun.output.contains("the folder that an image is in"), "\(begun.output)\(begun.errors)")
      let run = workshop.path("run")
      #expect(try TrainerBinary.run("run", config, "--output", run).status == 0)

      let all = try TrainerBinary.run("predict", run, workshop.path("pets"))
      let lines = all.output.split(separator: "\n").map { $0.split(separator: ",") }
      #expect(lines.first == ["file", "prediction", "probability_cat", "probability_dog"], "\(all.errors)")
      #expect(lines.dropFirst().prefix(3).map { $0[0] } == ["cat/0.png", "cat/1.png", "cat/2.png"])
      #expect(lines.count == 41 && lines.dropFirst().allSatisfy { $0[0].hasPrefix($0[1]) })

      let image = workshop.path("pets/dog/3.png")
      let one = try TrainerBinary.run("predict", run, image)
      #expect(one.output.hasSuffix("\n3.png,dog," + lines[24][2...].joined(separator: ",") + "\n"), "\(one.output)")
      let file = workshop.path("predictions.h5")
      #expect(try TrainerBinary.run("predict", run, workshop.path("pets"), "-o", file).status == 0)
      #expect(try HDF5.File.open(at: file).root.dataset("predictions").shape == [40])
    }
  }

  @Test func imagesOfOtherSizesNeedAnOption() throws {
    try withWorkshop { workshop in
      try makePets(workshop)
      let config = workshop.path("first.json")
      #expect(try TrainerBinary.run("init", workshop.path("pets"), "-o", config).status == 0)
      let run = workshop.path("run")
      #expect(try TrainerBinary.run("run", config, "--output", run).status == 0)
      let photo = workshop.path("photo.png")
      let pixels = (0..<3 * 30 * 20).map { _ in UInt8(240) }
      try Data(PNGBytes.file(height: 30, width: 20, channels: 3, pixels: pixels)).write(to: URL(filePath: photo))
      // A checkpoint by its name needs no word on which one it is.
      let model =
        workshop.path("run/checkpoints/")
        + (try #require(FileManager.default.contentsOfDirectory(atPath: workshop.path("run/checkpoints")).max()))
      try TrainerBinary.run("predict", model, photo).expectError(
        3, "photo.png' has 30 x 20 pixels, expected 8 x 8; resize images to the model's size with --resize")
      let resized = try TrainerBinary.run("predict", run, photo, "--resize")
      #expect(resized.output.contains("\nphoto.png,dog,"), "\(resized.errors)")
      try TrainerBinary.run("predict", model, Repository.data("digits"), "--resize").expectError(
        2, "only images are resized")

      try Data(contentsOf: URL(filePath: photo)).write(to: URL(filePath: workshop.path("pets/cat/x.png")))
      let output = workshop.path("x.h5")
      try TrainerBinary.run("data", "import", workshop.path("pets"), "-o", output).expectError(
        3, "cat/x.png' has 30 x 20 pixels, but", "give all one size with --resize HEIGHTxWIDTH")
      try TrainerBinary.run("init", workshop.path("pets"), "-o", workshop.path("x.json")).expectError(
        3, "--resize", "options of 'trainer data import'")
      let imported = try TrainerBinary.run(
        "data", "import", workshop.path("pets"), "--resize", "6x4", "--grayscale", "-o", output)
      #expect(imported.output.contains("samples of 6 x 4 x 1 inputs in 2 classes"), "\(imported.errors)")
      try TrainerBinary.run("data", "import", workshop.path("pets"), "--resize", "6x0", "-o", output).expectError(
        2, "--resize")
      try TrainerBinary.run("data", "import", workshop.path("pets"), "--color", "--grayscale", "-o", output)
        .expectError(2, "exclude each other")
      try workshop.write("t.csv", "a,y\n1,0\n")
      try TrainerBinary.run("data", "import", workshop.path("t.csv"), "--resize", "6", "-o", workshop.path("t.h5"))
        .expectError(2, "--resize is only for image files")
    }
  }

  @Test func libraryThatIsMissingIsNamed() throws {
    try withWorkshop { workshop in
      try makePets(workshop, count: 5)
      try FileManager.default.createDirectory(atPath: workshop.path("lib"), withIntermediateDirectories: true)
      // A program, which the loader finds first and cannot open.
      try FileManager.default.createSymbolicLink(
        atPath: workshop.path("lib/libpng16.so.16"), withDestinationPath: TrainerBinary.path)
      try TrainerBinary.run(
        ["data", "import", workshop.path("pets"), "-o", workshop.path("x.h5")],
        under: ["env", "LD_LIBRARY_PATH=\(workshop.path("lib"))"]
      ).expectError(
        3, "PNG files are decoded by libpng (Debian's libpng16-16), which cannot be opened: libpng16.so.16: ",
        "install it")
    }
  }
}
