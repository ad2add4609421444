import Foundations
import Kernels

/// Evenly spaced coordinates along one axis: `start`, `start + step`, …; `step` is not 0.
package struct AxisRange: Hashable, Sendable {
  /// The first coordinate.
  package let start: Int
  /// From one to the next.
  package let step: Int
  /// How many there are.
  package let count: Int

  func fits(_ extent: Int) -> Bool {
    let last = start + (count - 1) * step
    return count == 0 || (count > 0 && start >= 0 && start < extent && last >= 0 && last < extent)
  }
}

extension [AxisRange] {
  /// Where the first chosen element lies in an array of `shape`, and the distances to the next along each axis.
  fileprivate func placement(in shape: Shape) -> (offset: Int, strides: [Int]) {
    let strides = shape.rowMajorStrides
    let isEmpty = contains { $0.count == 0 }
    return (
      isEmpty ? 0 : zip(self, strides).reduce(0) { $0 + $1.0.start * $1.1 }, zip(self, strides).map { $0.step * $1 }
    )
  }
}

/// The elements at evenly spaced coordinates along each axis.
struct Slice: GraphOperation {
  let ranges: [AxisRange]
  var name: String { "slice" }
  var detail: String {
    ranges.map { $0.count == 1 ? "\($0.start)" : "\($0.start)…\($0.start + ($0.count - 1) * $0.step)" }
      .joined(separator: ", ")
  }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard ranges.count == inputs[0].count, zip(ranges, inputs[0]).allSatisfy({ $0.fits($1) }) else {
      throw TrainerError(.usage, "'slice' leaves the array of shape \(inputs[0])")
    }
    return ranges.map(\.count)
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (offset, strides) = ranges.placement(in: site.inputShapes[0])
    return stridedCopyKernel(at: site, offset: offset, strides: strides)
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    [try upstream.apply(Pad(ranges: ranges, target: node.inputs[0].shape))]
  }
}

/// Zeros with the operand's elements at evenly spaced coordinates along each axis: the gradient of a slice.
struct Pad: GraphOperation {
  let ranges: [AxisRange]
  let target: Shape
  var name: String { "pad" }
  var detail: String { "to \(target)" }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard ranges.map(\.count) == inputs[0], ranges.count == target.count,
      zip(ranges, target).allSatisfy({ $0.fits($1) })
    else {
      throw TrainerError(.usage, "'pad' cannot place an array of shape \(inputs[0]) so in the shape \(target)")
    }
    return target
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (offset, strides) = ranges.placement(in: target)
    let (kernels, input, output, shape) = (site.kernels, site.inputs[0], site.output, site.inputShapes[0])
    let count = target.elementCount
    return { frame in
      kernels.fill(frame.pointer(output), count: count, with: 0)
      shape.withUnsafeBufferPointer { shape in
        strides.withUnsafeBufferPointer { strides in
          guard let extents = shape.baseAddress, let steps = strides.baseAddress else { return }
          kernels.stridedStore(
            frame.pointer(input), shape: extents, strides: steps, rank: shape.count,
            into: frame.pointer(output) + offset)
        }
      }
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [try upstream.apply(Slice(ranges: ranges))] }
}

/// Arrays one behind the other along an axis.
struct Concatenate: GraphOperation {
  let axis: Int
  var name: String { "concatenate" }
  var detail: String { "axis \(axis)" }

  func shape(of inputs: [Shape]) throws -> Shape {
    guard var result = inputs.first else { throw TrainerError(.usage, "'concatenate' needs at least one array") }
    guard result.indices.contains(axis) else {
      throw TrainerError(.usage, "'concatenate' got the axis \(axis) for the shape \(result)")
    }
    result[axis] = 0
    for shape in inputs {
      guard shape.count == result.count, result.indices.allSatisfy({ $0 == axis || shape[$0] == result[$0] }) else {
        throw TrainerError(
          .usage,
          "'concatenate' cannot join the shapes \(inputs.map { "\($0)" }.joined(separator: " and ")) along axis "
            + "\(axis): the other extents must be equal")
      }
      result[axis] += shape[axis]
    }
    return result
  }

  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (copy, output) = (site.kernels.copyLoop, site.output)
    let outer = site.outputShape[..<axis].reduce(1, *)
    let row = site.outputShape[axis...].reduce(1, *)
    var start = 0
    let parts = zip(site.inputs, site.inputShapes).map { input, shape in
      let count = shape[axis...].reduce(1, *)
      defer { start += count }
      return (input: input, count: count, start: start)
    }
    return { frame in
      for part in parts {
        let (from, to) = (frame.pointer(part.input), frame.pointer(output) + part.start)
        for index in 0..<outer { copy(part.count, from + index * part.count, to + index * row) }
      }
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 0 }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    var start = 0
    return try node.inputs.map { input in
      let ranges = input.shape.enumerated().map { index, extent in
        AxisRange(start: index == axis ? start : 0, step: 1, count: extent)
      }
      start += input.shape[axis]
      return try upstream.apply(Slice(ranges: ranges))
    }
  }
}

