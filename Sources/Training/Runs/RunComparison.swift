import Foundations

/// Several runs side by side: the settings in which they differ, and what they measured.
public struct RunComparison: Sendable {
  /// One thing in which runs may differ.
  public struct Line: Sendable {
    /// The setting's path, such as `optimizer.learningRate`, or a measure, such as `validation.accuracy`.
    public let name: String
    /// Its value in each run; `nil` where there is none.
    public let values: [JSONValue?]
    /// Which runs have the best value; none for a setting, where it is not known which is better, and where all are equal.
    public let best: Set<Int>
  }

  /// The runs.
  public let runs: [RunOverview]
  /// The settings that are not the same in all runs, but for `name` and `output`.
  public let settings: [Line]
  /// What any of them measured: the last value, and the best where a run keeps its best checkpoint by it.
  public let measures: [Line]

  /// Compares runs.
  ///
  /// - Parameter registries: The components that their configs can choose from.
  /// - Throws: `TrainerError` with code `.usage` if there is nothing that can be read.
  public init(_ directories: [String], registries: Registries = .standard) throws {
    runs = directories.map { RunOverview(directory: $0, registries: registries) }
    guard runs.contains(where: { $0.trace != nil }) else {
      throw TrainerError(.usage, runs.first?.reason ?? "there are no runs to compare; name two or more")
    }
    settings = Self.settings(of: runs.map(\.trace?.configuration))
    measures = Self.measures(of: runs, registries)
  }

  /// The settings that are not the same in all configs, but for `name` and `output`.
  ///
  /// - Parameter configurations: Those of runs; `nil` for one that cannot be read.
  package static func settings(of configurations: [RunConfiguration?]) -> [Line] {
    let all = configurations.map { configuration -> JSONObject in
      guard let resolved = configuration?.resolved else { return JSONObject() }
      var leaves = JSONObject()
      collect(resolved, at: JSONPath(), &leaves)
      leaves["name"] = nil
      leaves["output"] = nil
      return leaves
    }
    var names: [String] = []
    for object in all { names += object.keys.filter { !names.contains($0) } }
    let readable = configurations.indices.filter { configurations[$0] != nil }
    return names.compactMap { name in
      let values = all.map { $0[name] }
      guard let first = readable.first, readable.contains(where: { values[$0] != values[first] }) else { return nil }
      return Line(name: name, values: values, best: [])
    }
  }

  /// Every value with its path. An array of numbers or texts is one value.
  private static func collect(_ value: JSONValue, at path: JSONPath, _ leaves: inout JSONObject) {
    switch value {
    case .object(let object) where !object.members.isEmpty:
      for member in object.members { collect(member.value, at: path.appending(member.key), &leaves) }
    case .array(let elements) where !elements.allSatisfy(\.isScalar):
      for (index, element) in elements.enumerated() { collect(element, at: path.appending(index), &leaves) }
    default: leaves["\(path)"] = value
    }
  }

  private static func measures(of runs: [RunOverview], _ registries: Registries) -> [Line] {
    var lines: [Line] = []
    for (group, metric) in RunTrace.measures(of: runs.compactMap(\.trace)) {
      let name = "\(group).\(metric)"
      let reference = reference(name, among: runs, registries)
      let last = runs.map { $0.trace?.last(metric, of: group) }
      lines.append(line(name, last, reference))
      if let reference, runs.contains(where: { $0.trace?.configuration.checkpoints.best == reference }) {
        lines.append(line("best \(name)", runs.map { $0.trace?.best(reference)?.value }, reference))
      }
    }
    return lines
  }

  /// A measure with the direction in which it is better, which the runs that take it must agree on.
  package static func reference(
    _ name: String, among runs: [RunOverview], _ registries: Registries = .standard
  ) -> MetricReference? {
    let known = runs.compactMap { run -> MetricReference? in
      guard let configuration = run.trace?.configuration else { return nil }
      // A run that does not take the measure has no say.
      do { return try MetricReference(name, of: configuration, registries: registries) } catch { return nil }
    }
    guard let first = known.first, known.allSatisfy({ $0 == first }) else { return nil }
    return first
  }

  private static func line(_ name: String, _ values: [Double?], _ reference: MetricReference?) -> Line {
    let numbers = values.compactMap(\.self).filter { !$0.isNaN }
    var best: Set<Int> = []
    if let reference, let value = reference.prefersLarger ? numbers.max() : numbers.min(), Set(numbers).count > 1 {
      best = Set(values.indices.filter { values[$0] == value })
    }
    return Line(name: name, values: values.map { $0.map(JSONValue.number) }, best: best)
  }
}
