import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Rows from anywhere in a file, against the indices that NumPy's rules give.
@Suite struct PlacedRowsTests {
  /// Reads the inputs of the group `train` of a file that `make` writes.
  private func inputs(
    _ places: DataPlaces, inputs: String = "inputs", _ make: (HDF5.Group) throws -> Void
  ) throws -> (shape: [Int], values: [Double]) {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/d.h5", make)
      let reader = try DatasetReader(path: "\(directory)/d.h5", places: places, inputs: inputs)
      let (rows, rowShape) = try reader.shape(of: inputs, in: "train")
      let values = try reader.elements(of: inputs, in: "train", rows: 0..<rows, as: Double.self)
      // A part is read as it is in the whole.
      let half = try reader.elements(of: inputs, in: "train", rows: rows / 2..<rows, as: Double.self)
      #expect(half == Array(values.suffix(half.count)) || values.contains(where: \.isNaN))
      return ([rows] + rowShape, values)
    }
  }

  private func message(_ places: DataPlaces, _ make: (HDF5.Group) throws -> Void) throws -> String {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/d.h5", make)
      let error = try trainerError {
        let reader = try DatasetReader(path: "\(directory)/d.h5", places: places)
        _ = try reader.rows(of: "inputs", in: "train", as: Float.self)
      }
      return error?.message.replacingOccurrences(of: "\(directory)/", with: "") ?? "no error"
    }
  }

  private func train(_ paths: String..., rowAxis: Int = 0, layout: DataPlaces.ImageLayout = .channelsLast) -> DataPlaces
  {
    DataPlaces(
      groups: ["train": .init(.datasets(["inputs": paths]))], rowAxis: rowAxis, layout: layout)
  }

  private let counted = (0..<120).map { Double($0) }

  /// A dataset [2, 3, 4, 5] of the numbers from 0, so that the number at i, j, k, l is ((i · 3 + j) · 4 + k) · 5 + l.
  private func cube(_ root: HDF5.Group) throws {
    try root.createDataset("x", shape: [2, 3, 4, 5], values: counted)
  }

  /// The numbers of the cube at all places of some extents, which `place` makes i, j, k and l of.
  private func numbers(_ extents: [Int], _ place: ([Int]) -> [Int]) -> [Double] {
    (0..<extents.reduce(1, *)).map { flat in
      var (rest, indices) = (flat, extents)
      for axis in extents.indices.reversed() {
        indices[axis] = rest % extents[axis]
        rest /= extents[axis]
      }
      let p = place(indices)
      return Double(((p[0] * 3 + p[1]) * 4 + p[2]) * 5 + p[3])
    }
  }

  @Test func anyAxisHasTheRows() throws {
    let last = try inputs(train("x", rowAxis: -1), cube)
    #expect(last.shape == [5, 2, 3, 4])
    #expect(last.values == numbers(last.shape) { [$0[1], $0[2], $0[3], $0[0]] })
    let second = try inputs(train("x", rowAxis: 1), cube)
    #expect(second.shape == [3, 2, 4, 5])
    #expect(second.values == numbers(second.shape) { [$0[1], $0[0], $0[2], $0[3]] })
  }

  @Test func channelsAreMovedBehindHeightAndWidth() throws {
    let images = try inputs(train("x", layout: .channelsFirst), cube)
    #expect(images.shape == [2, 4, 5, 3])
    #expect(images.values == numbers(images.shape) { [$0[0], $0[3], $0[1], $0[2]] })
    let rows = try inputs(train("x", layout: .channelsFirst)) {
      try $0.createDataset("x", shape: [40, 3], values: counted)
    }
    #expect(rows.shape == [40, 3] && rows.values == counted)
  }

  @Test func datasetsOfMATLABHaveTheAxesThatItShows() throws {
    // MATLAB's array of 5 x 4 x 3 x 2 has its last axis first in the file.
    let shown = try inputs(train("x", rowAxis: -1)) {
      try $0.createDataset("x", shape: [2, 3, 4, 5], values: counted).setAttribute("MATLAB_class", to: "double")
    }
    #expect(shown.shape == [5, 4, 3, 2])
    #expect(shown.values == numbers(shown.shape) { [$0[3], $0[2], $0[1], $0[0]] })
  }

  @Test func bracketsTakePartsAsInNumPy() throws {
    func expect(_ path: String, _ shape: [Int], _ place: ([Int]) -> [Int]) throws {
      let found = try inputs(train(path), cube)
      #expect(found.shape == shape && found.values == numbers(shape, place), "\(path)")
    }
    try expect("x[:, 1]", [2, 4, 5]) { [$0[0], 1, $0[1], $0[2]] }
    try expect("x[:, -1, 2, 0]", [2]) { [$0[0], 2, 2, 0] }
    try expect("x[:,0:2,1,::3]", [2, 2, 2]) { [$0[0], $0[1], 1, 3 * $0[2]] }
    try expect("x[..., -2:]", [2, 3, 4, 2]) { [$0[0], $0[1], $0[2], 3 + $0[3]] }
    try expect("x[:]", [2, 3, 4, 5]) { $0 }
    // Brackets count axes as samples have them.
    let moved = try inputs(train("x[:, 0]", rowAxis: 2), cube)
    #expect(moved.shape == [4, 3, 5])
    #expect(moved.values == numbers(moved.shape) { [0, $0[1], $0[0], $0[2]] })
    let literal = try inputs(train("x[:, 0]")) {
      try cube($0)
      try $0.createDataset("x[:, 0]", shape: [2], values: [7.0, 8])
    }
    #expect(literal.values == [7, 8])
  }

  @Test func oneSampleAGroupComesByNumber() throws {
    let places = train("run_*/data[:, :, 1]")
    let samples = try inputs(places) { root in
      for (name, first) in [("run_10", 100.0), ("run_9", 90), ("run_2", 20), ("other", 0)] {
        try root.createDataset("\(name)/data", shape: [3, 2], values: (0..<6).map { first + Double($0) })
      }
    }
    #expect(samples.shape == [3, 3])
    #expect(samples.values == [21, 23, 25, 91, 93, 95, 101, 103, 105])
    #expect(
      try message(places) { root in
        try root.createDataset("run_1/data", shape: [1, 2], values: [1.0, 2])
        try root.createDataset("run_2/data", shape: [2, 2], values: [1.0, 2, 3, 4])
      }
        == "d.h5: 'run_2/data' has the shape [2, 2], but 'run_1/data' has [1, 2]; a sample is one of each, so all need the "
        + "same")
  }

  @Test func imagesAreJoinedByChannelAndOthersFlattened() throws {
    let images = try inputs(train("a", "b")) {
      try $0.createDataset("a", shape: [2, 2, 1], values: [1.0, 2, 3, 4])
      try $0.createDataset("b", shape: [2, 2, 2], values: [5.0, 6, 7, 8, 9, 10, 11, 12])
    }
    #expect(images.shape == [2, 2, 3])
    #expect(images.values == [1, 5, 6, 2, 7, 8, 3, 9, 10, 4, 11, 12])
    let flat = try inputs(train("a", "b")) {
      try $0.createDataset("a", shape: [2], values: [1, 2] as [Int32])
      try $0.createDataset("b", shape: [2, 2, 1], values: [5.0, 6, 7, 8])
    }
    #expect(flat.shape == [2, 3] && flat.values == [1, 5, 6, 2, 7, 8])
    #expect(
      try message(train("a", "b")) {
        try $0.createDataset("a", shape: [2], values: [1.0, 2])
        try $0.createDataset("b", shape: [3], values: [1.0, 2, 3])
      }
        == "d.h5: data.groups.train.inputs: the datasets that are joined have different numbers of rows (/a 2, /b 3); a row "
        + "of each is one sample")
  }

  @Test func columnsThatAreJoinedHaveTheNamesOfTheirDatasets() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/d.h5") {
        try $0.createDataset("weather/wind", shape: [2], values: [1.0, 2])
        try $0.createDataset("weather/rain", shape: [2], values: [3.0, 4])
      }
      let reader = try DatasetReader(path: "\(directory)/d.h5", places: train("weather/wind", "weather/rain"))
      #expect(try reader.arrayFeatures(of: "inputs", in: "train")?.map(\.name) == ["wind", "rain"])
    }
  }

  @Test func missingNumbersAreMissing() throws {
    func values(_ type: NumberType, _ numbers: [Double], _ attributes: [(String, [Double])]) throws -> [Double] {
      try inputs(train("x")) { root in
        let dataset = try root.createDataset("x", shape: [numbers.count], type: .number(type))
        if type.isFloatingPoint { try dataset.write(numbers) } else { try dataset.write(numbers.map { Int64($0) }) }
        for (name, value) in attributes { try dataset.setAttribute(name, to: value) }
      }.values
    }
    func same(_ left: [Double], _ right: [Double]) -> Bool {
      left.count == right.count && zip(left, right).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
    }
    #expect(same(try values(.float32, [1, -999, 3], [("_FillValue", [-999])]), [1, .nan, 3]))
    // 1e20 has no equal in single precision.
    #expect(same(try values(.float32, [1, 1e20], [("missing_value", [1e20])]), [1, .nan]))
    #expect(same(try values(.int16, [1, -1, -2, 4], [("missing_value", [-1, -2])]), [1, .nan, .nan, 4]))
    #expect(
      same(
        try values(
          .int16, [100, -32768, 3], [("_FillValue", [-32768]), ("scale_factor", [0.1]), ("add_offset", [5])]),
        [100.0 * 0.1 + 5, .nan, 3.0 * 0.1 + 5]))
    #expect(same(try values(.float64, [1, .nan], [("_FillValue", [.nan])]), [1, .nan]))
  }

  @Test func attributesThatChangeNothingLeaveTheType() throws {
    func type(_ make: (HDF5.Group) throws -> Void) throws -> DatasetReader.TargetColumns {
      try withScratchDirectory { directory in
        try writeFile("\(directory)/d.h5", make)
        return try DatasetReader(path: "\(directory)/d.h5").targetColumns(of: "targets", in: "train")
      }
    }
    func labels(_ root: HDF5.Group, _ values: [Int32], fill: Int32) throws {
      let dataset = try root.createDataset("train/targets", shape: [values.count], values: values)
      try dataset.setAttribute("_FillValue", to: fill)
      try dataset.setAttribute("scale_factor", to: 1.0)
    }
    #expect(try type { try labels($0, [0, 2, 1], fill: -99) } == .integers(0...2))
    #expect(try type { try labels($0, [0, -99, 1], fill: -99) } == .values(1))
  }

  @Test func whatIsMissingIsSaidWithRowAndWayOut() throws {
    #expect(
      try message(train("x")) {
        try $0.createDataset("x", shape: [2, 2], values: [1, 2, 3, -9] as [Float]).setAttribute("_FillValue", to: -9.0)
      }
        == "d.h5: /x has no value (_FillValue or missing_value) in row 1, column 1 (both counted from 0); remove or replace "
        + #"such values before training, or write "features": [{"kind": "number", "transform": ["impute", "standardize"]}] "#
        + #"in place of "preprocessing", which fills them in"#)
  }

  @Test func pathsThatLeadNowhereAreNamedWithTheNearest() throws {
    func make(_ root: HDF5.Group) throws {
      try root.createDataset("measured/x_train", shape: [2], values: [1.0, 2])
      try root.createDataset("scalar", shape: [], values: [1.0])
    }
    #expect(
      try message(train("measured/x_tran"), make)
        == "d.h5: data.groups.train.inputs: there is no 'measured/x_tran': the group '/measured' has 'x_train'; did you mean "
        + "\"measured/x_train\"?")
    #expect(
      try message(train("mesured/x_train"), make)
        == "d.h5: data.groups.train.inputs: there is no 'mesured/x_train': the file has 'measured' (a group), 'scalar'; did "
        + "you mean \"measured\"?")
    #expect(
      try message(train("measured"), make).hasPrefix("d.h5: /measured is a group; expected a dataset of numbers"))
    #expect(
      try message(train("measured/*"), make) == "no error")
    #expect(
      try message(train("nothing/*/x"), make).hasPrefix("d.h5: data.groups.train.inputs: there is no 'nothing/*/x'"))
    #expect(
      try message(train("measured/x_train[0]"), make).hasSuffix(#"choose samples by "rows": [first, end]"#))
    #expect(
      try message(train("measured/x_train[:, 0]"), make)
        == "d.h5: data.groups.train.inputs: /measured/x_train[:, 0] has 2 axes between its brackets, but there are 1, its "
        + "samples being along the first ([2])")
  }

  @Test func rowsBeyondTheEndAreRefused() throws {
    let places = DataPlaces(groups: ["train": .init(.datasets(["inputs": ["x"]]), rows: 1..<4)])
    let rows = try inputs(places) { try $0.createDataset("x", shape: [5, 2], values: (0..<10).map { Double($0) }) }
    #expect(rows.shape == [3, 2] && rows.values == [2, 3, 4, 5, 6, 7])
    #expect(
      try message(places) { try $0.createDataset("x", shape: [3], values: [1.0, 2, 3]) }
        == "d.h5: data.groups.train: /x has 3 rows, too few for row 3")
    // The row in the file is told, not that of the group.
    #expect(
      try message(places) { try $0.createDataset("x", shape: [4], values: [1.0, 2, 3, .nan]) }
        .hasPrefix("d.h5: /x has NaN in row 3, column 0"))
  }
}
