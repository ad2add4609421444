import Foundations
import Models

/// A measure of one group of the data, as a config names it: `validation.accuracy`.
public struct MetricReference: Sendable, Equatable, CustomStringConvertible {
  /// A group of the data.
  public enum Group: String, CaseIterable, Sendable { case train, validation, test }

  /// The group that is measured.
  public let group: Group
  /// `loss`, or a metric's name.
  public let name: String
  /// Whether a larger value is the better one.
  public let prefersLarger: Bool

  /// As the config names it.
  public var description: String { "\(group.rawValue).\(name)" }

  /// Whether a value is better than the best so far by more than `delta`; a value that is not a number is not.
  public func isBetter(_ value: Double, than best: Double, by delta: Double = 0) -> Bool {
    prefersLarger ? value > best + delta : value < best - delta
  }

  /// A measure of a group.
  ///
  /// - Parameters:
  ///   - group: The group.
  ///   - name: `loss`, or a metric's name. Which way is better is known where a config is read.
  public init(_ group: Group, _ name: String) {
    self.group = group
    self.name = name
    prefersLarger = MetricSet.known.first { $0.name == name }?.prefersLarger ?? false
  }

  /// What a config writes.
  var json: JSONValue { .string(description) }

  /// What every measure is better than.
  public var worst: Double { prefersLarger ? -.infinity : .infinity }

  init(_ key: String, in settings: Settings, default reference: String?, measures: Measures, help: String) throws {
    let text = try settings.string(key, default: reference, help: help)
    self = try Self.read(text, measures) {
      settings.error(key, "\($0); add \"\($1)\" to \"metrics\" to measure it")
    } fault: {
      settings.error(key, $0)
    }
  }

  /// The measure that a text such as `validation.accuracy` names, of those that a run of this configuration takes.
  ///
  /// - Parameter registries: The components that the configuration was read with.
  /// - Throws: `TrainerError` with code `.usage` if it names none.
  public init(_ text: String, of configuration: RunConfiguration, registries: Registries = .standard) throws {
    let measures = Measures(configuration.objective, among: registries.metrics)
    self = try Self.read(text, measures) {
      TrainerError(.usage, "\($0); add \"\($1)\" to the config's \"metrics\" to measure it")
    } fault: {
      TrainerError(.usage, $0)
    }
  }

  /// - Parameters:
  ///   - unmeasured: Makes the error where a config could measure it: of the fault and the metric's name.
  ///   - fault: Makes any other error.
  private static func read(
    _ text: String, _ measures: Measures, unmeasured: (String, String) -> TrainerError,
    fault: (String) -> TrainerError
  ) throws -> MetricReference {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let groups = Group.allCases.map(\.rawValue)
    guard parts.count == 2, let group = Group(rawValue: parts[0]) else {
      let near = suggestion(for: parts[0], among: groups).map { "; did you mean \"\($0)\"?" } ?? ""
      throw fault(
        "found \"\(text)\", expected a group (\(groups.joined(separator: ", "))), a dot and a metric, such as "
          + "\"validation.loss\"\(near)")
    }
    guard measures.names.contains(parts[1]) || !measures.isWhole else {
      let names = measures.names.joined(separator: ", ")
      let found = "found \"\(text)\", but this run measures only \(names)"
      if measures.known.contains(parts[1]), !measures.isFormula { throw unmeasured(found, parts[1]) }
      throw fault(
        found + (suggestion(for: parts[1], among: measures.names).map { "; did you mean \"\(parts[0]).\($0)\"?" } ?? "")
      )
    }
    return MetricReference(group, parts[1], prefersLarger: measures.prefersLarger(parts[1]))
  }

  private init(_ group: Group, _ name: String, prefersLarger: Bool) {
    self.group = group
    self.name = name
    self.prefersLarger = prefersLarger
  }
}
