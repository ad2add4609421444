import Autodiff
import Foundations

/// What pooling layers have in common.
struct PoolingSettings: Sendable {
  var size: AxisNumbers
  /// `nil` for the size: windows side by side.
  var stride: AxisNumbers?
  var padding: WindowPadding = .valid

  init(size: AxisNumbers, stride: AxisNumbers?, padding: WindowPadding) {
    self.size = size
    self.stride = stride
    self.padding = padding
  }

  /// Reads the settings.
  init(from settings: Settings) throws {
    size = try settings.axisNumbers("size", help: "The size of a window: a number, or one for each axis.")
    stride = try settings.optionalAxisNumbers(
      "stride", help: "The distance from one window to the next; by default the size.")
    padding = try WindowPadding.read(settings)
  }

  /// As a config writes them.
  var json: [(String, JSONValue?)] {
    [("size", size.json), ("stride", stride?.json), ("padding", padding.json)]
  }

  func geometry(over extents: [Int]) throws -> WindowGeometry {
    let size = try size.over(extents.count, key: "size")
    let geometry = try padding.geometry(
      size: size, stride: stride?.over(extents.count, key: "stride") ?? size, dilation: size.map { _ in 1 },
      over: extents)
    // Such a window could lie outside as a whole, where there is nothing to pool.
    guard zip(geometry.before, size).allSatisfy({ $0 < $1 }) else {
      throw TrainerError(.usage, "\"padding\" \(geometry.before) is not less than the windows' size \(size)")
    }
    return geometry
  }
}

/// The largest element of each window and channel of inputs [axes, channels]; padding never is.
public struct MaxPooling: Layer {
  public static let type = "maxPooling"
  /// The name given in the config.
  public let name: String?
  private let settings: PoolingSettings

  /// Creates a layer; `stride` is the size unless given.
  public init(
    name: String? = nil, size: AxisNumbers, stride: AxisNumbers? = nil, padding: WindowPadding = .valid
  ) {
    self.name = name
    settings = PoolingSettings(size: size, stride: stride, padding: padding)
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    self.settings = try PoolingSettings(from: settings)
  }

  /// All settings.
  public var json: JSONObject { JSONObject([("name", name.map(JSONValue.string))] + settings.json) }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    try x.maxPool(settings.geometry(over: spatialExtents(of: x, for: Self.type)))
  }
}

/// The mean of each window and channel of inputs [axes, channels], over what lies within them: padding does not count.
public struct AveragePooling: Layer {
  public static let type = "averagePooling"
  /// The name given in the config.
  public let name: String?
  private let settings: PoolingSettings

  /// Creates a layer; `stride` is the size unless given.
  public init(
    name: String? = nil, size: AxisNumbers, stride: AxisNumbers? = nil, padding: WindowPadding = .valid
  ) {
    self.name = name
    settings = PoolingSettings(size: size, stride: stride, padding: padding)
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    self.settings = try PoolingSettings(from: settings)
  }

  /// All settings.
  public var json: JSONObject { JSONObject([("name", name.map(JSONValue.string))] + settings.json) }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    try x.meanPool(settings.geometry(over: spatialExtents(of: x, for: Self.type)))
  }
}

/// The largest element of each channel of inputs [axes, channels].
public struct GlobalMaxPooling: Layer {
  public static let type = "globalMaxPooling"
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
    let axes = try spatialExtents(of: x, for: Self.type)
    return try x.maxPool(WindowGeometry(size: axes)).reshape([x.shape[0], x.shape[x.shape.count - 1]])
  }
}

/// The mean of each channel of inputs [axes, channels].
public struct GlobalAveragePooling: Layer {
  public static let type = "globalAveragePooling"
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
    let axes = try spatialExtents(of: x, for: Self.type)
    return try x.meanPool(WindowGeometry(size: axes)).reshape([x.shape[0], x.shape[x.shape.count - 1]])
  }
}
