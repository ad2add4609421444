/// A value given on the command line as `KEY.PATH=VALUE` in place of, or in addition to, one in the config.
///
/// VALUE is JSON; text that is not JSON is a string. In the path, a number is an array's index.
public struct SettingsOverride: Sendable {
  /// `KEY.PATH=VALUE` as it was given.
  public let text: String
  /// The option that gave it, for messages.
  public let option: String
  let value: JSONValue
  private let steps: [String]

  /// What messages call it: the option and its text.
  var origin: String { "\(option) \(text)" }

  /// Reads an override.
  ///
  /// - Parameter option: Who gave it, for messages.
  /// - Throws: `TrainerError` with code `.usage` if there is no `=` or no path before it.
  public init(_ text: String, option: String = "the override") throws {
    guard let equals = text.firstIndex(of: "=") else {
      throw TrainerError(.usage, "\(option) \(text): there is no '=', expected KEY.PATH=VALUE")
    }
    steps = Self.steps(in: text[..<equals])
    guard !steps.contains("") else {
      throw TrainerError(.usage, "\(option) \(text): a key in the path is empty, expected KEY.PATH=VALUE")
    }
    self.text = text
    self.option = option
    let valueText = String(text[text.index(after: equals)...])
    value = Self.value(of: valueText)
  }

  /// The keys and indices of a path. `layers[1].units` as error messages show it means the same as `layers.1.units`.
  private static func steps(in path: Substring) -> [String] {
    path.replacing("[", with: ".").replacing("]", with: "").split(separator: ".", omittingEmptySubsequences: false)
      .map(String.init)
  }

  /// Whether this and another set the same value, or one a part of what the other sets.
  public func overlaps(_ other: SettingsOverride) -> Bool {
    zip(steps, other.steps).allSatisfy { one, other in
      // An index may be written with zeros in front.
      one == other || Int(one).map { $0 == Int(other) } ?? false
    }
  }

  /// Whether this sets exactly the value at a path, or something that it is a part of.
  public func sets(_ path: String) -> Bool {
    let others = Self.steps(in: path[...])
    return steps.count <= others.count && zip(steps, others).allSatisfy(==)
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
        throw TrainerError(.usage, "\(origin): \(path) has no element \(step), \(range)")
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
        .usage, "\(origin): \(path) is \(holder.settingDescription), so it has no key \"\(step)\"")
    }
  }

  private static func value(of text: String) -> JSONValue {
    do {
      return try JSONDocument(text: text, source: "").root
    } catch {
      return .string(text)
    }
  }
}
