import Autodiff
import DataParallel
import Datasets
import Foundations
import Kernels
import Models
import TestSupport
import Testing
import Training

/// What is checked is what trains: gradients as updates are given them, by the engine with all its shortcuts, against the
/// engine without any, against the plain graph's, and against central differences of the plain graph's value.
@Suite struct EngineGradientTests {
  /// How often each way to the update was taken, so that a test knows what it has seen.
  private struct Ways {
    var counts: [String: Int] = [:]
    mutating func add(_ way: String) { counts[way, default: 0] += 1 }
  }

  @Test func randomFormulasWithoutData() throws {
    var ways = Ways()
    for seed in 0..<UInt64(Torture.count(300, 5000)) {
      try check(RandomFormula(seed: seed, hasData: false), seed: seed, &ways)
    }
    #expect(ways.counts["slots", default: 0] > 100 && ways.counts["slots, packed", default: 0] > 100)
  }

  @Test func randomFormulasOfSamples() throws {
    var ways = Ways()
    for seed in 10_000..<UInt64(10_000 + Torture.count(450, 7000)) {
      try check(RandomFormula(seed: seed, hasData: true), seed: seed, &ways)
    }
    // Products are those of formulas whose samples are added up one by one, where all shards have one.
    for way in [
      "slots", "slots, packed", "transposed slots, packed", "product with rows of data, packed", "product, packed",
      "scatter",
    ] {
      #expect(ways.counts[way, default: 0] > 2, "\(way): \(ways.counts)")
    }
  }

