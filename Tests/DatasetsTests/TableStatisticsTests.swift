import Datasets
import Foundation
import HDF5
import TestSupport
import Testing

/// What `data stats` says of the columns of a table.
@Suite struct TableStatisticsTests {
  @Test func categoriesBooleansAndGapsAreCounted() throws {
    try withScratchDirectory { directory in
      let csv = "\(directory)/x.csv"
      let rows = [
        "red,true,1.5,2024-01-01,0", "blue,false,,2024-01-03,1", ",true,2.5,,0", "red,true,3.5,2024-01-05,1",
        "red,,,2024-01-03,0",
      ]
      try ("colour,warm,size,day,y\n" + rows.map { $0 + "\n" }.joined())
        .write(toFile: csv, atomically: true, encoding: .utf8)
      var importer = CSVImport(path: csv, split: .none)
      importer.kinds = [(.name("warm"), .boolean), (.name("day"), .date), (.name("colour"), .category)]
      try importer.write(to: "\(directory)/x.h5")
      let statistics = try DatasetStatistics(
        DatasetReader(path: "\(directory)/x.h5"), inputs: "inputs", targets: "targets")
      guard case .columns(let columns) = statistics.groups[0].inputs else {
        Issue.record("the columns are measured together")
        return
      }
      func column(_ name: String) throws -> DatasetStatistics.Column {
        try #require(columns.first { $0.feature.name == name })
      }
      let colour = try column("colour")
      #expect(colour.missing == 1)
      #expect(
        zip(colour.feature.categories, colour.categories).map { "\($0) \($1)" }.sorted() == ["blue 1", "red 3"])
      #expect(try column("warm").missing == 1 && column("warm").numbers.mean == 0.75)
      #expect(try column("size").missing == 2 && column("size").quartiles?.values == [2, 2.5, 3])
      #expect(try column("day").missing == 1)
      let text = statistics.text
      #expect(text.contains("red 3, blue 1"), "\(text)")
      // The mean day is the third; the deviation of days 1, 3, 5, 3 is the square root of two.
      #expect(text.contains("2024-01-03") && text.contains("1.4142 days"), "\(text)")
      #expect(text.contains("60.0 %") && text.contains("40.0 %"), "\(text)")
    }
  }

  @Test func infinitiesAreSaidApart() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      try writeFile(path) { root in
        let train = try root.createGroup("train")
        try train.createDataset("inputs", shape: [4, 1], values: [1, Double.infinity, 3, -Double.infinity])
        try train.createDataset("targets", shape: [4], values: [0, 1, 0, 1] as [UInt8])
      }
      let statistics = try DatasetStatistics(DatasetReader(path: path), inputs: "inputs", targets: "targets")
      guard case .columns(let columns) = statistics.groups[0].inputs else {
        Issue.record("the columns are measured together")
        return
      }
      #expect(columns[0].missing == 0 && columns[0].numbers.infinite == 2 && columns[0].numbers.mean == 2)
      #expect(statistics.text.contains("2 infinite in 'column 1', left out"), "\(statistics.text)")
    }
  }
}
