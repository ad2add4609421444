import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Where the rows that `predict` takes come from.
@Suite struct PredictSourcesTests {
  // To the last bit: as text, packed, with tabs, as an array of NumPy's, in a dataset, in memory; for any number of workers.
  @Test(arguments: ["float32", "float64"]) func rowsAreTheSameWhereverTheyComeFrom(precision: String) throws {
    try withModel(precision: precision) { model in
      let csv = try model.predicted(model.table(), to: "p.csv").text
      #expect(try model.predicted(model.table(), to: "q.csv", workers: 5).text == csv)
      #expect(try model.predicted(model.table("rows.tsv", delimiter: "\t"), to: "q.csv").text == csv)
      #expect(try model.predicted(model.table("semicolons.csv", delimiter: ";"), to: "q.csv").text == csv)
      #expect(try Tool.run("gzip", ["-k", model.path("rows.csv")]).status == 0)
      #expect(try model.predicted(model.path("rows.csv.gz"), to: "q.csv").text == csv)
      // Two packed streams behind each other are one text.
      #expect(
        try Tool.run(
          "sh",
          ["-c", "cd '\(model.directory)' && (head -300 rows.csv | gzip; tail -n +301 rows.csv | gzip) > two.csv.gz"]
        ).status == 0)
      #expect(try model.predicted(model.path("two.csv.gz"), to: "q.csv").text == csv)

      try writeFile(model.path("root.h5")) { _ = try $0.createDataset("inputs", shape: [700, 3], values: model.rows) }
      #expect(try model.predicted(model.path("root.h5"), to: "q.csv").text == csv)
      try writeFile(model.path("chunked.h5")) { root in
        let dataset = try root.createDataset(
          "inputs", shape: [700, 3], type: .number(.float64), properties: .datasetCreation(chunk: [300, 2], deflate: 4))
        try dataset.write(model.rows)
      }
      #expect(try model.predicted(model.path("chunked.h5"), to: "q.csv").text == csv)
      // By name: the columns are in another order, in a file whose mark lies behind a block of its user's.
      let file = try HDF5.File.create(at: model.path("turned.data"), userBlock: 1024)
      let turned = (0..<700).flatMap { row in [2, 0, 1].map { model.rows[3 * row + $0] } }
      try file.root.createDataset("inputs", shape: [700, 3], values: turned).setAttribute(
        "features", to: [2, 0, 1].map { SmallModel.features[$0] })
      try file.close()
      #expect(try model.predicted(model.path("turned.data"), to: "q.csv").text == csv)

      var npy: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
      let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (700, 3), }"
      npy += [118, 0] + Array((header + String(repeating: " ", count: 117 - header.utf8.count) + "\n").utf8)
      npy += model.rows.withUnsafeBytes { Array($0) }
      try Data(npy).write(to: URL(filePath: model.path("rows.npy")))
      #expect(try model.predicted(model.path("rows.npy"), to: "q.csv").text == csv)
      let none = npy.prefix(128).map { $0 }
      let text = String(decoding: none[10...], as: UTF8.self).replacing("(700, 3), }", with: "(0, 3), }  ")
      try Data(none[..<10] + Array(text.utf8)).write(to: URL(filePath: model.path("none.npy")))
      let error = try trainerError { _ = try model.predicted(model.path("none.npy"), to: "q.csv") }
      #expect(error?.code == .data && error?.message == "'\(model.path("none.npy"))' holds no samples")
    }
  }

  @Test func allGroupsInOrderOrOne() throws {
    try withModel(classes: nil) { model in
      try writeFile(model.path("groups.h5")) { root in
        for (index, group) in ["test", "train", "validation"].enumerated() {
          _ = try root.createDataset(
            "\(group)/inputs", shape: [10, 3], values: Array(model.rows[30 * index..<30 * index + 30]))
        }
        _ = try root.createDataset("new/inputs", shape: [10, 3], values: Array(model.rows[90..<120]))
      }
      let predictor = try Predictor(checkpoint: model.checkpoint)
      let all = try predictor.predict(rows: Array(model.rows[..<120])).outputs
      func values(_ group: String?) throws -> [Double] {
        try model.predicted(model.path("groups.h5"), to: "p.csv", group: group).text.split(separator: "\n").dropFirst()
          .map { Double(Float($0) ?? .nan) }
      }
      #expect(try values(nil) == Array(all[10..<20] + all[20..<30] + all[..<10]))
      #expect(try values("validation") == Array(all[20..<30]))
      #expect(try values("new") == Array(all[30...].prefix(10)))
      let error = try trainerError { try values("absent") }
      #expect(error?.message.contains("no group 'absent'") == true, "\(String(describing: error))")
      try writeFile(model.path("other.h5")) {
        _ = try $0.createDataset("new/inputs", shape: [10, 3], values: Array(model.rows[90..<120]))
      }
      #expect(
        try model.error(model.path("other.h5"))
          == "3 D/other.h5: there are no inputs 'inputs' at its root, and it has none of the groups train, validation and "
          + "test; other groups have such inputs: name one of 'new'; name it as the group")
    }
  }
}
