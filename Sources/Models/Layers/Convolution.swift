import Autodiff
import Foundations

/// Settings that a convolution and a transposed one share.
struct FilterSettings: Sendable {
  var filters: Int?
  var kernel: AxisNumbers = .same(3)
  var stride: AxisNumbers = .same(1)
  var padding: WindowPadding = .valid
  var dilation: AxisNumbers = .same(1)
  var activation: Activation?
  var usesBias = true
  var weightInitialization = Initialization(.glorotUniform)
  var biasInitialization: Initialization = .zeros

  init() {}

  /// Reads the settings.
  init(from settings: Settings) throws {
    kernel = try settings.axisNumbers("kernel", help: "The size of a window: a number, or one for each axis.")
    stride = try settings.axisNumbers("stride", default: .same(1), help: "The distance from one window to the next.")
    padding = try WindowPadding.read(settings)
    dilation = try settings.axisNumbers(
      "dilation", default: .same(1), help: "The distance between neighbours within a window.")
    activation = try Activation.read(settings)
    usesBias = try settings.boolean("useBias", default: true, help: "Whether a bias is added to each channel.")
    let standard = Dense.defaultInitializer(for: activation)
    weightInitialization = try Initialization(
      from: settings.object(
        "weightInitializer", default: ["type": .string(standard.rawValue)], shorthand: "type",
        help: "How the filters start: heUniform after relu, leakyRelu, elu and gelu, else glorotUniform."))
    settings.derive("weightInitializer", from: "from activation")
    biasInitialization = try Initialization(
      from: settings.object(
        "biasInitializer", default: ["type": "constant"], shorthand: "type", help: "How the bias starts."))
  }

  /// As a config writes them.
  var json: [(String, JSONValue?)] {
    [
      ("filters", filters.map(JSONValue.integer)), ("kernel", kernel.json), ("stride", stride.json),
      ("padding", padding.json), ("dilation", dilation.json), ("activation", (activation ?? .linear).json),
      ("useBias", .boolean(usesBias)), ("weightInitializer", .object(weightInitialization.json)),
      ("biasInitializer", .object(biasInitialization.json)),
    ]
  }

  /// Adds the bias and the activation.
  func finish(_ y: Node, _ builder: LayerBuilder, fanIn: Int, fanOut: Int) throws -> Node {
    var y = y
    if usesBias {
      y =
        try y
        + builder.parameter(
          "bias", shape: [y.shape[y.shape.count - 1]], initialization: biasInitialization, fanIn: fanIn,
          fanOut: fanOut, in: y.graph)
    }
    return try activation?.apply(to: y) ?? y
  }
}

/// A convolution over one to three spatial axes: activation(windows of x · filters + bias), as a cross-correlation.
///
/// Inputs are [axes, channels], `weight` [kernel, channels / groups, filters], `bias` [filters]; outputs are [windows,
/// filters]. With `groups` each stretch of channels meets its own filters only; `"depthwise"` is as many groups as
/// channels.
public struct Convolution: Layer {
  public static let type = "convolution"
  /// The name given in the config.
  public let name: String?
  /// The number of groups; `nil` for as many as channels.
  public let groups: Int?
  private let settings: FilterSettings
  /// Yes.
  public let slidesFilters = true

  /// Creates a layer.
  ///
  /// - Parameters:
  ///   - filters: The channels of the output.
  ///   - groups: `nil` for as many as the input has channels.
  ///   - weightInitialization: By default He's for ReLU and its kin (He et al., 2015), else Glorot's (Glorot and Bengio,
  ///     2010), both uniform.
  public init(
    name: String? = nil, filters: Int, kernel: AxisNumbers, stride: AxisNumbers = .same(1),
    padding: WindowPadding = .valid, dilation: AxisNumbers = .same(1), groups: Int? = 1,
    activation: Activation? = nil, usesBias: Bool = true, weightInitialization: Initialization? = nil,
    biasInitialization: Initialization = .zeros
  ) {
    self.name = name
    self.groups = groups
    var settings = FilterSettings()
    (settings.filters, settings.kernel, settings.stride) = (filters, kernel, stride)
    (settings.padding, settings.dilation, settings.activation) = (padding, dilation, activation)
    settings.usesBias = usesBias
    settings.weightInitialization = weightInitialization ?? Initialization(Dense.defaultInitializer(for: activation))
    settings.biasInitialization = biasInitialization
    self.settings = settings
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name in files; by default its type and ordinal.")
    let filters = try settings.optionalInteger(
      "filters", in: .positive,
      help: "The channels of the output; of a depthwise convolution by default those of the input.")
    var own = try FilterSettings(from: settings)
    own.filters = filters
    groups = try settings.integer(
      "groups", orWord: "depthwise", default: .integer(1), in: .positive,
      help: "Stretches of channels that meet filters of their own; \"depthwise\" is as many as channels.")
    if filters == nil, groups != nil {
      // It may only be misspelt.
      try settings.finish()
      throw settings.error("filters", "is required: the number of channels that the convolution gives")
    }
    self.settings = own
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject(
      [("name", name.map(JSONValue.string))] + settings.json
        + [("groups", groups.map(JSONValue.integer) ?? "depthwise")])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let extents = try spatialExtents(of: x, for: Self.type)
    let channels = x.shape[x.shape.count - 1]
    let (groups, filters) = (groups ?? channels, settings.filters ?? channels)
    guard channels % groups == 0, filters % groups == 0 else {
      throw TrainerError(
        .usage,
        "\(groups) groups cannot take \(channels) channels to \(filters) filters; both must be multiples of the groups")
    }
    let kernel = try settings.kernel.over(extents.count, key: "kernel")
    let geometry = try settings.padding.geometry(
      size: kernel, stride: settings.stride.over(extents.count, key: "stride"),
      dilation: settings.dilation.over(extents.count, key: "dilation"), over: extents)
    let taps = kernel.reduce(1, *)
    let (fanIn, fanOut) = (taps * channels / groups, taps * filters / groups)
    let weight = try builder.parameter(
      "weight", shape: kernel + [channels / groups, filters], initialization: settings.weightInitialization,
      fanIn: fanIn, fanOut: fanOut, in: x.graph)
    return try settings.finish(
      x.convolution(weight, geometry, groups: groups), builder, fanIn: fanIn, fanOut: fanOut)
  }
}

