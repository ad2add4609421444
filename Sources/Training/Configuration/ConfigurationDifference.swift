import Checkpoints
import Foundations

/// How the config of a run differs from the one that is in its directory already.
package struct ConfigurationDifference: Sendable, Equatable {
  /// One line for each setting that differs: `optimizer.learningRate: 0.1 in the directory, 0.2 now`.
  package let lines: [String]

  /// The longer training, if that is the only difference.
  let lengthening: Lengthening?

  /// Whether both configs mean the same run.
  package var isEmpty: Bool { lines.isEmpty }

  /// A training that is longer than the one that a run was begun with.
  struct Lengthening: Equatable {
    /// `epochs` or `steps`.
    let unit: String
    /// What the run was begun with.
    let old: Int
    /// What is asked for now.
    let new: Int
  }

  /// Compares two resolved configs but for `name`, `output`, `checkpoints`, `observers` and where the data lie, which change no
  /// parameter.
  ///
  /// - Parameters:
  ///   - stored: That of the directory, or of a checkpoint.
  ///   - given: That of the command.
  ///   - place: Where the stored one is, in the words of the lines.
  package init(stored: JSONValue, given: JSONValue, place: String = "in the directory") {
    lines = Self.lines(
      Checkpoint.settingsOfResult(stored), Checkpoint.settingsOfResult(given), at: JSONPath(), (place, "now"))
    let units = ["epochs", "steps"].filter { stored["training"]?[$0] != given["training"]?[$0] }
    if lines.count == 1, units.count == 1, let old = stored["training"]?[units[0]]?.int,
      let new = given["training"]?[units[0]]?.int, new > old
    {
      lengthening = Lengthening(unit: units[0], old: old, new: new)
    } else {
      lengthening = nil
    }
  }

  /// One line for each place where two values differ.
  ///
  /// - Parameter places: Where the first and the second are, in the words of the lines.
  static func lines(
    _ stored: JSONValue?, _ given: JSONValue?, at path: JSONPath = JSONPath(), _ places: (first: String, second: String)
  ) -> [String] {
    switch (stored, given) {
    case (.object(let stored)?, .object(let given)?):
      let keys = stored.keys + given.keys.filter { stored[$0] == nil }
      return keys.flatMap { lines(stored[$0], given[$0], at: path.appending($0), places) }
    case (.array(let stored)?, .array(let given)?) where !(stored + given).allSatisfy(\.isScalar):
      return (0..<max(stored.count, given.count)).flatMap { index in
        lines(
          stored.indices.contains(index) ? stored[index] : nil, given.indices.contains(index) ? given[index] : nil,
          at: path.appending(index), places)
      }
    default:
      guard stored != given else { return [] }
      return [
        "\(path): \(stored?.lineText ?? "absent") \(places.first), \(given?.lineText ?? "absent") \(places.second)"
      ]
    }
  }
}
