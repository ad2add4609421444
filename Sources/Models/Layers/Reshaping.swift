import Autodiff
import Foundations

/// All elements of a sample on one axis.
public struct Flatten: Layer {
  public static let type = "flatten"
  /// The name given in the config.
  public let name: String?

  /// Creates a layer.
  public init(name: String? = nil) { self.name = name }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
  }

  /// All settings.
  public var json: JSONObject { JSONObject([("name", name.map(JSONValue.string))]) }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    try x.reshape([x.shape[0], x.shape.dropFirst().reduce(1, *)])
  }
}

/// A sample's elements, in the same order, under another shape.
public struct Reshape: Layer {
  public static let type = "reshape"
  /// The name given in the config.
  public let name: String?
  /// The extents of a sample; one of them may be −1, for what is left.
  public let shape: [Int]

  /// Creates a layer.
  public init(name: String? = nil, shape: [Int]) {
    self.name = name
    self.shape = shape
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    shape = try settings.integers(
      "shape", in: -1...ClosedRange.mostCount, count: 1...8,
      help: "The extents of a sample, channels last; one of them may be -1, for what is left.")
    guard shape.count(where: { $0 == -1 }) <= 1, !shape.contains(0) else {
      throw settings.error("shape", "found \(shape), expected extents of at least 1, of which one may be -1")
    }
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([("name", name.map(JSONValue.string)), ("shape", .array(shape.map(JSONValue.integer)))])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let own = Shape(x.shape.dropFirst())
    let count = own.reduce(1, *)
    let known = shape.reduce(1) { product, extent in
      extent == -1 ? product : product.multipliedReportingOverflow(by: extent).partialValue
    }
    let shape = shape.map { $0 == -1 && known > 0 ? count / known : $0 }
    guard shape.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) == count else {
      throw TrainerError(
        .usage, "samples of the shape \(own) have \(count) elements, which do not fill the shape \(self.shape)")
    }
    return try x.reshape([x.shape[0]] + shape)
  }
}

/// A sample's axes in another order.
public struct Permute: Layer {
  public static let type = "permute"
  /// The name given in the config.
  public let name: String?
  /// For each axis of the result the axis of the input, from 0; the samples' axis is not counted.
  public let axes: [Int]

  /// Creates a layer.
  public init(name: String? = nil, axes: [Int]) {
    self.name = name
    self.axes = axes
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    axes = try settings.integers(
      "axes", in: 0...7, count: 1...8, help: "For each axis of the result that of a sample, counted from 0.")
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([("name", name.map(JSONValue.string)), ("axes", .array(axes.map(JSONValue.integer)))])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    guard axes.sorted() == Array(0..<x.shape.count - 1) else {
      throw TrainerError(
        .usage,
        "\"axes\" \(axes) must name each axis of the samples, whose shape is \(Array(x.shape.dropFirst())), once")
    }
    return try x.transpose([0] + axes.map { $0 + 1 })
  }
}

/// Zeros around inputs [axes, channels].
public struct Padding: Layer {
  public static let type = "padding"
  /// The name given in the config.
  public let name: String?
  /// The zeros before each axis.
  public let before: AxisNumbers
  /// The zeros behind each axis.
  public let after: AxisNumbers

  /// Creates a layer.
  public init(name: String? = nil, before: AxisNumbers, after: AxisNumbers) {
    self.name = name
    self.before = before
    self.after = after
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    before = try settings.axisNumbers("before", default: .same(0), in: .nonNegative, help: "Zeros before each axis.")
    after = try settings.axisNumbers("after", default: .same(0), in: .nonNegative, help: "Zeros behind each axis.")
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([("name", name.map(JSONValue.string)), ("before", before.json), ("after", after.json)])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let axes = try spatialExtents(of: x, for: Self.type).count
    let (before, after) = (try before.over(axes, key: "before"), try after.over(axes, key: "after"))
    return try x.pad([(0, 0)] + zip(before, after).map { (before: $0, after: $1) } + [(0, 0)])
  }
}

/// Each element of inputs [axes, channels] so many times along each axis: nearest-neighbour upsampling.
public struct Upsampling: Layer {
  public static let type = "upsampling"
  /// The name given in the config.
  public let name: String?
  /// How often an element comes along each axis.
  public let size: AxisNumbers

  /// Creates a layer.
  public init(name: String? = nil, size: AxisNumbers) {
    self.name = name
    self.size = size
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    size = try settings.axisNumbers(
      "size", default: .same(2), help: "How often an element comes along each axis: a number, or one for each.")
  }

  /// All settings.
  public var json: JSONObject { JSONObject([("name", name.map(JSONValue.string)), ("size", size.json)]) }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let extents = try spatialExtents(of: x, for: Self.type)
    let times = try size.over(extents.count, key: "size")
    let (samples, channels) = (x.shape[0], x.shape[x.shape.count - 1])
    let pairs = zip(extents, times)
    return
      try x
      .reshape([samples] + pairs.flatMap { [$0.0, 1] } + [channels])
      .broadcast(to: [samples] + pairs.flatMap { [$0.0, $0.1] } + [channels])
      .reshape([samples] + pairs.map { $0.0 * $0.1 } + [channels])
  }
}

/// A function of each element.
public struct ActivationLayer: Layer {
  public static let type = "activation"
  /// The name given in the config.
  public let name: String?
  /// The function; `nil` for none.
  public let activation: Activation?

  /// Creates a layer.
  public init(name: String? = nil, _ activation: Activation) {
    self.name = name
    self.activation = activation
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    activation = try Activation.read(settings)
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([("name", name.map(JSONValue.string)), ("activation", (activation ?? .linear).json)])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node { try activation?.apply(to: x) ?? x }
}
