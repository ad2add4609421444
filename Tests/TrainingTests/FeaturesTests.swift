import Checkpoints
import Datasets
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Runs on tables of named columns, from the config to predictions.
@Suite struct FeaturesTests {
  /// A table with a column of each kind, gaps, and classes that follow from them.
  private static func table(rows: Int, seed: UInt64, gaps: Bool = true) -> (StoredTable, [UInt8]) {
    var generator = SeededGenerator(seed)
    var (numbers, codes, flags, dates): ([Double], [Int8], [Int8], [Double]) = ([], [], [], [])
    var labels: [UInt8] = []
    for _ in 0..<rows {
      let x = Double.random(in: -1...1, using: &generator)
      let code = Int8.random(in: 0..<3, using: &generator)
      let isMissing = gaps && Int.random(in: 0..<10, using: &generator) == 0
      numbers += [1e8 + x, isMissing ? .nan : x * x]
      codes.append(isMissing ? -1 : code)
      flags.append(x > 0 ? 1 : 0)
      dates.append(Double(code) * 86_400 * 30)
      labels.append(UInt8(code == 1 ? 2 : x > 0 ? 1 : 0))
    }
    let table = StoredTable(
      features: [
        Feature(name: "far", kind: .number),
        Feature(name: "city", kind: .category, categories: ["Bern", "Genf", "Rom"]),
        Feature(name: "square", kind: .number), Feature(name: "flag", kind: .boolean),
        Feature(name: "when", kind: .date),
      ],
      blocks: [
        .number: NumberTable(shape: [rows, 2], values: numbers),
        .category: NumberTable(shape: [rows, 1], values: codes),
        .boolean: NumberTable(shape: [rows, 1], values: flags), .date: NumberTable(shape: [rows, 1], values: dates),
      ])
    return (table, labels)
  }

  private static func write(
    _ groups: [(String, StoredTable, [UInt8])], classes: [String]? = nil, to path: String
  ) throws {
    try DatasetWriter().write(
      groups: groups.map {
        DatasetWriter.Group(name: $0.0, inputs: .table($0.1), targets: NumberTable(shape: [$0.2.count], values: $0.2))
      }, classes: classes, to: path)
  }

  /// The same table with its columns reversed, and its categories in another order with one more.
  private static func shuffled(_ table: StoredTable) -> StoredTable {
    let features = table.features.reversed().map { feature in
      feature.kind == .category
        ? Feature(name: feature.name, kind: .category, categories: ["Rom", "Bern", "Paris", "Genf"]) : feature
    }
    var blocks = table.blocks
    blocks[.category] = blocks[.category].map { block in
      NumberTable(
        shape: block.shape, values: block.bytes.map { Int8(bitPattern: $0) }.map { $0 < 0 ? -1 : [1, 3, 0][Int($0)] })
    }
    blocks[.number] = blocks[.number].map { block in
      let values = block.bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
      return NumberTable(
        shape: block.shape, values: stride(from: 0, to: values.count, by: 2).flatMap { [values[$0 + 1], values[$0]] })
    }
    return StoredTable(features: features, blocks: blocks)
  }

  private func configuration(
    _ data: String, _ extra: String = "", units: Int = 3, epochs: Int = 3, in directory: String
  ) throws -> RunConfiguration {
    try RunConfiguration(
      text: """
        {"name": "t", "data": {"path": "\(data)"\(extra)}, "model": {"layers": [{"type": "dense", "units": \(units)}]},
         "loss": "softmaxCrossEntropy", "metrics": ["accuracy"], "optimizer": {"type": "adam", "learningRate": 0.05},
         "training": {"epochs": \(epochs), "batchSize": 16}, "output": "\(directory)/run"}
        """, source: "t.json", directory: "/")
  }

  private func predictions(_ checkpoint: String, _ input: String, in directory: String) throws -> [Double] {
    let output = "\(directory)/p.h5"
    _ = try predict(checkpoint: checkpoint, input: input, output: output, overwriting: true, group: "test")
    let file = try HDF5.File.open(at: output)
    defer { try? file.close() }
    return try file.root.dataset("probabilities").read(as: Double.self)
  }

