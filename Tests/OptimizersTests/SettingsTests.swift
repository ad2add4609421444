import Foundations
import Optimizers
import TestSupport
import Testing

@Suite struct OptimizerSettingsTests {
  private func optimizer(_ text: String) throws -> (component: any OptimizerSettings, resolved: String) {
    let settings = try Settings(text: text, source: "x.json", directory: "/")
    return (try Registry.optimizers.read(settings), settings.resolved.compactText)
  }

  private func schedule(_ text: String) throws -> (component: any Schedule, resolved: String) {
    let settings = try Settings(text: text, source: "x.json", directory: "/")
    return (try Registry.schedules.read(settings), settings.resolved.compactText)
  }

  @Test func optimizersReadTheirSettings() throws {
    let plain = try optimizer(#"{"type": "sgd"}"#)
    #expect(plain.component.transformations.isEmpty)
    #expect(plain.resolved == #"{"type":"sgd","learningRate":0.01,"momentum":0,"nesterov":false}"#)
    let nesterov = try #require(
      optimizer(#"{"type": "sgd", "learningRate": 0.5, "momentum": 0.9, "nesterov": true}"#).component as? SGD)
    #expect(nesterov.learningRate == 0.5 && nesterov.momentum == 0.9 && nesterov.isNesterov)
    let momentum = try #require(nesterov.transformations.first as? Momentum)
    #expect(momentum.momentum == 0.9 && momentum.isNesterov)
    let standard = try optimizer(#"{"type": "adam"}"#)
    #expect(
      standard.resolved == #"{"type":"adam","learningRate":0.001,"beta1":0.9,"beta2":0.999,"epsilon":1e-08}"#)
    let adam = try #require(
      optimizer(#"{"type": "adam", "learningRate": 0.1, "beta1": 0.5, "beta2": 0.6, "epsilon": 0.01}"#).component
        as? Adam)
    let moments = try #require(adam.transformations.first as? ScaleByAdam)
    #expect(adam.learningRate == 0.1 && moments.beta1 == 0.5 && moments.beta2 == 0.6 && moments.epsilon == 0.01)
  }

  @Test(arguments: [
    (#"{}"#, #"x.json:1:1: the required key "type" is missing"#),
    (
      #"{"type": "adaam"}"#,
      #"x.json:1:2: type: found the string "adaam", expected one of "sgd", "adam"; did you mean "adam"?"#
    ),
    (#"{"type": "sgd", "learningRate": 0}"#, "x.json:1:17: learningRate: found 0, expected a number greater than 0"),
    (
      #"{"type": "sgd", "momentum": 1}"#,
      "x.json:1:17: momentum: found 1, expected a number at least 0 and less than 1"
    ),
    (
      #"{"type": "sgd", "nesterov": true}"#,
      "x.json:1:17: nesterov: Nesterov's momentum needs a momentum greater than 0"
    ),
    (
      #"{"type": "sgd", "beta1": 0.9}"#,
      "x.json:1:17: beta1: unknown key; the valid keys here are type, learningRate, momentum, nesterov"
    ),
    (#"{"type": "adam", "betal": 0.9}"#, #"x.json:1:18: betal: unknown key; did you mean "beta1"?"#),
    (#"{"type": "adam", "beta2": 1}"#, "x.json:1:18: beta2: found 1, expected a number at least 0 and less than 1"),
    (#"{"type": "adam", "epsilon": 0}"#, "x.json:1:18: epsilon: found 0, expected a number greater than 0"),
  ])
  func faultsOfOptimizers(text: String, message: String) {
    #expect(throws: TrainerError(.usage, message)) { try optimizer(text) }
  }

  @Test func schedulesReadTheirSettings() throws {
    #expect(try schedule(#"{"type": "constant"}"#).component is ConstantSchedule)
    let standard = try schedule(#"{"type": "step", "every": 3}"#)
    #expect(standard.resolved == #"{"type":"step","every":3,"unit":"epochs","gamma":0.1}"#)
    let step = try #require(
      schedule(#"{"type": "step", "every": 7, "unit": "steps", "gamma": 0.5}"#).component as? StepSchedule)
    #expect(step.every == 7 && step.unit == .steps && step.gamma == 0.5)
    #expect(try schedule(#"{"type": "cosine"}"#).resolved == #"{"type":"cosine","final":0}"#)
    #expect(try (schedule(#"{"type": "cosine", "final": 0.1}"#).component as? CosineSchedule)?.final == 0.1)
  }

  @Test(arguments: [
    (#"{"type": "step"}"#, #"x.json:1:1: the required key "every" is missing"#),
    (#"{"type": "step", "every": 0}"#, "x.json:1:18: every: found 0, expected an integer from 1"),
    (
      #"{"type": "step", "every": 1, "unit": "epoch"}"#,
      #"x.json:1:30: unit: found the string "epoch", expected one of "epochs", "steps"; did you mean "epochs"?"#
    ),
    (
      #"{"type": "cosine", "final": 2}"#,
      "x.json:1:20: final: found 2, expected a number at least 0 and at most 1"
    ),
    (#"{"type": "constant", "gamma": 1}"#, "x.json:1:22: gamma: unknown key; the valid keys here are type"),
  ])
  func faultsOfSchedules(text: String, message: String) {
    #expect(throws: TrainerError(.usage, message)) { try schedule(text) }
  }
}
