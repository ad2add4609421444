import Autodiff
import Foundations

/// Layers in order, each with a name: a model, or what a layer that holds layers has.
public struct LayerSequence: Sendable {
  /// The layers.
  public let layers: [any Layer]
  /// Their names, in order: that of the config, or type and ordinal.
  public let names: [String]

  /// Creates a sequence.
  ///
  /// - Throws: `TrainerError` if two layers have one name.
  public init(_ layers: [any Layer]) throws {
    self.layers = layers
    var ordinals: [String: Int] = [:]
    names = layers.map { layer in
      let type = Swift.type(of: layer).type
      ordinals[type, default: 0] += 1
      return layer.name ?? "\(type)\(ordinals[type, default: 1])"
    }
    if let twin = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
      throw TrainerError(.usage, "two layers are named '\(names[twin])'; give one of them another \"name\"")
    }
    if let bad = names.first(where: { $0.isEmpty || $0.contains("/") || $0 == "." }) {
      throw TrainerError(.usage, "'\(bad)' cannot name a layer: names become HDF5 groups and must not contain '/'")
    }
  }

  /// Reads the array `key` of a config's object, with the layers of the registry that the model is read with.
  init(from settings: Settings, key: String = "layers", help: String) throws {
    try self.init(reading: settings.objects(key, help: help), of: settings, key: key)
  }

  /// Reads the array `key` of a config's object if it is there; none are no layers.
  init(optionalFrom settings: Settings, key: String, help: String) throws {
    try self.init(reading: settings.optionalObjects(key, help: help) ?? [], of: settings, key: key)
  }

  private init(reading elements: [Settings], of settings: Settings, key: String) throws {
    let layers = try elements.compactMap { layer in try layer.attempt { try LayerReading.registry.read(layer) } }
    do {
      // Of layers with faults none is there, and ordinals are others'.
      try self.init(layers.count < elements.count ? [] : layers)
    } catch let error as TrainerError {
      throw settings.error(key, error.message)
    }
  }

  /// Whether some layer computes something else from step to step.
  var isRandom: Bool { layers.contains(where: \.isRandom) }

  /// Whether filters of some layer meet many positions of a sample.
  var slidesFilters: Bool { layers.contains(where: \.slidesFilters) }

  /// The layers as a config writes them.
  var json: JSONValue { .array(layers.map { .object($0.typedJSON) }) }

  /// Adds the layers to the graph, within the layer that is being added, if there is one.
  ///
  /// - Throws: `TrainerError` that names the layer which does not take what it gets.
  func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    try layers.indices.reduce(x) { y, index in
      try builder.apply(layers[index], named: names[index], to: y)
    }
  }
}

/// The registry that a model is being read with, for layers that hold layers.
enum LayerReading {
  @TaskLocal static var registry: Registry<any Layer> = .layers
}
