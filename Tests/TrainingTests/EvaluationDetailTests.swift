import Datasets
import Foundation
import HDF5
import TestSupport
import Testing
import Training

/// Which columns matter, and which samples a model is wrong about.
@Suite struct EvaluationDetailTests {
  @Test func theColumnThatSaysAllIsTheMostImportant() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      let rows = 400
      var generator = SeededGenerator(3)
      let noise: [Double] = generator.numbers(rows * 3)
      try writeFile(path) { root in
        for group in ["train", "test"] {
          // The class is the sign of the second column.
          let inputs = try root.createGroup(group).createDataset("inputs", shape: [rows, 3], values: noise)
          try inputs.setAttribute("features", to: ["first", "second", "third"])
          _ = try root.group(group).createDataset(
            "targets", shape: [rows], values: (0..<rows).map { UInt8(noise[$0 * 3 + 1] > 0 ? 1 : 0) })
        }
      }
      let training = TrainingCase(
        name: "importance", data: path, preprocessing: "[]",
        settings: """
          "model": {"layers": [{"type": "dense", "units": 2}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
          "optimizer": {"type": "sgd", "learningRate": 0.5}, "training": {"epochs": 20, "batchSize": 20}
          """)
      let run = "\(directory)/run"
      _ = try Training.train(training.configuration(output: run))
      let checkpoint = try ModelCheckpoint(run).path
      let detail = try evaluateInDetail(checkpoint: checkpoint)
      #expect(detail.report.measurement == (try evaluate(checkpoint: checkpoint)).measurement)
      #expect(detail.importances.first?.feature == "second" && detail.importances.count == 3)
      // Guessing by a permuted sign is right half of the time.
      let accuracy = try #require(detail.importances.first?.metrics.first)
      #expect(accuracy.name == "accuracy" && abs(accuracy.value - 0.5) < 0.1)
      for other in detail.importances.dropFirst() {
        #expect(other.loss < 0.1 * (detail.importances.first?.loss ?? 0))
      }
      // Rows of numbers are no pictures.
      #expect(detail.worst.isEmpty)
    }
  }

  @Test func theWorstSamplesAreThoseWithAnotherLabel() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      let rows = 300
      // A picture of class 1 is bright, of class 0 dark; three test samples are labelled the other way.
      let wrong: Set<Int> = [17, 100, 251]
      func bright(_ row: Int) -> Bool { row % 2 == 1 }
      try writeFile(path) { root in
        for group in ["train", "test"] {
          let values = (0..<rows).flatMap { row in (0..<16).map { UInt8((bright(row) ? 200 : 20) + ($0 + row) % 7) } }
          let parent = try root.createGroup(group)
          _ = try parent.createDataset("inputs", shape: [rows, 4, 4], values: values)
          let targets = try parent.createDataset(
            "targets", shape: [rows],
            values: (0..<rows).map { UInt8(bright($0) != (group == "test" && wrong.contains($0)) ? 1 : 0) })
          try targets.setAttribute("classes", to: ["dark", "bright"])
        }
      }
      let training = TrainingCase(
        name: "worst", data: path, preprocessing: #"[{"type": "scale", "factor": 0.004}]"#,
        settings: """
          "model": {"layers": [{"type": "dense", "units": 2}]}, "loss": "softmaxCrossEntropy",
          "optimizer": {"type": "sgd", "learningRate": 0.5}, "training": {"epochs": 20, "batchSize": 20}
          """)
      let run = "\(directory)/run"
      _ = try Training.train(training.configuration(output: run))
      let detail = try evaluateInDetail(checkpoint: ModelCheckpoint(run).path)
      #expect(Set(detail.worst.map(\.row)) == wrong && detail.worst.allSatisfy { $0.probability < 0.5 })
      #expect(detail.worst.map(\.probability) == detail.worst.map(\.probability).sorted())
      let first = try #require(detail.worst.first)
      #expect(
        first.shape == [4, 4] && first.inputs.count == 16 && (first.inputs[0] > 100) == (first.prediction == "bright"))
      #expect(try evaluateInDetail(checkpoint: ModelCheckpoint(run).path, worstCount: 2).worst.count == 2)
    }
  }

  @Test func permutedRowsKeepTheirColumn() throws {
    let values = (0..<60).map { Float($0) }
    let source = RowSource(values, rows: 20, rowShape: [3])
    let permuted = try #require(source.permutingRows(ofColumns: 1..<2))
    func column(_ rows: RowSource<Float>, _ index: Int) -> [Double] { (0..<20).map { rows.row($0)[index] } }
    #expect(column(permuted, 0) == column(source, 0) && column(permuted, 2) == column(source, 2))
    #expect(column(permuted, 1) != column(source, 1) && column(permuted, 1).sorted() == column(source, 1))
  }
}
