import Autodiff
import Foundations

/// A layer of a model: a function that adds nodes to a graph.
public protocol Layer: Configurable {
  /// The name given in the config; without one, a layer is named by its type and its ordinal among that type.
  var name: String? { get }

  /// Adds the layer to the graph.
  ///
  /// - Parameters:
  ///   - x: The layer's input, [samples, …].
  ///   - builder: Declares parameters and knows whether the graph is for training.
  /// - Throws: `TrainerError` if the layer does not take inputs of that shape.
  func apply(to x: Node, _ builder: LayerBuilder) throws -> Node
}

extension Layer {
  /// The line for the layer's type in `Registry.layers`.
  static var entry: Registry<any Layer>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any Layer {
  /// All layers.
  public static let layers = Registry([Dense.entry, Dropout.entry, LayerNormalization.entry])
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

  let isTraining: Bool
  var layerName = ""
  private(set) var declarations: [Declaration] = []
  private var maskCount = 0

  init(isTraining: Bool) { self.isTraining = isTraining }

  /// Declares a parameter of the layer and adds it to the graph.
  func parameter(
    _ name: String, shape: Shape, initialization: Initialization, fanIn: Int, fanOut: Int, in graph: Graph
  ) throws -> Node {
    let path = "\(layerName)/\(name)"
    declarations.append(
      .init(name: path, shape: shape, initialization: initialization, fanIn: fanIn, fanOut: fanOut))
    return try graph.parameter(path, shape: shape)
  }

  /// The number of the next random mask, which tells the masks of one model apart.
  func nextMask() -> Int {
    defer { maskCount += 1 }
    return maskCount
  }
}
