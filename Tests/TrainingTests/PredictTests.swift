import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// What `predict` writes, in each format.
@Suite struct PredictTests {
  @Test(arguments: ["float32", "float64"]) func aTableHasNamesAndNumbersThatReadBackTheSame(precision: String) throws {
    try withModel(precision: precision) { model in
      let expected = try Predictor(checkpoint: model.checkpoint).predict(rows: model.rows)
      let (report, text) = try model.predicted(model.table(), to: "p.csv", workers: 3)
      #expect(report.samples == 700 && report.predictionShape == [700] && report.probabilityShape == [700, 3])
      let lines = text.split(separator: "\n")
      #expect(lines[0] == #"prediction,probability_no,probability_yes,"probability_it,depends""#)
      let rows = fields(text).dropFirst()
      let names = ["no", "yes", "it,depends"]
      #expect(rows.count == 700 && Set(rows.map { $0[0] }).count > 1)
      #expect(rows.map { $0[0] } == expected.classes?.map { names[$0] })
      let found = rows.flatMap {
        $0.dropFirst().map { precision == "float32" ? Double(Float($0) ?? .nan) : Double($0) ?? .nan }
      }
      #expect(found == expected.probabilities)
      // As short as they can be: no digit too many.
      let digits = rows.map { $0[1].filter(\.isNumber).count }.max() ?? 0
      #expect(digits <= (precision == "float32" ? 13 : 21))
    }
  }

