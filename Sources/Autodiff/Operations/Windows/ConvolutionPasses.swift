import Kernels

// How the kernels are called for a convolution of one shape: with tables that are worked out once.

/// The windows that a convolution's filters meet.
struct FilteredWindows {
  let filters: FilterShape
  let samples: PaddedSamples
  let windows: Windows
  let sampleCount: Int

  init(_ geometry: WindowGeometry, filters: FilterShape, of shape: Shape) {
    let lifted = geometry.lifted
    self.filters = filters
    samples = PaddedSamples(
      liftedExtents(shape), before: lifted.before, after: lifted.after, channels: shape[shape.count - 1])
    windows = lifted.windows(over: samples, tapChannels: filters.isDepthwise ? 1 : filters.groupInputs)
    sampleCount = shape[0]
  }

  /// Some of the samples, as the kernels go over them.
  func over(_ count: Int) -> Windows.Samples {
    .init(
      count, stride: samples.stride, resultStride: windows.count * filters.outputs, resultRow: filters.outputs)
  }
}

/// Windows times filters.
struct ForwardPass {
  private let met: FilteredWindows
  private var filters: FilterShape { met.filters }
  private var samples: PaddedSamples { met.samples }
  private var windows: Windows { met.windows }
  private var sampleCount: Int { met.sampleCount }

  init(_ geometry: WindowGeometry, filters: FilterShape, of shape: Shape) {
    met = FilteredWindows(geometry, filters: filters, of: shape)
  }

  private func packedCount<Scalar: KernelElement>(_ kernels: Kernels<Scalar>) -> Int {
    filters.isDepthwise ? 0 : kernels.packedCount(rows: windows.tapCount, columns: filters.groupOutputs)
  }

  func scratchCount<Scalar: KernelElement>(_ kernels: Kernels<Scalar>) -> Int {
    packedCount(kernels) * filters.groups + samples.scratchCount(block: samples.block(of: sampleCount))
  }

  func run<Scalar: KernelElement>(
    _ kernels: Kernels<Scalar>, _ x: UnsafeMutablePointer<Scalar>, filters weight: UnsafePointer<Scalar>,
    bias: UnsafePointer<Scalar>?, isRectified: Bool, into out: UnsafeMutablePointer<Scalar>,
    scratch: UnsafeMutablePointer<Scalar>
  ) {
    let (outputs, groupOutputs, packedCount) = (filters.outputs, filters.groupOutputs, packedCount(kernels))
    if !filters.isDepthwise {
      for group in 0..<filters.groups {
        kernels.packFilters(
          .init(weight + group * groupOutputs, columns: outputs), rows: 0..<windows.tapCount,
          ofShape: (windows.tapCount, groupOutputs), into: scratch + group * packedCount)
      }
    }
    let padding = scratch + packedCount * filters.groups
    let (block, resultCount) = (samples.block(of: sampleCount), windows.count * outputs)
    for first in stride(from: 0, to: sampleCount, by: block) {
      let count = min(block, sampleCount - first)
      let source = samples.samples(first, count, of: x, kernels: kernels, scratch: padding)
      let own = met.over(count)
      let target = out + first * resultCount
      if filters.isDepthwise {
        kernels.convolveChannels(
          windows, over: own, source, filters: weight, channels: outputs, bias: bias, isRectified: isRectified,
          into: target)
        continue
      }
      for group in 0..<filters.groups {
        kernels.convolve(
          windows, over: own, source + group * filters.groupInputs, filters: scratch + group * packedCount,
          columns: groupOutputs, bias: bias.map { $0 + group * groupOutputs }, isRectified: isRectified,
          into: target + group * groupOutputs)
      }
    }
  }
}

/// The windows that each element is in, times filters.
struct BackwardPass {
  let filters: FilterShape
  let reverse: ReverseWindows
  let sampleCount: Int
  /// The elements of a sample of the result.
  let resultCount: Int

  init(_ geometry: WindowGeometry, filters: FilterShape, extents: [Int], samples: Int) {
    self.filters = filters
    let lifted = geometry.lifted
    let extents = [Int](repeating: 1, count: 3 - extents.count) + extents
    reverse = ReverseWindows(
      lifted, extents: extents, channels: filters.inputs, resultChannels: filters.outputs,
      tapChannels: filters.isDepthwise ? 1 : filters.groupOutputs)
    sampleCount = samples
    resultCount = extents.reduce(filters.inputs, *)
  }

  /// Elements of one class's filters of one group, in panels; of all groups where they are depthwise.
  private func packedCount<Scalar: KernelElement>(of part: ReverseWindows.Class, _ kernels: Kernels<Scalar>) -> Int {
    filters.isDepthwise
      ? part.taps.count * filters.outputs
      : kernels.packedCount(rows: part.windows.tapCount, columns: filters.groupInputs)
  }

  private var packedGroups: Int { filters.isDepthwise ? 1 : filters.groups }

  private func packedCount<Scalar: KernelElement>(_ kernels: Kernels<Scalar>) -> Int {
    reverse.classes.reduce(0) { $0 + packedGroups * packedCount(of: $1, kernels) }
  }

