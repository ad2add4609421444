/// A value given on the command line as `--set KEY.PATH=VALUE` in place of, or in addition to, one in the config.
///
/// VALUE is JSON; text that is not JSON is a string. In the path, a number is an array's index.
public struct SettingsOverride: Sendable {
  /// `KEY.PATH=VALUE` as it was given.
  public let text: String
  let value: JSONValue
  private let steps: [String]

  /// Reads an override.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is no `=` or no path before it.
  public init(_ text: String) throws {
    guard let equals = text.firstIndex(of: "=") else {
      throw TrainerError(.usage, "--set \(text): there is no '=', expected KEY.PATH=VALUE")
    }
    // `layers[1].units` as error messages show it means the same as `layers.1.units`.
    let path = text[..<equals].replacing("[", with: ".").replacing("]", with: "")
    steps = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard !steps.contains("") else {
      throw TrainerError(.usage, "--set \(text): a key in the path is empty, expected KEY.PATH=VALUE")
    }
    self.text = text
    let valueText = String(text[text.index(after: equals)...])
    value = Self.value(of: valueText)
  }

  /// Puts the value into `root` and returns its path there.
  ///
  /// Objects that the path names and that are absent are made: whether such a key exists is judged when it is read.
  /// - Throws: `TrainerError` with code `.usage` if the path leads through a value that is no object, or to an element
  ///   that the array lacks.
  func apply(to root: inout JSONValue) throws -> JSONPath {
    var path = JSONPath()
    root = try replacing(in: root, at: &path, remaining: steps[...])
    return path
  }

  private func replacing(in holder: JSONValue, at path: inout JSONPath, remaining: ArraySlice<String>) throws
    -> JSONValue
  {
    guard let step = remaining.first else { return value }
    switch holder {
    case .array(var elements):
      guard let index = Int(step), elements.indices.contains(index) else {
        let range = elements.isEmpty ? "the array is empty" : "expected an index from 0 to \(elements.count - 1)"
        throw TrainerError(.usage, "--set \(text): \(path) has no element \(step), \(range)")
      }
      path = path.appending(index)
      elements[index] = try replacing(in: elements[index], at: &path, remaining: remaining.dropFirst())
      return .array(elements)
    case .object(var object):
      path = path.appending(step)
      object[step] = try replacing(in: object[step] ?? [:], at: &path, remaining: remaining.dropFirst())
      return .object(object)
    case .string(let type) where remaining.count >= 1 && Int(step) == nil:
      // A component that is written as its type alone, such as "relu", is the object {"type": "relu"}.
      return try replacing(in: ["type": .string(type)], at: &path, remaining: remaining)
    default:
      throw TrainerError(
        .usage, "--set \(text): \(path) is \(holder.settingDescription), so it has no key \"\(step)\"")
    }
  }

  private static func value(of text: String) -> JSONValue {
    do {
      return try JSONDocument(text: text, source: "--set").root
    } catch {
      return .string(text)
    }
  }
}
