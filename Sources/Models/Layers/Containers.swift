import Autodiff
import Foundations

/// Layers whose outputs are added to their inputs (He et al., 2016).
///
/// Where the shapes differ, the inputs go through the layers of `shortcut` first, such as a convolution with windows of
/// size 1.
public struct Residual: Layer {
  public static let type = "residual"
  /// The name given in the config.
  public let name: String?
  /// The layers.
  public let body: LayerSequence
  /// The layers on the way past them; none for the inputs as they are.
  public let shortcut: LayerSequence

  /// Creates a layer.
  ///
  /// - Throws: `TrainerError` if two layers have one name.
  public init(name: String? = nil, _ layers: [any Layer], shortcut: [any Layer] = []) throws {
    self.name = name
    body = try LayerSequence(layers)
    self.shortcut = try LayerSequence(shortcut)
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name in files; by default its type and ordinal.")
    body = try LayerSequence(from: settings, help: "The layers whose outputs are added to their inputs.")
    shortcut = try LayerSequence(
      optionalFrom: settings, key: "shortcut",
      help: "Layers that the inputs go through before the sum, where the shapes differ.")
  }

  /// Whether a layer inside is.
  public var isRandom: Bool { body.isRandom || shortcut.isRandom }
  /// Whether a layer inside does.
  public var slidesFilters: Bool { body.slidesFilters || shortcut.slidesFilters }

  /// All settings.
  public var json: JSONObject {
    JSONObject([
      ("name", name.map(JSONValue.string)), ("layers", body.json),
      ("shortcut", shortcut.layers.isEmpty ? nil : shortcut.json),
    ])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let y = try body.apply(to: x, builder)
    let past = shortcut.layers.isEmpty ? x : try builder.within("shortcut") { try shortcut.apply(to: x, builder) }
    guard y.shape == past.shape else {
      throw TrainerError(
        .usage,
        "the layers give \(Array(y.shape.dropFirst())) a sample and \(shortcut.layers.isEmpty ? "get" : "the shortcut gives") "
          + "\(Array(past.shape.dropFirst())), which cannot be added; "
          + (shortcut.layers.isEmpty
            ? "add a \"shortcut\", such as [{\"type\": \"convolution\", \"filters\": \(y.shape[y.shape.count - 1]), \"kernel\": 1}]"
            : "change one of them"))
    }
    return try y + past
  }
}

/// Branches that all get the layer's inputs and whose outputs are joined.
public struct Parallel: Layer {
  /// How outputs are joined.
  public enum Join: String, Sendable, CaseIterable {
    /// Added up.
    case add
    /// One behind the other, along the last axis.
    case concatenate
  }

  public static let type = "parallel"
  /// The name given in the config.
  public let name: String?
  /// The branches; one without layers passes the inputs on.
  public let branches: [LayerSequence]
  /// How their outputs are joined.
  public let join: Join

  /// Creates a layer of at least one branch.
  ///
  /// - Throws: `TrainerError` if two layers of a branch have one name.
  public init(name: String? = nil, branches: [[any Layer]], join: Join = .concatenate) throws {
    self.name = name
    self.branches = try branches.map { try LayerSequence($0) }
    self.join = join
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name in files; by default its type and ordinal.")
    let branches = try settings.objects(
      "branches", help: "Objects with the layers of each branch, of which there may be none.")
    guard !branches.isEmpty else { throw settings.error("branches", "found none, expected at least one branch") }
    self.branches = try branches.map { try LayerSequence(from: $0, help: "The branch's layers in order.") }
    join = try settings.choice(
      "join", default: .concatenate, help: "How outputs are joined: added, or one behind the other along the last axis."
    )
  }

  /// Whether a layer inside is.
  public var isRandom: Bool { branches.contains(where: \.isRandom) }
  /// Whether a layer inside does.
  public var slidesFilters: Bool { branches.contains(where: \.slidesFilters) }

  /// All settings.
  public var json: JSONObject {
    JSONObject([
      ("name", name.map(JSONValue.string)),
      ("branches", .array(branches.map { .object(JSONObject([("layers", $0.json)])) })),
      ("join", .string(join.rawValue)),
    ])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let outputs = try branches.enumerated().map { index, branch in
      try builder.within("branch\(index + 1)") { try branch.apply(to: x, builder) }
    }
    let shapes = outputs.map { Array($0.shape.dropFirst()) }
    let parts = join == .add ? shapes : shapes.map { Array($0.dropLast()) }
    guard let first = outputs.first, parts.allSatisfy({ $0 == parts[0] }), first.shape.count > 1 || join == .add else {
      throw TrainerError(
        .usage,
        "the branches give \(shapes.map { "\($0)" }.joined(separator: ", ")) a sample, which cannot be "
          + (join == .add ? "added" : "joined along the last axis"))
    }
    return join == .add
      ? try outputs.dropFirst().reduce(first) { try $0 + $1 } : try concatenate(outputs, axis: -1)
  }
}

/// Layers so many times in a row, each time with parameters of their own.
public struct Repeat: Layer {
  public static let type = "repeat"
  /// The name given in the config.
  public let name: String?
  /// The layers of one round.
  public let body: LayerSequence
  /// The rounds.
  public let count: Int

  /// Creates a layer.
  ///
  /// - Throws: `TrainerError` if two layers have one name.
  public init(name: String? = nil, count: Int, _ layers: [any Layer]) throws {
    self.name = name
    self.count = count
    body = try LayerSequence(layers)
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name in files; by default its type and ordinal.")
    count = try settings.integer(
      "count", in: 1...1000, help: "How many times the layers come, each with parameters of their own.")
    body = try LayerSequence(from: settings, help: "The layers of one round.")
  }

  /// Whether a layer inside is.
  public var isRandom: Bool { body.isRandom }
  /// Whether a layer inside does.
  public var slidesFilters: Bool { body.slidesFilters }

  /// All settings.
  public var json: JSONObject {
    JSONObject([("name", name.map(JSONValue.string)), ("count", .integer(count)), ("layers", body.json)])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    try (1...count).reduce(x) { y, round in try builder.within("\(round)") { try body.apply(to: y, builder) } }
  }
}