/// A transposed convolution over one to three spatial axes: what a convolution with the same filters gives back to its
/// input, plus a bias, through an activation. It makes extents larger.
///
/// Inputs are [axes, channels], `weight` [kernel, filters, channels], `bias` [filters]. Along an axis of n elements there
/// are (n − 1) · stride + (kernel − 1) · dilation + 1 outputs, less the padding of both ends, plus `outputPadding`; with
/// `"same"` padding n · stride.
public struct TransposedConvolution: Layer {
  public static let type = "transposedConvolution"
  /// The name given in the config.
  public let name: String?
  private let settings: FilterSettings
  private let outputPadding: AxisNumbers
  /// Yes.
  public let slidesFilters = true

  /// Creates a layer.
  ///
  /// - Parameters:
  ///   - filters: The channels of the output.
  ///   - outputPadding: Elements more behind each axis.
  public init(
    name: String? = nil, filters: Int, kernel: AxisNumbers, stride: AxisNumbers = .same(1),
    padding: WindowPadding = .valid, outputPadding: AxisNumbers = .same(0), dilation: AxisNumbers = .same(1),
    activation: Activation? = nil, usesBias: Bool = true
  ) {
    self.name = name
    self.outputPadding = outputPadding
    var settings = FilterSettings()
    (settings.filters, settings.kernel, settings.stride) = (filters, kernel, stride)
    (settings.padding, settings.dilation, settings.activation) = (padding, dilation, activation)
    settings.usesBias = usesBias
    settings.weightInitialization = Initialization(Dense.defaultInitializer(for: activation))
    self.settings = settings
  }

  /// Reads the layer's settings.
  public init(from settings: Settings) throws {
    name = try settings.optionalString("name", help: "The layer's name in files; by default its type and ordinal.")
    let filters = try settings.integer("filters", in: .positive, help: "The channels of the output.")
    var own = try FilterSettings(from: settings)
    own.filters = filters
    self.settings = own
    outputPadding = try settings.axisNumbers(
      "outputPadding", default: .same(0), in: .nonNegative, help: "Outputs more behind each axis; less than the stride."
    )
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([("name", name.map(JSONValue.string))] + settings.json + [("outputPadding", outputPadding.json)])
  }

  /// Adds the layer to the graph.
  public func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    let extents = try spatialExtents(of: x, for: Self.type)
    let channels = x.shape[x.shape.count - 1]
    let filters = settings.filters ?? channels
    let kernel = try settings.kernel.over(extents.count, key: "kernel")
    let stride = try settings.stride.over(extents.count, key: "stride")
    let dilation = try settings.dilation.over(extents.count, key: "dilation")
    let more = try outputPadding.over(extents.count, key: "outputPadding")
    guard zip(more, stride).allSatisfy({ $0 < $1 }) else {
      throw TrainerError(.usage, "\"outputPadding\" \(more) is not less than the stride \(stride)")
    }
    let reach = kernel.indices.map { (kernel[$0] - 1) * dilation[$0] + 1 }
    let whole = extents.indices.map { (extents[$0] - 1) * stride[$0] + reach[$0] + more[$0] }
    let geometry: WindowGeometry
    let outputs: [Int]
    if settings.padding == .same {
      outputs = extents.indices.map { extents[$0] * stride[$0] + more[$0] }
      geometry = try settings.padding.geometry(
        size: kernel, stride: stride, dilation: dilation, over: extents.indices.map { extents[$0] * stride[$0] })
    } else {
      geometry = try settings.padding.geometry(size: kernel, stride: stride, dilation: dilation, over: whole)
      outputs = whole.indices.map { whole[$0] - geometry.before[$0] - geometry.after[$0] }
    }
    guard outputs.allSatisfy({ $0 > 0 }) else {
      throw TrainerError(.usage, "the padding leaves nothing of the outputs \(whole)")
    }
    let taps = kernel.reduce(1, *)
    let (fanIn, fanOut) = (taps * channels, taps * filters)
    let weight = try builder.parameter(
      "weight", shape: kernel + [filters, channels], initialization: settings.weightInitialization, fanIn: fanIn,
      fanOut: fanOut, in: x.graph)
    return try settings.finish(
      x.transposedConvolution(weight, geometry, extents: outputs), builder, fanIn: fanIn, fanOut: fanOut)
  }
}