  /// A table's columns are transformed as they are read, to the bits of those in memory.
  @Test func aTableMayStayInTheFile() throws {
    try withScratchDirectory { directory in
      let (train, labels) = Self.table(rows: 500, seed: 1)
      let (test, testLabels) = Self.table(rows: 50, seed: 2)
      let data = "\(directory)/t.h5"
      try Self.write([("train", train, labels), ("test", test, testLabels)], classes: ["a", "b", "c"], to: data)
      for shuffle in [#""none""#, #"{"block": 20, "window": 3}"#] {
        let configuration = try configuration(data, #", "shuffle": \#(shuffle)"#, in: directory)
        let inMemory = try trainToEnd(configuration.moved(to: "\(directory)/memory\(shuffle.count)"))
        let streamed = try trainToEnd(
          configuration.moved(to: "\(directory)/file\(shuffle.count)").placing(.inFile), workers: 2,
          starter: ThreadStarter(seed: 7).start)
        #expect(streamed.summary.digest == inMemory.summary.digest)
        #expect(streamed.history.entries == inMemory.history.entries)
        #expect(streamed.history.starts.first?.rowSource != nil)
      }
    }
  }

  @Test func aTableTrainsAndIsMatchedByName() throws {
    try withScratchDirectory { directory in
      let (train, labels) = Self.table(rows: 120, seed: 1)
      let (test, testLabels) = Self.table(rows: 50, seed: 2)
      let (data, other) = ("\(directory)/t.h5", "\(directory)/o.h5")
      try Self.write([("train", train, labels), ("test", test, testLabels)], classes: ["a", "b", "c"], to: data)
      try Self.write(
        [
          ("train", Self.shuffled(train), labels.map { 2 - $0 }),
          ("test", Self.shuffled(test), testLabels.map { 2 - $0 }),
        ],
        classes: ["c", "b", "a"], to: other)
      let configuration = try configuration(data, epochs: 20, in: directory)
      var digests: Set<String> = []
      for workers in [1, 3] {
        let outcome = try Training.train(
          try RunConfiguration(
            text: configuration.resolved.compactText, source: "r.json", directory: "/"
          ).moved(to: "\(directory)/run\(workers)"),
          options: RunOptions(workers: workers, starter: ThreadStarter(seed: 7).start))
        guard case .finished(let summary) = outcome else {
          Issue.record("\(outcome)")
          return
        }
        digests.insert(summary.digest)
      }
      #expect(digests.count == 1)
      let trained = try trainToEnd(configuration)
      #expect(trained.history.starts.first?.features?.columns == 5)
      // far, city of three and missing, square and its gaps, flag, when.
      #expect(trained.history.starts.first?.features?.inputs == 9)
      let straight = try evaluate(checkpoint: trained.checkpoint)
      #expect(straight.measurement["accuracy"] ?? 0 > 0.8)
      let byName = try evaluate(checkpoint: trained.checkpoint, data: other)
      #expect(byName.measurement.loss == straight.measurement.loss)
      #expect(byName.measurement["accuracy"] == straight.measurement["accuracy"])
      #expect(byName.classNames == ["a", "b", "c"])
      #expect(
        try predictions(trained.checkpoint, other, in: directory)
          == predictions(trained.checkpoint, data, in: directory))
      // A change of any block is other data.
      let fingerprints = try [data, other].map { try DatasetReader(path: $0).fingerprint(of: ["inputs", "targets"]) }
      #expect(fingerprints[0] != fingerprints[1])
    }
  }