  @Test func randomModels() throws {
    var ways = Ways()
    for seed in 20_000..<UInt64(20_000 + Torture.count(450, 7000)) {
      try check(RandomModel(seed: seed), samples: Int(seed % 11) + 1, seed: seed, &ways)
    }
    for way in [
      "slots", "slots, packed", "transposed slots, packed", "product, packed", "product with rows of data, packed",
      "tiles", "subtrees",
    ] { #expect(ways.counts[way, default: 0] > 20, "\(way): \(ways.counts)") }
  }

  @Test func wideModelsWithManySamples() throws {
    var ways = Ways()
    for seed in 30_000..<UInt64(30_000 + Torture.count(8, 200)) {
      try check(
        RandomModel(seed: seed, isWide: true), samples: [300, 511, 512, 700, 1030][Int(seed % 5)], seed: seed, &ways)
    }
    #expect(ways.counts["product with rows of data, packed", default: 0] > 3, "\(ways.counts)")
  }

  @Test func randomSpatialModels() throws {
    var ways = Ways()
    for seed in 60_000..<UInt64(60_000 + Torture.count(150, 3000)) {
      try check(RandomModel(spatial: seed), samples: Int(seed % 7) + 1, seed: seed, &ways)
    }
    #expect(ways.counts["slots", default: 0] > 100, "\(ways.counts)")
  }

  private static let losses: [(name: String, loss: any Loss, outputs: Int, targets: [Float], shape: [Int])] = [
    ("softmax", SoftmaxCrossEntropy(), 3, [0, 2, 1, 1, 0], []),
    (
      "softmax, weighted and smoothed", SoftmaxCrossEntropy(labelSmoothing: 0.1, classWeights: [0.5, 2, 1.25]), 3,
      [0, 2, 1, 1, 0], []
    ),
    (
      "softmax, distributions", SoftmaxCrossEntropy(), 3,
      [1, 0, 0, 0.25, 0.25, 0.5, 0, 1, 0, 0, 0.5, 0.5, 0.875, 0, 0.125],
      [3]
    ),
    ("binary", BinaryCrossEntropy(), 1, [0, 1, 1, 0, 1], []),
    (
      "binary, weighted and smoothed", BinaryCrossEntropy(labelSmoothing: 0.2, classWeights: [0.5, 3]), 1,
      [0, 1, 1, 0, 1], []
    ),
    ("binary, several", BinaryCrossEntropy(), 2, [0, 1, 1, 0, 1, 1, 0.5, 0, 0, 0], [2]),
    ("squares", MeanSquaredError(), 2, [0, 1.5, 1, -2, 0.125, 1, 0.5, 0, 3, 0], [2]),
    ("absolutes", MeanAbsoluteError(), 2, [0, 1.5, 1, -2, 0.125, 1, 0.5, 0, 3, 0], [2]),
    ("huber", Huber(delta: 0.7), 2, [0, 1.5, 1, -2, 0.125, 1, 0.5, 0, 3, 0], [2]),
    (
      "divergence", KLDivergence(), 3, [1, 0, 0, 0.25, 0.25, 0.5, 0, 1, 0, 0, 0.5, 0.5, 0.875, 0, 0.125], [3]
    ),
    ("poisson", Poisson(), 2, [0, 1.5, 1, 2, 0.125, 1, 5, 0, 3, 0], [2]),
    ("quantiles", Quantile(0.25, 0.9), 2, [0, 1.5, 1, -2, 0.125, 1, 0.5, 0, 3, 0], [2]),
  ]

  @Test(arguments: Activation.allCases, losses.indices)
  func everyActivationWithEveryLoss(activation: Activation, lossIndex: Int) throws {
    let (name, loss, outputs, targets, shape) = Self.losses[lossIndex]
    let model = try Model([
      Dense(units: 4, activation: activation, biasInitialization: .init(.normal, scale: 0.3)), LayerNormalization(),
      Dropout(rate: 0.3), PReLU(), Dense(units: 3, activation: activation, usesBias: false), Dense(units: outputs),
    ])
    let kind: TargetKind = shape.isEmpty ? .integers(0...max(1, outputs - 1)) : .values(count: outputs)
    let problem = try ModelProblem(model: model, loss: loss, inputShape: [2, 3], targets: kind) {
      try MetricSet([], task: $0)
    }
    var generator = SeededGenerator(11)
    var ways = Ways()
    try check(
      problem, [("inputs", [2, 3], generator.numbers(5 * 6)), ("targets", shape, targets)], samples: 5, batchSize: 3,
      shards: 2, seed: 50_000, &ways, describedAs: "\(activation), \(name)")
  }

  /// A class, or a row of probabilities, at each of two positions of a sample.
  @Test(arguments: [
    (SoftmaxCrossEntropy() as any Loss, false),
    (SoftmaxCrossEntropy(labelSmoothing: 0.1, classWeights: [0.5, 2, 1.25]), false), (SoftmaxCrossEntropy(), true),
    (KLDivergence(), true),
  ])
  func lossesOfPositions(loss: any Loss, hasRows: Bool) throws {
    let model = try Model([LayerNormalization(), PReLU(), LayerNormalization()])
    let problem = try ModelProblem(
      model: model, loss: loss, inputShape: [2, 3], targets: .values(count: hasRows ? 6 : 2)
    ) { try MetricSet([], task: $0) }
    var generator = SeededGenerator(12)
    let labels: [Float] = [0, 2, 1, 1, 0, 2, 2, 0, 1, 2]
    let targets: [Float] =
      hasRows ? labels.flatMap { label in (0..<3).map { Float($0) == label ? 0.75 : 0.125 } } : labels
    var ways = Ways()
    try check(
      problem, [("inputs", [2, 3], generator.numbers(5 * 6)), ("targets", hasRows ? [6] : [2], targets)], samples: 5,
      batchSize: 3, shards: 2, seed: 60_000, &ways, describedAs: "\(type(of: loss)), \(hasRows)")
  }

  /// What trained on wrong gradients once: products of parameters alone whose rows were taken for samples, and gradients
  /// that are products where a shard has one sample and sums where it has more.
  @Test(arguments: [
    Known("mean((tanh(V) @ W)^2)", ["V": [300, 200], "W": [200, 100]]),
    Known("mean((V @ W)^2)", ["V": [300, 2], "W": [2, 9000]]),
    Known("mean((transpose(tanh(V)) @ W)^2)", ["V": [200, 300], "W": [200, 100]]),
    Known("mean((V[::2] @ W)^2)", ["V": [300, 200], "W": [200, 100]]),
    Known("mean((tanh(tanh(V) @ W) @ U)^2)", ["V": [300, 200], "W": [200, 100], "U": [100, 170]]),
    Known("mean((tanh(V) @ W - x[0])^2)", ["V": [3, 200], "W": [200, 100]], ["x": [2]], 100, 50, [1, 4, 17]),
    Known("mean((tanh(V) @ W - x[0])^2)", ["V": [1, 200], "W": [200, 100]], ["x": [2]], 5, 1, [1, 2]),
    Known("mean((tanh(V) @ W - x[0])^2)", ["V": [10, 200], "W": [200, 100]], ["x": [2]], 20, 20, [2]),
    Known("-log_softmax(x @ W + b)[k]", ["W": [64, 10], "b": [10]], ["x": [64], "k": []], 1442, 32, [2]),
    Known("-log_softmax(x @ W + b)[k]", ["W": [64, 10], "b": [10]], ["x": [64], "k": []], 9, 4, [1, 2, 4]),
    Known("sum((x @ W)^2) * 0.01 * take(x, k)", ["W": [150, 120]], ["x": [150], "k": []], 3, 3, [1, 2, 3]),
    Known("-log_softmax(x @ W)[k]", ["W": [8, 5000]], ["x": [8], "k": []], 3, 3, [1, 2, 3]),
  ])
  func formulasThatOnceTrainedOnWrongGradients(known: Known) throws {
    var ways = Ways()
    try check(known, &ways)
  }

  private func check(_ known: Known, _ ways: inout Ways) throws {
    for shards in known.shards {
      var generator = SeededGenerator(UInt64(shards))
      let rows = known.rows.map { name, shape in
        let count = known.samples * shape.reduce(1, *)
        let values: [Float] =
          shape.isEmpty || name.hasPrefix("k") ? (0..<count).map { Float($0 % 7) } : generator.numbers(count)
        return (name: name, shape: shape, values: values)
      }
      try check(
        problem(known.objective, known.parameters, rows: known.rows), rows, samples: known.samples,
        batchSize: known.batchSize, shards: shards, seed: 40_000, &ways, describedAs: known.objective)
    }
  }

  /// Several rows of a sample, a weight seen through a view, and rows of tables that samples name: left to the update where
  /// their operands are fewer bytes than the gradient, and not where they are more.
  @Test(arguments: [
    (
      Known("mean((tanh(x @ W) @ U)^2)", ["W": [200, 100], "U": [100, 170]], ["x": [4, 200]], 9, 9, [1, 2, 4]),
      "product"
    ),
    (Known("mean(tanh(x @ W)^2)", ["W": [200, 100]], ["x": [1, 200]], 40, 40, [1, 3]), "product with rows of data"),
    (Known("mean(tanh(x @ W)^2)", ["W": [200, 100]], ["x": [4, 200]], 40, 40, [1, 2]), "slots"),
    (
      Known("mean(tanh(x @ reshape(W, [200, 100]))^2)", ["W": [2, 100, 100]], ["x": [3, 200]], 9, 5, [1, 2]), "product"
    ),
    (
      Known("mean(tanh(take(W, k) * x)^2)", ["W": [900, 20]], ["x": [3, 20], "k": [3]], 9, 9, [1, 2, 3, 12]), "scatter"
    ),
    (Known("mean(take(W, k)^2 * x[0])", ["W": [9, 2000]], ["x": [2], "k": []], 30, 7, [1, 2, 5]), "scatter"),
    (Known("mean(take(W, k)^2)", ["W": [2000, 3, 3]], ["k": [2, 2]], 30, 30, [1, 4]), "scatter"),
    (Known("mean(take(W, k)^2)", ["W": [17000]], ["k": [5]], 9, 9, [1, 4]), "scatter"),
    (Known("mean(take(W, k)^2)", ["W": [9, 2000]], ["k": [5]], 9, 9, [1, 4]), "slots"),
    (Known("mean((take(W, k) @ transpose(W))^2)", ["W": [900, 20]], ["k": [3]], 9, 9, [1, 2]), "slots"),
  ])
  func productsOverSeveralRowsOfASample(known: Known, way: String) throws {
    var ways = Ways()
    try check(known, &ways)
    let found = ways.counts.filter { $0.key == way || $0.key == way + ", packed" }
    #expect(found.values.reduce(0, +) == known.parameters.count * known.shards.count, "\(ways.counts)")
  }

  struct Known: CustomTestStringConvertible, Sendable {
    let objective: String
    let parameters: [(name: String, shape: [Int])]
    let rows: [(name: String, shape: [Int])]
    let samples: Int
    let batchSize: Int
    let shards: [Int]
    var testDescription: String { "\(objective), \(samples) samples" }

    init(
      _ objective: String, _ parameters: KeyValuePairs<String, [Int]>, _ rows: KeyValuePairs<String, [Int]> = [:],
      _ samples: Int = 1, _ batchSize: Int = 1, _ shards: [Int] = [1]
    ) {
      self.objective = objective
      self.parameters = parameters.map { ($0.key, $0.value) }
      self.rows = rows.map { ($0.key, $0.value) }
      self.samples = samples
      self.batchSize = batchSize
      self.shards = shards
    }
  }

  // MARK: One case

  /// An objective as a config has it.
  private func problem(
    _ objective: String, _ parameters: [(name: String, shape: [Int])], rows: [(name: String, shape: [Int])],
    isSum: Bool = false
  ) throws -> FormulaProblem {
    let parameters = parameters.map { #""\#($0.name)": {"shape": \#($0.shape), "initializer": "normal"}"# }
    let data = rows.isEmpty ? "" : #""data": {"path": "/nowhere.h5"},"#
    let reduction = isSum && !rows.isEmpty ? #""reduction": "sum","# : ""
    let configuration = try RunConfiguration(
      text: """
        {\(data) \(reduction) "parameters": {\(parameters.joined(separator: ", "))}, "objective": "\(objective)"}
        """, source: "test.json", directory: "/")
    guard case .formula(let settings) = configuration.objective else { throw TrainerError(.usage, "no formula") }
    return try FormulaProblem(
      settings, formula: FormulaProblem.read(settings),
      rowShapes: Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.shape) }))
  }

  private func check(_ formula: RandomFormula, seed: UInt64, _ ways: inout Ways) throws {
    var generator = SeededGenerator(seed ^ 0xF0)
    let samples = formula.rows.isEmpty ? 1 : Int.random(in: 1...9, using: &generator)
    let problem = try problem(formula.text, formula.parameters, rows: formula.rows, isSum: seed % 3 == 0)
    let rows = formula.rows.map { row in
      let count = samples * row.shape.reduce(1, *)
      let values: [Float] =
        row.shape.isEmpty
        ? (0..<count).map { _ in Float(Int.random(in: 0..<formula.places, using: &generator)) }
        : generator.numbers(count)
      return (name: row.name, shape: row.shape, values: values)
    }
    try check(problem, rows, samples: samples, seed: seed, &ways, describedAs: formula.text)
  }

  private func check(_ model: RandomModel, samples: Int, seed: UInt64, _ ways: inout Ways) throws {
    var generator = SeededGenerator(seed ^ 0xF1)
    let configuration = try RunConfiguration(
      text: #"{"data": {"path": "/nowhere.h5"}, \#(model.settings)}"#, source: "test.json", directory: "/")
    guard case .model(let settings) = configuration.objective else { throw TrainerError(.usage, "no model") }
    let problem = try ModelProblem(
      model: settings.model, loss: settings.loss, inputShape: [model.inputs],
      targets: model.hasClasses ? .integers(0...model.outputs - 1) : .values(count: model.outputs)
    ) { try MetricSet([], task: $0) }
    let targets: [Float] =
      model.hasClasses
      ? (0..<samples).map { _ in Float(Int.random(in: 0..<model.outputs, using: &generator)) }
      : generator.numbers(samples * model.outputs)
    try check(
      problem,
      [
        ("inputs", [model.inputs], generator.numbers(samples * model.inputs)),
        ("targets", model.hasClasses ? [] : [model.outputs], targets),
      ], samples: samples, seed: seed, &ways, describedAs: model.settings)
  }

  private func check(
    _ problem: any Problem, _ rows: [(name: String, shape: [Int], values: [Float])], samples: Int,
    batchSize: Int? = nil, shards: Int? = nil, seed: UInt64, _ ways: inout Ways, describedAs text: String
  ) throws {
    var generator = SeededGenerator(seed ^ 0xF2)
    let isSmall = samples < 100
    let batchSize =
      batchSize
      ?? (isSmall
        ? Int.random(in: 1...samples, using: &generator) : samples - Int.random(in: 0...40, using: &generator))
    let shards =
      shards
      ?? (isSmall
        ? (seed % 4 == 0 ? batchSize : Int.random(in: 1...5, using: &generator)) : [4, 8, 16][Int(seed % 3)])
    let name = "seed \(seed), \(samples) samples in batches of \(batchSize), \(shards) shards: \(text)"
    func group<Scalar: TrainingScalar>() -> SampleGroup<Scalar> {
      SampleGroup(
        count: samples,
        sources: Dictionary(
          uniqueKeysWithValues: rows.map {
            ($0.name, RowSource($0.values.map { Scalar($0) }, rows: samples, rowShape: $0.shape))
          }))
    }
    func steps<Scalar: TrainingScalar>(
      _ shortcuts: EngineShortcuts, _ region: Region = Region(workers: 1, start: sequentialStarter)
    ) throws -> StepGradients<Scalar> {
      try StepGradients(
        problem, group: group(), settings: .init(batchSize: batchSize, shards: shards, order: .rows, seed: 5),
        shortcuts: shortcuts, region: region, learningRate: 0.01, tileCosts: .none)
    }
    let engine: StepGradients<Double> = try steps(.all)
    let plainEngine: StepGradients<Double> = try steps([])
    let single: StepGradients<Float> = try steps(.all)
    let crowd = ThreadStarter(seed: seed)
    // More workers than shards, so that products are cut into tiles; two or three where there are many shards, and
    // sometimes where there are few, so that the slots of neighbours are added up by one.
    let workers = seed % 2 == 1 ? 16 : seed % 4 == 2 ? 2 : shards <= 5 ? max(3, shards + 1) : 3
    let threaded: StepGradients<Double> = try steps(
      .all, Region(workers: workers, start: crowd.start, placesMemory: true))
    for entry in problem.layout.entries { ways.add(engine.engine.work.delivery(of: entry.range)) }
    if threaded.engine.work.phases.count > engine.engine.work.phases.count { ways.add("tiles") }
    if threaded.engine.work.phases[0] < shards { ways.add("subtrees") }

    // Of single precision, so that all see the same.
    var point = problem.layout.entries.flatMap { entry in
      let scale = 1 / Double(max(1, entry.shape.first ?? 1)).squareRoot()
      // State is averages, of which variances have a root.
      return (generator.numbers(entry.count) as [Float]).map {
        entry.isState ? Double(0.5 + abs($0)) : Double(Float(scale) * $0)
      }
    }
    let perEpoch = (samples + batchSize - 1) / batchSize
    // The epoch's last batch, which may be smaller, then the first of the next, where the update has led.
    for (turn, step) in [perEpoch - 1, perEpoch].enumerated() {
      let plain = try PlainObjective(
        problem, group: group(), samples: engine.engine.work.samples(ofStep: step), step: step, seed: 5,
        partition: engine.engine.work.partition)
      let room = plain.makeRoom()
      let (value, reference) = (plain.value(at: point, in: room), plain.gradient(at: point, in: room))
      let start = turn == 0 ? point : nil
      let taken = try [engine, plainEngine].map { try $0.take(step: step, at: start) }
      let most = reference.magnitudes.max() ?? 0
      for (found, way) in zip(taken, ["with shortcuts", "without shortcuts"]) {
        #expect(abs(found.loss - value) <= 1e-11 * max(1, abs(value)), "loss \(way): \(name)")
        for (entry, magnitude) in zip(problem.layout.entries, reference.magnitudes) {
          let error = distance(found.gradient[entry.range], reference.gradient[entry.range])
          #expect(error <= 1e-11 * max(magnitude, 1e-4 * most, 1e-4), "\(entry.name) \(way), step \(step): \(name)")
        }
      }
      // The update has gone down that gradient, and taken off the state what was to be.
      let state = problem.layout.state
      let update = distance(
        engine.engine.memory.parameters.elements.map { $0 }[...],
        zip(point, taken[0].gradient).enumerated().map { index, pair in
          pair.0 - (state.contains(index) ? 1 : 0.01) * pair.1
        }[...])
      #expect(update <= 1e-14 * max(1, most), "update, step \(step): \(name)")
      let again = try threaded.take(step: step, at: start)
      #expect(bitDifference(again.gradient, taken[0].gradient) == nil, "\(workers) threads, step \(step): \(name)")
      let rounded = try single.take(step: step, at: start)
      for (entry, magnitude) in zip(problem.layout.entries, reference.magnitudes) {
        let error = distance(rounded.gradient[entry.range], reference.gradient[entry.range])
        #expect(error <= 1e-3 * max(magnitude, 1e-2 * most, 1e-4), "\(entry.name) in float32, step \(step): \(name)")
      }
      if turn == 0, isSmall {
        try checkDifferences(of: plain, taken[0].gradient, at: point, problem.layout, &generator, name)
      }
      point = engine.engine.memory.parameters.elements.map { $0 }
    }
  }

  /// Central differences along a random direction of each parameter.
  private func checkDifferences(
    of plain: PlainObjective, _ gradient: [Double], at point: [Double], _ layout: ParameterLayout,
    _ generator: inout SeededGenerator, _ name: String
  ) throws {
    let room = plain.makeRoom()
    for entry in layout.trained {
      let scale = 1 / Double(entry.count).squareRoot()
      let direction = (generator.numbers(entry.count) as [Double]).map { $0 * scale }
      let difference = CentralDifference { offset in
        var moved = point
        for (index, part) in zip(entry.range, direction) { moved[index] += offset * part }
        return plain.value(at: moved, in: room)
      }
      guard !difference.isNearKink else { continue }
      let along = zip(gradient[entry.range], direction).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(
        abs(along - difference.value) <= 1e-6 * max(abs(difference.value), difference.resolution),
        "\(entry.name) by differences, \(along) and \(difference.value): \(name)")
    }
  }

  private func distance(_ found: ArraySlice<Double>, _ expected: ArraySlice<Double>) -> Double {
    zip(found, expected).reduce(0) { most, pair in
      let distance = abs(pair.0 - pair.1)
      return distance.isNaN ? .infinity : max(most, distance)
    }
  }
}
