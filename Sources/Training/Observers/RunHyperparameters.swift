import Foundations

extension RunDescription {
  /// The settings of the run's result as names and single values, such as `optimizer.learningRate`.
  var hyperparameters: [(name: String, value: JSONValue)] {
    var settings = settings
    for key in ["name", "output", "checkpoints", "observers", "data"] { settings[key] = nil }
    return Self.leaves(of: .object(settings), at: "")
  }

  private static func leaves(of value: JSONValue, at path: String) -> [(name: String, value: JSONValue)] {
    switch value {
    case .object(let object):
      return object.members.flatMap { leaves(of: $0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)") }
    case .array(let elements) where !elements.allSatisfy(\.isScalar):
      return elements.enumerated().flatMap { leaves(of: $0.element, at: "\(path)[\($0.offset)]") }
    case .null, .array([]): return []
    default: return [(path, value)]
    }
  }
}
