import Foundations
import Optimizers
import TestSupport
import Testing

/// Every optimizer and every schedule, made from a config, against the paths and rates that PyTorch and optax computed.
@Suite struct ReferenceTests {
  private static func names(_ fixture: String, _ key: String) -> [String] {
    do {
      return try Fixture.read(fixture).member(key).elements?.compactMap { $0["name"]?.text } ?? []
    } catch {
      return ["\(error)"]
    }
  }

  // MARK: Optimizers

  /// Our names of the libraries' arguments, where they are others.
  private static let settingNames = [
    "lr": "learningRate", "learning_rate": "learningRate", "b1": "beta1", "b2": "beta2", "eps": "epsilon",
    "weight_decay": "weightDecay", "lr_decay": "learningRateDecay", "initial_accumulator_value": "initialSum",
    "momentum_decay": "momentumDecay", "decoupled_weight_decay": "decoupledWeightDecay", "history_size": "historySize",
  ]

  /// A call's arguments as settings of ours.
  private func settings(_ arguments: JSONValue) -> JSONObject {
    var settings = JSONObject()
    guard case .object(let members) = arguments else { return settings }
    for member in members.members {
      if member.key == "betas" {
        for (name, value) in zip(["beta1", "beta2"], member.value.numbers) { settings[name] = .number(value) }
      } else {
        settings[Self.settingNames[member.key] ?? member.key] = member.value
      }
    }
    return settings
  }

  /// The config of a call of a library.
  private func configuration(of reference: JSONValue) throws -> OptimizerConfiguration {
    var config = settings(try reference.member("arguments"))
    let name = try #require(reference.member("reference").text?.split(separator: ".").last)
    config["type"] = .string(name.lowercased())
    config["clipValue"] = reference["clipValue"]
    config["clipNorm"] = reference["clipNorm"]
    if let decay = reference["averageDecay"] { config["averaging"] = .object(["decay": decay]) }
    if case .object(let groups)? = reference["groups"] {
      config["groups"] = .array(
        groups.members.map { group in
          var object = settings(group.value)
          object["match"] = .string(group.key)
          return .object(object)
        })
    }
    return try OptimizersTests.configuration(JSONValue.object(config).compactText)
  }

  @Test func allOptimizersHaveReferences() throws {
    let types = try Set(
      Fixture.read("optimizers").member("cases").elements?.compactMap {
        $0["reference"]?.text?.split(separator: ".").last?.lowercased()
      } ?? [])
    // L-BFGS is held to where it arrives: libraries differ in their line searches.
    #expect(types == Set(Registry.optimizers.entries.map(\.type)).subtracting(["lbfgs"]))
  }

