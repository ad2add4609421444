import Foundations
import Kernels

/// Note [Convolutions]. A convolution, what it gives back to its input and what it gives to its filters are three
/// operations, each bilinear, whose gradients are each other: so they can be differentiated any number of times. All of
/// them read patches where they lie, through tables of places (Note [Windows] in CKernels); nothing like an im2col matrix
/// is written. Filters have few elements and meet many windows, so that their gradient goes to a slot of each shard: as a
/// product over samples, with a row for each window, its operands would be more bytes than it.

/// An operation whose result a bias can be added to, along its last axis, as it leaves the registers.
protocol BiasedOperation: GraphOperation {
  /// The result, with a bias [channels], if there is one; then what is below zero becomes zero, if asked.
  func kernel<Scalar: KernelElement>(
    at site: KernelSite<Scalar>, bias: Operand?, isRectified: Bool
  ) -> KernelBody<Scalar>
}

extension BiasedOperation {
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    kernel(at: site, bias: nil, isRectified: false)
  }
}

/// The extents of filters [axes, inputs / groups, outputs], and what follows from them.
struct FilterShape {
  let taps: Int
  let groupInputs: Int
  let outputs: Int
  let groups: Int

  init(_ shape: Shape, groups: Int) {
    taps = shape.dropLast(2).reduce(1, *)
    groupInputs = shape[shape.count - 2]
    outputs = shape[shape.count - 1]
    self.groups = groups
  }

  var inputs: Int { groupInputs * groups }
  var groupOutputs: Int { outputs / groups }
  /// Whether each channel has filters of its own, one of each.
  var isDepthwise: Bool { groups > 1 && groupInputs == 1 && groupOutputs == 1 }

  /// Floating-point operations of as many windows, counting a multiply-add as two.
  func operations(windows: Int) -> Int { 2 * windows * outputs * taps * groupInputs }

  /// Throws unless filters of that shape fit windows and channels.
  static func require(_ filters: Shape, _ geometry: WindowGeometry, inputs: Int, groups: Int, for operation: String)
    throws
  {
    guard filters.count == geometry.size.count + 2, Array(filters.dropLast(2)) == geometry.size else {
      throw TrainerError(
        .usage,
        "'\(operation)' with windows of size \(geometry.size) takes filters \(geometry.size) + [inputs, outputs]; it got the "
          + "shape \(filters)")
    }
    let (groupInputs, outputs) = (filters[filters.count - 2], filters[filters.count - 1])
    guard groups > 0, inputs == groupInputs * groups, outputs % groups == 0 else {
      throw TrainerError(
        .usage,
        "'\(operation)' in \(groups) \(groups == 1 ? "group" : "groups") cannot take \(inputs) channels with filters of the "
          + "shape \(filters)")
    }
  }
}

/// x [samples, axes, inputs] with filters [size, inputs / groups, outputs]: for each window the sum of its elements times
/// each filter's.
struct Convolution: BiasedOperation {
  let geometry: WindowGeometry
  let groups: Int
  var name: String { "convolution" }
  var detail: String { geometry.detail + (groups == 1 ? "" : ", \(groups) groups") }

  func shape(of inputs: [Shape]) throws -> Shape {
    let windows = try geometry.windows(over: inputs[0], for: name)
    try FilterShape.require(
      inputs[1], geometry, inputs: windows[windows.count - 1], groups: groups, for: name)
    return windows.dropLast() + [inputs[1][inputs[1].count - 1]]
  }

