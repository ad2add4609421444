import Foundation
import Foundations

/// An optimizer as a config has it: its own settings, and what every optimizer can have beside them.
public struct OptimizerConfiguration: Sendable {
  /// Settings for the parameters whose names match a pattern.
  public struct Group: Sendable {
    /// The pattern: `*` stands for any text, `?` for any character, `[…]` for one of some.
    public let match: String
    /// The settings: the optimizer's, with the group's own in their place.
    public let settings: any OptimizerSettings
    /// The setting's path in the config.
    let path: String

    /// Creates a group.
    ///
    /// - Parameters:
    ///   - match: The pattern of the parameters' names, such as `*/bias`.
    ///   - settings: All of the group's settings, of the optimizer's type.
    public init(match: String, settings: any OptimizerSettings) {
      self.init(match: match, settings: settings, path: "groups")
    }

    fileprivate init(match: String, settings: any OptimizerSettings, path: String) {
      self.match = match
      self.settings = settings
      self.path = path
    }

    /// The group as a config of an optimizer writes it, which has one type for all groups.
    fileprivate func json(in optimizer: any OptimizerSettings) -> JSONObject {
      let isAlike = type(of: settings) == type(of: optimizer)
      return JSONObject([("match", .string(match))]).appending(isAlike ? settings.json : settings.typedJSON)
    }

    /// Whether a parameter belongs to the group, if it belongs to none before.
    public func matches(_ name: String) -> Bool { fnmatch(match, name, 0) == 0 }
  }

  /// The optimizer's own settings.
  public let settings: any OptimizerSettings
  /// The largest magnitude of a number of the gradient; `nil` for no limit.
  public let clipValue: Double?
  /// The largest norm of the whole gradient; `nil` for no limit. It acts after `clipValue`.
  public let clipNorm: Double?
  /// The share that the moving average of the parameters keeps in a step; `nil` if there is no average. Where there is
  /// one, evaluation and predictions use it in place of the parameters.
  public let averageDecay: Double?
  /// Groups of parameters with settings of their own. A parameter belongs to the first that matches it.
  public let groups: [Group]

  /// Creates a configuration.
  public init(
    _ settings: any OptimizerSettings = SGD(), clipValue: Double? = nil, clipNorm: Double? = nil,
    averageDecay: Double? = nil, groups: [Group] = []
  ) {
    self.settings = settings
    self.clipValue = clipValue
    self.clipNorm = clipNorm
    self.averageDecay = averageDecay
    self.groups = groups
  }

  /// The configuration as a config writes it.
  public var json: JSONObject {
    settings.typedJSON.appending(
      JSONObject([
        ("clipValue", clipValue.map(JSONValue.number)), ("clipNorm", clipNorm.map(JSONValue.number)),
        ("averaging", averageDecay.map { ["decay": .number($0)] }),
        ("groups", groups.isEmpty ? nil : .array(groups.map { .object($0.json(in: settings)) })),
      ]))
  }

  /// Reads a config's `optimizer`.
  public init(from settings: Settings, registry: Registry<any OptimizerSettings> = .optimizers) throws {
    (self.settings, (clipValue, clipNorm, averageDecay, groups)) = try registry.read(settings, default: SGD.type) {
      settings in
      let own = settings.keys(but: ["type"])
      let clipValue = try settings.optionalNumber(
        "clipValue", in: .positive, help: "The largest magnitude of a number of the gradient.")
      let clipNorm = try settings.optionalNumber(
        "clipNorm", in: .positive, help: "The largest Euclidean norm of the whole gradient; it acts after clipValue.")
      let averaging = try settings.optionalObject(
        "averaging", help: "A moving average of the parameters, which evaluation and predictions use instead of them."
      ).map {
        try $0.number("decay", default: 0.999, in: .rate, help: "The share of the average that a step keeps.")
      }
      let groups = try settings.objects(
        "groups", default: [], help: "Settings for parameters by name; a parameter belongs to the first that matches."
      ).compactMap { group in
        try group.attempt {
          let match = try group.string("match", help: "The pattern of the parameters' names, such as \"*/bias\".")
          group.inherit(own, from: settings)
          let type = try settings.string("type", default: SGD.type)
          guard let entry = registry[type] else {
            throw settings.error("type", "'\(type)' is not known")
          }
          return Group(match: match, settings: try entry.make(group), path: "\(group.path).match")
        }
      }
      return (clipValue, clipNorm, averaging, groups)
    }
    if self.settings.goesByObjective {
      let present = [
        ("clipValue", clipValue != nil), ("clipNorm", clipNorm != nil), ("averaging", averageDecay != nil),
        ("groups", !groups.isEmpty),
      ]
      for (key, _) in present.filter(\.1) {
        throw settings.error(key, "the optimizer searches along lines, where this would mislead it; remove the key")
      }
    }
  }

  /// The learning rate before the schedule, of parameters in no group.
  public var learningRate: Double { settings.learningRate }

  /// The optimizer for the parameters of a layout.
  ///
  /// - Parameters:
  ///   - penalties: What is added to the gradient first.
  ///   - frozen: The names of parameters that no step changes.
  /// - Throws: `TrainerError` with code `.usage` if a group matches no parameter.
  public func optimizer(
    layout: ParameterLayout, schedule: ScheduleSettings, run: RunLength,
    penalties: [any GradientTransformation] = [], isMaximizing: Bool = false, frozen: Set<String> = []
  ) throws -> Optimizer {
    var rest = layout.trained.map(\.name)
    var members: [Optimizer.Group] = []
    for group in groups {
      let names = rest.filter(group.matches)
      guard !names.isEmpty else { throw unmatched(group, rest, layout) }
      rest.removeAll(where: group.matches)
      members.append(Self.group(Set(names), group.settings))
    }
    members.append(Self.group(nil, settings))
    var shared = penalties
    if let clipValue { shared.append(ClipByValue(clipValue)) }
    if let clipNorm { shared.append(ClipByGlobalNorm(clipNorm)) }
    return Optimizer(
      shared: shared, groups: members,
      schedule: LearningRateSchedule(schedule, base: settings.learningRate, run: run), averageDecay: averageDecay,
      isMaximizing: isMaximizing, frozen: frozen)
  }

  private static func group(_ names: Set<String>?, _ settings: any OptimizerSettings) -> Optimizer.Group {
    Optimizer.Group(
      parameters: names, transformations: settings.transformations, learningRate: settings.learningRate)
  }

  private func unmatched(_ group: Group, _ rest: [String], _ layout: ParameterLayout) -> TrainerError {
    let isTaken = layout.trained.contains { group.matches($0.name) }
    let names = layout.trained.prefix(20).map { "'\($0.name)'" }.joined(separator: ", ")
    return TrainerError(
      .usage,
      "\(group.path): found \"\(group.match)\", "
        + (isTaken
          ? "but earlier groups have taken all parameters that it matches; put the narrower pattern first"
          : "which matches none of the parameters \(names)\(layout.trained.count > 20 ? ", …" : "")"))
  }
}
