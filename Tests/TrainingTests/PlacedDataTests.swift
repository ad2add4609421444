import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Files of other programs, made by h5py, PyTables, netCDF4, anndata and hdf5storage, train as the same numbers do in the
/// trainer's own layout: to the same bits and with the same fingerprint.
@Suite struct PlacedDataTests {
  private static let cases: [PlacedCase] = [
    PlacedCase(
      name: "paths at the root", file: "keras_root.h5",
      data: #"""
        "groups": {"train": {"inputs": "x_train", "targets": "y_train"}, "test": {"inputs": "/x_test", "targets": "y_test"}}
        """#,
      own: { [try PlacedNumbers.train(Int64.self), try PlacedNumbers.test(Int64.self)] }),
    PlacedCase(
      name: "another group's name", file: "usps_like.h5",
      data: #""groups": {"train": {"inputs": "train/data", "targets": "train/target"}}"#,
      own: { [try PlacedNumbers.train(Int64.self)] }),
    PlacedCase(
      name: "a group of the file", file: "groups_val.h5", data: #""groups": {"train": "train", "test": "valid"}"#,
      own: { [try PlacedNumbers.train(Int64.self), try PlacedNumbers.test(Int64.self)] }),
    PlacedCase(
      name: "nested", file: "nested.h5",
      data: #"""
        "groups": {"train": {"inputs": "train/features/x", "targets": "train/labels/y"},
                   "test": {"inputs": "test/features/x", "targets": "test/labels/y"}}
        """#,
      own: { [try PlacedNumbers.train(Int64.self), try PlacedNumbers.test(Int64.self)] }),
    PlacedCase(
      name: "Caffe", file: "caffe.h5", data: #""groups": {"train": {"inputs": "data", "targets": "label"}}"#,
      own: {
        [
          PlacedCase.Samples(
            inputs: try PlacedNumbers.inputs(shape: [120, 1, 2, 3]),
            targets: try PlacedNumbers.floatLabels())
        ]
      }, loss: "meanSquaredError", units: 1),
    PlacedCase(
      name: "Fuel", file: "fuel.h5",
      data: #"""
        "groups": {"train": {"inputs": "features", "targets": "targets", "split": "train"},
                   "test": {"inputs": "features", "targets": "targets", "split": "test"}}
        """#,
      own: {
        [try PlacedNumbers.train(UInt8.self).withColumn, try PlacedNumbers.test(UInt8.self).withColumn]
      }),
    PlacedCase(
      name: "rows", file: "fuel.h5",
      data: #""groups": {"train": {"inputs": "features", "targets": "targets", "rows": [120, 150]}}"#,
      own: {
        var test = try PlacedNumbers.test(UInt8.self).withColumn
        test.name = "train"
        return [test]
      }),
    PlacedCase(
      name: "PDEBench", file: "pdebench_1d.h5",
      data: #""groups": {"train": {"inputs": "tensor[:, 0]", "targets": "tensor[:, -1]"}}"#,
      own: {
        [PlacedCase.Samples(inputs: try PlacedNumbers.pdebench(step: 0), targets: try PlacedNumbers.pdebench(step: 20))]
      }, loss: "meanSquaredError", units: 32),
    PlacedCase(
      name: "Darcy", file: "darcy_train.h5",
      data: #""groups": {"train": {"inputs": "train/nu", "targets": "train/tensor[:, 0]"}}"#,
      own: {
        [
          PlacedCase.Samples(
            inputs: NumberTable(
              shape: [40, 8, 8], values: try PlacedNumbers.floats("train/nu", of: "darcy_train.h5")),
            targets: NumberTable(
              shape: [40, 8, 8], values: try PlacedNumbers.floats("train/tensor", of: "darcy_train.h5")))
        ]
      }, loss: "meanSquaredError", units: 64),
    PlacedCase(
      name: "MATLAB", file: "matlab73.mat",
      data: #""groups": {"train": {"inputs": "X", "targets": "y"}}, "rowAxis": -1"#,
      own: {
        [try PlacedNumbers.doubles("train", rows: 120, ofFirstClass: 1)]
      }, loss: "meanSquaredError", units: 1),
    PlacedCase(
      name: "a struct of MATLAB", file: "matlab73_struct.mat", data: #""rowAxis": 1"#,
      own: {
        [
          try PlacedNumbers.doubles("train", rows: 120, ofFirstClass: 0),
          try PlacedNumbers.doubles("test", rows: 30, ofFirstClass: 0),
        ]
      }, loss: "meanSquaredError", units: 1),
    PlacedCase(
      name: "NetCDF", file: "netcdf_root.nc", data: #""groups": {"train": {"inputs": "x", "targets": "y"}}"#,
      own: { [try PlacedNumbers.train(Int32.self)] }),
    PlacedCase(
      name: "AnnData", file: "anndata_dense.h5ad",
      data: #""groups": {"train": {"inputs": "X", "targets": "obs/cell_type/codes"}}"#,
      own: { [try PlacedNumbers.train(Int8.self)] }),
    PlacedCase(
      name: "pandas", file: "pandas_table.h5",
      data: #""groups": {"train": {"inputs": "df/table", "targets": "df/table/y"}}"#,
      own: { [try PlacedNumbers.train(Int64.self)] }),
    PlacedCase(
      name: "a compound table", file: "compound_root.h5",
      data: #""groups": {"train": {"inputs": "table", "targets": "table/y"}}"#,
      own: {
        [
          PlacedCase.Samples(
            inputs: try PlacedNumbers.columns([0, 1]), targets: try PlacedNumbers.targets(Int32.self))
        ]
      }),
    PlacedCase(
      name: "joined columns", file: "keras_root.h5",
      data: #""groups": {"train": {"inputs": ["x_train[:, 3:5]", "x_train[:, 0]", "y_train"], "targets": "y_train"}}"#,
      own: {
        // NumPy joins float32 and int64 to float64.
        [
          PlacedCase.Samples(
            inputs: try PlacedNumbers.columnsAndLabels([3, 4, 0]), targets: try PlacedNumbers.targets(Int64.self))
        ]
      }),
    PlacedCase(
      name: "columns backwards and by steps", file: "keras_root.h5",
      data: #""groups": {"train": {"inputs": ["x_train[..., -1]", "x_train[:, ::2]"], "targets": "y_train"}}"#,
      own: {
        [
          PlacedCase.Samples(
            inputs: try PlacedNumbers.columns([5, 0, 2, 4]), targets: try PlacedNumbers.targets(Int64.self))
        ]
      }),
  ]

  @Test(arguments: cases, ["", #", "preprocessing": ["standardize"]"#])
  func theyTrainAsInTheTrainersOwnLayout(test: PlacedCase, preprocessing: String) throws {
    try withScratchDirectory { directory in
      let own = "\(directory)/own.h5"
      try PlacedCase.write(test.own(), to: own)
      let ownRun = try test.configuration(own, data: "", preprocessing: preprocessing)
      let run = try test.configuration(PlacedCase.path(test.file), data: test.data, preprocessing: preprocessing)
      #expect(try trainToEnd(run).summary.digest == trainToEnd(ownRun).summary.digest)
      let settings = try (#require(run.data), #require(ownRun.data))
      let names = ["inputs", "targets"]
      #expect(
        try settings.0.reader(at: #require(settings.0.path)).fingerprint(of: names)
          == settings.1.reader(at: own).fingerprint(of: names))
    }
  }

  /// However rows are put together, they can be left in the file, where those of one dataset are mapped, or all streamed.
  @Test(arguments: cases, [#", "shuffle": "none""#, #", "shuffle": {"block": 8, "window": 2}"#])
  func theyTrainAlikeWhereTheyStayInTheFile(test: PlacedCase, shuffle: String) throws {
    let run = try test.configuration(
      PlacedCase.path(test.file), data: test.data, preprocessing: #", "preprocessing": ["standardize"]"# + shuffle)
    let digest = try trainToEnd(run).summary.digest
    for placement in [DataPlacement.inFile, .streamed] {
      let placed = try trainToEnd(run.placing(placement), workers: 2, starter: ThreadStarter(seed: 3).start)
      #expect(placed.summary.digest == digest, "\(placement)")
      #expect(placed.history.starts.first?.rowSource != nil)
    }
  }
}