  func kernel<Scalar: KernelElement>(
    at site: KernelSite<Scalar>, bias: Operand?, isRectified: Bool
  ) -> KernelBody<Scalar> {
    let pass = ForwardPass(geometry, filters: FilterShape(site.inputShapes[1], groups: groups), of: site.inputShapes[0])
    let (kernels, input, weight, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    return { frame in
      pass.run(
        kernels, frame.pointer(input), filters: frame.pointer(weight), bias: bias.map { frame.pointer($0) },
        isRectified: isRectified, into: frame.pointer(output), scratch: frame.scratch)
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    ForwardPass(geometry, filters: FilterShape(inputs[1], groups: groups), of: inputs[0]).scratchCount(kernels)
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int {
    FilterShape(inputs[1], groups: groups).operations(windows: output.dropLast().reduce(1, *))
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (x, filters) = (node.inputs[0], node.inputs[1])
    return [
      try upstream.apply(
        ConvolutionInputGradient(geometry: geometry, groups: groups, extents: Array(x.shape[1..<x.shape.count - 1])),
        filters),
      try x.apply(ConvolutionFilterGradient(geometry: geometry, groups: groups), upstream),
    ]
  }
}

/// y [samples, windows, outputs] with the filters of a convolution: for each element of the convolution's input, of extents
/// `extents`, the sum over all windows that it is in. By itself it is a transposed convolution.
struct ConvolutionInputGradient: BiasedOperation {
  let geometry: WindowGeometry
  let groups: Int
  let extents: [Int]
  var name: String { "convolutionInputGradient" }
  var detail: String { geometry.detail + (groups == 1 ? "" : ", \(groups) groups") }

  func shape(of inputs: [Shape]) throws -> Shape {
    let filters = inputs[1]
    guard filters.count == geometry.size.count + 2 else {
      throw TrainerError(
        .usage, "'\(name)' takes filters of rank \(geometry.size.count + 2); it got the shape \(filters)")
    }
    let result = [inputs[0].first ?? 0] + extents + [filters[filters.count - 2] * groups]
    let windows = Shape(try geometry.windows(over: result, for: name).dropLast()) + [filters[filters.count - 1]]
    try FilterShape.require(filters, geometry, inputs: result[result.count - 1], groups: groups, for: name)
    guard inputs[0] == windows else {
      throw TrainerError(.usage, "'\(name)' takes an array of shape \(windows); it got the shape \(inputs[0])")
    }
    let pass = BackwardPass(geometry, filters: FilterShape(filters, groups: groups), extents: extents, samples: 1)
    try geometry.requireTables(padded: pass.reverse.samples.padded, channels: windows[windows.count - 1], for: name)
    return result
  }

  func kernel<Scalar: KernelElement>(
    at site: KernelSite<Scalar>, bias: Operand?, isRectified: Bool
  ) -> KernelBody<Scalar> {
    let pass = BackwardPass(
      geometry, filters: FilterShape(site.inputShapes[1], groups: groups), extents: extents,
      samples: site.inputShapes[0][0])
    let (kernels, input, weight, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    return { frame in
      pass.run(
        kernels, frame.pointer(input), filters: frame.pointer(weight), bias: bias.map { frame.pointer($0) },
        isRectified: isRectified, into: frame.pointer(output), scratch: frame.scratch)
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    BackwardPass(geometry, filters: FilterShape(inputs[1], groups: groups), extents: extents, samples: inputs[0][0])
      .scratchCount(kernels)
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int {
    FilterShape(inputs[1], groups: groups).operations(windows: inputs[0].dropLast().reduce(1, *))
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    [
      try upstream.apply(Convolution(geometry: geometry, groups: groups), node.inputs[1]),
      try upstream.apply(ConvolutionFilterGradient(geometry: geometry, groups: groups), node.inputs[0]),
    ]
  }
}

/// The input x [samples, axes, inputs] of a convolution and y [samples, windows, outputs]: for each element of the filters
/// the sum over all windows of what it meets in x times y.
struct ConvolutionFilterGradient: GraphOperation {
  let geometry: WindowGeometry
  let groups: Int
  var name: String { "convolutionFilterGradient" }
  var detail: String { geometry.detail + (groups == 1 ? "" : ", \(groups) groups") }

  func shape(of inputs: [Shape]) throws -> Shape {
    let windows = try geometry.windows(over: inputs[0], for: name)
    let (channels, outputs) = (windows[windows.count - 1], inputs[1].last ?? 0)
    guard inputs[1] == Shape(windows.dropLast()) + [outputs], groups > 0, channels % groups == 0, outputs % groups == 0
    else {
      throw TrainerError(
        .usage,
        "'\(name)' in \(groups) \(groups == 1 ? "group" : "groups") cannot join arrays of the shapes \(inputs[0]) and "
          + "\(inputs[1])")
    }
    return geometry.size + [channels / groups, outputs]
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let pass = FilterPass(geometry, filters: FilterShape(site.outputShape, groups: groups), of: site.inputShapes[0])
    let (kernels, input, upstream, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    return { frame in
      pass.run(
        kernels, frame.pointer(input), frame.pointer(upstream), into: frame.pointer(output), scratch: frame.scratch)
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    let filters = geometry.size + [inputs[0][inputs[0].count - 1] / groups, inputs[1][inputs[1].count - 1]]
    return FilterPass(geometry, filters: FilterShape(filters, groups: groups), of: inputs[0]).scratchCount(kernels)
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int {
    FilterShape(output, groups: groups).operations(windows: inputs[1].dropLast().reduce(1, *))
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    return [
      try y.apply(
        ConvolutionInputGradient(geometry: geometry, groups: groups, extents: Array(x.shape[1..<x.shape.count - 1])),
        upstream),
      try x.apply(Convolution(geometry: geometry, groups: groups), upstream),
    ]
  }
}

extension Node {
  /// The convolution (more exactly the cross-correlation, as in other libraries) of this array [samples, axes, inputs]
  /// with filters [size, inputs / groups, outputs]: [samples, windows, outputs]. In groups, each stretch of channels meets
  /// its own filters only; as many groups as channels make it depthwise.
  ///
  /// - Throws: `TrainerError` if the shapes do not fit.
  public func convolution(_ filters: Node, _ geometry: WindowGeometry, groups: Int = 1) throws -> Node {
    try apply(Convolution(geometry: geometry, groups: groups), filters)
  }

  /// The transposed convolution of this array [samples, windows, outputs] with filters [size, inputs / groups, outputs]: what
  /// `convolution` with them, from arrays of extents `extents`, gives back to its input.
  ///
  /// - Throws: `TrainerError` if the shapes do not fit.
  public func transposedConvolution(
    _ filters: Node, _ geometry: WindowGeometry, extents: [Int], groups: Int = 1
  ) throws -> Node {
    try apply(ConvolutionInputGradient(geometry: geometry, groups: groups, extents: extents), filters)
  }

  /// What `convolution` of this array [samples, axes, inputs] gives back to its filters from y [samples, windows, outputs].
  ///
  /// - Throws: `TrainerError` if the shapes do not fit.
  package func convolutionFilterGradient(
    _ y: Node, _ geometry: WindowGeometry, groups: Int = 1
  ) throws -> Node {
    try apply(ConvolutionFilterGradient(geometry: geometry, groups: groups), y)
  }
}
