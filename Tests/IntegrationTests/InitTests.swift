import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// `trainer init`: what it writes runs as it is.
@Suite struct InitTests {
  /// A file, and what init makes of it.
  struct Row: Sendable, CustomTestStringConvertible {
    let file: String
    let arguments: [String]
    /// The parts of the sentence with which it ends with exit code 3; `nil` for a config that runs.
    let refusal: [String]?

    init(_ file: String, _ arguments: [String] = [], refused: [String]? = nil) {
      (self.file, self.arguments, refusal) = (file, arguments, refused)
    }

    var testDescription: String { ([file] + arguments).joined(separator: " ") }
  }

  private static let foreign = Fixture.directory + "/foreign"

  static let tables = [
    Row("titanic.csv"), Row("titanic.csv", ["--target", "Survived"]), Row("titanic_byhand.csv"), Row("adult.csv"),
    Row("bom_firsttarget.csv"), Row("comment.csv"), Row("embedded_nl.csv"), Row("index_col.csv"), Row("int_1k.csv"),
    Row("pipe.csv"), Row("space.csv"), Row("yesno_mixed.csv"), Row("trailing_comma.csv"), Row("new_nolab.csv"),
    Row("plain.csv.gz"), Row("plain.npy"), Row("plain.jsonl"),
    Row("latin1.csv", refused: ["iconv"]), Row("missing_label.csv", refused: ["line 62", "column 3"]),
    Row("num_00.csv", refused: ["line 62", "1e400"]), Row("ragged_short.csv", refused: ["line 62", "2 fields"]),
    Row("trailing_blank.csv", refused: ["line 65"]), Row("new_dummy.csv", refused: ["one class"]),
    Row("plain.parquet", refused: ["read_parquet"]), Row("plain.xlsx", refused: ["read_excel"]),
    Row("plain.arff", refused: ["ARFF"]),
  ].map { Row("csv/" + $0.file, $0.arguments, refused: $0.refusal) }

  static let hdf5 = [
    Row("gzip_fletcher.h5"), Row("szip.h5"), Row("bigendian.h5"), Row("float16.h5"), Row("userblock.h5"),
    Row("onehot_f4.h5"), Row("bool_inputs.h5"), Row("bool_targets.h5"), Row("str_vlen.h5"), Row("float32_labels.h5"),
    Row("b_pm1.h5"), Row("b_pm1f.h5"), Row("classes_attr_json.h5"), Row("classes_differ.h5"), Row("img_nhwc_u8.h5"),
    Row("usps_like.h5"), Row("nested.h5"), Row("darcy_train.h5"), Row("keras_root.h5"), Row("caffe.h5"), Row("fuel.h5"),
    Row("pdebench_1d.h5"), Row("matlab73.mat"), Row("matlab73_struct.mat"), Row("netcdf_root.nc"),
    Row("netcdf_groups.nc"),
    Row("anndata_dense.h5ad"), Row("anndata_dense.h5ad", ["--target", "n"]), Row("pandas_table.h5"),
    Row("compound_root.h5"), Row("groups_val.h5"), Row("vds_earliest.h5"), Row("link.h5"), Row("src.h5"),
    Row("hardlink_cycle.h5"), Row("vds_src0.h5"), Row("swmr.h5"),
    Row("bfloat16.h5", refused: ["bfloat16", "float32"]), Row("complex.h5", refused: ["complex"]),
    Row("refs.h5", refused: ["reference"]), Row("classes_few.h5", refused: ["class"]),
    Row("extlink_missing.h5", refused: ["gone.h5"]), Row("softlink_dangling.h5", refused: ["/nowhere"]),
    Row("empty_null.h5", refused: ["/train/inputs"]), Row("scalar.h5", refused: ["single value"]),
    Row("zero_rows.h5", refused: ["empty"]), Row("attrs_only.h5", refused: ["no dataset"]),
    Row("never_written0.h5", refused: ["the same value"]), Row("huge_shape.h5", refused: ["huge_shape.h5"]),
    Row("grpnew.h5", refused: ["new/inputs"]), Row("libver_latest.h5", refused: ["libver_latest.h5"]),
    Row("vds_v112.h5", refused: File.libraryVersion.lexicographicallyPrecedes([1, 12]) ? ["vds_v112.h5"] : nil),
  ].map { Row("h5/" + $0.file, $0.arguments, refused: $0.refusal) }

