import Foundations
import Kernels
import Optimizers
import TestSupport
import Testing

extension Optimizer {
  /// Whether a chain is cut for sums over more than a block.
  fileprivate var needsSums: Bool {
    groups.contains { (shared + $0.transformations).contains { $0 is any GlobalTransformation } }
  }
}

private func schedule(_ rate: Double) -> LearningRateSchedule {
  LearningRateSchedule(ConstantSchedule(), base: rate, run: RunLength(steps: 10, stepsPerEpoch: 5))
}

/// Every optimizer, and some with more state or with groups.
private let optimizers =
  OptimizerRow.all.map { $0.config(0.01) } + [
    #"{"type": "sgd", "momentum": 0.9, "dampening": 0.1, "weightDecay": 0.1}"#,
    #"{"type": "sgd", "momentum": 0.9, "nesterov": true, "clipValue": 0.5, "averaging": {"decay": 0.9}}"#,
    #"{"type": "adagrad", "initialSum": 0.1}"#, #"{"type": "adamw", "amsgrad": true}"#,
    #"{"type": "nadam", "weightDecay": 0.1, "decoupledWeightDecay": true}"#, #"{"type": "lion", "weightDecay": 0.1}"#,
    #"{"type": "adam", "groups": [{"match": "b", "beta1": 0.5, "amsgrad": true}, {"match": "a", "learningRate": 0.1}]}"#,
  ]

@Suite struct OptimizerTests {
  /// Three tensors of `count` numbers in all, the first of more than half.
  private static func layout(count: Int) -> ParameterLayout {
    var layout = ParameterLayout()
    layout.append(name: "a", shape: [count / 2 + 5])
    layout.append(name: "b", shape: [3])
    layout.append(name: "c", shape: [count - count / 2 - 8])
    return layout
  }

  /// Chains with their penalties. Those that need sums over more than a block go by the blocks that these are cut into.
  private static func chains(count: Int, areGlobal: Bool = false) throws -> [(name: String, optimizer: Optimizer)] {
    let penalty = AddPenaltyGradient(l1: 0.01, l2: 0.1, ranges: [3..<count / 2, count / 2 + 7..<count - 1])
    return try optimizers.map(configuration).flatMap { configuration in
      try [[], [penalty]].map { penalties in
        (
          "\(configuration) \(penalties)",
          try configuration.optimizer(
            layout: layout(count: count), schedule: ScheduleSettings(ConstantSchedule()),
            run: RunLength(steps: 10, stepsPerEpoch: 5), penalties: penalties)
        )
      }
    }.filter { areGlobal || !$0.optimizer.needsSums }
  }