/// What to take along one axis of an array.
public enum AxisSelection: Hashable, Sendable {
  /// The element at a coordinate, counted from the end where negative; the axis goes.
  case index(Int)
  /// The elements from a coordinate up to, not including, another, as a Python slice has it: bounds that are absent or
  /// beyond the end mean the end, negative ones count from it, and a negative step goes backwards.
  case range(from: Int? = nil, to: Int? = nil, step: Int = 1)

  /// The coordinates along an axis of that extent.
  fileprivate func coordinates(axis: Int, of shape: Shape) throws -> AxisRange {
    let extent = shape[axis]
    switch self {
    case .index(let index):
      guard index >= -extent, index < extent else {
        throw TrainerError(
          .usage, "the index \(index) is out of range: axis \(axis) of the shape \(shape) has \(extent) elements")
      }
      return AxisRange(start: index < 0 ? index + extent : index, step: 1, count: 1)
    case .range(let from, let to, let step):
      guard step != 0 else { throw TrainerError(.usage, "the step of a slice must not be 0") }
      let (lowest, highest) = step > 0 ? (0, extent) : (-1, extent - 1)
      func clamped(_ bound: Int?, _ absent: Int) -> Int {
        guard let bound else { return absent }
        return Swift.min(Swift.max(bound < 0 ? bound + extent : bound, lowest), highest)
      }
      let start = clamped(from, step > 0 ? lowest : highest)
      let end = clamped(to, step > 0 ? highest : lowest)
      let span = step > 0 ? end - start : start - end
      return AxisRange(start: start, step: step, count: Swift.max(0, (span + abs(step) - 1) / abs(step)))
    }
  }
}

extension Node {
  /// A part of the array: one selection for each of the first axes, as NumPy's basic indexing.
  ///
  /// - Throws: `TrainerError` if an index is out of range or there are more selections than axes.
  public func elements(_ selections: [AxisSelection]) throws -> Node {
    guard selections.count <= shape.count else {
      throw TrainerError(
        .usage, "\(selections.count) indices are too many for an array of shape \(shape), which has rank \(shape.count)"
      )
    }
    var kept: Shape = []
    let ranges = try shape.indices.map { axis in
      let selection = axis < selections.count ? selections[axis] : .range()
      let range = try selection.coordinates(axis: axis, of: shape)
      if case .range = selection { kept.append(range.count) }
      return range
    }
    let isWhole = zip(ranges, shape).allSatisfy { $0 == AxisRange(start: 0, step: 1, count: $1) }
    return try (isWhole ? self : apply(Slice(ranges: ranges))).reshape(kept)
  }

  /// The elements of the first axis at an index, counted from the end where negative.
  public subscript(index: Int) -> Node {
    get throws { try elements([.index(index)]) }
  }

  /// The elements of the first axis in a range.
  public subscript(range: Range<Int>) -> Node {
    get throws { try elements([.range(from: range.lowerBound, to: range.upperBound)]) }
  }

  /// Zeros around the array: for each axis the numbers of elements before and behind it.
  public func pad(_ widths: [(before: Int, after: Int)]) throws -> Node {
    guard widths.count == shape.count, widths.allSatisfy({ $0.before >= 0 && $0.after >= 0 }) else {
      throw TrainerError(.usage, "'pad' needs two widths of at least 0 for each axis of the shape \(shape)")
    }
    let ranges = zip(shape, widths).map { AxisRange(start: $1.before, step: 1, count: $0) }
    return try apply(Pad(ranges: ranges, target: zip(shape, widths).map { $0 + $1.before + $1.after }))
  }
}

/// Arrays one behind the other along an axis, counted from the end where negative.
public func concatenate(_ nodes: [Node], axis: Int = 0) throws -> Node {
  guard let first = nodes.first else { throw TrainerError(.usage, "'concatenate' needs at least one array") }
  let place = axis < 0 ? axis + first.shape.count : axis
  return try first.graph.apply(Concatenate(axis: place), to: nodes)
}

/// Arrays of one shape, joined along a new first axis.
public func stack(_ nodes: [Node]) throws -> Node {
  try concatenate(nodes.map { try $0.reshape([1] + $0.shape) })
}
