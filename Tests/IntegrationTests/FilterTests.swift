import Foundation
import HDF5
import TestSupport
import Testing

/// Filters that come as plugins: what is said where one is missing, and that one that is there is used. The files of
/// Tests/Fixtures/filters hold the same samples, each through another filter.
@Suite struct FilterTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var file: String
    var name: String
    var number: Int
    /// What says where to get it.
    var advice: String

    var testDescription: String { file }
  }

  static let missing = [
    Row(file: "lzf", name: "lzf", number: 32000, advice: "install the package hdf5-plugin-lzf"),
    Row(file: "blosc", name: "blosc", number: 32001, advice: "install the package hdf5-filter-plugin-blosc-serial"),
    Row(file: "bitshuffle", name: "bitshuffle", number: 32008, advice: "install the package bitshuffle"),
    Row(file: "bzip2", name: "bzip2", number: 307, advice: "install the package hdf5-filter-plugin,"),
    Row(file: "lz4", name: "lz4", number: 32004, advice: "install the package hdf5-filter-plugin,"),
    Row(file: "zfp", name: "zfp", number: 32013, advice: "install the package hdf5-filter-plugin-zfp-serial"),
    Row(file: "zstd", name: "zstd", number: 32015, advice: "pip install hdf5plugin"),
    Row(file: "unknown", name: "HDF5 zstd filter", number: 32255, advice: "point HDF5_PLUGIN_PATH to the folder"),
  ]

  private static let folder = "\(Fixture.directory)/filters"

  private func config(_ file: String, in workshop: Workshop) throws -> String {
    try workshop.write(
      "config.json",
      #"{"data": {"path": "\#(Self.folder)/\#(file).h5"}, "model": {"layers": [{"type": "dense", "units": 3}]}, "#
        + #""loss": "softmaxCrossEntropy", "training": {"epochs": 1, "batchSize": 8}}"#)
    return workshop.path("config.json")
  }

  @Test(arguments: missing) func aMissingFilterIsNamed(_ row: Row) throws {
    try withWorkshop { workshop in
      // An empty folder takes the place of the system's filters.
      try TrainerBinary.run(
        ["run", config(row.file, in: workshop), "--quiet", "--output", workshop.path("run")],
        under: ["env", "HDF5_PLUGIN_PATH=/nonexistent"]
      ).expectError(
        3, "'/train/inputs'", "the filter '\(row.name)", "(number \(row.number))", "does not find in '/nonexistent'",
        row.advice, "h5repack -f NONE '\(Self.folder)/\(row.file).h5'")
      #expect(!FileManager.default.fileExists(atPath: workshop.path("run")))
    }
  }

  /// Whether a plugin is installed where the library looks: Debian's package hdf5-filter-plugin.
  private static func hasPlugin(_ name: String) -> Bool {
    HDF5.Dataset.pluginFolders.contains { FileManager.default.fileExists(atPath: "\($0)/libh5\(name).so") }
  }

  @Test(
    .enabled(if: hasPlugin("bz2") && hasPlugin("lz4"), "the package hdf5-filter-plugin is not installed"),
    arguments: ["bzip2", "lz4"])
  func aFilterThatIsThereIsUsed(file: String) throws {
    let inputs = try HDF5.File.open(at: "\(Self.folder)/\(file).h5").root.dataset("train/inputs")
    #expect(try inputs.read(as: Float.self) == (0..<96).map { Float($0 / 24) / 4 })
    try withWorkshop { workshop in
      let result = try TrainerBinary.run(
        "run", config(file, in: workshop), "--quiet", "--output", workshop.path("run"))
      #expect(result.status == 0, "\(result.errors)")
    }
  }
}
