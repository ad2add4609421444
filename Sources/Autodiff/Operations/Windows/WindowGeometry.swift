import Foundations

/// How windows slide over the spatial axes of an array [samples, axes, channels].
public struct WindowGeometry: Hashable, Sendable {
  /// The elements of a window along each axis.
  public let size: [Int]
  /// The distance from one window to the next.
  public let stride: [Int]
  /// The distance between neighbours within a window.
  public let dilation: [Int]
  /// The elements that are added before each axis.
  public let before: [Int]
  /// The elements that are added behind each axis.
  public let after: [Int]

  /// Windows of a size over as many axes, one to three.
  ///
  /// - Parameters:
  ///   - stride: 1 along each axis, unless given.
  ///   - dilation: 1 along each axis, unless given.
  ///   - before: None, unless given.
  ///   - after: None, unless given.
  /// - Throws: `TrainerError` unless all have a number for each axis, sizes, strides and dilations are at least 1, and
  ///   paddings at least 0.
  public init(
    size: [Int], stride: [Int]? = nil, dilation: [Int]? = nil, before: [Int]? = nil, after: [Int]? = nil
  ) throws {
    let (ones, none) = (size.map { _ in 1 }, size.map { _ in 0 })
    self.size = size
    self.stride = stride ?? ones
    self.dilation = dilation ?? ones
    self.before = before ?? none
    self.after = after ?? none
    guard (1...3).contains(size.count) else {
      throw TrainerError(.usage, "windows slide over one to three axes; these have \(size.count)")
    }
    for (name, numbers, least) in [
      ("size", self.size, 1), ("stride", self.stride, 1), ("dilation", self.dilation, 1), ("padding", self.before, 0),
      ("padding", self.after, 0),
    ] {
      guard numbers.count == size.count, numbers.allSatisfy({ (least...Self.mostOfAxis).contains($0) }) else {
        throw TrainerError(
          .usage,
          "windows over \(size.count) axes need a \(name) of at least \(least) for each; found \(numbers)")
      }
    }
  }

  /// More than any axis has, and few enough that no product of two overflows.
  private static let mostOfAxis = Int(Int32.max)

  /// How far a window reaches along an axis.
  func reach(_ axis: Int) -> Int { (size[axis] - 1) * dilation[axis] + 1 }

  /// The number of windows along each axis of that extent; below 1 if not one fits.
  package func counts(over extents: [Int]) -> [Int] {
    extents.indices.map { axis in
      let room = extents[axis] + before[axis] + after[axis] - reach(axis)
      return room < 0 ? 0 : room / stride[axis] + 1
    }
  }

  /// The shape of an array's windows: [samples, counts, channels].
  ///
  /// - Throws: `TrainerError` if the array has other axes, or is too small for a window or too large for the tables.
  func windows(over shape: Shape, for operation: String) throws -> Shape {
    guard shape.count == size.count + 2 else {
      throw TrainerError(
        .usage,
        "'\(operation)' over \(size.count) \(size.count == 1 ? "axis" : "axes") takes an array of rank \(size.count + 2), "
          + "[samples, \(size.count == 1 ? "length" : "extents"), channels]; it got the shape \(shape)")
    }
    let extents = Array(shape[1..<shape.count - 1])
    let counts = counts(over: extents)
    guard counts.allSatisfy({ $0 > 0 }) else {
      throw TrainerError(
        .usage,
        "'\(operation)': no window of size \(size) fits into the extents \(extents)"
          + (before + after == before.map { _ in 0 } + after.map { _ in 0 } ? "" : " with their padding"))
    }
    try requireTables(padded: padded(extents), channels: shape[shape.count - 1], for: operation)
    return [shape[0]] + counts + [shape[shape.count - 1]]
  }

  /// The extents with their padding.
  func padded(_ extents: [Int]) -> [Int] { extents.indices.map { before[$0] + extents[$0] + after[$0] } }

  /// Places within a sample are numbers of 32 bits.
  func requireTables(padded: [Int], channels: Int, for operation: String) throws {
    guard (padded + [channels]).elementCount <= Int(Int32.max) else {
      throw TrainerError(
        .usage,
        "'\(operation)' takes samples of up to \(Int32.max) elements; these have the extents \(padded) and "
          + "\(channels) channels")
    }
  }

  /// The same over three axes, of which those in front are of extent 1.
  var lifted: WindowGeometry {
    func lift(_ numbers: [Int], _ filling: Int) -> [Int] {
      [Int](repeating: filling, count: 3 - numbers.count) + numbers
    }
    return WindowGeometry(
      lifted: lift(size, 1), stride: lift(stride, 1), dilation: lift(dilation, 1), before: lift(before, 0),
      after: lift(after, 0))
  }

  private init(lifted size: [Int], stride: [Int], dilation: [Int], before: [Int], after: [Int]) {
    self.size = size
    self.stride = stride
    self.dilation = dilation
    self.before = before
    self.after = after
  }

  /// What pictures and plans say of the windows.
  var detail: String {
    func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: "×") }
    var parts = [list(size)]
    if stride.contains(where: { $0 != 1 }) { parts.append("stride \(list(stride))") }
    if dilation.contains(where: { $0 != 1 }) { parts.append("dilation \(list(dilation))") }
    if (before + after).contains(where: { $0 != 0 }) {
      parts.append("padding \(zip(before, after).map { $0 == $1 ? "\($0)" : "\($0)+\($1)" }.joined(separator: "×"))")
    }
    return parts.joined(separator: ", ")
  }
}
