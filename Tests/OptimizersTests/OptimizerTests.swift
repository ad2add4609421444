import Foundations
import Kernels
import Optimizers
import TestSupport
import Testing

private func schedule(_ rate: Double) -> LearningRateSchedule {
  LearningRateSchedule(ConstantSchedule(), base: rate, run: RunLength(steps: 10, stepsPerEpoch: 5))
}

@Suite struct OptimizerTests {
  private static func chains(count: Int, penaltySign: Double = 1) -> [(name: String, optimizer: Optimizer)] {
    let penalty = AddPenaltyGradient(
      l1: penaltySign * 0.01, l2: penaltySign * 0.1, ranges: [3..<count / 2, count / 2 + 7..<count - 1])
    let settings: [(String, any OptimizerSettings)] = [
      ("sgd", SGD()), ("momentum", SGD(momentum: 0.9)), ("nesterov", SGD(momentum: 0.9, isNesterov: true)),
      ("adam", Adam()),
    ]
    return settings.flatMap { name, settings in
      [
        (name, Optimizer(settings.transformations, schedule: schedule(0.05))),
        ("\(name) with penalties", Optimizer([penalty] + settings.transformations, schedule: schedule(0.05))),
      ]
    }
  }

  @Test(arguments: InstructionSet.available.map(\.name))
  func blocksOfAnySizeGiveTheSameBits(instructions: String) throws {
    let set = try #require(InstructionSet.available.first { $0.name == instructions })
    func check<Scalar: KernelElement>(_ type: Scalar.Type) {
      let count = 1003
      for (name, optimizer) in Self.chains(count: count) {
        func run(blockCount: Int) -> Descent<Scalar> {
          var generator = SeededGenerator(1)
          var descent = Descent<Scalar>(
            optimizer, from: generator.numbers(count), blockCount: blockCount, kernels: set.kernels())
          for _ in 0..<4 { descent.advance(generator.numbers(count)) }
          return descent
        }
        let whole = run(blockCount: .max)
        for blockCount in [1, 16, 37, 256, 1000] {
          let blocks = run(blockCount: blockCount)
          #expect(
            bitDifference(blocks.parameters, whole.parameters) == nil, "\(Scalar.self) \(name), blocks of \(blockCount)"
          )
          for (found, expected) in zip(blocks.state, whole.state) {
            #expect(bitDifference(found, expected) == nil, "\(Scalar.self) \(name)'s state, blocks of \(blockCount)")
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func penaltiesActOnTheirRangesOnly() {
    let penalty = AddPenaltyGradient(l1: 0.25, l2: 0.5, ranges: [1..<4, 5..<6])
    let optimizer = Optimizer([penalty], schedule: schedule(1))
    for blockCount in [1, 2, 6] {
      var descent = Descent(optimizer, from: [2, -2, 0, 4, 4, -1] as [Double], blockCount: blockCount)
      descent.advance([0, 0, 0, 0, 0, 1])
      // w − (g + l1 sign w + l2 w) inside the ranges, w − g outside.
      #expect(descent.parameters == [2, -0.75, 0, 1.75, 4, -1.25], "blocks of \(blockCount)")
    }
  }

  // Maximizing f is minimizing −f; penalties then have negative factors, which pull towards zero all the same.
  @Test func maximizingIsMinimizingTheNegative() {
    for ((name, down), (_, negated)) in zip(Self.chains(count: 20), Self.chains(count: 20, penaltySign: -1)) {
      let up = Optimizer(negated.transformations, schedule: negated.schedule, isMaximizing: true)
      var generator = SeededGenerator(3)
      let start: [Double] = generator.numbers(20)
      var (climb, descent) = (Descent(up, from: start, blockCount: 7), Descent(down, from: start))
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
    let momentum = Optimizer(SGD(momentum: 0.5).transformations, schedule: schedule(1))
    #expect(momentum.stateNames == ["momentum"])
    #expect(Optimizer(Adam().transformations, schedule: schedule(1)).stateNames == ["firstMoment", "secondMoment"])
    #expect(Optimizer(SGD().transformations, schedule: schedule(1)).stateNames.isEmpty)
    var descent = Descent(momentum, from: [0, 0] as [Double])
    descent.advance([1, 2])
    descent.advance([1, 0])
    #expect(descent.state == [[1.5, 1]])
    #expect(descent.parameters == [-2.5, -3])
  }

  // A zero gradient from the start leaves Adam's quotient 0 / (0 + ε).
  @Test func adamStaysFiniteWithoutGradients() {
    var descent = Descent(Optimizer(Adam().transformations, schedule: schedule(0.1)), from: [1.5, -2] as [Float])
    for _ in 0..<3 { descent.advance([0, 0]) }
    #expect(descent.parameters == [1.5, -2])
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
