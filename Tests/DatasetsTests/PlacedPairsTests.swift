import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// What does not fit in files of other programs is refused, and what does is paired, typed and named as the file says.
@Suite struct PlacedPairsTests {
  private func places(_ datasets: [String: [String]], split: String? = nil) -> DataPlaces {
    DataPlaces(groups: ["train": .init(.datasets(datasets), split: split)])
  }

  private func reader<Result>(
    _ datasets: [String: [String]], _ make: (HDF5.Group) throws -> Void, _ body: (DatasetReader) throws -> Result
  ) throws -> Result {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/d.h5", make)
      return try body(DatasetReader(path: "\(directory)/d.h5", places: places(datasets)))
    }
  }

  private func fault(_ datasets: [String: [String]], _ make: (HDF5.Group) throws -> Void) throws -> TrainerError? {
    try reader(datasets, make) { reader in
      let error = try trainerError { _ = try reader.rows(of: "inputs", in: "train", as: Float.self) }
      return error.map {
        TrainerError($0.code, $0.message.split(separator: "d.h5: ", maxSplits: 1).last.map(String.init) ?? $0.message)
      }
    }
  }

  private func numbers(_ root: HDF5.Group, _ paths: String...) throws {
    for (index, path) in paths.enumerated() { try root.createDataset(path, shape: [2], values: [Double(index), 1]) }
  }

  // MARK: One sample a group

  @Test func patternsPairByGroup() throws {
    let pair = ["inputs": ["*/x"], "targets": ["*/y[:]"]]
    // As many of each, and the second of each is of another group.
    let error = try fault(pair) { try numbers($0, "a/x", "b/x", "a/y", "c/y", "d/z") }
    #expect(
      error
        == TrainerError(
          .data,
          "data.groups.train: '*/x' and '*/y[:]' do not pair: 'b' has a dataset for '*/x' but none for '*/y[:]'; 'c' has a "
            + "dataset for '*/y[:]' but none for '*/x'; a sample is one dataset of each, so give each group all of them, or "
            + "take a pattern that fits those that have"))
    #expect(try fault(pair) { try numbers($0, "a/x", "b/x", "a/y", "b/y", "d/z") } == nil)
    #expect(
      try fault(["inputs": ["*/x", "*/w"]]) { try numbers($0, "a/x", "b/x", "b/w", "c/w") }?.message
        .contains("'*/x' and '*/w' do not pair") == true)
    // Names that differ by the pattern alone are of one sample.
    #expect(
      try fault(["inputs": ["x_*"], "targets": ["y_*"]]) { try numbers($0, "x_1", "x_10", "y_1", "y_10") } == nil)
    #expect(
      try fault(["inputs": ["x_*"], "targets": ["y_*"]]) { try numbers($0, "x_1", "x_10", "y_1", "y_2") }?.code == .data
    )
    #expect(
      try fault(["inputs": ["in/*/x"], "targets": ["out/*"]]) {
        try numbers($0, "in/s2/x", "in/s10/x", "out/s2", "out/s10")
      }
        == nil)
  }

  // MARK: Packed numbers

  @Test func whatUnpacksNumbersIsOneFiniteNumber() throws {
    func message(_ name: String, _ set: (HDF5.Dataset) throws -> Void) throws -> String? {
      let error = try fault(["inputs": ["x"]]) { try set($0.createDataset("x", shape: [2], values: [1.0, 2])) }
      #expect(error?.code == .data)
      return error?.message
    }
    func text(_ name: String, _ found: String, _ end: String = "") -> String {
      "the attribute '\(name)' of /x is \(found), expected one finite number\(end) to unpack all numbers with; mend the "
        + "attribute or remove it"
    }
    let scale = "scale_factor"
    #expect(try message(scale) { try $0.setAttribute(scale, to: 0.0) } == text(scale, "0.0", " other than 0"))
    #expect(try message(scale) { try $0.setAttribute(scale, to: Double.nan) } == text(scale, "nan", " other than 0"))
    #expect(
      try message(scale) { try $0.setAttribute(scale, to: [1.0, 2]) } == text(scale, "2 numbers", " other than 0"))
    #expect(
      try message(scale) { try $0.setAttribute(scale, to: "0.1") }?.hasPrefix("the attribute 'scale_factor' of /x is ")
        == true)
    #expect(
      try message("add_offset") { try $0.setAttribute("add_offset", to: [3.0, 3]) } == text("add_offset", "2 numbers"))
    #expect(
      try message("add_offset") { try $0.setAttribute("add_offset", to: Double.infinity) } == text("add_offset", "inf"))
    #expect(
      try fault(["inputs": ["x"]]) {
        let x = try $0.createDataset("x", shape: [2], values: [1.0, 2])
        try x.setAttribute(scale, to: [2.0])
        try x.setAttribute("add_offset", to: 0)
      } == nil)
  }

  // MARK: Brackets

  @Test func bracketsThatCannotBeAreExplained() throws {
    func make(_ root: HDF5.Group) throws {
      try root.createDataset("x", shape: [2, 3], values: [1.0, 2, 3, 4, 5, 6])
      let matrix = try root.createGroup("m")
      try matrix.setAttribute("encoding-type", to: "csr_matrix")
      try matrix.setAttribute("shape", to: [2, 2] as [Int64])
      try matrix.createDataset("data", shape: [2], values: [1.0, 2])
      try matrix.createDataset("indices", shape: [2], values: [0, 1] as [Int32])
      try matrix.createDataset("indptr", shape: [3], values: [0, 1, 2] as [Int32])
    }
    for path in ["x[::-1]", "x[:, [0, 2]]", "x[:, 0", "x[:, a]", "x[]"] {
      let error = try fault(["inputs": [path]], make)
      #expect(error?.code == .usage)
      #expect(error?.message.contains("found '\(path)', but brackets hold for each axis") == true, "\(path)")
    }
    #expect(
      try fault(["inputs": ["m[:, 0]"]], make)
        == TrainerError(
          .usage,
          "data.groups.train.inputs: 'm' is a sparse matrix, which takes no brackets: all its columns are read"))
    #expect(
      try fault(["inputs": ["x[:, 0:2][:, 0]"]], make)?.message.contains("one pair of brackets for all axes") == true)
  }

  // MARK: Types

  /// The fingerprint tells types apart.
  @Test func booleansTakeTheTypeOfWhatTheyAreJoinedWith() throws {
    func fingerprint<Value: NativeScalar>(ofBooleansAnd values: [Value], _ own: [Value]) throws -> (
      joined: Digest, own: Digest
    ) {
      try withScratchDirectory { directory in
        try writeFile("\(directory)/d.h5") { root in
          try root.createDataset("a", shape: [2], values: values)
          let members = [
            Datatype.EnumerationMember(name: "FALSE", value: 0), Datatype.EnumerationMember(name: "TRUE", value: 1),
          ]
          try root.createDataset("b", shape: [2], type: .enumeration(members)).write([1, 0] as [Int8])
          try root.createDataset("train/inputs", shape: [2, 2], values: own)
        }
        let joined = try DatasetReader(path: "\(directory)/d.h5", places: places(["inputs": ["a", "b"]]))
        return try (
          joined.fingerprint(of: ["inputs"]), DatasetReader(path: "\(directory)/d.h5").fingerprint(of: ["inputs"])
        )
      }
    }
    for (joined, own) in try [
      fingerprint(ofBooleansAnd: [200, 3], [200, 1, 3, 0] as [UInt8]),
      fingerprint(ofBooleansAnd: [-2, 3], [-2, 1, 3, 0] as [Int8]),
      fingerprint(ofBooleansAnd: [2, 60_000], [2, 1, 60_000, 0] as [UInt16]),
      fingerprint(ofBooleansAnd: [0.5, 3], [0.5, 1, 3, 0] as [Float]),
    ] {
      #expect(joined == own)
    }
  }
}
