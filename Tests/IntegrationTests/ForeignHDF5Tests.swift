import Foundation
import HDF5
import TestSupport
import Testing

/// HDF5 files as other tools write them, in Tests/Fixtures/foreign/h5: what a run does with each, and that `data info` lists
/// it. A row a file; rows of one subject are a list of their own.
@Suite struct ForeignHDF5Tests {
  /// A file, how it is run, and what comes of it.
  struct Row: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
      case trains
      /// Exit code 3, with one sentence that has these parts.
      case refused([String])
    }

    /// The file's name.
    var file: String
    /// The config: one of ``configs``.
    var config = "classes"
    /// Settings over it, `key=value`.
    var settings: [String] = []
    /// The folder of filters that it is read with; `nil` for the system's.
    var filters: String?
    var outcome: Outcome

    init(
      _ file: String, config: String = "classes", settings: [String] = [], filters: String? = nil, _ outcome: Outcome
    ) {
      (self.file, self.config, self.settings, self.filters, self.outcome) = (file, config, settings, filters, outcome)
    }

    var testDescription: String { ([file] + settings).joined(separator: " ") }
  }

  /// Configs by what they learn. The files have 6 inputs and 3 classes unless their name says otherwise.
  static let configs = [
    "classes": #"""
    {"seed": 7, "data": {"path": "x.h5", "preprocessing": ["standardize"]},
     "model": {"layers": [{"type": "dense", "units": 8, "activation": "relu"}, {"type": "dense", "units": 3}]},
     "loss": "softmaxCrossEntropy", "metrics": ["accuracy"], "training": {"epochs": 2, "batchSize": 32}}
    """#,
    "numbers": #"""
    {"seed": 7, "data": {"path": "x.h5"}, "model": {"layers": [{"type": "dense", "units": 1}]},
     "loss": "meanSquaredError", "training": {"epochs": 2, "batchSize": 32}}
    """#,
  ]

  static let folder = "\(Fixture.directory)/foreign/h5"

  /// An empty folder takes the place of the system's filters.
  private static let noFilters = "/nonexistent"
  private static let external = ["data.externalFiles=true"]

  static let storage = [
    Row("gzip_fletcher.h5", .trains), Row("szip.h5", .trains), Row("bigendian.h5", .trains), Row("float16.h5", .trains),
    Row("userblock.h5", .trains), Row("onehot_f4.h5", .trains), Row("swmr.h5", .trains),
    Row(
      "lzf.h5", filters: noFilters,
      .refused(["'lzf' (number 32000)", "in '/nonexistent'", "hdf5-plugin-lzf", "h5repack -f NONE"])),
    Row(
      "plugin_blosc.h5", filters: noFilters,
      .refused(["'blosc' (number 32001)", "hdf5-filter-plugin-blosc-serial", "h5repack -f NONE"])),
    Row(
      "plugin_zstd.h5", filters: noFilters,
      .refused(["'zstd' (number 32015)", "hdf5plugin", "HDF5_PLUGIN_PATH", "h5repack -f NONE"])),
    Row("bfloat16.h5", .refused(["/train/inputs", "opaque"])),
    Row("complex.h5", .refused(["/train/inputs", "complex64", "the real and the imaginary part"])),
    Row("refs.h5", .refused(["/train/inputs"])), Row("compound_root.h5", .refused(["'train'", "'table'"])),
  ]

  static let places = [
    Row("softlink_dangling.h5", .refused(["/train/inputs", "link to '/nowhere'", "leads nowhere"])),
    Row("extlink_missing.h5", .refused(["'train' is a link to 'train' in the file 'gone.h5', which is missing"])),
    Row("extlink_missing.h5", settings: external, .refused(["'train' in the file 'gone.h5', which is missing"])),
    Row(
      "libver_latest.h5",
      .refused(["written in a newer format than libhdf5 1.", "layout", "h5py.File", "libver_latest-v110.h5"])),
    Row(
      "vds_v112.h5", settings: external,
      File.libraryVersion.lexicographicallyPrecedes([1, 12])
        ? .refused(["written in a newer format than libhdf5 1.", "h5py.File"]) : .trains),
    Row("hardlink_cycle.h5", .trains), Row("softlink_loop.h5", config: "numbers", .trains),
    Row("vds_earliest.h5", settings: external, .trains), Row("link.h5", settings: external, .trains),
    Row("link.h5", .refused(["'x' in the file 'src.h5'", "data.externalFiles"])),
    Row("vds_earliest.h5", .refused(["'vds_src0.h5', 'vds_src1.h5'", "data.externalFiles"])),
    Row("empty_null.h5", .refused(["/train/inputs"])), Row("scalar.h5", .refused(["/train/inputs is a single value"])),
    Row("zero_rows.h5", .refused(["/test/inputs is empty"])),
    Row("attrs_only.h5", .refused(["no group and no dataset", "is it the right file"])),
    Row("huge_shape.h5", .refused(["TB of memory"])), Row("never_written0.h5", .trains),
  ]

  static let rows = storage + places

  @Test(arguments: rows) func isReadOrRefused(_ row: Row) throws {
    try withWorkshop { workshop in
      let config = try #require(Self.configs[row.config])
      try workshop.write("config.json", config)
      let settings = (["data.path=\(Self.folder)/\(row.file)"] + row.settings).flatMap { ["--set", $0] }
      let prefix = row.filters.map { ["env", "HDF5_PLUGIN_PATH=\($0)"] } ?? []
      let arguments = ["run", workshop.path("config.json"), "--output", workshop.path("run"), "--quiet"] + settings
      let result = try TrainerBinary.run(arguments, under: prefix)
      switch row.outcome {
      case .trains: #expect(result.status == 0, "\(result.errors)")
      case .refused(let parts):
        #expect(result.status == 3 && result.output == "", "\(result.errors)")
        #expect(result.errors.hasPrefix("error: ") && result.errors.count { $0 == "\n" } == 1, "\(result.errors)")
        for part in parts { #expect(result.errors.contains(part), "\(part) in \(result.errors)") }
        #expect(!FileManager.default.fileExists(atPath: workshop.path("run")))
      }
    }
  }

  @Test(arguments: Set(rows.map(\.file)).sorted()) func isListed(_ file: String) throws {
    let start = ContinuousClock.now
    let result = try TrainerBinary.run("data", "info", "\(Self.folder)/\(file)")
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.last?.hasPrefix("It can") == true, "\(result.output)")
    // A second on a machine that is not busy.
    #expect(ContinuousClock.now - start < .seconds(10))
  }
}