  @Test(arguments: tables + hdf5)
  func aConfigThatIsWrittenRunsAndOthersAreRefused(row: Row) throws {
    try withScratchDirectory { directory in
      let path = "\(Self.foreign)/\(row.file)"
      let before = try Data(contentsOf: URL(filePath: path))
      let made = try TrainerBinary.run(["init", path] + row.arguments, in: directory)
      #expect(try Data(contentsOf: URL(filePath: path)) == before)
      if let refusal = row.refusal {
        #expect(made.status == 3 && made.output.isEmpty, "\(made.status) \(made.errors)\(made.output)")
        for part in refusal { #expect(made.errors.contains(part), "\(made.errors)") }
        #expect(try files(in: directory).isEmpty)
        return
      }
      guard made.status == 0 else {
        Issue.record("\(made.errors)")
        return
      }
      let config = try #require(try files(in: directory).first { $0.hasSuffix(".json") })
      // Few epochs are enough to know that it runs.
      let run = try TrainerBinary.run("run", config, "--set", "training.epochs=2", in: directory)
      #expect(run.status == 0, "\(run.errors)")
      #expect(made.output.contains("next: trainer run \(config)\n"))
    }
  }

  @Test(arguments: [
    ("iris.h5", "accuracy", 0.93), ("digits.h5", "accuracy", 0.95), ("breast-cancer.h5", "accuracy", 0.95),
    ("diabetes.h5", "r2", 0.4), ("line.h5", "r2", 0.9), ("passengers.csv", "accuracy", 0.6),
  ])
  func modelsReachWhatIsExpected(file: String, metric: String, least: Double) throws {
    try withScratchDirectory { directory in
      let path = "\(Repository.path)/data/\(file)"
      #expect(try TrainerBinary.run("init", path, "-o", "c.json", in: directory).status == 0)
      #expect(try TrainerBinary.run("run", "c.json", in: directory).status == 0)
      let report = try TrainerBinary.run("evaluate", "runs/c", "--format", "json", in: directory)
      let value = try JSONDocument(text: report.output, source: "report").root
      #expect(try #require(value["metrics"]?[metric]?.double ?? value[metric]?.double) > least, "\(report.output)")
    }
  }

  @Test(arguments: [(1e4, 1e3), (5e-5, 1e-5), (1e12, 1e9), (0, 1)])
  func targetsOfAnyScaleAreLearned(mean: Double, deviation: Double) throws {
    try withScratchDirectory { directory in
      var text = "a,b,price\n"
      for row in 0..<300 {
        let (a, b) = (sin(Double(row) * 1.3), cos(Double(row) * 0.7))
        text += "\(a),\(b),\(mean + deviation * (a + a * b))\n"
      }
      try Data(text.utf8).write(to: URL(filePath: "\(directory)/t.csv"))
      let made = try TrainerBinary.run("init", "t.csv", in: directory)
      #expect(made.status == 0, "\(made.errors)")
      #expect(try TrainerBinary.run("run", "t.json", in: directory).status == 0)
      let report = try TrainerBinary.run("evaluate", "runs/t", "--format", "json", in: directory)
      let value = try JSONDocument(text: report.output, source: "report").root
      #expect(try #require(value["metrics"]?["r2"]?.double ?? value["r2"]?.double) > 0.9, "\(report.output)")
    }
  }

  /// Writes a table, makes a config of it with the name `c.json`, and gives what init printed, the config and the page.
  private func proposal(
    _ table: String, config: String = "c.json", in directory: String
  ) throws -> (output: String, config: String, page: String) {
    try Data(table.utf8).write(to: URL(filePath: "\(directory)/t.csv"))
    let made = try TrainerBinary.run("init", "t.csv", "-o", config, in: directory)
    #expect(made.status == 0, "\(made.errors)")
    let text = try String(contentsOfFile: "\(directory)/\(config)", encoding: .utf8)
    let page = try String(contentsOfFile: "\(directory)/\(config.dropLast(5)).md", encoding: .utf8)
    return (made.output, text, page)
  }

  @Test func thePageSaysHowSuchATableIsPredicted() throws {
    try withScratchDirectory { directory in
      var table = "# made by x\n"
      for row in 0..<120 {
        table += (row % 9 == 4 ? "?" : "v\(row % 3)") + ";\(row % 7),5;\(row % 2 == 0 ? "a" : "b")\n"
      }
      let made = try proposal("w;x;label\n" + table, in: directory)
      #expect(made.page.contains("trainer predict runs/c NEW -o predictions.csv"), "\(made.page)")
      #expect(
        made.page.contains(
          "read as this one was written, with a semicolon between fields, a comma in front of fractions, comments behind '#', "
            + "'?' for a missing value;"), "\(made.page)")
      #expect(try TrainerBinary.run("run", "c.json", "--set", "training.epochs=1", in: directory).status == 0)
      let predicted = try TrainerBinary.run("predict", "runs/c", "t.csv", in: directory)
      #expect(predicted.status == 0, "\(predicted.errors)")
      let told = try TrainerBinary.run(
        "predict", "runs/c", "t.csv", "--comment", "#", "--decimal", ",", "--na", "?", "--delimiter", ";", "--header",
        in: directory)
      #expect(told.output == predicted.output && told.status == 0, "\(told.errors)")
    }
  }

