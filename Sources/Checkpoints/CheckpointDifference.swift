import Foundations

/// How two checkpoints differ, for `trainer checkpoint diff`.
public struct CheckpointDifference: Sendable, Equatable {
  /// One line for each difference in what a run goes on from; empty if there is none.
  public let lines: [String]
  /// One line for each difference that no later parameter depends on: in provenance, history, times, and the settings
  /// `name`, `output` and `checkpoints` of the config and where its data lie.
  public let notes: [String]

  /// Whether a run goes on from both with the same bits.
  public var isEmpty: Bool { lines.isEmpty }

  /// The lines and notes, or that there is no difference.
  public var text: String {
    let heading = isEmpty ? ["equal: step, parameters and all state have the same bits"] : lines
    return (heading + notes.map { "note: \($0)" }).map(\.onOneLine).joined(separator: "\n")
  }

  /// Compares two checkpoints bit by bit; in the lines the first is to the left.
  public init(_ left: Checkpoint, _ right: Checkpoint) {
    var lines: [String] = []
    func compare<Value: Equatable>(_ name: String, _ left: Value?, _ right: Value?, _ text: (Value) -> String) {
      guard left != right else { return }
      lines.append("\(name): \(left.map(text) ?? "absent") and \(right.map(text) ?? "absent")")
    }
    compare("step", left.step, right.step, String.init)
    compare("epoch", left.epoch, right.epoch, String.init)
    compare("seed", left.seed, right.seed, String.init)
    if Self.relevantSettings(of: left) != Self.relevantSettings(of: right) {
      lines.append("config: the settings differ")
    }
    if left.schema != right.schema { lines.append("schema: the names of the data, or what was fitted to them, differ") }
    for ((name, leftTensors), (_, rightTensors)) in zip(left.sections, right.sections) where name != "history" {
      lines += Self.lines(name, leftTensors, rightTensors)
    }
    let progress = Set(left.progress.keys).union(right.progress.keys).sorted()
    for name in progress where !Self.isTime(name) {
      compare("progress/\(name)", left.progress[name], right.progress[name], \.text)
    }
    let stateLines = lines
    lines = Self.lines("history", left.history, right.history)
    for name in progress where Self.isTime(name) {
      compare("progress/\(name)", left.progress[name], right.progress[name], \.text)
    }
    if stateLines.allSatisfy({ !$0.hasPrefix("config:") }), left.config != right.config {
      lines.append("config: name, output, checkpoints or where the data lie differ")
    }
    for name in Set(left.provenance.keys).union(right.provenance.keys).sorted() {
      compare(name, left.provenance[name], right.provenance[name]) { $0 }
    }
    self.lines = stateLines
    notes = lines
  }

  private static func isTime(_ name: String) -> Bool { name.lowercased().hasSuffix("seconds") }

  /// The config but for what changes no bit of a run; a text that is no JSON as a whole.
  private static func relevantSettings(of checkpoint: Checkpoint) -> JSONValue {
    do {
      return try Checkpoint.settingsOfResult(JSONDocument(text: checkpoint.config, source: "config").root)
    } catch {
      return .string(checkpoint.config)
    }
  }

  private static func lines(_ section: String, _ left: [CheckpointTensor], _ right: [CheckpointTensor]) -> [String] {
    var lines: [String] = []
    for tensor in left {
      let name = "\(section)/\(tensor.name)"
      guard let other = right.first(where: { $0.name == tensor.name }) else {
        lines.append("\(name): only in the first")
        continue
      }
      guard tensor.shape == other.shape, tensor.elementType == other.elementType else {
        lines.append("\(name): \(tensor.typeText) and \(other.typeText)")
        continue
      }
      if !tensor.hasSameElements(as: other) { lines.append("\(name): \(elements(of: tensor, other))") }
    }
    for tensor in right where !left.contains(where: { $0.name == tensor.name }) {
      lines.append("\(section)/\(tensor.name): only in the second")
    }
    return lines
  }

  private static func elements(of left: CheckpointTensor, _ right: CheckpointTensor) -> String {
    let (left, right, shape) = (left.doubles, right.doubles, left.shape)
    // A float as a double keeps the sign of zero; a not-a-number's payload is kept as well.
    let differing = left.indices.filter { left[$0].bitPattern != right[$0].bitPattern }
    guard let first = differing.first else { return "not-a-numbers differ in their bits" }
    let largest = differing.map { abs(left[$0] - right[$0]) }.reduce(0) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }
    return "\(differing.count) of \(left.count) elements differ, by at most \(largest), first at "
      + "\(index(first, in: shape)): \(left[first]) and \(right[first])"
  }

  /// A position in row-major order as an index for each axis.
  private static func index(_ position: Int, in shape: [Int]) -> String {
    var rest = position
    let indices = shape.reversed().map { extent in
      defer { rest /= extent }
      return rest % extent
    }
    return "[\(indices.reversed().map(String.init).joined(separator: ", "))]"
  }
}

extension Checkpoint {
  /// The settings of a resolved config that the run's result depends on: all but name, places and checkpoints. Data are
  /// told by their contents, not by where they lie. What old configs say of the order of samples is said as now.
  package static func settingsOfResult(_ config: JSONValue) -> JSONValue {
    guard case .object(var object) = config else { return config }
    if case .object(var training)? = object["training"], case .object(var data)? = object["data"],
      case .boolean(let isShuffling)? = training["shuffle"]
    {
      training["shuffle"] = nil
      if data["shuffle"] == nil { data["shuffle"] = isShuffling ? "rows" : "none" }
      object["training"] = .object(training)
      object["data"] = .object(data)
    }
    for key in ["name", "output", "checkpoints", "observers"] { object[key] = nil }
    if case .object(var initial)? = object["initial"] {
      // Parameters to start from are told by their contents too.
      if initial["path"] != nil { initial["path"] = "a file" }
      object["initial"] = .object(initial)
    }
    if case .object(var data)? = object["data"] {
      for key in ["path", "externalFiles", "memory"] { data[key] = nil }
      object["data"] = .object(data)
    }
    return .object(object)
  }
}

extension ProgressValue {
  /// The value for people. No count and no step is below 0, so that -1 says what NaN says of a measure: nothing yet.
  var text: String {
    switch self {
    case .integer(let value): value < 0 ? "none yet" : String(value)
    case .number(let value): value.isNaN ? "none yet" : "\(value)"
    }
  }
}

extension CheckpointTensor {
  /// Shape and type for people: `784 x 256 float32`.
  var typeText: String {
    (shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: " x ")) + " \(elementType.rawValue)"
  }
}