  func scratchCount<Scalar: KernelElement>(_ kernels: Kernels<Scalar>) -> Int {
    packedCount(kernels) + reverse.samples.scratchCount(block: reverse.samples.block(of: sampleCount))
  }

  /// Writes the filters of one class and group in the order in which its windows meet them.
  private func pack<Scalar: KernelElement>(
    _ part: ReverseWindows.Class, group: Int, _ weight: UnsafePointer<Scalar>, _ kernels: Kernels<Scalar>,
    into out: UnsafeMutablePointer<Scalar>
  ) {
    let (groupInputs, groupOutputs, outputs) = (filters.groupInputs, filters.groupOutputs, filters.outputs)
    for (index, tap) in part.taps.enumerated() {
      guard !filters.isDepthwise else {
        kernels.copyLoop(outputs, weight + tap * outputs, out + index * outputs)
        continue
      }
      kernels.packFilters(
        .init(weight + tap * groupInputs * outputs + group * groupOutputs, columns: outputs, transposed: true),
        rows: index * groupOutputs..<(index + 1) * groupOutputs,
        ofShape: (part.windows.tapCount, groupInputs), into: out)
    }
  }

  func run<Scalar: KernelElement>(
    _ kernels: Kernels<Scalar>, _ y: UnsafeMutablePointer<Scalar>, filters weight: UnsafePointer<Scalar>,
    bias: UnsafePointer<Scalar>?, isRectified: Bool, into out: UnsafeMutablePointer<Scalar>,
    scratch: UnsafeMutablePointer<Scalar>
  ) {
    var packed = scratch
    for part in reverse.classes {
      for group in 0..<packedGroups {
        pack(part, group: group, weight, kernels, into: packed)
        packed += packedCount(of: part, kernels)
      }
    }
    let (padding, samples) = (packed, reverse.samples)
    let block = samples.block(of: sampleCount)
    for first in stride(from: 0, to: sampleCount, by: block) {
      let count = min(block, sampleCount - first)
      let source = samples.samples(first, count, of: y, kernels: kernels, scratch: padding)
      let own = Windows.Samples(count, stride: samples.stride, resultStride: resultCount, resultRow: 0)
      let target = out + first * resultCount
      var packed = scratch
      for part in reverse.classes {
        if filters.isDepthwise {
          kernels.convolveChannels(
            part.windows, over: own, source, filters: packed, channels: filters.outputs, bias: bias,
            isRectified: isRectified, into: target)
          packed += packedCount(of: part, kernels)
          continue
        }
        for group in 0..<filters.groups {
          kernels.convolve(
            part.windows, over: own, source + group * filters.groupOutputs, filters: packed,
            columns: filters.groupInputs, bias: bias.map { $0 + group * filters.groupInputs },
            isRectified: isRectified, into: target + group * filters.groupInputs)
          packed += packedCount(of: part, kernels)
        }
      }
    }
  }
}

/// Windows times what comes back to them, summed over all windows.
struct FilterPass {
  private let met: FilteredWindows
  private var filters: FilterShape { met.filters }
  private var samples: PaddedSamples { met.samples }
  private var windows: Windows { met.windows }
  private var sampleCount: Int { met.sampleCount }

  /// Windows that are gone over for a few filters at a time: their rows stay in the first-level cache.
  private static let blockWindows = 256

  init(_ geometry: WindowGeometry, filters: FilterShape, of shape: Shape) {
    met = FilteredWindows(geometry, filters: filters, of: shape)
  }

  private var block: Int {
    samples.block(of: sampleCount, most: max(1, Self.blockWindows / max(windows.count, 1)))
  }

  func scratchCount<Scalar: KernelElement>(_ kernels: Kernels<Scalar>) -> Int {
    block * windows.count * kernels.panelColumns + samples.scratchCount(block: block)
  }

  func run<Scalar: KernelElement>(
    _ kernels: Kernels<Scalar>, _ x: UnsafeMutablePointer<Scalar>, _ y: UnsafePointer<Scalar>,
    into out: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>
  ) {
    let (outputs, groupOutputs, block) = (filters.outputs, filters.groupOutputs, block)
    let (padding, resultCount) = (scratch + block * windows.count * kernels.panelColumns, windows.count * outputs)
    if sampleCount == 0 { kernels.fill(out, count: filters.taps * filters.groupInputs * outputs, with: 0) }
    for first in stride(from: 0, to: sampleCount, by: block) {
      let count = min(block, sampleCount - first)
      let source = samples.samples(first, count, of: x, kernels: kernels, scratch: padding)
      let own = met.over(count)
      let rows = y + first * resultCount
      if filters.isDepthwise {
        kernels.channelFilterGradient(
          windows, over: own, source, rows, channels: outputs, continues: first > 0, into: out)
        continue
      }
      for group in 0..<filters.groups {
        kernels.filterGradient(
          windows, over: own, source + group * filters.groupInputs, rows + group * groupOutputs, columns: groupOutputs,
          stride: outputs, continues: first > 0, into: out + group * groupOutputs, scratch: scratch)
      }
    }
  }
}

/// The extents of an array [samples, axes, channels] as those of three axes.
func liftedExtents(_ shape: Shape) -> [Int] {
  [Int](repeating: 1, count: 5 - shape.count) + shape[1..<shape.count - 1]
}
