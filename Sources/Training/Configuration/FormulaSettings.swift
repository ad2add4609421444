import Foundations
import Models

/// A formula that is optimized, with the parameters in it.
public struct FormulaSettings: Sendable, Equatable {
  /// A parameter of the formula.
  public struct Parameter: Sendable, Equatable {
    /// How it starts.
    public enum Start: Sendable, Equatable {
      /// At these values, in row-major order.
      case values([Double])
      /// At values that are drawn.
      case drawn(Initialization)
    }

    /// Its name in the formula.
    public let name: String
    /// The extents, outermost first; empty for a number.
    public let shape: [Int]
    /// How it starts.
    public let start: Start

    private init(name: String, shape: [Int], start: Start) {
      self.name = name
      self.shape = shape
      self.start = start
    }

    /// A number.
    public init(_ name: String, _ value: Double) { self.init(name: name, shape: [], start: .values([value])) }

    /// A vector.
    public init(_ name: String, _ values: [Double]) {
      self.init(name: name, shape: [values.count], start: .values(values))
    }

    /// An array with these values, in row-major order.
    ///
    /// - Precondition: there are as many as the shape says.
    public init(_ name: String, shape: [Int], values: [Double]) {
      precondition(values.count == shape.reduce(1, *), "values do not fit the shape")
      self.init(name: name, shape: shape, start: .values(values))
    }

    /// An array whose values are drawn.
    public init(_ name: String, shape: [Int], _ initialization: Initialization) {
      self.init(name: name, shape: shape, start: .drawn(initialization))
    }

    /// The parameter's first value as a config writes it.
    public var json: JSONValue {
      switch start {
      case .drawn(let initialization):
        return ["shape": .array(shape.map(JSONValue.integer)), "initializer": .object(initialization.json)]
      case .values where shape.contains { $0 < 1 }:
        // No array that JSON can write; the reader says what is wrong with the shape.
        return ["shape": .array(shape.map(JSONValue.integer)), "initializer": .object(Initialization.zeros.json)]
      case .values(let values):
        return shape.reversed().reduce(values.map(JSONValue.number)) { elements, extent in
          stride(from: 0, to: elements.count, by: extent).map { .array(Array(elements[$0..<$0 + extent])) }
        }[0]
      }
    }
  }

  /// Which way the objective goes.
  public enum Direction: String, CaseIterable, Sendable { case minimize, maximize }

  /// How the values of a batch's samples are joined.
  public enum Reduction: String, CaseIterable, Sendable { case mean, sum }

  /// The parameters in the order of the config.
  public let parameters: [Parameter]
  /// The formula; with data, for one sample.
  public let objective: String
  /// Which way the objective goes.
  public let direction: Direction
  /// How the samples' values are joined; `nil` without data.
  public let reduction: Reduction?

  /// Creates the settings.
  ///
  /// - Parameters:
  ///   - objective: The formula; with data, for one sample.
  ///   - parameters: The parameters, in order.
  ///   - direction: Which way the objective goes.
  ///   - reduction: How the samples' values are joined; `nil` for the mean, and without data.
  public init(
    _ objective: String, parameters: [Parameter], direction: Direction = .minimize, reduction: Reduction? = nil
  ) {
    self.objective = objective
    self.parameters = parameters
    self.direction = direction
    self.reduction = reduction
  }

  /// The keys of a config that the settings stand for.
  public var json: JSONObject {
    JSONObject([
      ("parameters", .object(JSONObject(parameters.map { ($0.name, $0.json) }))), ("objective", .string(objective)),
      ("direction", .string(direction.rawValue)), ("reduction", reduction.map { .string($0.rawValue) }),
    ])
  }

  init(from settings: Settings, hasData: Bool) throws {
    parameters = try settings.attempt(or: []) { try Self.parameters(settings) }
    objective = try settings.attempt(or: "0") {
      let objective = try settings.string("objective", help: "The formula; with data, for one sample.")
      guard objective.contains(where: { !$0.isWhitespace }) else {
        throw settings.error("objective", "the formula is empty")
      }
      return objective
    }
    direction = try settings.choice("direction", default: .minimize, help: "Which way the objective goes.")
    if !hasData, settings.isGiven("reduction") {
      throw settings.error("reduction", "there is no \"data\" whose samples it could join; remove it or add data")
    }
    reduction =
      hasData ? try settings.choice("reduction", default: .mean, help: "How the samples' values are joined.") : nil
  }

  private static func parameters(_ settings: Settings) throws -> [Parameter] {
    let parameters = try settings.object(
      "parameters", hasNames: true,
      help: "The formula's parameters by name: a number, an array, or {\"shape\": […], \"initializer\": {…}}.")
    guard !parameters.keys.isEmpty else { throw settings.error("parameters", "there is none, expected at least one") }
    return try parameters.keys.compactMap { name in
      try parameters.attempt(or: nil) { try Parameter(name, in: parameters) }
    }
  }
}

extension FormulaSettings.Parameter {
  /// Several bytes of each are in memory for the parameters, the gradients and the optimizer.
  private static let mostElements = 1e9

  init(_ name: String, in settings: Settings) throws {
    guard name.wholeMatch(of: /[A-Za-z_][A-Za-z_0-9]*/) != nil else {
      throw settings.error(
        name, "cannot name a parameter, expected a letter followed by letters, digits and underscores")
    }
    self.name = name
    let kind = "a number, an array of numbers, or an object with \"shape\" and \"initializer\""
    let number = SettingKind.number(.finite)
    let values = SettingKind.either([number, .array(.any, count: .positive), .object()])
    switch settings.value(name, kind: kind, as: values, help: "The parameter's first value.") {
    case .object:
      let object = try settings.object(name, help: "How the parameter starts.")
      shape = try object.integers("shape", in: .positive, help: "The extents, outermost first.")
      guard shape.reduce(1.0, { $0 * Double($1) }) <= Self.mostElements else {
        throw object.error("shape", "the array is too large, expected at most \(Int(Self.mostElements)) elements")
      }
      start = try .drawn(
        Initialization(from: object.object("initializer", shorthand: "type", help: "How the values are drawn.")))
    case let value?:
      var shape: [Int] = []
      var values: [Double] = []
      guard Self.flatten(value, depth: 0, shape: &shape, values: &values) else {
        throw settings.error(name, "found \(value.lineText), expected \(kind); all rows of an array are equally long")
      }
      self.shape = shape
      start = .values(values)
    case nil:
      throw settings.error(name, "found null, expected \(kind)")
    }
  }

  /// Appends a value's numbers in row-major order; `false` if it is not a full array of numbers.
  private static func flatten(_ value: JSONValue, depth: Int, shape: inout [Int], values: inout [Double]) -> Bool {
    if let number = value.double {
      values.append(number)
      return depth == shape.count
    }
    guard let elements = value.elements, !elements.isEmpty else { return false }
    // The first way down to a number sets the shape; every other has to agree with it.
    if values.isEmpty, depth == shape.count { shape.append(elements.count) }
    guard depth < shape.count, shape[depth] == elements.count else { return false }
    for element in elements {
      guard flatten(element, depth: depth + 1, shape: &shape, values: &values) else { return false }
    }
    return true
  }
}
