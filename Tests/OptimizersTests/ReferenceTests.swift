import Foundations
import Optimizers
import TestSupport
import Testing

@Suite struct ReferenceTests {
  private static let constantRate = RunLength(steps: 100, stepsPerEpoch: 10)

  /// The optimizer that a call of PyTorch's names.
  private func optimizer(of reference: JSONValue, parameterCount: Int) throws -> Optimizer {
    let arguments = try reference.member("arguments")
    let rate = try #require(arguments["lr"]?.double)
    let decay = arguments["weight_decay"]?.double ?? 0
    let settings: any OptimizerSettings
    switch try reference.member("reference").text {
    case "torch.optim.SGD":
      settings = SGD(
        learningRate: rate, momentum: arguments["momentum"]?.double ?? 0, isNesterov: arguments["nesterov"] != nil)
    case "torch.optim.Adam":
      let betas = arguments["betas"]?.numbers ?? [0.9, 0.999]
      settings = Adam(
        learningRate: rate, beta1: betas[0], beta2: betas[1], epsilon: arguments["eps"]?.double ?? 1e-8)
    case let other: throw TrainerError(.data, "no optimizer for \(other ?? "nothing")")
    }
    let penalty: [any GradientTransformation] =
      decay > 0 ? [AddPenaltyGradient(l1: 0, l2: decay, ranges: [0..<parameterCount])] : []
    return Optimizer(
      penalty + settings.transformations,
      schedule: LearningRateSchedule(ConstantSchedule(), base: settings.learningRate, run: Self.constantRate))
  }

  @Test(arguments: [
    "sgd", "sgd-momentum", "sgd-nesterov", "sgd-weight-decay", "sgd-nesterov-weight-decay", "adam", "adam-all",
  ])
  func trajectoriesEqualPyTorch(name: String) throws {
    let fixture = try Fixture.read("optimizers")
    let reference = try #require(fixture.member("cases").elements?.first { $0["name"]?.text == name })
    let initial = try fixture.member("initial").numbers
    let coupling = try #require(fixture.member("objective").member("coupling").double)
    let objective = ChainedRosenbrock(coupling: coupling)
    var descent = Descent(try optimizer(of: reference, parameterCount: initial.count), from: initial, blockCount: 5)
    let snapshots = try #require(reference.member("snapshots").elements)
    #expect(snapshots.count == 13)
    for snapshot in snapshots {
      let step = try #require(snapshot.member("step").int)
      while descent.step < step { descent.advance(objective.gradient(at: descent.parameters)) }
      let difference = difference(descent.parameters, snapshot.values, within: 1e-10)
      #expect(difference == nil, "after step \(step)")
    }
  }

  @Test(arguments: [
    ("constant", ConstantSchedule() as any Schedule), ("step", StepSchedule(every: 30, unit: .steps)),
    ("cosine", CosineSchedule()), ("cosine-floor", CosineSchedule(final: 0.1)),
  ])
  func schedulesEqualPyTorch(name: String, schedule: any Schedule) throws {
    let fixture = try Fixture.read("schedules")
    let reference = try #require(fixture.member("cases").elements?.first { $0["name"]?.text == name })
    let base = try #require(fixture.member("learningRate").double)
    let rates = LearningRateSchedule(schedule, base: base, run: Self.constantRate)
    let expected = try reference.member("rates").numbers
    #expect(expected.count == 100)
    #expect(difference((1...100).map(rates.learningRate), expected, within: 1e-12, scale: 0) == nil)
  }
}
