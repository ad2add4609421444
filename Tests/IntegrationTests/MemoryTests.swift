import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// What the program takes, and what it refuses to take, under limits that a system or a user sets.
@Suite(.enabled(if: Tool.path(of: "prlimit") != nil, "prlimit (util-linux) is not installed"))
struct MemoryTests {
  private func config(_ directory: String, _ data: String = "") throws -> String {
    let path = "\(directory)/config.json"
    try """
    {"data": {"path": "d.h5"\(data)}, "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
     "training": {"epochs": 1, "batchSize": 32, "shards": 2}}
    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  // 50 000 columns, of which a row has 50: 320 MB dense.
  @Test(arguments: ["[]", #"["standardize"]"#]) func aSparseMatrixTakesMemoryForWhatItHolds(preprocessing: String)
    throws
  {
    try withScratchDirectory { directory in
      let (rows, columns, perRow) = (1600, 50_000, 50)
      try writeFile("\(directory)/d.h5") { root in
        let matrix = try root.createGroup("train").createGroup("inputs")
        var indices: [Int32] = []
        for row in 0..<rows {
          let shift = row * 37 % 1000
          for element in 0..<perRow { indices.append(Int32(element * 1000 + shift)) }
        }
        try matrix.createDataset("data", shape: [indices.count], values: indices.map { Float($0 % 7 - 3) })
        try matrix.createDataset("indices", shape: [indices.count], values: indices)
        try matrix.createDataset("indptr", shape: [rows + 1], values: (0...rows).map { Int64($0 * perRow) })
        try matrix.setAttribute("shape", to: [rows, columns])
        try root.createDataset("train/targets", shape: [rows], values: (0..<rows).map { UInt8($0 % 3) })
      }
      let config = try config(directory, #", "preprocessing": \#(preprocessing)"#)
      let result = try TrainerBinary.run(
        ["run", config, "--quiet", "--workers", "2", "--output", "\(directory)/run"],
        under: ["prlimit", "--data=300000000"])
      #expect(result.status == 0, "\(result.errors)")
      // All columns at once are refused, and nothing is half made.
      try TrainerBinary.run(
        [
          "run", config, "--output", "\(directory)/other", "--set",
          #"data.preprocessing=[{"type": "oneHot", "columns": [0]}]"#,
        ], under: ["prlimit", "--data=300000000"]
      ).expectError(2, "data.shuffle: ", "of memory, and only", "ulimit -d")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/other"))
    }
  }

  @Test func theBudgetOfTheConfigIsKept() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/d.h5") { root in
        _ = try root.createDataset(
          "train/inputs", shape: [1 << 24, 8], type: .number(.float32),
          properties: .datasetCreation(chunk: [1024, 8]))
        _ = try root.createDataset(
          "train/targets", shape: [1 << 24], type: .number(.uint8), properties: .datasetCreation(chunk: [1024]))
      }
      try TrainerBinary.run("run", config(directory, #", "memory": "200MB""#), "--output", "\(directory)/run")
        .expectError(3, "d.h5: the dataset needs 554 MB of memory, but only", "the budget in data.memory")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run"))
      // The checks and pictures of a run's parts are of the same data.
      for command in [["gradcheck"], ["graph", "--plan", "--config"]] {
        try TrainerBinary.run(command + [config(directory, #", "memory": "200MB""#)]).expectError(
          3, " of memory, but only", "the budget in data.memory")
      }
    }
  }
}
