import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

@Suite struct DatasetReaderTests {
  /// Runs the body with a file whose content is written by `make`.
  private func withFile<Result>(
    _ make: (HDF5.Group) throws -> Void, _ body: (DatasetReader) throws -> Result
  ) throws -> Result {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/d.h5", make)
      return try body(DatasetReader(path: "\(directory)/d.h5"))
    }
  }

  /// The message of the data error that `body` throws about a file, with `d.h5` for its path.
  private func message(
    _ make: (HDF5.Group) throws -> Void, _ body: (DatasetReader) throws -> Void
  ) throws -> String {
    try withFile(make) { reader in
      guard let error = try trainerError({ try body(reader) }) else { return "no error" }
      #expect(error.code == .data)
      return error.message.replacing(reader.path, with: "d.h5")
    }
  }

  private func readInputs(_ reader: DatasetReader) throws {
    _ = try reader.rows(of: "inputs", in: "train", as: Float.self)
  }

  @Test func readsWhatIsThere() throws {
    try withFile { root in
      let test = try root.createGroup("test")
      _ = try test.createDataset("inputs", shape: [1, 2], values: [9.0, 8])
      let train = try root.createGroup("train")
      _ = try train.createDataset("inputs", shape: [3, 2], values: [1, 2, 3, 4, 5, 6] as [Int16])
      let targets = try train.createDataset("targets", shape: [3], values: [2, 0, 1] as [UInt8])
      try targets.setAttribute("classes", to: ["a", "ä", "z z"])
      _ = try train.createDataset("weights", shape: [3], values: [0.5, 1, 1] as [Float])
      _ = try train.createDataset("rows", shape: [3, 2], values: [0, 1, 2, 3, 4, 5] as [UInt8])
      _ = try root.createGroup("other")
    } _: { reader in
      #expect(reader.groups == ["train", "test"])
      #expect(try reader.shape(of: "inputs", in: "train") == (3, [2]))
      #expect(try reader.shape(of: "targets", in: "train") == (3, []))
      let inputs = try reader.rows(of: "inputs", in: "train", as: Float.self)
      #expect(inputs.rows == 3 && inputs.rowShape == [2] && inputs.firstRow == [1, 2])
      #expect(try reader.classNames(of: "targets", in: "train") == ["a", "ä", "z z"])
      #expect(try reader.classNames(of: "inputs", in: "train") == nil)
      #expect(try reader.targetColumns(of: "targets", in: "train") == .integers(0...2))
      #expect(try reader.targetColumns(of: "weights", in: "train") == .values(1))
      #expect(try reader.targetColumns(of: "rows", in: "train") == .values(2))
      #expect(try !reader.hasRootDataset("inputs"))
    }
  }

  @Test func negativeLabelsAreSeen() throws {
    try withFile {
      _ = try $0.createGroup("train").createDataset("targets", shape: [3], values: [4, -2, 1] as [Int32])
    } _: { reader in
      let columns = try reader.targetColumns(of: "targets", in: "train")
      #expect(columns == .integers(-2...4))
    }
  }

  @Test func readsInputsAtTheRoot() throws {
    try withFile {
      _ = try $0.createDataset("inputs", shape: [2, 1], values: [1.5, 2.5])
      _ = try $0.createGroup("targets")
    } _: { reader in
      let rows = try reader.rows(of: "inputs", in: DatasetReader.root, as: Double.self)
      #expect(rows.rows == 2 && rows.firstRow == [1.5])
      #expect(try reader.hasRootDataset("inputs") && !reader.hasRootDataset("targets"))
      #expect(reader.groups.isEmpty)
    }
  }

  @Test func filesThatAreNoDatasetFiles() throws {
    try withScratchDirectory { directory in
      func open(_ name: String) throws -> String {
        let path = "\(directory)/\(name)"
        let error = try trainerError { try DatasetReader(path: path) }
        #expect(error?.code == .data)
        return error?.message.replacing(path, with: "FILE") ?? "no error"
      }
      #expect(try open("absent.h5") == "cannot open 'FILE': no such file or directory")
      try Data("inputs,targets\n1,2\n".utf8).write(to: URL(filePath: "\(directory)/table.csv"))
      #expect(
        try open("table.csv")
          == "'FILE' is not an HDF5 file but text, such as a table; import it first, in the format csv")
      try Data().write(to: URL(filePath: "\(directory)/empty.h5"))
      #expect(try open("empty.h5") == "'FILE' is empty")
      try writeFile("\(directory)/whole.h5") {
        _ = try $0.createGroup("train").createDataset(
          "inputs", shape: [1000, 2], values: [Float](repeating: 1, count: 2000))
      }
      let whole = try Data(contentsOf: URL(filePath: "\(directory)/whole.h5"))
      try whole.prefix(whole.count / 2).write(to: URL(filePath: "\(directory)/half.h5"))
      #expect(try open("half.h5").contains("truncated"))
    }
  }

  @Test func absentGroupsAndDatasetsAreNamedWithThoseThatAreThere() throws {
    #expect(
      try message(
        { root in
          _ = try root.createGroup("training")
          _ = try root.createGroup("test")
        }, readInputs) == "d.h5: there is no group 'train'; the file has 'test', 'training'; "
        + "name the places of its samples in data.groups")
    #expect(
      try message({ _ in }, readInputs)
        == "d.h5: the file has no group and no dataset, so that there is nothing to read; is it the right file, and did the program "
        + "that made it end well?")
    #expect(
      try message(
        { root in
          let train = try root.createGroup("train")
          _ = try train.createDataset("x", shape: [1], values: [1.0])
          _ = try train.createDataset("y", shape: [1], values: [1.0])
        }, readInputs) == "d.h5: the group 'train' has no dataset 'inputs'; it has 'x', 'y'")
    #expect(
      try message(
        { root in
          _ = try root.createGroup("train/deeper")
          _ = try root.createDataset("train/x", shape: [1], values: [1.0])
        }, readInputs)
        == "d.h5: the group 'train' has no dataset 'inputs'; it has 'deeper' (a group), 'x'")
    #expect(
      try message({ _ = try $0.createGroup("train").createGroup("inputs") }, readInputs)
        == "d.h5: /train/inputs is a group; expected a dataset of numbers")
    #expect(
      try message({ _ = try $0.createDataset("train", shape: [1], values: [1.0]) }, readInputs)
        == "d.h5: 'train' is a dataset; expected a group")
  }

  @Test(arguments: [
    ("named-type", "/train/inputs is a named datatype; expected a dataset of numbers"),
    ("dangling", "/train/inputs is a link to '/nowhere', which leads nowhere; expected a dataset of numbers"),
    (
      "external-link",
      "/train/inputs is a link to '/train/inputs' in the file 'plain.h5', and external files are not allowed here; set "
        + "data.externalFiles to true if they are to be read"
    ),
    ("external-storage", "'elsewhere.bin', which is missing"),
    ("virtual", "'plain.h5', and external files are not allowed here; set data.externalFiles to true"),
  ])
  func whatIsThereInsteadIsNamed(name: String, part: String) throws {
    let reader = try DatasetReader(path: "\(Fixture.directory)/hostile/\(name).h5")
    let error = try #require(try trainerError { try readInputs(reader) })
    #expect(error.code == .data && error.message.contains(part) && error.message.contains(reader.path), "\(error)")
  }

  @Test func anyGroupCanBeAskedFor() throws {
    try withFile {
      _ = try $0.createDataset("new/inputs", shape: [1, 1], values: [7.0])
      _ = try $0.createDataset("val/inputs", shape: [1, 1], values: [7.0])
      _ = try $0.createDataset("train/inputs", shape: [1, 1], values: [7.0])
      _ = try $0.createGroup("notes")
    } _: { reader in
      let rows = try reader.rows(of: "inputs", in: "new", as: Float.self)
      #expect(rows.firstRow == [7])
      #expect(reader.groups == ["train"])
      let others = try reader.otherGroups(with: "inputs")
      #expect(others == ["new", "val"])
    }
  }

  @Test func emptyAndUnfitDatasets() throws {
    func inputs(_ make: (HDF5.Group) throws -> Void) throws -> String {
      try message({ try make($0.createGroup("train")) }, readInputs)
    }
    #expect(
      try inputs { _ = try $0.createDataset("inputs", shape: [0, 3], values: [Float]()) }
        == "d.h5: /train/inputs is empty (shape [0, 3]), and a group needs at least one sample; give it samples, or remove "
        + "the group")
    #expect(
      try inputs { _ = try $0.createDataset("inputs", shape: [3, 0], values: [Float]()) }
        == "d.h5: /train/inputs is empty (shape [3, 0]), and a group needs at least one sample; give it samples, or remove "
        + "the group")
    #expect(
      try inputs { _ = try $0.createDataset("inputs", shape: [], values: [1.0]) }
        == "d.h5: /train/inputs is a single value, expected rows of samples; store it with an axis of samples, the first"
    )
    #expect(
      try inputs { _ = try $0.createDataset("inputs", text: "rows") }.hasPrefix("d.h5: /train/inputs "))
  }

  @Test func numbersThatAreNotFiniteAreLocated() throws {
    func inputs(_ bad: Float, at index: Int) throws -> String {
      var values = [Float](repeating: 1, count: 12)
      values[index] = bad
      return try message(
        { _ = try $0.createGroup("train").createDataset("inputs", shape: [4, 3], values: values) }, readInputs)
    }
    let advice = "(both counted from 0); remove or replace such values before training"
    let filling =
      #", or write "features": [{"kind": "number", "transform": ["impute", "standardize"]}] in place of "preprocessing", "#
      + "which fills them in"
    #expect(try inputs(.nan, at: 7) == "d.h5: /train/inputs has NaN in row 2, column 1 \(advice)\(filling)")
    #expect(try inputs(.infinity, at: 0) == "d.h5: /train/inputs has an infinity in row 0, column 0 \(advice)")
    #expect(try inputs(-.infinity, at: 11) == "d.h5: /train/inputs has an infinity in row 3, column 2 \(advice)")
    #expect(try inputs(2, at: 3) == "no error")
  }

  @Test func faultsAtTheRootNameTheDatasetByItsPath() throws {
    let found = try message({ _ = try $0.createDataset("inputs", shape: [2], values: [1, Float.nan]) }) {
      _ = try $0.rows(of: "inputs", in: DatasetReader.root, as: Float.self)
    }
    #expect(found.hasPrefix("d.h5: /inputs has NaN in row 1"))
  }

  // A number may be finite in the file and beyond what float32 holds.
  @Test func numbersBeyondTheRunsTypeAreRefused() throws {
    let found = try message(
      { _ = try $0.createGroup("train").createDataset("inputs", shape: [2], values: [1, 1e300]) }, readInputs)
    #expect(
      found
        == "d.h5: /train/inputs has 1e+300 in row 1, column 0 (both counted from 0), which float32 cannot hold; scale "
        + "the data or set \"precision\" to \"float64\"")
  }
}
