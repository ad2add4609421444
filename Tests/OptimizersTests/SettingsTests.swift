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
    #expect(
      plain.resolved
        == #"{"type":"sgd","learningRate":0.001,"momentum":0,"dampening":0,"nesterov":false,"weightDecay":0}"#)
    let nesterov = try #require(
      optimizer(#"{"type": "sgd", "learningRate": 0.5, "momentum": 0.9, "nesterov": true}"#).component as? SGD)
    #expect(nesterov.learningRate == 0.5 && nesterov.momentum == 0.9 && nesterov.isNesterov)
    let momentum = try #require(nesterov.transformations.first as? Momentum)
    #expect(momentum.momentum == 0.9 && momentum.isNesterov)
    let adam = try #require(
      optimizer(#"{"type": "adam", "learningRate": 0.1, "beta1": 0.5, "beta2": 0.6, "epsilon": 0.01}"#).component
        as? Adam)
    let moments = try #require(adam.transformations.first as? ScaleByAdam)
    #expect(adam.learningRate == 0.1 && moments.moments == Moments(beta1: 0.5, beta2: 0.6, epsilon: 0.01))
  }

  @Test(arguments: Registry.optimizers.entries.map(\.type))
  func resolvedOptimizersReadBack(type: String) throws {
    let resolved = try optimizer(#"{"type": "\#(type)"}"#).resolved
    #expect(try optimizer(resolved).resolved == resolved)
  }

  @Test func whatAllOptimizersHaveIsRead() throws {
    let settings = try Settings(
      text: """
        {"type": "adamw", "learningRate": 0.1, "clipValue": 2, "clipNorm": 3, "averaging": {},
         "groups": [{"match": "*/bias", "weightDecay": 0}, {"match": "dense2/*", "beta1": 0.5}]}
        """, source: "x.json", directory: "/")
    let configuration = try OptimizerConfiguration(from: settings)
    #expect(configuration.learningRate == 0.1)
    #expect(configuration.clipValue == 2 && configuration.clipNorm == 3 && configuration.averageDecay == 0.999)
    #expect(configuration.groups.map(\.match) == ["*/bias", "dense2/*"])
    let groups = configuration.groups.compactMap { $0.settings as? AdamW }
    #expect(groups.map(\.weightDecay) == [0, 0.01])
    #expect(groups.map(\.moments.beta1) == [0.9, 0.5])
    #expect(groups.map(\.learningRate) == [0.1, 0.1])
    #expect(configuration.groups[0].matches("dense1/bias") && !configuration.groups[0].matches("dense1/weight"))
    let again = try Settings(text: settings.resolved.compactText, source: "x.json", directory: "/")
    #expect(try OptimizerConfiguration(from: again).groups.count == 2)
    #expect(again.resolved == settings.resolved)
  }

  @Test(arguments: [
    (#"{"type": "sgd", "clipNorm": 0}"#, "x.json:1:17: clipNorm: found 0, expected a number greater than 0"),
    (
      #"{"type": "sgd", "averaging": {"decay": 1}}"#,
      "x.json:1:31: averaging.decay: found 1, expected a number at least 0 and less than 1"
    ),
    (
      #"{"type": "lbfgs", "clipNorm": 1}"#,
      "x.json:1:19: clipNorm: the optimizer searches along lines, where this would mislead it; remove the key"
    ),
    (
      #"{"type": "lbfgs", "averaging": {}}"#,
      "x.json:1:19: averaging: the optimizer searches along lines, where this would mislead it; remove the key"
    ),
    (
      #"{"type": "lbfgs", "groups": [{"match": "*"}]}"#,
      "x.json:1:19: groups: the optimizer searches along lines, where this would mislead it; remove the key"
    ),
    (#"{"type": "sgd", "groups": [{}]}"#, #"x.json:1:28: groups[0]: the required key "match" is missing"#),
    (
      #"{"type": "sgd", "groups": [{"match": "*", "weightDecay": -1}]}"#,
      "x.json:1:43: groups[0].weightDecay: found -1, expected a number at least 0"
    ),
    (
      #"{"type": "sgd", "groups": [{"match": "*", "momentun": 0.9}]}"#,
      #"x.json:1:43: groups[0].momentun: unknown key; did you mean "momentum"?"#
    ),
    (
      #"{"type": "sgd", "groups": [{"match": "*", "clipNorm": 1}]}"#,
      "x.json:1:43: groups[0].clipNorm: unknown key; the valid keys here are match, learningRate, momentum, dampening, "
        + "nesterov, weightDecay"
    ),
  ])
  func faultsOfWhatAllOptimizersHave(text: String, message: String) {
    #expect(throws: TrainerError(.usage, message)) { try configuration(text) }
  }

  @Test(arguments: [
    (
      #"{"match": "dense3/*"}"#,
      #"groups[0].match: found "dense3/*", which matches none of the parameters 'dense1/weight', 'dense1/bias'"#
    ),
    (
      #"{"match": "*"}, {"match": "*/bias"}"#,
      #"groups[1].match: found "*/bias", but earlier groups have taken all parameters that it matches; "#
        + "put the narrower pattern first"
    ),
  ])
  func groupsMustMatch(groups: String, message: String) throws {
    var layout = ParameterLayout()
    layout.append(name: "dense1/weight", shape: [2, 2])
    layout.append(name: "dense1/bias", shape: [2])
    let configuration = try configuration(#"{"type": "sgd", "groups": [\#(groups)]}"#)
    #expect(throws: TrainerError(.usage, message)) {
      try configuration.optimizer(
        layout: layout, schedule: ScheduleSettings(ConstantSchedule()), run: RunLength(steps: 1, stepsPerEpoch: 1))
    }
  }

  @Test(arguments: [
    (
      #"{"type": "adaam"}"#,
      #"x.json:1:2: type: found the string "adaam", expected one of "sgd", "adagrad", "adadelta", "rmsprop", "adam", "#
        + #""adamw", "nadam", "radam", "lion", "lamb", "lbfgs"; did you mean "adam"?"#
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
      "x.json:1:17: beta1: unknown key; the valid keys here are type, learningRate, momentum, dampening, nesterov, "
        + "weightDecay"
    ),
    (
      #"{"type": "sgd", "nesterov": true, "momentum": 0.9, "dampening": 0.1}"#,
      "x.json:1:52: dampening: Nesterov's momentum needs a dampening of 0"
    ),
    (#"{"type": "adam", "betal": 0.9}"#, #"x.json:1:18: betal: unknown key; did you mean "beta1"?"#),
    (#"{"type": "adam", "beta2": 1}"#, "x.json:1:18: beta2: found 1, expected a number at least 0 and less than 1"),
    (#"{"type": "adam", "epsilon": 0}"#, "x.json:1:18: epsilon: found 0, expected a number greater than 0"),
    (#"{"type": "lbfgs", "historySize": 0}"#, "x.json:1:19: historySize: found 0, expected an integer from 1 to 1000"),
    (
      #"{"type": "lbfgs", "learningRate": 1}"#,
      "x.json:1:19: learningRate: unknown key; the valid keys here are type, historySize"
    ),
  ])
  func faultsOfOptimizers(text: String, message: String) {
    #expect(throws: TrainerError(.usage, message)) { try optimizer(text) }
  }

  // Whatever a setting is: what it is not is refused, with its name.
  @Test func everySettingIsValidated() throws {
    func check<Component>(_ registry: Registry<Component>) throws -> Int {
      var count = 0
      for entry in registry.entries {
        let (fields, config) = try reading(of: entry)
        // What a plateau goes by is judged where it is known what a run measures.
        for field in fields where field.key != "metric" {
          let faults: [JSONValue] = field.kind.contains("number") || field.kind.contains("integer") ? ["x", -1] : [7]
          for fault in faults {
            var object = config
            object[field.key] = fault
            let settings = try Settings(text: JSONValue.object(object).compactText, source: "x.json", directory: "/")
            let error = #expect(throws: TrainerError.self, "\(entry.type).\(field.key)") { try registry.read(settings) }
            #expect(error?.code == .usage && error?.message.contains(": \(field.key): found ") == true)
            count += 1
          }
        }
      }
      return count
    }
    #expect(try check(.optimizers) > 80)
    #expect(try check(.schedules) > 30)
  }

  // Whatever a setting is: what was read is what is written, with another value than the default too.
  @Test func everySettingIsWrittenBack() throws {
    let values: [JSONValue] = [true, false, 0.25, 0.5, 3, 7, "steps", "linear", "absolute", "train.loss", [2, 5]]
    func check<Component>(_ registry: Registry<Component>, _ json: (Component) -> JSONObject) throws -> Int {
      var count = 0
      for entry in registry.entries {
        var (fields, config) = try reading(of: entry)
        // Nesterov's needs it.
        if entry.type == "sgd" { config["momentum"] = 0.75 }
        for field in fields {
          var isTried = false
          // A plateau's metric is judged where it is known what a run measures.
          for value in values where value != field.default && (field.key != "metric" || value.text != nil) {
            var object = config
            object[field.key] = value
            let settings = try Settings(text: JSONValue.object(object).compactText, source: "x.json", directory: "/")
            // The value is of another kind, or out of range.
            guard let component = try? registry.read(settings) else { continue }
            #expect(JSONValue.object(json(component)) == settings.resolved, "\(entry.type).\(field.key)")
            isTried = true
            count += 1
          }
          #expect(isTried, "no value for \(entry.type).\(field.key)")
        }
      }
      return count
    }
    #expect(try check(.optimizers, \.typedJSON) > 100)
    #expect(try check(.schedules, \.typedJSON) > 50)
  }

  @Test(arguments: [
    #"{"type": "adam", "clipValue": 2, "clipNorm": 3, "averaging": {"decay": 0.5}, "groups": [{"match": "a", "beta1": 0.5}]}"#,
    #"{"type": "lbfgs"}"#,
  ])
  func configurationsAreWrittenBack(text: String) throws {
    let settings = try Settings(text: text, source: "x.json", directory: "/")
    let json = try OptimizerConfiguration(from: settings).json
    let again = Settings(json: json, source: "Swift", directory: "/")
    #expect(try OptimizerConfiguration(from: again).json == json)
    #expect(again.resolved == settings.resolved)
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
    let warmed = try Settings(
      text: #"{"type": "constant", "warmup": {"epochs": 2}}"#, source: "x.json", directory: "/")
    #expect(try ScheduleSettings(from: warmed).warmup == Warmup(2, .epochs))
    #expect(warmed.resolved.compactText.hasPrefix(#"{"type":"constant","warmup":{"epochs":2,"start":0.333"#))
  }

  @Test(arguments: [
    (#"{"type": "step"}"#, #"x.json:1:1: the required key "every" is missing"#),
    (#"{"type": "step", "every": 0}"#, "x.json:1:18: every: found 0, expected an integer from 1 to 1000000000000"),
    (
      #"{"type": "step", "every": 1, "unit": "epoch"}"#,
      #"x.json:1:30: unit: found the string "epoch", expected one of "epochs", "steps"; did you mean "epochs"?"#
    ),
    (
      #"{"type": "cosine", "final": 2}"#,
      "x.json:1:20: final: found 2, expected a number at least 0 and at most 1"
    ),
    (#"{"type": "constant", "gamma": 1}"#, "x.json:1:22: gamma: unknown key; the valid keys here are type"),
    (
      #"{"type": "multiStep", "milestones": [2, 2]}"#,
      "x.json:1:23: milestones: they do not ascend; write each once, the smallest first"
    ),
    (#"{"type": "multiStep", "milestones": []}"#, "x.json:1:23: milestones: found an array of 0, expected at least 1"),
    (
      #"{"type": "oneCycle", "threePhase": true, "rise": 0.5}"#,
      "x.json:1:42: rise: found 0.5, expected less than 0.5 where there are three phases"
    ),
    (
      #"{"type": "plateau", "factor": 1}"#,
      "x.json:1:21: factor: found 1, expected a number greater than 0 and less than 1"
    ),
  ])
  func faultsOfSchedules(text: String, message: String) {
    #expect(throws: TrainerError(.usage, message)) { try schedule(text) }
  }

  @Test(arguments: [
    ("{}", #"x.json:1:22: warmup: found neither "steps" nor "epochs", expected one of them"#),
    (
      #"{"steps": 1, "epochs": 1}"#, #"x.json:1:45: warmup.epochs: found beside "steps", expected only one of them"#
    ),
    (#"{"steps": 0}"#, "x.json:1:33: warmup.steps: found 0, expected an integer from 1 to 1000000000000"),
    (#"{"step": 5}"#, #"x.json:1:33: warmup.step: unknown key; did you mean "steps"?"#),
  ])
  func faultsOfWarmups(warmup: String, message: String) {
    #expect(throws: TrainerError(.usage, message)) {
      let text = #"{"type": "constant", "warmup": \#(warmup)}"#
      return try ScheduleSettings(from: Settings(text: text, source: "x.json", directory: "/")).warmup
    }
  }
}