  @Test(arguments: InstructionSet.available.map(\.name))
  func blocksOfAnySizeGiveTheSameBits(instructions: String) throws {
    let set = try #require(InstructionSet.available.first { $0.name == instructions })
    func check<Scalar: KernelElement>(_ type: Scalar.Type) throws {
      let count = 1003
      for (name, optimizer) in try Self.chains(count: count) {
        func run(blockLength: Int) -> Descent<Scalar> {
          var generator = SeededGenerator(1)
          var descent = Descent<Scalar>(
            optimizer, from: generator.numbers(count), layout: Self.layout(count: count), blockLength: blockLength,
            kernels: set.kernels())
          for _ in 0..<4 { descent.advance(generator.numbers(count)) }
          return descent
        }
        let whole = run(blockLength: .max)
        for blockLength in [1, 16, 37, 256, 1000] {
          let blocks = run(blockLength: blockLength)
          #expect(
            bitDifference(blocks.parameters, whole.parameters) == nil,
            "\(Scalar.self) \(name), blocks of \(blockLength)"
          )
          for (found, expected) in zip(blocks.state, whole.state) {
            #expect(bitDifference(found, expected) == nil, "\(Scalar.self) \(name)'s state, blocks of \(blockLength)")
          }
        }
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test func penaltiesActOnTheirRangesOnly() {
    let penalty = AddPenaltyGradient(l1: 0.25, l2: 0.5, ranges: [1..<4, 5..<6])
    let optimizer = Optimizer([penalty], schedule: schedule(1))
    for blockLength in [1, 2, 6] {
      var descent = Descent(optimizer, from: [2, -2, 0, 4, 4, -1] as [Double], blockLength: blockLength)
      descent.advance([0, 0, 0, 0, 0, 1])
      // w − (g + l1 sign w + l2 w) inside the ranges, w − g outside.
      #expect(descent.parameters == [2, -0.75, 0, 1.75, 4, -1.25], "blocks of \(blockLength)")
    }
  }

  // Maximizing f is minimizing −f: penalties and weight decay pull towards zero all the same.
  @Test func maximizingIsMinimizingTheNegative() throws {
    for (name, down) in try Self.chains(count: 20) {
      let up = Optimizer(
        shared: down.shared, groups: down.groups, schedule: down.schedule, averageDecay: down.averageDecay,
        isMaximizing: true)
      var generator = SeededGenerator(3)
      let start: [Double] = generator.numbers(20)
      let layout = Self.layout(count: 20)
      var (climb, descent) = (
        Descent(up, from: start, layout: layout, blockLength: 7), Descent(down, from: start, layout: layout)
      )
      for _ in 0..<5 {
        let gradient: [Double] = generator.numbers(20)
        climb.advance(gradient)
        descent.advance(gradient.map { -$0 })
      }
      #expect(climb.parameters == descent.parameters, "\(name)")
    }
  }

  @Test func theScheduleSetsEachStepsRate() {
    let rates = LearningRateSchedule(
      StepSchedule(every: 2, unit: .steps, gamma: 0.5), base: 1, run: RunLength(steps: 6, stepsPerEpoch: 3))
    var descent = Descent(Optimizer([], schedule: rates), from: [0.0])
    let positions = (0..<6).map { _ in
      descent.advance([-1])
      return descent.parameters[0]
    }
    #expect(positions == [1, 2, 2.5, 3, 3.25, 3.5])
  }

  @Test func stateVectorsAreNamedAndKept() {
    let momentum = Optimizer([Momentum(0.5)], schedule: schedule(1))
    #expect(momentum.stateNames == ["momentum"])
    #expect(Optimizer(Adam().transformations, schedule: schedule(1)).stateNames == ["firstMoment", "secondMoment"])
    #expect(Optimizer(SGD().transformations, schedule: schedule(1)).stateNames.isEmpty)
    var descent = Descent(momentum, from: [0, 0] as [Double])
    descent.advance([1, 2])
    descent.advance([1, 0])
    #expect(descent.state == [[1.5, 1]])
    #expect(descent.parameters == [-2.5, -3])
  }

  // A zero gradient from the start leaves quotients 0 / (0 + ε), and LAMB's norms 0.
  @Test(arguments: Registry.optimizers.entries.map(\.type).filter { $0 != LBFGS.type })
  func withoutGradientsNothingMoves(type: String) throws {
    let settings = try configuration(#"{"type": "\#(type)", "weightDecay": 0}"#).settings
    var descent = Descent(Optimizer(settings.transformations, schedule: schedule(0.1)), from: [1.5, -2] as [Float])
    for _ in 0..<3 { descent.advance([0, 0]) }
    #expect(descent.parameters == [1.5, -2])
  }

  // In float32 the average of squares can be smaller than the square of the average, which has no root.
  @Test func centeredRMSPropStaysFiniteWithConstantGradients() throws {
    let settings = try configuration(#"{"type": "rmsprop", "centered": true, "alpha": 0.5}"#).settings
    let optimizer = Optimizer(settings.transformations, schedule: schedule(1e-12))
    var descent = Descent(optimizer, from: [Float](repeating: 0, count: 64))
    for _ in 0..<200 { descent.advance((0..<64).map { 0.1 + 0.01 * Float($0) }) }
    let isFinite = descent.parameters.allSatisfy { $0.isFinite }
    #expect(isFinite)
  }
}

@Suite struct GlobalTransformationTests {
  // 10 tensors of different lengths, cut by blocks of 16 in many ways.
  private static let layout: ParameterLayout = {
    var layout = ParameterLayout()
    for (index, count) in [1, 15, 16, 17, 40, 2, 2, 7, 33, 64].enumerated() {
      layout.append(name: "t\(index)", shape: [count])
    }
    return layout
  }()

  private func step(_ config: String, _ gradient: [Double], from start: [Double]) throws -> [Double] {
    let optimizer = try configuration(config).optimizer(
      layout: Self.layout, schedule: ScheduleSettings(ConstantSchedule()), run: RunLength(steps: 1, stepsPerEpoch: 1))
    var descent = Descent(optimizer, from: start, layout: Self.layout, blockLength: 16)
    descent.advance(gradient)
    return descent.parameters
  }

  @Test func theNormIsOverAllParametersAlsoInGroups() throws {
    var generator = SeededGenerator(5)
    let gradient: [Double] = generator.numbers(Self.layout.count)
    let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let start = [Double](repeating: 0, count: gradient.count)
    let groups = #""groups": [{"match": "t[13]", "momentum": 0.5}, {"match": "t9", "learningRate": 2}]"#
    for (bound, factor) in [(norm / 4, norm / 4 / (norm + 1e-6)), (norm * 2, 1)] {
      for rest in ["", ", " + groups] {
        let found = try step(
          #"{"type": "sgd", "learningRate": 1, "clipNorm": \#(bound)\#(rest)}"#, gradient, from: start)
        let last = Self.layout.count - 64
        let expected = gradient.enumerated().map { -factor * $1 * (!rest.isEmpty && $0 >= last ? 2 : 1) }
        #expect(difference(found, expected, within: 1e-14) == nil)
      }
    }
  }

  @Test func eachTensorHasItsOwnNorm() throws {
    var generator = SeededGenerator(6)
    let gradient: [Double] = generator.numbers(Self.layout.count)
    let start: [Double] = generator.numbers(Self.layout.count)
    let found = try step(#"{"type": "lamb", "learningRate": 0.1, "clipNorm": 1}"#, gradient, from: start)
    for entry in Self.layout.entries {
      let steps = zip(found[entry.range], start[entry.range]).map { $0 - $1 }
      func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      // Whatever the gradient, a step is as long as the parameters times the learning rate.
      #expect(abs(norm(steps) / norm(Array(start[entry.range])) - 0.1) < 1e-12, "\(entry.name)")
    }
  }

  @Test func aGradientThatIsNoNumberIsNotHidden() throws {
    var gradient = [Double](repeating: 1, count: Self.layout.count)
    gradient[20] = .infinity
    let start = [Double](repeating: 1, count: gradient.count)
    #expect(try step(#"{"type": "sgd", "clipNorm": 1}"#, gradient, from: start).contains { !$0.isFinite })
  }
}

@Suite struct ScheduleTests {
  private let run = RunLength(steps: 40, stepsPerEpoch: 4)

  @Test func stepsCountEpochsOrSteps() {
    let epochs = StepSchedule(every: 3, gamma: 0.5)
    #expect((0..<40).map { epochs.factor(at: $0, of: run) } == (0..<40).map { [1, 0.5, 0.25, 0.125][$0 / 12] })
    let steps = StepSchedule(every: 15, unit: .steps, gamma: 0.25)
    #expect((0..<40).map { steps.factor(at: $0, of: run) } == (0..<40).map { [1, 0.25, 0.0625][$0 / 15] })
  }

  @Test func cosineFallsFromOneToItsEnd() {
    let cosine = CosineSchedule(final: 0.2)
    #expect(cosine.factor(at: 0, of: run) == 1)
    #expect(abs(cosine.factor(at: 20, of: run) - 0.6) < 1e-15)
    #expect(abs(cosine.factor(at: 40, of: run) - 0.2) < 1e-15)
    let factors = (0...40).map { cosine.factor(at: $0, of: run) }
    #expect(zip(factors, factors.dropFirst()).allSatisfy { $0 > $1 })
    #expect(cosine.dependsOnLength)
    #expect(!StepSchedule(every: 1).dependsOnLength && !ConstantSchedule().dependsOnLength)
  }
}
