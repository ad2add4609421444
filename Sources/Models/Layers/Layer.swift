import Autodiff
import Foundations

/// A layer of a model: a function that adds nodes to a graph.
public protocol Layer: Configurable {
  /// The name given in the config; without one, a layer is named by its type and its ordinal among that type.
  var name: String? { get }

  /// Whether what the layer computes in training differs from step to step, as with dropout: an optimizer that goes by
  /// the loss's values takes no such layer. No, unless the layer says so.
  var isRandom: Bool { get }

  /// Adds the layer to the graph.
  ///
  /// - Parameters:
  ///   - x: The layer's input, [samples, …].
  ///   - builder: Declares parameters and knows whether the graph is for training.
  /// - Throws: `TrainerError` if the layer does not take inputs of that shape.
  func apply(to x: Node, _ builder: LayerBuilder) throws -> Node
}

extension Layer {
  /// No.
  public var isRandom: Bool { false }
  /// The layer's type in a registry.
  public static var entry: Registry<any Layer>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any Layer {
  /// The package's layers.
  public static let layers = Registry(of: "layer", [Dense.entry, Dropout.entry, LayerNormalization.entry])

  /// Adds a layer's type.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is one of that name already.
  public mutating func add<Added: Layer>(_ type: Added.Type) throws { try add(Added.entry) }
}

/// What a layer sees of the model while it adds itself to a graph.
public final class LayerBuilder {
  /// A parameter that a layer has declared.
  struct Declaration {
    let name: String
    let shape: Shape
    let initialization: Initialization
    let fanIn: Int
    let fanOut: Int
  }

  /// A layer that was added to the graph.
  struct Application {
    let path: String
    let layer: any Layer
    /// How many layers it is within.
    let depth: Int
    /// Its parameters, and those of the layers in it, among all that were declared.
    let declarations: Range<Int>
    /// The nodes of the graph that it added.
    let nodes: Range<Int>
    /// What it gives, [samples, …].
    let outputShape: Shape
  }

  /// Whether layers behave as in training, with dropout.
  public let isTraining: Bool
  /// The path of the layer that is being added.
  private var layerName = ""
  private var depth = 0
  private(set) var declarations: [Declaration] = []
  private(set) var applications: [Application] = []
  private var maskCount = 0

  init(isTraining: Bool) { self.isTraining = isTraining }

  /// Adds a layer to the graph: a model's, or one within the layer that is being added, whose path then begins with that
  /// layer's.
  ///
  /// - Parameters:
  ///   - layer: The layer.
  ///   - name: Its name among its neighbours.
  ///   - x: Its input, [samples, …].
  /// - Throws: What the layer throws.
  public func apply(_ layer: any Layer, named name: String, to x: Node) throws -> Node {
    let outer = layerName
    layerName = outer.isEmpty ? name : "\(outer)/\(name)"
    let (place, declared, nodes) = (applications.count, declarations.count, x.graph.count)
    depth += 1
    defer {
      depth -= 1
      layerName = outer
    }
    let y = try layer.apply(to: x, self)
    // In front of the layers in it, which were there first.
    applications.insert(
      Application(
        path: layerName, layer: layer, depth: depth - 1, declarations: declared..<declarations.count,
        nodes: nodes..<x.graph.count, outputShape: y.shape), at: place)
    return y
  }

  /// Declares a parameter of the layer and adds it to the graph.
  ///
  /// - Parameters:
  ///   - name: Its name within the layer, such as `weight`.
  ///   - shape: Its extents, outermost first.
  ///   - initialization: How it starts.
  ///   - fanIn: The number of inputs of a unit, which some initializers go by.
  ///   - fanOut: The number of units that an input feeds.
  ///   - graph: The graph of the layer's input.
  /// - Throws: A shape's error, if the graph refuses it.
  public func parameter(
    _ name: String, shape: Shape, initialization: Initialization, fanIn: Int = 1, fanOut: Int = 1, in graph: Graph
  ) throws -> Node {
    let path = "\(layerName)/\(name)"
    declarations.append(
      .init(name: path, shape: shape, initialization: initialization, fanIn: fanIn, fanOut: fanOut))
    return try graph.parameter(path, shape: shape)
  }

  /// The number of the next random mask, which tells the masks of one model apart: the `stream` of
  /// `Graph.dropoutMask(rate:stream:shape:)`. A layer takes its numbers in evaluation too, so that both graphs number
  /// alike.
  public func nextMask() -> Int {
    defer { maskCount += 1 }
    return maskCount
  }
}
