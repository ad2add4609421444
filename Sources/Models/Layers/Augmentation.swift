import Autodiff
import Foundations

/// In training, each sample moved by up to so many elements along each spatial axis, zeros coming in; in evaluation nothing.
public struct RandomShift: Layer {
  public static let type = "randomShift"
  /// The name given in the config.
  public let name: String?
  /// The farthest that a sample is moved.
  public let most: AxisNumbers
  /// Yes.
  public let isRandom = true

  /// Creates a layer.
  public init(name: String? = nil, most: AxisNumbers) {
    self.name = name
    self.most = most
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    most = try settings.axisNumbers(
      "most", in: .nonNegative, help: "The most elements that a sample is moved by: a number, or one for each axis.")
  }

  /// All settings.
  public var json: JSONObject { JSONObject([("name", name.map(JSONValue.string)), ("most", most.json)]) }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let stream = builder.nextMask()
    let extents = try spatialExtents(of: x, for: Self.type)
    let most = try most.over(extents.count, key: "most")
    guard builder.isTraining else { return x }
    return try x.randomWindow(
      size: extents, places: most.map { -$0...$0 }, mirrored: extents.map { _ in false }, stream: stream)
  }
}

/// In training, every other sample mirrored along some spatial axes, each by a chance of its own; in evaluation nothing.
public struct RandomFlip: Layer {
  public static let type = "randomFlip"
  /// The name given in the config.
  public let name: String?
  /// The spatial axes, counted from 0; `nil` for the last one, which flips images from left to right.
  public let axes: [Int]?
  /// Yes.
  public let isRandom = true

  /// Creates a layer.
  public init(name: String? = nil, axes: [Int]? = nil) {
    self.name = name
    self.axes = axes
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    axes = try settings.optionalIntegers(
      "axes", in: 0...2, count: 1...3,
      help:
        "The spatial axes to mirror, counted from 0; by default the last one, which flips images from left to right.")
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([
      ("name", name.map(JSONValue.string)), ("axes", axes.map { .array($0.map(JSONValue.integer)) }),
    ])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let stream = builder.nextMask()
    let extents = try spatialExtents(of: x, for: Self.type)
    let axes = axes ?? [extents.count - 1]
    guard axes.allSatisfy(extents.indices.contains), Set(axes).count == axes.count else {
      throw TrainerError(
        .usage, "\"axes\" \(axes) must be different ones of the \(extents.count) spatial axes, counted from 0")
    }
    guard builder.isTraining else { return x }
    return try x.randomWindow(
      size: extents, places: extents.map { _ in 0...0 }, mirrored: extents.indices.map(axes.contains), stream: stream)
  }
}

/// In training a window of each sample from a random place; in evaluation the one in the middle.
public struct RandomCrop: Layer {
  public static let type = "randomCrop"
  /// The name given in the config.
  public let name: String?
  /// The extents of the window.
  public let size: AxisNumbers
  /// Yes.
  public let isRandom = true

  /// Creates a layer.
  public init(name: String? = nil, size: AxisNumbers) {
    self.name = name
    self.size = size
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    size = try settings.axisNumbers("size", help: "The extents of the window: a number, or one for each axis.")
  }

  /// All settings.
  public var json: JSONObject { JSONObject([("name", name.map(JSONValue.string)), ("size", size.json)]) }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let stream = builder.nextMask()
    let extents = try spatialExtents(of: x, for: Self.type)
    let size = try size.over(extents.count, key: "size")
    guard zip(size, extents).allSatisfy({ $0 <= $1 }) else {
      throw TrainerError(.usage, "\"size\" \(size) is larger than the samples' extents \(extents)")
    }
    let rest = zip(extents, size).map { $0 - $1 }
    guard builder.isTraining else {
      let middle = zip(rest, size).map { AxisSelection.range(from: $0 / 2, to: $0 / 2 + $1) }
      return try x.elements([.range()] + middle + [.range()])
    }
    return try x.randomWindow(
      size: size, places: rest.map { 0...$0 }, mirrored: extents.map { _ in false }, stream: stream)
  }
}

/// In training, noise of the normal distribution with mean 0 added to each element; in evaluation nothing.
public struct GaussianNoise: Layer {
  public static let type = "gaussianNoise"
  /// The name given in the config.
  public let name: String?
  /// The noise's standard deviation, in the unit of the layer's inputs.
  public let standardDeviation: Double
  /// Yes.
  public let isRandom = true

  /// Creates a layer; the deviation is finite and at least 0.
  public init(name: String? = nil, standardDeviation: Double) {
    self.name = name
    self.standardDeviation = standardDeviation
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name; by default its type and ordinal.")
    standardDeviation = try settings.number(
      "standardDeviation", in: .nonNegative, help: "The noise's standard deviation, in the unit of the layer's inputs.")
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([("name", name.map(JSONValue.string)), ("standardDeviation", .number(standardDeviation))])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let stream = builder.nextMask()
    guard builder.isTraining, standardDeviation > 0 else { return x }
    return try x + x.graph.normalNoise(deviation: standardDeviation, stream: stream, shape: x.shape)
  }
}