  @Test func numbersAreOneColumn() throws {
    for precision in ["float32", "float64"] {
      try withModel(classes: nil, precision: precision) { model in
        let expected = try Predictor(checkpoint: model.checkpoint).predict(rows: model.rows)
        let (report, text) = try model.predicted(model.table(), to: "p.csv")
        #expect(report.probabilityShape == nil && report.predictionShape == [700])
        let lines = text.split(separator: "\n")
        #expect(lines[0] == "prediction" && lines.count == 701)
        #expect(
          lines.dropFirst().map { precision == "float32" ? Double(Float($0) ?? .nan) : Double($0) ?? .nan }
            == expected.outputs)
        let json = try model.predicted(model.table(), to: "p.jsonl").text.split(separator: "\n")
        #expect(json[3] == "{\"prediction\":\(lines[4])}")
      }
    }
  }

  // One output for two classes: both have a probability, and they are one together.
  @Test func twoClassesHaveTwoProbabilities() throws {
    try withModel(classes: ["-", "+"], precision: "float64") { model in
      let expected = try Predictor(checkpoint: model.checkpoint).predict(rows: model.rows)
      let (report, text) = try model.predicted(model.table(), to: "p.csv")
      #expect(report.probabilityShape == [700, 2])
      let rows = fields(text)
      #expect(rows[0] == ["prediction", "probability_-", "probability_+"])
      let ones = rows.dropFirst().map { Double($0[2]) ?? .nan }
      #expect(ones == expected.probabilities)
      let zeros = rows.dropFirst().map { Double($0[1]) ?? .nan }
      #expect(zip(zeros, ones).allSatisfy { abs($0 + $1 - 1) < 1e-15 })
      // Small ones keep their digits, where 1 minus the other has none left: of either class.
      let header = "width,height,\"a,\"\"b\"\"\"\n"
      let far = try model.write("far.csv", header + "100,-200,100\n-100,200,-100\n")
      let outputs = try Predictor(checkpoint: model.checkpoint).predict(rows: [[100.0, -200, 100], [-100, 200, -100]])
        .outputs
      #expect(outputs[0] * outputs[1] < 0)
      for (output, row) in zip(outputs, fields(try model.predicted(far, to: "q.csv").text).dropFirst()) {
        let small = Double(row[output > 0 ? 1 : 2]) ?? .nan
        #expect(abs(output) > 40 && abs(small / exp(-abs(output)) - 1) < 1e-12, "\(row)")
      }
      let (hdf5, _) = try model.predicted(model.table(), to: "p.h5")
      #expect(hdf5.probabilityShape == [700, 2])
      let file = try HDF5.File.open(at: model.path("p.h5"))
      let probabilities = try file.root.dataset("probabilities")
      #expect(try probabilities.shape == [700, 2])
      #expect(try probabilities.read(as: Double.self) == zip(zeros, ones).flatMap { [$0, $1] })
      try file.close()
    }
  }

  @Test func anHDF5FileHasIndicesAndNames() throws {
    try withModel { model in
      let expected = try Predictor(checkpoint: model.checkpoint).predict(rows: model.rows)
      try model.predicted(model.table(), to: "p.h5")
      let file = try HDF5.File.open(at: model.path("p.h5"))
      #expect(try file.root.memberNames() == ["predictions", "probabilities"])
      let predictions = try file.root.dataset("predictions")
      #expect(try predictions.read(as: Int.self) == expected.classes)
      #expect(try predictions.attribute("classes").readStrings() == ["no", "yes", "it,depends"])
      let probabilities = try file.root.dataset("probabilities")
      #expect(try probabilities.datatype.numberType == .float32 && probabilities.shape == [700, 3])
      #expect(try probabilities.read(as: Double.self) == expected.probabilities)
      #expect(try probabilities.attribute("classes").readStrings() == ["no", "yes", "it,depends"])
      try file.close()
    }
  }

  @Test func jsonLinesHaveAnObjectForEachRow() throws {
    try withModel { model in
      let expected = try Predictor(checkpoint: model.checkpoint).predict(rows: model.rows)
      let text = try model.predicted(model.table(), to: "p.ndjson").text
      let lines = text.split(separator: "\n").map(String.init)
      #expect(lines.count == 700)
      for (row, line) in lines.enumerated() {
        let object = try JSONDocument(text: line, source: "line").root
        #expect(object["prediction"]?.text == ["no", "yes", "it,depends"][expected.classes?[row] ?? 0])
        guard case .object(let values)? = object["probabilities"] else {
          Issue.record("no probabilities in \(line)")
          return
        }
        #expect(values.members.map(\.key) == ["no", "yes", "it,depends"])
        let numbers = values.members.compactMap { $0.value.double.map { Double(Float($0)) } }
        #expect(numbers == expected.probabilities.map { Array($0[3 * row..<3 * row + 3]) })
      }
      #expect(lines[0].hasPrefix("{\"prediction\":\""))
    }
  }

  @Test func classesWithoutNamesAreTheirNumbers() throws {
    try withModel(classes: []) { model in
      let text = try model.predicted(model.table(), to: "p.csv").text
      #expect(text.hasPrefix("prediction,probability_0,probability_1,probability_2\n"))
      let line = try model.predicted(model.table(), to: "p.jsonl").text.prefix { $0 != "\n" }
      let starts = (0..<3).map { "{\"prediction\":\($0),\"probabilities\":{\"0\":" }
      #expect(starts.contains(where: line.hasPrefix), "\(line)")
    }
  }

  @Test func severalTargetsHaveAColumnEach() throws {
    try withScratchDirectory { directory in
      let arrays = try TrainingArrays(
        inputs: (0..<40).map { Float($0 % 7) }, inputShape: [2], targets: (0..<40).map { Float($0 % 2) },
        targetShape: [2])
      for (loss, header) in [
        ("meanSquaredError", "prediction_0,prediction_1"),
        ("binaryCrossEntropy", "prediction_0,prediction_1,probability_0,probability_1"),
      ] {
        let configuration = try RunConfiguration(
          json: """
            {"data": {}, "model": {"layers": [{"type": "dense", "units": 2}]}, "loss": "\(loss)",
             "training": {"epochs": 1, "batchSize": 8}}
            """, output: "\(directory)/\(loss)")
        let checkpoint = try #require(try train(configuration, on: arrays).summary.checkpoint)
        let input = "\(directory)/rows.csv"
        try "a,b\n1,2\n3,4\n5,6\n".write(toFile: input, atomically: true, encoding: .utf8)
        let expected = try Predictor(checkpoint: checkpoint).predict(rows: [1.0, 2, 3, 4, 5, 6])
        func text(_ name: String) throws -> [Substring] {
          _ = try predict(checkpoint: checkpoint, input: input, output: "\(directory)/\(name)", overwriting: true)
          return String(decoding: try SystemFileSystem().contents(of: "\(directory)/\(name)"), as: UTF8.self).split(
            separator: "\n")
        }
        let lines = try text("p.csv")
        #expect(lines.count == 4 && lines[0] == header)
        let predictions = expected.classes.map { $0.map { Double($0) } } ?? expected.outputs
        #expect(
          lines[2].split(separator: ",").prefix(2).compactMap { Float($0).map(Double.init) }
            == Array(predictions[2...3]))
        let object = try JSONDocument(text: String(text("p.jsonl")[1]), source: "line").root
        #expect(object["prediction"]?["1"]?.double.map { Double(Float($0)) } == predictions[3])
        _ = try predict(checkpoint: checkpoint, input: input, output: "\(directory)/p.h5", overwriting: true)
        let file = try HDF5.File.open(at: "\(directory)/p.h5")
        #expect(try file.root.dataset("predictions").shape == [3, 2])
        #expect(try file.root.dataset("predictions").read(as: Double.self) == predictions)
        try file.close()
      }
    }
  }

  @Test func theFormatGoesByTheEnding() throws {
    try withModel { model in
      let input = try model.table(rows: 3)
      #expect(try model.predicted(input, to: "p.tsv").text.hasPrefix("prediction\tprobability_no\t"))
      #expect(try model.predicted(input, to: "P.CSV").text.hasPrefix("prediction,"))
      #expect(try model.predicted(input, to: "p.txt", settings: .init(format: .jsonLines)).text.hasPrefix("{"))
      #expect(try model.predicted(input, to: "p.hdf5").text.hasPrefix("\u{fffd}HDF"))
      #expect(
        try model.error(input, to: "p.txt")
          == "2 D/p.txt: its ending tells no format; let it end with .csv, .tsv, .jsonl, .ndjson, .h5 or .hdf5, or name the format"
      )
      #expect(try model.error(input, to: "p").hasPrefix("2 D/p: its ending"))
      let error = try trainerError {
        try predict(checkpoint: model.checkpoint, input: input, output: nil, settings: .init(format: .hdf5))
      }
      #expect(error?.code == .usage && error?.message.contains("standard output") == true)
    }
  }
}
