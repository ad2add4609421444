import Foundations
import Kernels
import Training

/// The runs of a sweep: which values they have, what they are called, and where they go.
struct SweepPlan {
  /// The file of the config.
  let config: String
  /// What is swept.
  let settings: [SweptSetting]
  /// How many runs are drawn at random; `nil` for every combination.
  let random: Int?
  /// The seed of what is drawn.
  let seed: UInt64
  /// The values of `--set`.
  let set: [String]
  /// The value of `--output`.
  let output: String?

  /// The sweep that is planned.
  ///
  /// - Throws: `TrainerError` with code `.usage` for the first fault.
  func sweep() throws -> Sweep {
    try requireSeparateSettings()
    let shared = try set.map { try SettingsOverride($0, option: "--set") }
    let parent = try parentDirectory(shared)
    var names: Set<String> = []
    let runs = try combinations().map { values in
      let pairs = zip(settings, values).map { (key: $0.key, value: $1) }
      let name = Self.name(pairs)
      guard names.insert(name).inserted else {
        throw TrainerError(.usage, "--over: two runs are called \(name); give each value once")
      }
      let overrides =
        try shared + pairs.map { try SettingsOverride("\($0.key)=\($0.value.compactText)", option: "--over") }
      return SweepRun(
        name: name,
        label: pairs.map { "\($0.key.split(separator: ".").last ?? "") \($0.value.text ?? $0.value.compactText)" }
          .joined(separator: ", "),
        values: values,
        configuration: try RunConfiguration(
          file: config, overrides: overrides, output: parent.map { "\($0)/\(name)" }))
    }
    try requireSeparateDirectories(runs)
    return try Sweep(
      keys: settings.map(\.key), runs: runs, directory: parent.map { absolutePath($0, relativeTo: ".") })
  }

  /// The directory's name: `optimizer.learningRate=0.1,seed=1`. Where the values are long, as those of layers are, the end
  /// gives way to a digest.
  private static func name(_ pairs: [(key: String, value: JSONValue)]) -> String {
    let name = pairs.map { "\($0.key)=\($0.value.text ?? $0.value.compactText)" }.joined(separator: ",")
      .replacing("/", with: "_")
    guard name.utf8.count > 200 else { return name }
    var start = name.prefix(180)
    while start.utf8.count > 180 { start.removeLast() }
    return "\(start)…\(Digest(of: Array(name.utf8)).description.dropFirst(7).prefix(12))"
  }

  private func requireSeparateDirectories(_ runs: [SweepRun]) throws {
    for (index, run) in runs.enumerated() {
      if let twin = runs[..<index].first(where: { $0.directory == run.directory }) {
        throw TrainerError(
          .usage,
          "--over: the runs \(twin.name) and \(run.name) would share the directory \(run.directory); "
            + "give each its own, or leave output out")
      }
    }
  }

  /// What the run directories are made in; `nil` if the directories themselves are swept.
  private func parentDirectory(_ shared: [SettingsOverride]) throws -> String? {
    if settings.contains(where: { $0.key == "output" }) {
      guard output == nil else {
        throw TrainerError(.usage, "--output and --over output: both say where the runs go; give one of them")
      }
      return nil
    }
    if let output { return output }
    let common = try RunConfiguration(file: config, overrides: shared).output ?? ""
    return shared.contains { $0.sets("output") } ? common : common + "-sweep"
  }

  /// Refuses settings that are one, or a part of one another: a run would have other values than its row says.
  private func requireSeparateSettings() throws {
    let overrides = try settings.map { try SettingsOverride("\($0.key)=null", option: "--over") }
    for (index, setting) in overrides.enumerated() {
      guard let other = overrides[..<index].firstIndex(where: setting.overlaps) else { continue }
      let (first, second) = (settings[other].key, settings[index].key)
      throw TrainerError(
        .usage,
        first == second
          ? "--over \(second): the key is given twice; give all its values in one array"
          : "--over \(second): it overlaps with --over \(first), so that one would undo the other; sweep only one of them"
      )
    }
  }

  // MARK: Combinations

  private func combinations() throws -> [[JSONValue]] {
    guard let random else {
      let all = try settings.map { setting in
        guard case .list(let values) = setting.values else {
          throw TrainerError(
            .usage, "--over \(setting.key): a range is for --random N, which draws from it; give the values in an array"
          )
        }
        return values
      }
      let count = all.reduce(1) { $0.multipliedReportingOverflow(by: $1.count).overflow ? .max : $0 * $1.count }
      guard OptionRanges.runs.contains(count) else {
        throw TrainerError(
          .usage,
          "--over: there are \(count == .max ? "too many" : String(count)) combinations, at most "
            + "\(OptionRanges.runs.upperBound) are trained; draw some of them with --random N")
      }
      return Self.grid(all)
    }
    // Where there are no more than are asked for, all of them.
    if let all = finite(atMost: random) { return Self.grid(all) }
    return drawn(random)
  }

  /// Every combination, the last setting changing fastest.
  private static func grid(_ values: [[JSONValue]]) -> [[JSONValue]] {
    values.reduce([[]]) { rows, values in rows.flatMap { row in values.map { row + [$0] } } }
  }

  private func finite(atMost most: Int) -> [[JSONValue]]? {
    var count = 1
    for setting in settings {
      guard let own = setting.count, own <= most, count * own <= most else { return nil }
      count *= own
    }
    return settings.compactMap(\.all)
  }

  /// Combinations at random, each different. The first of them do not depend on how many are drawn, so that a sweep may be
  /// made larger.
  private func drawn(_ count: Int) -> [[JSONValue]] {
    let sources = settings.indices.map { Philox(seed: seed, stream: UInt64($0)) }
    var rows: [[JSONValue]] = []
    var seen: Set<String> = []
    // Of a range that holds few numbers there may be no more.
    for index in 0..<UInt64(100 * count + 1000) where rows.count < count {
      let row = zip(settings, sources).map { setting, source in setting.value(at: source.uniform(at: index)) }
      if seen.insert(JSONValue.array(row).compactText).inserted { rows.append(row) }
    }
    return rows
  }
}
