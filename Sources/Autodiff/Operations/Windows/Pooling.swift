import Foundations
import Kernels

/// The largest element of each window and channel of x [samples, axes, channels]; NaN if one is. Its gradient goes to the
/// first of the largest.
struct MaxPool: GraphOperation {
  let geometry: WindowGeometry
  var name: String { "maxPool" }
  var detail: String { geometry.detail }

  func shape(of inputs: [Shape]) throws -> Shape { try geometry.windows(over: inputs[0], for: name) }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, output) = (site.kernels, site.inputs[0], site.output)
    let pass = PoolingPass(geometry, of: site.inputShapes[0])
    return { frame in
      let (x, out) = (frame.pointer(input), frame.pointer(output))
      pass.forEachBlock { first, count, own in
        let source = pass.samples.samples(
          first, count, of: x, edge: -.infinity, kernels: kernels, scratch: frame.scratch)
        kernels.maxPool(
          pass.windows, over: own, source, channels: pass.samples.channels, into: out + first * pass.resultCount)
      }
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    PoolingPass(geometry, of: inputs[0]).blockScratch
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int {
    output.elementCount * geometry.size.reduce(1, *)
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    [try node.inputs[0].apply(MaxPoolScatter(geometry: geometry), upstream)]
  }
}

/// x as `MaxPool` takes it and y as it gives: each element of y where the largest element of its window is in x, added up,
/// and zeros elsewhere.
struct MaxPoolScatter: GraphOperation {
  let geometry: WindowGeometry
  var name: String { "maxPoolScatter" }
  var detail: String { geometry.detail }

  func shape(of inputs: [Shape]) throws -> Shape {
    let windows = try geometry.windows(over: inputs[0], for: name)
    guard inputs[1] == windows else {
      throw TrainerError(.usage, "'\(name)' takes results of shape \(windows); it got the shape \(inputs[1])")
    }
    return inputs[0]
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, result, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let pass = PoolingPass(geometry, of: site.inputShapes[0])
    return { frame in
      let (x, y, out) = (frame.pointer(input), frame.pointer(result), frame.pointer(output))
      pass.forEachBlock { first, count, own in
        let source = pass.samples.samples(
          first, count, of: x, edge: -.infinity, kernels: kernels, scratch: frame.scratch)
        let target = pass.target(first, in: out, scratch: frame.scratch)
        kernels.maxPoolScatter(
          pass.windows, over: own, source, y + first * pass.resultCount, channels: pass.samples.channels, into: target)
        pass.finish(target, first, count, kernels, into: out)
      }
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    2 * PoolingPass(geometry, of: inputs[0]).blockScratch
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    [nil, try node.inputs[0].apply(MaxPoolGather(geometry: geometry), upstream)]
  }
}

/// x as `MaxPool` takes it and v of the same shape: for each window and channel the element of v where the largest of x is.
struct MaxPoolGather: GraphOperation {
  let geometry: WindowGeometry
  var name: String { "maxPoolGather" }
  var detail: String { geometry.detail }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0] == inputs[1] else {
      throw TrainerError(.usage, "'\(name)' takes two arrays of one shape; it got \(inputs[0]) and \(inputs[1])")
    }
    return try geometry.windows(over: inputs[0], for: name)
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, values, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let pass = PoolingPass(geometry, of: site.inputShapes[0])
    return { frame in
      let (x, v, out) = (frame.pointer(input), frame.pointer(values), frame.pointer(output))
      pass.forEachBlock { first, count, own in
        let source = pass.samples.samples(
          first, count, of: x, edge: -.infinity, kernels: kernels, scratch: frame.scratch)
        let chosen = pass.samples.samples(
          first, count, of: v, kernels: kernels, scratch: frame.scratch + pass.blockScratch)
        kernels.maxPoolGather(
          pass.windows, over: own, source, chosen, channels: pass.samples.channels,
          into: out + first * pass.resultCount)
      }
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    2 * PoolingPass(geometry, of: inputs[0]).blockScratch
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    [nil, try node.inputs[0].apply(MaxPoolScatter(geometry: geometry), upstream)]
  }
}

/// The mean of each window and channel of x [samples, axes, channels], over what lies within the array: padding does not
/// count.
struct MeanPool: GraphOperation {
  let geometry: WindowGeometry
  var name: String { "meanPool" }
  var detail: String { geometry.detail }

  func shape(of inputs: [Shape]) throws -> Shape { try geometry.windows(over: inputs[0], for: name) }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, output) = (site.kernels, site.inputs[0], site.output)
    let pass = PoolingPass(geometry, of: site.inputShapes[0])
    let shares: [Scalar] = pass.shares(geometry)
    return { frame in
      let (x, out) = (frame.pointer(input), frame.pointer(output))
      pass.forEachBlock { first, count, own in
        let source = pass.samples.samples(first, count, of: x, kernels: kernels, scratch: frame.scratch)
        kernels.meanPool(
          pass.windows, over: own, source, shares: shares, channels: pass.samples.channels,
          into: out + first * pass.resultCount)
      }
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    PoolingPass(geometry, of: inputs[0]).blockScratch
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int {
    output.elementCount * geometry.size.reduce(1, *)
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let shape = node.inputs[0].shape
    return [try upstream.apply(MeanPoolScatter(geometry: geometry, extents: Array(shape[1..<shape.count - 1])))]
  }
}