  @Test(arguments: names("optimizers", "cases"))
  func trajectoriesEqualTheReferences(name: String) throws {
    let fixture = try Fixture.read("optimizers")
    let reference = try #require(fixture.member("cases").elements?.first { $0["name"]?.text == name })
    let initial = try fixture.member("initial").numbers
    var layout = ParameterLayout()
    for tensor in try #require(fixture.member("tensors").elements) {
      layout.append(name: try #require(tensor.member("name").text), shape: tensor.shape)
    }
    let objective = ChainedRosenbrock(coupling: try #require(fixture.member("objective").member("coupling").double))
    let optimizer = try configuration(of: reference).optimizer(
      layout: layout, schedule: ScheduleSettings(ConstantSchedule()), run: RunLength(steps: 100, stepsPerEpoch: 10))
    // Blocks that cut tensors: norms are summed over pieces.
    var descent = Descent(optimizer, from: initial, layout: layout, blockLength: 5)
    let tolerance = 1e-10
    let snapshots = try #require(reference.member("snapshots").elements)
    #expect(snapshots.count == 13)
    for (index, snapshot) in snapshots.enumerated() {
      let step = try #require(snapshot.member("step").int)
      while descent.step < step { descent.advance(objective.gradient(at: descent.parameters)) }
      #expect(difference(descent.parameters, snapshot.values, within: tolerance) == nil, "after step \(step)")
      if let averages = reference["averages"]?.elements {
        let average = try #require(descent[Optimizer.averageName])
        #expect(difference(average, averages[index].values, within: tolerance) == nil, "average after step \(step)")
      }
    }
  }

  // The learning rates of Lion and LAMB, for which optax has no default, are ours; so is Lion's weight decay, which its
  // authors' code leaves out.
  @Test func defaultsAreThoseOfTheReferences() throws {
    let calls = try #require(Fixture.read("optimizers").member("defaults").elements)
    let types = try calls.map { try #require($0.member("reference").text?.split(separator: ".").last?.lowercased()) }
    #expect(Set(types) == Set(Registry.optimizers.entries.map(\.type)))
    for (type, call) in zip(types, calls) {
      let settings = try Settings(text: #"{"type": "\#(type)"}"#, source: "x.json", directory: "/")
      _ = try OptimizerConfiguration(from: settings)
      let arguments = self.settings(try call.member("arguments"))
      #expect(!arguments.members.isEmpty)
      for member in arguments.members where (type, member.key) != ("lion", "weightDecay") {
        #expect(same(settings.resolved[member.key], member.value), "\(type).\(member.key)")
      }
    }
  }

  private func same(_ found: JSONValue?, _ expected: JSONValue) -> Bool {
    if let number = expected.double { return found?.double == number }
    return found == expected
  }

  // MARK: Schedules

  /// The schedule of one of PyTorch's schedulers, and how many steps it was told that a run has.
  private func schedule(of reference: JSONValue, base: Double) throws -> (text: String, steps: Int) {
    let arguments = try reference.member("arguments")
    func number(_ key: String) throws -> Double { try #require(arguments[key]?.double, "\(key)") }
    func final() -> Double { (arguments["eta_min"]?.double ?? 0) / base }
    let unit = #""unit": "steps""#
    switch try reference.member("reference").text {
    case "ConstantLR": return (#"{"type": "constant"}"#, 100)
    case "StepLR":
      return (
        #"{"type": "step", "every": \#(try number("step_size")), "gamma": \#(try number("gamma")), \#(unit)}"#, 100
      )
    case "MultiStepLR":
      let milestones = try arguments.member("milestones").numbers
      return (#"{"type": "multiStep", "milestones": \#(milestones), "gamma": \#(try number("gamma")), \#(unit)}"#, 100)
    case "ExponentialLR": return (#"{"type": "exponential", "gamma": \#(try number("gamma")), \#(unit)}"#, 100)
    case "PolynomialLR":
      return (#"{"type": "polynomial", "power": \#(try number("power"))}"#, Int(try number("total_iters")))
    case "CosineAnnealingLR": return (#"{"type": "cosine", "final": \#(final())}"#, Int(try number("T_max")))
    case "CosineAnnealingWarmRestarts":
      let growth = arguments["T_mult"]?.int ?? 1
      let lengths = #""period": \#(try number("T_0")), "growth": \#(growth), \#(unit)"#
      return (#"{"type": "cosineWithRestarts", "final": \#(final()), \#(lengths)}"#, 100)
    case "OneCycleLR":
      let (rise, divisor) = (arguments["pct_start"]?.double ?? 0.3, arguments["div_factor"]?.double ?? 25)
      let last = arguments["final_div_factor"]?.double ?? 1e4
      let divisors = #""divisor": \#(divisor), "finalDivisor": \#(last)"#
      let shape = #""annealing": "\#(arguments["anneal_strategy"]?.text ?? "cosine")""#
      let phases = #""rise": \#(rise), "threePhase": \#(arguments["three_phase"] != nil)"#
      return (#"{"type": "oneCycle", \#(phases), \#(divisors), \#(shape)}"#, 100)
    case let other: throw TrainerError(.data, "no schedule for \(other ?? "nothing")")
    }
  }

  @Test(arguments: names("schedules", "cases"))
  func schedulesEqualPyTorch(name: String) throws {
    let fixture = try Fixture.read("schedules")
    let reference = try #require(fixture.member("cases").elements?.first { $0["name"]?.text == name })
    var base = try #require(fixture.member("learningRate").double)
    var chain = try #require(reference.member("chain").elements)
    var warmup = ""
    if let first = chain.first, first["reference"]?.text == "LinearLR" {
      let arguments = try first.member("arguments")
      let (start, steps) = (try arguments.member("start_factor"), try arguments.member("total_iters"))
      warmup = #", "warmup": {"steps": \#(steps.compactText), "start": \#(start.compactText)}}"#
      chain.removeFirst()
    }
    // A peak of its own takes the place of the base rate.
    base = try chain.first?.member("arguments")["max_lr"]?.double ?? base
    var (text, steps) = try chain.first.map { try schedule(of: $0, base: base) } ?? (#"{"type": "constant"}"#, 100)
    if !warmup.isEmpty {
      text = text.dropLast() + warmup
      steps += reference["milestone"]?.int ?? 0
    }
    let settings = try ScheduleSettings(from: Settings(text: text, source: "x.json", directory: "/"))
    let rates = LearningRateSchedule(settings, base: base, run: RunLength(steps: steps, stepsPerEpoch: 10))
    let expected = try reference.member("rates").numbers
    #expect(expected.count == 100)
    #expect(difference((1...100).map(rates.learningRate), expected, within: 1e-12, scale: 0) == nil)
  }

  @Test func defaultsOfSchedulesAreThoseOfPyTorch() throws {
    // What is required in our settings, or by PyTorch where we have a default, is not compared.
    let types = [
      "StepLR": (#""type": "step", "every": 1"#, [:]), "MultiStepLR": (#""type": "multiStep", "milestones": [1]"#, [:]),
      "PolynomialLR": (#""type": "polynomial""#, [:]),
      "CosineAnnealingLR": (#""type": "cosine""#, ["eta_min": "final"]),
      "CosineAnnealingWarmRestarts": (
        #""type": "cosineWithRestarts", "period": 1"#, ["T_mult": "growth", "eta_min": "final"]
      ),
      "OneCycleLR": (
        #""type": "oneCycle""#,
        [
          "pct_start": "rise", "anneal_strategy": "annealing", "div_factor": "divisor",
          "final_div_factor": "finalDivisor", "three_phase": "threePhase",
        ]
      ),
      "LinearLR": (#""type": "constant", "warmup": {"steps": 1}"#, ["start_factor": "start"]),
      "ReduceLROnPlateau": (#""type": "plateau""#, ["threshold_mode": "thresholdMode", "min_lr": "minimum"]),
    ]
    let words: [String: JSONValue] = ["cos": "cosine", "rel": "relative"]
    let calls = try #require(Fixture.read("schedules").member("defaults").elements)
    #expect(calls.count == types.count)
    for call in calls {
      let kind = try #require(call.member("reference").text)
      let (text, names) = try #require(types[kind])
      let settings = try Settings(text: "{\(text)}", source: "x.json", directory: "/")
      _ = try ScheduleSettings(from: settings)
      guard case .object(let arguments) = try call.member("arguments") else { continue }
      // Which way is better follows from the metric.
      for member in arguments.members where member.key != "mode" {
        let key = names[member.key] ?? member.key
        let found = settings.resolved[key] ?? settings.resolved["warmup"]?[key]
        let expected = member.value.text.flatMap { words[$0] } ?? member.value
        #expect(same(found, expected), "\(kind).\(member.key)")
      }
    }
  }

  @Test(arguments: names("schedules", "plateauCases"))
  func plateausEqualPyTorch(name: String) throws {
    let fixture = try Fixture.read("schedules")
    let reference = try #require(fixture.member("plateauCases").elements?.first { $0["name"]?.text == name })
    let base = try #require(fixture.member("learningRate").double)
    let arguments = try reference.member("arguments")
    let schedule = PlateauSchedule(
      factor: try #require(arguments["factor"]?.double), patience: try #require(arguments["patience"]?.int),
      threshold: arguments["threshold"]?.double ?? 1e-4,
      thresholdMode: arguments["threshold_mode"]?.text == "abs" ? .absolute : .relative,
      cooldown: arguments["cooldown"]?.int ?? 0, minimum: (arguments["min_lr"]?.double ?? 0) / base)
    var state = PlateauSchedule.State()
    let rates = try fixture.member("metrics").numbers.map { metric in
      defer { schedule.note(metric, prefersLarger: arguments["mode"]?.text == "max", in: &state) }
      return base * state.factor
    }
    let expected = try reference.member("rates").numbers
    #expect(difference(rates, expected, within: 1e-12, scale: 0) == nil)
    #expect(Set(rates).count > 2)
  }
}