  // R² of y = x − 1e8 in float32, where x itself is a multiple of 8.
  @Test func aMeanOf1e8IsStandardizedAsInDouble() throws {
    try withScratchDirectory { directory in
      var generator = SeededGenerator(3)
      let x: [Double] = generator.numbers(256, in: -1.7...1.7)
      let table = StoredTable(
        features: [Feature(name: "x", kind: .number)],
        blocks: [.number: NumberTable(shape: [256, 1], values: x.map { 1e8 + $0 })])
      let path = "\(directory)/far.h5"
      let targets = NumberTable(shape: [256, 1], values: x)
      try DatasetWriter().write(
        groups: ["train", "test"].map { DatasetWriter.Group(name: $0, inputs: .table(table), targets: targets) },
        to: path)
      let configuration = try RunConfiguration(
        text: """
          {"data": {"path": "\(path)"}, "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError",
           "metrics": ["r2"], "optimizer": {"type": "sgd", "learningRate": 0.3}, "training": {"epochs": 30, "batchSize": 64},
           "output": "\(directory)/run"}
          """, source: "t.json", directory: "/")
      let trained = try trainToEnd(configuration)
      #expect(trained.history.warnings.isEmpty)
      let found = try #require(evaluate(checkpoint: trained.checkpoint).measurement["r2"])
      #expect(found > 0.999999, "\(found)")
    }
  }

