import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// What is found out from shapes and storage before data are read.
@Suite struct BeforeReadingTests {
  /// A file whose inputs have room for many rows and were never written, but for some.
  private func write(_ path: String, rows: Int, chunk: Int? = 1024, writing written: Range<Int> = 0..<0) throws {
    if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
    try writeFile(path) { root in
      let inputs = try root.createDataset(
        "train/inputs", shape: [rows, 4], type: .number(.float32),
        properties: chunk.map { try .datasetCreation(chunk: [$0, 4]) })
      if !written.isEmpty {
        try inputs.write([Float](repeating: 1, count: 4 * written.count), selecting: .range(written))
      }
      let targets = try root.createDataset(
        "train/targets", shape: [rows], type: .number(.float32), properties: .datasetCreation(chunk: [min(rows, 1024)]))
      if rows < 10_000 { try targets.write([Float](repeating: 0, count: rows)) }
    }
  }

  private func configuration(_ directory: String, memory: String? = nil, preprocessing: String = "[]") throws
    -> RunConfiguration
  {
    try RunConfiguration(
      json: """
        {"data": {"path": "\(directory)/d.h5", "preprocessing": \(preprocessing)\(memory.map { #", "memory": \#($0)"# } ?? "")},
         "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError",
         "training": {"epochs": 1, "batchSize": 50}}
        """, output: "\(directory)/run")
  }

  private func warnings(_ directory: String) throws -> [String] {
    try trainToEnd(configuration(directory)).history.warnings.map { $0.replacing(directory, with: "D") }
  }

  @Test func whatWasNeverWrittenIsAWarning() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      let end = "read as the fill value, mostly 0; did the program that made the file end too early?"
      for (chunk, written, expected) in [
        (10, 0..<0, "no value was ever written, so that all are"),
        (nil, 0..<0, "no value was ever written, so that all are"),
        (10, 0..<95, nil), (nil, 0..<100, nil),
        (10, 0..<40, "rows 40 to 99 (counted from 0) were never written whole, so that they are"),
      ] as [(Int?, Range<Int>, String?)] {
        try write(path, rows: 100, chunk: chunk, writing: written)
        #expect(try warnings(directory) == expected.map { ["D/d.h5: /train/inputs: \($0) \(end)"] } ?? [])
        try FileManager.default.removeItem(atPath: "\(directory)/run")
      }
    }
  }

  @Test func aBudgetIsHeldBeforeDataAreRead() throws {
    try withScratchDirectory { directory in
      try write("\(directory)/d.h5", rows: 2_000_000)
      let error = try trainerError { try trainToEnd(configuration(directory, memory: #""1MB""#)) }
      #expect(error?.code == .data)
      let hasNumbers = error?.message.contains(
        #/d.h5: the dataset needs 40.0 MB of memory, but only 0 bytes can be had: the budget in data.memory/#)
      #expect(hasNumbers == true, "\(error?.message ?? "nil")")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run"))
      #expect(try configuration(directory, memory: "1000000").data?.memory == 1_000_000)
      #expect(try configuration(directory, memory: #""2GiB""#).data?.memory == 2 << 30)
      for value in ["0", "-1", #""much""#, "1.5", "true"] {
        let error = try trainerError { try configuration(directory, memory: value) }
        #expect(
          error?.code == .usage && error?.message.contains(#"expected an amount such as "4GB""#) == true, "\(value)")
      }
    }
  }

  @Test func foldsThatTrainAtOnceNeedTheirSum() throws {
    try withScratchDirectory { directory in
      try write("\(directory)/d.h5", rows: 2_000_000)
      let config = "\(directory)/config.json"
      try AtomicFile.replace(
        config, contents: Array(configuration(directory, memory: #""1MB""#).resolved.prettyText.utf8))
      let error = try trainerError {
        try CrossValidation(file: config, folds: 4, output: "\(directory)/folds").run(jobs: 3, makeObservers: { [] })
      }
      #expect(
        error?.message.contains("of memory for each of 3 runs at once, but only 0 bytes") == true,
        "\(error?.message ?? "nil")")
    }
  }

  @Test(arguments: ["[]", #"["standardize"]"#]) func whatFitsNoMachineIsRefusedAtOnce(preprocessing: String) throws {
    try withScratchDirectory { directory in
      for rows in [1 << 40, 1 << 58] {
        try write("\(directory)/d.h5", rows: rows)
        let error = try trainerError { try trainToEnd(configuration(directory, preprocessing: preprocessing)) }
        #expect(
          error?.code == .data && error?.message.contains("the dataset needs") == true, "\(error?.message ?? "nil")")
      }
    }
  }

  // 134 MB of zeros, which are 130 kB packed.
  @Test func chunksThatAreMadeToTakeMemoryAreRefused() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/d.h5") { root in
        let inputs = try root.createDataset(
          "train/inputs", shape: [1 << 26, 2], type: .number(.uint8), maximumShape: [nil, nil],
          properties: .datasetCreation(chunk: [1 << 26, 2], deflate: 9))
        try inputs.write([UInt8](repeating: 0, count: 1 << 27))
        let targets = try root.createDataset(
          "train/targets", shape: [1 << 26], type: .number(.uint8),
          properties: .datasetCreation(chunk: [1 << 16]))
        try targets.write([UInt8(1)], selecting: .range(0..<1))
      }
      let error = try trainerError { try trainToEnd(configuration(directory)) }
      #expect(error?.code == .data)
      #expect(error?.message.contains("has chunks of 134 MB, packed so that 1") == true, "\(error?.message ?? "nil")")
    }
  }
}
