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
    prefersLarger = StandardMetric(rawValue: name)?.prefersLarger ?? false
  }

  /// What a config writes.
  var json: JSONValue { .string(description) }

  /// What every measure is better than.
  public var worst: Double { prefersLarger ? -.infinity : .infinity }

  init(_ key: String, in settings: Settings, default reference: String?, measures: Measures, help: String) throws {
    let text = try settings.string(key, default: reference, help: help)
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let groups = Group.allCases.map(\.rawValue)
    guard parts.count == 2, let group = Group(rawValue: parts[0]) else {
      let near = suggestion(for: parts[0], among: groups).map { "; did you mean \"\($0)\"?" } ?? ""
      throw settings.error(
        key,
        "found \"\(text)\", expected a group (\(groups.joined(separator: ", "))), a dot and a metric, such as "
          + "\"validation.loss\"\(near)")
    }
    guard measures.names.contains(parts[1]) else {
      let names = measures.names.joined(separator: ", ")
      let advice =
        measures.known.contains(parts[1]) && !measures.isFormula
        ? "; add \"\(parts[1])\" to \"metrics\" to measure it"
        : suggestion(for: parts[1], among: measures.names).map { "; did you mean \"\(parts[0]).\($0)\"?" } ?? ""
      throw settings.error(key, "found \"\(text)\", but this run measures only \(names)\(advice)")
    }
    self.group = group
    name = parts[1]
    prefersLarger = measures.prefersLarger(name)
  }
}
