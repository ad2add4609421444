import Autodiff
import Foundations

/// A layer of a model: a function that adds nodes to a graph.
public protocol Layer: Configurable {
  /// The name given in the config; without one, a layer is named by its type and its ordinal among that type.
  var name: String? { get }

  /// Whether what the layer computes in training differs from step to step, as with dropout: an optimizer that goes by
  /// the loss's values takes no such layer. No, unless the layer says so.
  var isRandom: Bool { get }

  /// Whether filters meet many positions of a sample, so that a shard's arithmetic is great beside its parameters, and few
  /// samples fill it. No, unless the layer says so.
  var slidesFilters: Bool { get }

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
  /// No.
  public var slidesFilters: Bool { false }
  /// The layer's type in a registry.
  public static var entry: Registry<any Layer>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any Layer {
  /// The package's layers.
  public static let layers = Registry(
    of: "layer",
    [
      Dense.entry, Dropout.entry, PReLU.entry, LayerNormalization.entry, BatchNormalization.entry,
      GroupNormalization.entry, RMSNormalization.entry, ActivationLayer.entry, Convolution.entry,
      TransposedConvolution.entry, MaxPooling.entry, AveragePooling.entry,
      GlobalMaxPooling.entry, GlobalAveragePooling.entry, Flatten.entry, Reshape.entry, Permute.entry, Padding.entry,
      Upsampling.entry, RandomShift.entry, RandomFlip.entry, RandomCrop.entry, GaussianNoise.entry, Residual.entry,
      Parallel.entry,
      Repeat.entry,
    ])

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
    var isState = false
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
  /// Whether the config freezes the parameter, or the state, of a name.
  private let freezes: (String) -> Bool
  /// The names of the layers that are being added, outermost first.
  private var path: [String] = []
  /// How many layers are being added.
  private var depth = 0
  private(set) var declarations: [Declaration] = []
  private(set) var applications: [Application] = []
  /// What is to be taken off each state, by its name.
  private(set) var stateChanges: [String: Node] = [:]
  private var maskCount = 0
  /// Whether an error says which layer it is of.
  private var isBlamed = false

  init(isTraining: Bool, freezes: @escaping (String) -> Bool = { _ in false }) {
    self.isTraining = isTraining
    self.freezes = freezes
  }

  /// Whether the config freezes a parameter or a state of the layer, so that no step changes it: a layer whose state is frozen goes by
  /// it in training as in evaluation.
  ///
  /// - Parameter name: Its name within the layer, such as `mean`.
  public func isFrozen(_ name: String) -> Bool { freezes((path + [name]).joined(separator: "/")) }

  /// Adds a layer to the graph: a model's, or one within the layer that is being added, whose path then begins with that
  /// layer's.
  ///
  /// - Parameters:
  ///   - layer: The layer.
  ///   - name: Its name among its neighbours.
  ///   - x: Its input, [samples, …].
  /// - Throws: What the layer throws.
  public func apply(_ layer: any Layer, named name: String, to x: Node) throws -> Node {
    try within(name) {
      let (place, declared, nodes) = (applications.count, declarations.count, x.graph.count)
      depth += 1
      defer { depth -= 1 }
      let y = try layer.apply(to: x, self)
      // In front of the layers in it, which were there first.
      applications.insert(
        Application(
          path: path.joined(separator: "/"), layer: layer, depth: depth - 1,
          declarations: declared..<declarations.count, nodes: nodes..<x.graph.count, outputShape: y.shape), at: place)
      return y
    }
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
    let path = (path + [name]).joined(separator: "/")
    declarations.append(
      .init(name: path, shape: shape, initialization: initialization, fanIn: fanIn, fanOut: fanOut))
    return try graph.parameter(path, shape: shape)
  }

  /// Declares state: numbers that the layer keeps from step to step, which no gradient changes.
  ///
  /// - Parameters:
  ///   - name: Its name within the layer, such as `mean`.
  ///   - shape: Its extents, outermost first.
  ///   - initialization: How it starts.
  ///   - graph: The graph of the layer's input.
  /// - Throws: A shape's error, if the graph refuses it.
  public func state(_ name: String, shape: Shape, initialization: Initialization, in graph: Graph) throws -> Node {
    let path = (path + [name]).joined(separator: "/")
    declarations.append(
      .init(name: path, shape: shape, initialization: initialization, fanIn: 1, fanOut: 1, isState: true))
    return try graph.parameter(path, shape: shape)
  }

  /// Says what a step takes off a state, as the samples of one shard have it: of a batch it is the mean over its samples.
  /// In evaluation nothing is.
  ///
  /// - Parameter change: Of the state's shape.
  public func change(_ state: Node, by change: Node) {
    guard isTraining, let name = state.parameterName, !freezes(name) else { return }
    precondition(change.shape == state.shape, "what is taken off '\(name)' has another shape")
    stateChanges[name] = change
  }

  /// Adds what belongs together within the layer that is being added, such as a branch: the names of its layers have this
  /// one in front of them.
  ///
  /// - Throws: What `body` throws; of an error of use it says where in the model it is of.
  public func within<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    path.append(name)
    defer { path.removeLast() }
    do {
      return try body()
    } catch let error as TrainerError where error.code == .usage && !isBlamed {
      isBlamed = true
      throw TrainerError(.usage, "layer '\(path.joined(separator: "/"))': \(error.message)")
    }
  }

  /// The number of the next random mask, which tells the masks of one model apart: the `stream` of
  /// `Graph.dropoutMask(rate:stream:shape:)`. A layer takes its numbers in evaluation too, so that both graphs number
  /// alike.
  public func nextMask() -> Int {
    defer { maskCount += 1 }
    return maskCount
  }
}
