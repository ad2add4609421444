import Autodiff
import Foundations

/// A feed-forward model: layers in order.
public struct Model: Sendable {
  private let sequence: LayerSequence

  /// The layers.
  public var layers: [any Layer] { sequence.layers }
  /// Their names in files, in order.
  public var names: [String] { sequence.names }
  /// Whether what some layer computes in training differs from step to step.
  package var isRandom: Bool { sequence.isRandom }
  /// Whether filters of some layer meet many positions of a sample.
  package var slidesFilters: Bool { sequence.slidesFilters }

  /// Creates a model.
  ///
  /// - Throws: `TrainerError` if two layers have one name.
  public init(_ layers: [any Layer]) throws { sequence = try LayerSequence(layers) }

  /// Reads the object `model` of a config, with the layers that a registry has.
  public init(from settings: Settings, registry: Registry<any Layer> = .layers) throws {
    sequence = try LayerReading.$registry.withValue(registry) {
      try LayerSequence(from: settings, help: "The layers in order.")
    }
    try settings.finish()
    guard !layers.isEmpty || settings.hasFault else {
      throw settings.error("layers", "a model needs at least one layer")
    }
  }

  /// Adds the model to a graph.
  ///
  /// - Parameters:
  ///   - x: The inputs, [samples, …].
  ///   - isTraining: Whether layers behave as in training, with dropout.
  /// - Returns: The outputs of the last layer.
  public func apply(to x: Node, isTraining: Bool) throws -> Node {
    try apply(to: x, LayerBuilder(isTraining: isTraining))
  }

  /// Adds the model to a graph as training has it.
  ///
  /// - Parameter freezes: Whether no step changes the parameter, or the state, of a name.
  /// - Returns: The outputs of the last layer, and what a step takes off each state, by its name.
  package func applyInTraining(
    to x: Node, freezing freezes: @escaping (String) -> Bool = { _ in false }
  ) throws -> (outputs: Node, stateChanges: [String: Node]) {
    let builder = LayerBuilder(isTraining: true, freezes: freezes)
    return (try apply(to: x, builder), builder.stateChanges)
  }

  /// Adds the model to a graph as prediction has it.
  ///
  /// - Returns: The outputs of the last layer, and the nodes of each layer by the path to it: those of a layer within another
  ///   behind that one's.
  package func applyInPrediction(to x: Node) throws -> (outputs: Node, layers: [(path: String, nodes: Range<Int>)]) {
    let builder = LayerBuilder(isTraining: false)
    return (try apply(to: x, builder), builder.applications.map { ($0.path, $0.nodes) })
  }

  private func apply(to x: Node, _ builder: LayerBuilder) throws -> Node { try sequence.apply(to: x, builder) }

  /// What a model's layers are and give, for people.
  package struct LayerOutline {
    /// The layer's name; of one within another, the path to it.
    package let name: String
    /// How many layers it is within.
    package let depth: Int
    /// Its type in configs.
    package let type: String
    /// Its settings but for the type, as a config writes them.
    package let settings: JSONObject
    /// Its parameters, and those of the layers in it.
    package let parameters: [(name: String, shape: Shape)]
    /// The extents of what it gives for one sample.
    package let outputShape: Shape
    /// Floating-point operations for one sample where nothing is trained, a multiply-add counting as two.
    package let operations: Int
  }

  /// The layers for samples of a shape, those within another behind it.
  package func outline(inputShape: Shape) throws -> [LayerOutline] {
    let builder = LayerBuilder(isTraining: false)
    let graph = Graph()
    _ = try apply(to: graph.input("inputs", shape: [1] + inputShape), builder)
    return builder.applications.map { application in
      LayerOutline(
        name: application.path, depth: application.depth, type: Swift.type(of: application.layer).type,
        settings: application.layer.json,
        parameters: builder.declarations[application.declarations].map { ($0.name, $0.shape) },
        outputShape: Array(application.outputShape.dropFirst()),
        operations: graph.floatingPointOperations(of: application.nodes))
    }
  }

  /// The model's parameters for samples of a shape, and the shape of its output for one sample.
  public func parameters(inputShape: Shape) throws -> ModelParameters {
    let builder = LayerBuilder(isTraining: false)
    let output = try apply(to: Graph().input("inputs", shape: [1] + inputShape), builder)
    return ModelParameters(declarations: builder.declarations, outputShape: Array(output.shape.dropFirst()))
  }
}

/// The parameters that a model declares.
public struct ModelParameters: Sendable {
  /// Where they lie in the flat vector.
  public let layout: ParameterLayout
  /// The extents of the model's output for one sample.
  public let outputShape: Shape
  private let initializations: [Initialization]
  private let fans: [(in: Int, out: Int)]

  init(declarations: [LayerBuilder.Declaration], outputShape: Shape) {
    var layout = ParameterLayout()
    // The state comes last, as Note [State] in `ParameterLayout` says.
    let declarations = declarations.filter { !$0.isState } + declarations.filter(\.isState)
    for declaration in declarations {
      layout.append(name: declaration.name, shape: declaration.shape, isState: declaration.isState)
    }
    self.layout = layout
    self.outputShape = outputShape
    initializations = declarations.map(\.initialization)
    fans = declarations.map { ($0.fanIn, $0.fanOut) }
  }

  /// The first values of all parameters, in layout order.
  public func initialValues(seed: UInt64) -> [Double] {
    layout.entries.indices.flatMap { index in
      initializations[index].values(
        count: layout.entries[index].count, fanIn: fans[index].in, fanOut: fans[index].out, seed: seed, ordinal: index)
    }
  }
}
