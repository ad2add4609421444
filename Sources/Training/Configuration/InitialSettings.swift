import Foundation
import Foundations

/// Where parameters start, and which stay as they are: fine-tuning.
public struct InitialSettings: Sendable, Equatable {
  /// The file with the parameters, as an absolute path: safetensors, NPZ, a checkpoint or a run directory; `nil` where all start as
  /// the layers say.
  public let path: String?
  /// Which of the model's parameters come from the file, by names or patterns.
  public let match: [String]
  /// Which of them no step changes, by names or patterns.
  public let freeze: [String]
  /// The names of the model for those that the file has.
  public let rename: [String: String]
  /// Which of the model's parameters the file has in PyTorch's order of axes, by names or patterns.
  public let transpose: [String]

  /// Creates settings.
  ///
  /// A name is that of a parameter (`dense1/weight`) or of a layer (`dense1`), which stands for all that it has. In a pattern `*`
  /// stands for any text, `?` for any character, `[…]` for one of some.
  ///
  /// - Parameters:
  ///   - path: The file; a relative path is relative to the working directory.
  ///   - match: What is taken from the file.
  ///   - freeze: What no step changes.
  ///   - rename: The model's names for those of the file, of parameters or of what stands in front of a `/`.
  ///   - transpose: What the file has as PyTorch does: [outputs, inputs, …].
  public init(
    path: String? = nil, match: [String] = ["*"], freeze: [String] = [], rename: [String: String] = [:],
    transpose: [String] = []
  ) {
    self.path = path.map { absolutePath($0, relativeTo: ".") }
    (self.match, self.freeze, self.rename, self.transpose) = (match, freeze, rename, transpose)
  }

  /// Reads a config's `initial`.
  ///
  /// - Throws: `TrainerError` with code `.usage` for the first fault.
  public init(from settings: Settings) throws {
    path =
      settings.contains("path")
      ? try settings.filePath(
        "path", help: "The parameters: safetensors, NPZ, a checkpoint or a run directory.")
      : nil
    if path == nil {
      _ = settings.value(
        "path", as: .string, help: "The parameters: safetensors, NPZ, a checkpoint or a run directory.")
    }
    match =
      try Self.patterns(
        "match", settings, "Which parameters come from the file: a name, a pattern or a list of them; by default all.")
      ?? ["*"]
    freeze =
      try Self.patterns("freeze", settings, "Which parameters no step changes: layers, parameters or patterns.") ?? []
    transpose =
      try Self.patterns(
        "transpose", settings, "Which parameters the file has in PyTorch's order of axes: [outputs, inputs, …].") ?? []
    let names = settings.value(
      "rename", kind: "an object of strings", as: .named(.string),
      help: "The model's names for those of the file: {\"theirs\": \"ours\"}.")
    if case .object(let object)? = names {
      rename = Dictionary(
        try object.members.map { member in
          guard let name = member.value.text else {
            throw settings.error("rename", "found \(member.value.lineText) for \"\(member.key)\", expected a name")
          }
          return (member.key, name)
        }, uniquingKeysWith: { first, _ in first })
    } else if let names {
      throw settings.error("rename", "found \(names.lineText), expected an object such as {\"theirs\": \"ours\"}")
    } else {
      rename = [:]
    }
    try settings.finish()
    guard path != nil || !freeze.isEmpty else {
      throw settings.error(nil, "the entry has neither \"path\" nor \"freeze\"")
    }
    if path == nil, let key = ["match", "rename", "transpose"].first(where: settings.contains) {
      throw settings.error(key, "it is about what a file holds, and no \"path\" names one")
    }
  }

  private static func patterns(_ key: String, _ settings: Settings, _ help: String) throws -> [String]? {
    let values = SettingKind.either([.string, .array(.string)])
    guard let value = settings.value(key, kind: "a string or an array of strings", as: values, help: help) else {
      return nil
    }
    let texts = value.text.map { [$0] } ?? value.elements?.compactMap(\.text) ?? []
    guard texts.count == value.elements?.count ?? 1, value.text != nil || value.elements != nil,
      texts.allSatisfy({ !$0.isEmpty })
    else { throw settings.error(key, "found \(value.lineText), expected a name or pattern, or an array of them") }
    return texts
  }

  /// The settings as a config writes them.
  public var json: JSONObject {
    func list(_ texts: [String]) -> JSONValue? { texts.isEmpty ? nil : .array(texts.map(JSONValue.string)) }
    return JSONObject([
      ("path", path.map(JSONValue.string)), ("match", match == ["*"] ? nil : list(match)), ("freeze", list(freeze)),
      ("transpose", list(transpose)),
      (
        "rename",
        rename.isEmpty
          ? nil : .object(JSONObject(rename.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
      ),
    ])
  }

  /// Whether the file gives a parameter.
  package func takes(_ name: String) -> Bool { path != nil && match.contains { Self.matches($0, name) } }
  /// Whether no step changes a parameter, or the state of that name.
  package func freezes(_ name: String) -> Bool { freeze.contains { Self.matches($0, name) } }
  /// Whether the file has a parameter in PyTorch's order.
  func transposes(_ name: String) -> Bool { transpose.contains { Self.matches($0, name) } }

  /// Whether a pattern is for a parameter: by its name, or by that of a layer which it is in.
  static func matches(_ pattern: String, _ name: String) -> Bool {
    var name = name[...]
    while true {
      if fnmatch(pattern, String(name), 0) == 0 { return true }
      guard let slash = name.lastIndex(of: "/") else { return false }
      name = name[..<slash]
    }
  }

  /// Refuses patterns that are for no parameter, and freezing them all.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  func check(_ layout: ParameterLayout) throws {
    let names = layout.entries.map(\.name)
    for (key, patterns) in [
      ("match", path == nil ? [] : match), ("freeze", freeze), ("transpose", transpose),
    ] {
      for pattern in patterns where !names.contains(where: { Self.matches(pattern, $0) }) {
        let layers = names.compactMap { name in name.lastIndex(of: "/").map { String(name[..<$0]) } }
        let near = suggestion(for: pattern, among: names + layers).map { "; did you mean \"\($0)\"?" }
        throw TrainerError(
          .usage,
          "initial.\(key): found \"\(pattern)\", which matches none of the parameters \(Self.listed(names))\(near ?? "")"
        )
      }
    }
    if !layout.trained.isEmpty, layout.trained.allSatisfy({ freezes($0.name) }) {
      throw TrainerError(.usage, "initial.freeze: all parameters are frozen, so that there is nothing to train")
    }
  }

  static func listed(_ names: [String]) -> String {
    names.prefix(20).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 20 ? ", …" : "")
  }
}