  @Test func aTargetIsFoundInABigGroup() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/x.h5") { root in
        let big = try root.createGroup("a").createGroup("b")
        for place in 0..<3000 { _ = try big.createDataset("d\(place)", shape: [1], values: [Int8(0)]) }
        _ = try big.createDataset("m", shape: [60, 3], values: (0..<180).map { Float($0 % 11) })
        _ = try big.createDataset("zz", shape: [60], values: (0..<60).map { Int64($0 % 3) })
      }
      for target in ["zz", "a/b/zz"] {
        let made = try TrainerBinary.run("init", "x.h5", "--target", target, "--overwrite", in: directory)
        #expect(made.status == 0, "\(made.errors)")
        #expect(made.output.contains("3 classes (0: 20, 1: 20, 2: 20)"), "\(made.output)")
      }
      #expect(try TrainerBinary.run("run", "x.json", in: directory).status == 0)
    }
  }

  /// What has neighbours gets convolutions, as deep as its extents and its rows allow; columns and few rows get none.
  @Test(arguments: [
    ([28, 28], 300, ["reshape", "convolution", "maxPooling", "convolution", "maxPooling", "dropout", "dense"], 1568),
    ([12, 20, 3], 300, ["convolution", "maxPooling", "dropout", "dense"], 960),
    (
      [40, 40, 1], 300,
      ["convolution", "maxPooling", "convolution", "maxPooling", "globalAveragePooling", "dropout", "dense"], 32
    ),
    (
      [128, 2], 2100,
      ["convolution", "maxPooling", "convolution", "maxPooling", "globalAveragePooling", "dropout", "dense"], 64
    ),
    ([28, 28], 150, ["dense"], 784), ([30], 150, ["dense"], 30), ([7, 7], 250, ["dense", "dense"], 16),
  ])
  func imagesAndSeriesGetConvolutions(shape: [Int], rows: Int, layers: [String], fanIn: Int) throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/x.h5") { root in
        for (group, rows) in [("train", rows), ("test", 20)] {
          let group = try root.createGroup(group)
          let values = (0..<rows * shape.reduce(1, *)).map { UInt8($0 * 31 % 251) }
          _ = try group.createDataset("inputs", shape: [rows] + shape, values: values)
          _ = try group.createDataset("targets", shape: [rows], values: (0..<rows).map { UInt8($0 % 3) })
        }
      }
      let made = try TrainerBinary.run("init", "x.h5", in: directory)
      #expect(made.status == 0, "\(made.errors)")
      let bytes = try Data(contentsOf: URL(filePath: directory + "/x.json"))
      let config = try JSONDocument(Array(bytes), source: "x.json").root
      let found = config["model"]?["layers"]?.elements ?? []
      #expect(found.compactMap { $0["type"]?.text } == layers)
      // It runs as it is, and the last layer meets what was counted.
      let run = try TrainerBinary.run("run", "x.json", "--set", "training.epochs=1", "--quiet", in: directory)
      #expect(run.status == 0, "\(run.errors)")
      let summary = try TrainerBinary.run("summary", "x.json", "--format", "json", in: directory)
      #expect(summary.output.contains("\(fanIn * 3 + 3)"), "\(summary.output)")
    }
  }

  @Test func wholeNumbersOfManyKindsAreAmountsInTheConfigToo() throws {
    try withScratchDirectory { directory in
      var table = "a,b,age\n"
      for row in 0..<1000 { table += "\(row % 50).5,\(row * 7 % 31),\(row % 50)\n" }
      let made = try proposal(table, in: directory)
      #expect(made.config.contains("meanSquaredError"))
      #expect(made.output.components(separatedBy: "50 kinds").count == 2, "\(made.output)")
    }
  }

  @Test func hiddenLayersNeedManyRowsForEachInput() throws {
    try withScratchDirectory { directory in
      func table(_ rows: Int, _ columns: Int) -> String {
        let names = (0..<columns).map { "c\($0)" }.joined(separator: ",")
        return names + ",value\n"
          + (0..<rows).map { row in
            (0...columns).map { "\(sin(Double(row * 37 + $0 * 101)))" }.joined(separator: ",") + "\n"
          }.joined()
      }
      let (wide, narrow) = (
        try proposal(table(300, 20), config: "a.json", in: directory),
        try proposal(table(300, 2), config: "b.json", in: directory)
      )
      #expect(!wide.config.contains("relu") && narrow.config.contains("relu"))
      // A dataset for each.
      let datasets = try files(in: directory).filter { $0.hasSuffix(".h5") }
      #expect(datasets == ["a.h5", "b.h5"])
    }
  }

  @Test func commandsAreQuotedForTheShell() throws {
    try withScratchDirectory { directory in
      let made = try proposal(
        "x,label\n" + (0..<60).map { "\($0).5,\($0 % 2)\n" }.joined(), config: "it's $x.json", in: directory)
      #expect(made.output.hasSuffix(#"next: trainer run 'it'\''s $x.json'"# + "\n"), "\(made.output)")
      #expect(made.page.contains(#"trainer predict 'runs/it'\''s $x' NEW -o"#), "\(made.page)")
      #expect(made.page.contains("f1 is that of the class '1' alone"))
    }
  }

  @Test(arguments: [
    ("x,v\n1,5.5\n2,5.5\n3,5.5\n4,5.5\n5,5.5\n", "t.csv: the target 'v' has the same value"),
    ("x,v\n1,0.5\n2,1.5\n", "t.csv: too few samples"),
  ])
  func refusalsNameTheTableAndItsColumn(table: String, sentence: String) throws {
    try withScratchDirectory { directory in
      try Data(table.utf8).write(to: URL(filePath: "\(directory)/t.csv"))
      try TrainerBinary.run("init", "t.csv", in: directory).expectError(3, sentence)
      #expect(try files(in: directory) == ["t.csv"])
    }
  }

  @Test func classesThatTrainingLacksAreSaid() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/x.h5") { root in
        for (name, rows) in [("train", 60), ("test", 20)] {
          let group = try root.createGroup(name)
          _ = try group.createDataset("inputs", shape: [rows, 2], values: (0..<2 * rows).map { Float($0 % 11) })
          let kinds = name == "test" ? 4 : 3
          _ = try group.createDataset("targets", shape: [rows], values: (0..<rows).map { Int64($0 % kinds) })
        }
      }
      let made = try TrainerBinary.run("init", "x.h5", in: directory)
      #expect(made.status == 0, "\(made.errors)")
      #expect(made.output.contains("the group 'test' has targets that training lacks, 3,"), "\(made.output)")
      #expect(made.output.contains("4 classes (0: 20, 1: 20, 2: 20, 3: 0)"), "\(made.output)")
    }
  }

  @Test func nothingIsReplacedWithoutBeingAskedFor() throws {
    try withScratchDirectory { directory in
      try FileManager.default.copyItem(
        atPath: "\(Self.foreign)/csv/pipe.csv", toPath: "\(directory)/pipe.csv")
      #expect(try TrainerBinary.run("init", "pipe.csv", in: directory).status == 0)
      #expect(try files(in: directory) == ["pipe.csv", "pipe.h5", "pipe.json", "pipe.md"])
      try TrainerBinary.run("init", "pipe.csv", in: directory).expectError(2, "pipe.json exists already", "--overwrite")
      #expect(try TrainerBinary.run("init", "pipe.csv", "--overwrite", in: directory).status == 0)
      // A page of somebody else's stays.
      let page = URL(filePath: "\(directory)/pipe.md")
      try Data("# Mine\n".utf8).write(to: page)
      try TrainerBinary.run("init", "pipe.csv", "--overwrite", in: directory).expectError(2, "was not written by init")
      #expect(try String(contentsOf: page, encoding: .utf8) == "# Mine\n")
      try FileManager.default.removeItem(at: page)
      try TrainerBinary.run("init", "pipe.csv", in: directory).expectError(2, "pipe.json exists already")
      #expect(try files(in: directory) == ["pipe.csv", "pipe.h5", "pipe.json"])
    }
  }

  @Test func aConfigElsewhereNamesItsDataFromThere() throws {
    try withScratchDirectory { directory in
      for folder in ["configs", "data"] {
        try FileManager.default.createDirectory(atPath: "\(directory)/\(folder)", withIntermediateDirectories: false)
      }
      try FileManager.default.copyItem(
        atPath: "\(Self.foreign)/h5/usps_like.h5", toPath: "\(directory)/data/u.h5")
      let made = try TrainerBinary.run("init", "data/u.h5", "-o", "configs/mine.json", in: directory)
      #expect(made.status == 0 && made.output.hasSuffix("next: trainer run configs/mine.json\n"), "\(made.errors)")
      let config = try String(contentsOfFile: "\(directory)/configs/mine.json", encoding: .utf8)
      #expect(config.contains(#""path": "../data/u.h5""#), "\(config)")
      #expect(try TrainerBinary.run("run", "configs/mine.json", in: directory).status == 0)
      let page = try String(contentsOfFile: "\(directory)/configs/mine.md", encoding: .utf8)
      for heading in ["## What is in the data", "## What was chosen, and why", "## What could not be told"] {
        #expect(page.contains(heading))
      }
    }
  }

  @Test func whatCannotBeMeantIsRefused() throws {
    try withScratchDirectory { directory in
      try TrainerBinary.run("init", "gone.csv", in: directory).expectError(3, "gone.csv")
      try TrainerBinary.run("init", "-", in: directory).expectError(2, "standard input")
      try TrainerBinary.run("init", "\(Self.foreign)/csv/pipe.csv", "-o", "c.txt", in: directory)
        .expectError(2, ".json")
      try TrainerBinary.run("init", "\(Self.foreign)/csv/pipe.csv", "--target", "labl", in: directory)
        .expectError(2, "labl", "label")
      #expect(try files(in: directory).isEmpty)
    }
  }
}
