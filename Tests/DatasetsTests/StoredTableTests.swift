import Datasets
import Foundations
import HDF5
import TestSupport
import Testing

/// A table of mixed columns comes back from a dataset file as it went in.
@Suite struct StoredTableTests {
  private static let table = StoredTable(
    features: [
      Feature(name: "sex", kind: .category, categories: ["female", "male"]), Feature(name: "age", kind: .number),
      Feature(name: "a/b", kind: .boolean), Feature(name: "born", kind: .date), Feature(name: "fare", kind: .number),
    ],
    blocks: [
      .category: NumberTable(shape: [3, 1], values: [1, -1, 0] as [Int8]),
      .number: NumberTable(shape: [3, 2], values: [30, 7.25, .nan, 8, 1e8, -0.5] as [Double]),
      .boolean: NumberTable(shape: [3, 1], values: [0, 1, -1] as [Int8]),
      .date: NumberTable(shape: [3, 1], values: [0, .nan, 86_400] as [Double]),
    ])

  private static func write(_ inputs: DatasetInputs, to path: String, features: [String]? = nil) throws {
    let targets = NumberTable(shape: [inputs.rowCount], values: [UInt8](repeating: 0, count: inputs.rowCount))
    try DatasetWriter().write(
      groups: [.init(name: "train", inputs: inputs, targets: targets)], features: features, to: path)
  }

  @Test func everyKindComesBackInItsPlace() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/table.h5"
      try Self.write(.table(Self.table), to: path)
      let reader = try TableReader("inputs", in: "train", of: DatasetReader(path: path))
      #expect(reader.features == Self.table.features)
      #expect(reader.areNamed)
      #expect(reader.rowCount == 3)
      let block = try reader.block(0..<3)
      #expect(block.columns[0] == .codes([1, -1, 0]))
      #expect("\(block.columns[1])" == "numbers([30.0, nan, 100000000.0])")
      #expect("\(block.columns[2])" == "numbers([0.0, 1.0, nan])")
      #expect("\(block.columns[3])" == "numbers([0.0, nan, 86400.0])")
      #expect(block.columns[4] == .numbers([7.25, 8, -0.5]))
      #expect(try reader.block(2..<3).columns[4] == .numbers([-0.5]))
    }
  }

  @Test func anArrayIsATableOfNumbers() throws {
    try withScratchDirectory { directory in
      let array = NumberTable(shape: [2, 2], values: [1, 2, 3, 4] as [UInt8])
      for names in [["x", "y"], nil] {
        let path = "\(directory)/\(names?[0] ?? "unnamed").h5"
        try Self.write(.array(array), to: path, features: names)
        let reader = try TableReader("inputs", in: "train", of: DatasetReader(path: path))
        #expect(reader.features.map(\.name) == names ?? ["column 1", "column 2"])
        #expect(reader.areNamed == (names != nil))
        #expect(try reader.block(0..<2).columns == [.numbers([1, 3]), .numbers([2, 4])])
      }
    }
  }

  @Test func aCodeThatIsNoCategoryIsNamed() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/table.h5"
      let table = StoredTable(
        features: [Feature(name: "sex", kind: .category, categories: ["female", "male"])],
        blocks: [.category: NumberTable(shape: [2, 1], values: [0, 2] as [Int8])])
      try Self.write(.table(table), to: path)
      let reader = try TableReader("inputs", in: "train", of: DatasetReader(path: path))
      let error = #expect(throws: TrainerError.self) { try reader.block(0..<2) }
      #expect(
        error?.message
          == "\(path): /train/inputs/categories has 2 in row 1, column 0 (both counted from 0), which is the code of no "
          + "category")
    }
  }
}