/// y as `MeanPool` gives it from an array of extents `extents`: each element's share for all elements of its window, added
/// up.
struct MeanPoolScatter: GraphOperation {
  let geometry: WindowGeometry
  let extents: [Int]
  var name: String { "meanPoolScatter" }
  var detail: String { geometry.detail }

  func shape(of inputs: [Shape]) throws -> Shape {
    let result = [inputs[0].first ?? 0] + extents + [inputs[0].last ?? 0]
    let windows = try geometry.windows(over: result, for: name)
    guard inputs[0] == windows else {
      throw TrainerError(.usage, "'\(name)' takes results of shape \(windows); it got the shape \(inputs[0])")
    }
    return result
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, input, output) = (site.kernels, site.inputs[0], site.output)
    let pass = PoolingPass(geometry, of: site.outputShape)
    let shares: [Scalar] = pass.shares(geometry)
    return { frame in
      let (y, out) = (frame.pointer(input), frame.pointer(output))
      pass.forEachBlock { first, count, own in
        let target = pass.target(first, in: out, scratch: frame.scratch)
        kernels.meanPoolScatter(
          pass.windows, over: own, y + first * pass.resultCount, shares: shares, channels: pass.samples.channels,
          into: target)
        pass.finish(target, first, count, kernels, into: out)
      }
    }
  }

  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int {
    2 * PoolingPass(geometry, of: [inputs[0].first ?? 0] + extents + [inputs[0].last ?? 0]).blockScratch
  }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [try upstream.apply(MeanPool(geometry: geometry))] }
}

/// Windows over an array of one shape, a few samples at a time where they are padded.
private struct PoolingPass {
  let samples: PaddedSamples
  let windows: Windows
  let sampleCount: Int

  init(_ geometry: WindowGeometry, of shape: Shape) {
    let lifted = geometry.lifted
    samples = PaddedSamples(
      liftedExtents(shape), before: lifted.before, after: lifted.after, channels: shape[shape.count - 1])
    windows = lifted.windows(over: samples, tapChannels: 1)
    sampleCount = shape[0]
  }

  /// The elements of a sample of the results.
  var resultCount: Int { windows.count * samples.channels }

  private var block: Int { samples.block(of: sampleCount) }
  var blockScratch: Int { samples.scratchCount(block: block) }

  func forEachBlock(_ body: (_ first: Int, _ count: Int, _ samples: Windows.Samples) -> Void) {
    let block = block
    for first in stride(from: 0, to: sampleCount, by: block) {
      let count = min(block, sampleCount - first)
      body(
        first, count,
        .init(count, stride: samples.stride, resultStride: resultCount, resultRow: samples.channels))
    }
  }

  /// Where a block's elements are added up: behind the first block of scratch space where edges are to be cut off.
  func target<Scalar: KernelElement>(
    _ first: Int, in out: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>
  ) -> UnsafeMutablePointer<Scalar> {
    samples.isPadded ? scratch + blockScratch : out + first * samples.sampleCount
  }

  /// Cuts the edges off.
  func finish<Scalar: KernelElement>(
    _ target: UnsafeMutablePointer<Scalar>, _ first: Int, _ count: Int, _ kernels: Kernels<Scalar>,
    into out: UnsafeMutablePointer<Scalar>
  ) {
    guard samples.isPadded else { return }
    kernels.unpad(
      target, samples: count, extents: Extents(samples.extents), before: Extents(samples.before),
      from: Extents(samples.padded), channels: samples.channels, into: out + first * samples.sampleCount)
  }

  /// One over the elements of each window that lie within the array; 0 where there are none.
  func shares<Scalar: KernelElement>(_ geometry: WindowGeometry) -> [Scalar] {
    let lifted = geometry.lifted
    return coordinates(below: lifted.counts(over: samples.extents)).map { window in
      let count = window.indices.reduce(1) { product, axis in
        let start = window[axis] * lifted.stride[axis] - lifted.before[axis]
        return product
          * (0..<lifted.size[axis]).count { (0..<samples.extents[axis]).contains(start + $0 * lifted.dilation[axis]) }
      }
      return count == 0 ? 0 : 1 / Scalar(count)
    }
  }
}

extension Node {
  /// The largest element of each window and channel of this array [samples, axes, channels]: [samples, windows, channels].
  /// NaN if one is; the gradient goes to the first of the largest.
  ///
  /// - Throws: `TrainerError` if no window fits.
  public func maxPool(_ geometry: WindowGeometry) throws -> Node { try apply(MaxPool(geometry: geometry)) }

  /// The mean of each window and channel of this array [samples, axes, channels], padding left out: [samples, windows,
  /// channels].
  ///
  /// - Throws: `TrainerError` if no window fits.
  public func meanPool(_ geometry: WindowGeometry) throws -> Node { try apply(MeanPool(geometry: geometry)) }

  /// What `maxPool` of this array gives back to it from `y`.
  package func maxPoolScatter(_ y: Node, _ geometry: WindowGeometry) throws -> Node {
    try apply(MaxPoolScatter(geometry: geometry), y)
  }

  /// For each window and channel the element of `values`, of the shape of this array, where its first largest element is.
  package func maxPoolGather(_ values: Node, _ geometry: WindowGeometry) throws -> Node {
    try apply(MaxPoolGather(geometry: geometry), values)
  }

  /// What `meanPool` of an array of extents `extents` gives back to it from this one.
  package func meanPoolScatter(_ geometry: WindowGeometry, extents: [Int]) throws -> Node {
    try apply(MeanPoolScatter(geometry: geometry, extents: extents))
  }
}
