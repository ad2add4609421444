import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Compound tables and Fuel's splits that h5py wrote, whose values follow from the row's number
/// (`scripts/references/foreign_places.py`).
@Suite struct PlacedFixtureTests {
  private func reader(_ file: String, _ group: DataPlaces.Group) throws -> DatasetReader {
    try DatasetReader(
      path: "\(Repository.path)/Tests/Fixtures/places/\(file)", places: DataPlaces(groups: ["train": group]))
  }

  private func inputs(_ paths: String...) throws -> DatasetReader {
    try reader("records.h5", .init(.datasets(["inputs": paths, "targets": ["table/y"]])))
  }

  private func values<Value: NativeScalar>(_ reader: DatasetReader, _ name: String = "inputs", rows: Range<Int>) throws
    -> [Value]
  {
    try reader.elements(of: name, in: "train", rows: rows, as: Value.self)
  }

  @Test func membersAreColumns() throws {
    let single = try inputs("table/a")
    #expect(try single.shape(of: "inputs", in: "train") == (40, []))
    #expect(try values(single, rows: 5..<17) == (5..<17).map { Float($0) / 4 })
    #expect(try single.arrayFeatures(of: "inputs", in: "train")?.map(\.name) == ["a"])
    #expect(try values(inputs("table/in/b"), rows: 0..<40) == (0..<40).map { Double($0) * 0.5 })
    let pair = try inputs("table/in/c")
    #expect(try pair.shape(of: "inputs", in: "train") == (40, [2]))
    #expect(try values(pair, rows: 6..<9) == [6, -12, 7, -14, 8, -16] as [Int16])
    // Through another whole type, and not into one that does not hold them.
    #expect(try values(pair, rows: 6..<8) == [6, -12, 7, -14] as [Int64])
    let error = try trainerError { try values(pair, rows: 6..<8) as [UInt8] }
    #expect(error?.message.hasSuffix("-12 does not fit uint8") == true)
    #expect(try values(inputs("table/ok"), rows: 0..<4) == [0, 1, 0, 1] as [Float])
    #expect(try inputs("table/w").shape(of: "inputs", in: "train") == (40, [2, 2]))
  }

  @Test func wholeTablesLeaveOutWhatIsTheTarget() throws {
    let table = try inputs("table")
    #expect(try table.shape(of: "inputs", in: "train") == (40, [6]))
    #expect(
      try table.arrayFeatures(of: "inputs", in: "train")?.map(\.name) == ["a", "w[0]", "w[1]", "w[2]", "w[3]", "ok"])
    #expect(try values(table, rows: 8..<10) == [2, 8, 9, 10, 11, 0, 2.25, 9, 10, 11, 12, 1] as [Float])
    #expect(try values(table, "targets", rows: 0..<5) == [0, 1, 2, 0, 1] as [Int64])
  }

  /// What pandas has pickled is Latin-1 with escapes; the columns' own names may be anything.
  @Test func columnsOfPandasHaveTheirNames() throws {
    func names(_ file: String, targets: String) throws -> [String]? {
      let table = try reader(file, .init(.datasets(["inputs": ["df/table"], "targets": [targets]])))
      #expect(try values(table, "targets", rows: 0..<4) == [0, 1, 2, 0] as [Int64])
      #expect(try table.shape(of: "inputs", in: "train") == (40, [2]))
      return try table.arrayFeatures(of: "inputs", in: "train")?.map(\.name)
    }
    #expect(try names("pandas_names.h5", targets: "df/table/y") == [#"Ω\n"#, "gämma"])
    #expect(try names("pandas_numbers.h5", targets: "df/table/2") == ["0", "1"])
  }

  @Test func fuelsRowNumbersAreTakenInTheirOrder() throws {
    func split(_ name: String, rows: Range<Int>? = nil) throws -> DatasetReader {
      try reader(
        "fuel_indices.h5",
        .init(.datasets(["inputs": ["features"], "targets": ["targets"]]), rows: rows, split: name))
    }
    let train = try split("train")
    #expect(try train.shape(of: "inputs", in: "train") == (5, [2]))
    #expect(try values(train, rows: 0..<5) == [31, 961, 3, 9, 4, 16, 5, 25, 17, 289] as [Float])
    #expect(try values(train, "targets", rows: 1..<4) == [0, 1, 2] as [UInt8])
    #expect(try values(split("test", rows: 1..<3), rows: 0..<2) == [31, 961, 32, 1024] as [Float])
    let error = try trainerError { try split("later").shape(of: "inputs", in: "train") }
    #expect(
      error?.message.hasSuffix(
        "data.groups.train.split: found \"later\", of which 'features' has no rows; the file's parts are 'train', 'test', "
          + "'later'") == true)
  }
}