  // An array without "features" is read as ever; with them it is a table of numbers.
  @Test func anArrayMayBeATable() throws {
    try withScratchDirectory { directory in
      let iris = Repository.data("iris")
      let plain = try trainToEnd(
        configuration(iris, #", "preprocessing": ["standardize"]"#, in: directory).moved(to: "\(directory)/a"))
      let features = try trainToEnd(
        configuration(iris, #", "features": [{"kind": "number", "transform": ["standardize"]}]"#, in: directory)
          .moved(to: "\(directory)/b"))
      #expect(plain.history.starts[0].features == nil && features.history.starts[0].features?.inputs == 4)
      let (left, right) = (
        try #require(plain.summary.value("loss", of: "test")), try #require(features.summary.value("loss", of: "test"))
      )
      #expect(abs(left - right) < 1e-5 * left)
      let dropped = try trainToEnd(
        configuration(
          iris,
          #", "features": [{"pattern": "*length*", "drop": true}, {"kind": "number", "transform": ["minMax"]}]"#,
          in: directory
        ).moved(to: "\(directory)/c"))
      #expect(dropped.history.starts[0].features?.columns == 2)
      #expect(
        try evaluate(checkpoint: dropped.checkpoint).measurement.loss == dropped.summary.value("loss", of: "test"))
    }
  }

  private func message(_ body: () throws -> Void, in directory: String) throws -> String {
    let error = try trainerError(body)
    return error.map { "\($0.code.rawValue) \($0.message.replacing(directory, with: "D"))" } ?? "no error"
  }

  @Test func featuresAndPreprocessingExcludeEachOther() throws {
    try withScratchDirectory { directory in
      let (table, labels) = Self.table(rows: 20, seed: 1)
      let data = "\(directory)/t.h5"
      try Self.write([("train", table, labels)], to: data)
      let both = try message(
        {
          _ = try configuration(
            data, #", "features": [{"kind": "number", "transform": []}], "preprocessing": ["standardize"]"#,
            in: directory)
        }, in: directory)
      #expect(both.contains(#"data.preprocessing: found beside "features""#), "\(both)")
      let onTable = try message(
        { _ = try trainToEnd(configuration(data, #", "preprocessing": ["standardize"]"#, in: directory)) },
        in: directory)
      #expect(onTable.hasPrefix("2 data.preprocessing: 'inputs' of D/t.h5 is a table of named columns"), "\(onTable)")
    }
  }

  // A checkpoint whose schema is damaged is refused, and traps nowhere; one without a schema goes by places.
  @Test func aDamagedSchemaIsRefused() throws {
    try withScratchDirectory { directory in
      let (table, labels) = Self.table(rows: 40, seed: 1)
      let data = "\(directory)/t.h5"
      try Self.write([("train", table, labels)], to: data)
      let trained = try trainToEnd(configuration(data, epochs: 1, in: directory))
      let good = try CheckpointFile.read(trained.checkpoint)
      let schema = try #require(good.schema)
      #expect(try evaluate(checkpoint: trained.checkpoint, group: "train").samples == 40)
      let changes: [(String, String)] = [
        (#""transforms":{"#, #""transforms":{"columns":[],"#), (#""transforms""#, #""other""#),
        ("\"means\":[", "\"means\":[1,"),
        ("\"deviations\":[", "\"deviations\":[0,"), (#""features":["#, #""features":[{"name":"x","kind":"number"},"#),
        (#""type":"oneHot""#, #""type":"twoHot""#), (#""inputShape":[5]"#, #""inputShape":[9223372036854775807,4]"#),
        (#""categories":["Bern","Genf","Rom"],"i"#, #""categories":["Bern","Genf",7],"i"#),
        (#""kind":"date""#, #""kind":"number""#), (#"{"features""#, #"{"features":[],"x""#), ("}", ""),
      ]
      for (old, new) in changes {
        var checkpoint = good
        #expect(schema.contains(old), "\(old)")
        checkpoint.schema = schema.replacing(old, with: new, maxReplacements: 1)
        let path = "\(directory)/x.h5"
        try CheckpointFile.write(checkpoint, to: path)
        let error = try trainerError { try evaluate(checkpoint: path, group: "train") }
        #expect(error?.code == .checkpoint, "\(old): \(String(describing: error))")
      }
    }
  }

  @Test func rowsInMemoryNameTheirColumns() throws {
    try withScratchDirectory { directory in
      let (table, labels) = Self.table(rows: 60, seed: 1)
      let data = "\(directory)/t.h5"
      try Self.write([("train", table, labels), ("test", table, labels)], to: data)
      let trained = try trainToEnd(configuration(data, in: directory))
      let expected = try predictions(trained.checkpoint, data, in: directory)
      let predictor = try Predictor(checkpoint: trained.checkpoint)
      #expect(predictor.features?.map(\.name) == ["far", "city", "square", "flag", "when"])
      let block = try TableReader("inputs", in: "test", of: DatasetReader(path: data)).block(0..<60)
      func value(_ row: Int, _ column: Int) -> FeatureValue {
        switch block.columns[column] {
        case .codes(let codes): codes[row] < 0 ? .missing : .category(["Bern", "Genf", "Rom"][Int(codes[row])])
        case .numbers(let values):
          values[row].isNaN
            ? .missing
            : [
              .number(values[row]), nil, .number(values[row]), .boolean(values[row] == 1), .date(seconds: values[row]),
            ][column]
        }
      }
      let names = ["far", "city", "square", "flag", "when"]
      let rows = (0..<60).map { row in
        Dictionary(uniqueKeysWithValues: names.indices.map { (names[$0], value(row, $0)) })
      }
      #expect(try predictor.predict(rows: rows).probabilities == expected)
      for (change, part) in [
        (["far": nil] as [String: FeatureValue?], "row 0 lacks the column 'far'"),
        (["Far": .number(1)], "did you mean 'far'?"),
        (["flag": .number(1)], "row 0 has a number in the column 'flag', which is a boolean"),
      ] {
        var row = rows[0]
        for (name, value) in change { row[name] = value }
        let found = try message({ _ = try predictor.predict(rows: [row]) }, in: directory)
        #expect(found.contains(part), "\(found)")
      }
      let flat = try message({ _ = try predictor.predict(rows: [[1.0, 2, 3, 4, 5]]) }, in: directory)
      #expect(flat.hasPrefix("3 the model was trained on named columns"), "\(flat)")
    }
  }
}

extension RunConfiguration {
  /// The same with another run directory.
  fileprivate func moved(to output: String) throws -> RunConfiguration {
    guard case .object(var object) = resolved else { return self }
    object["output"] = .string(output)
    return try RunConfiguration(text: JSONValue.object(object).compactText, source: "t.json", directory: "/")
  }
}
