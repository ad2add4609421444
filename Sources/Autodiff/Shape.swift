import Foundations

/// The extents of a row-major array, outermost first; empty for a scalar.
public typealias Shape = [Int]

extension Shape {
  /// More elements than any memory holds, and few enough that no sum or product of byte counts overflows.
  static let mostElements = 1 << 40

  /// The number of elements; ``mostElements`` + 1 for all that are larger.
  package var elementCount: Int {
    if contains(0) { return 0 }
    return reduce(1) { count, extent in
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      return overflows ? Self.mostElements + 1 : Swift.min(product, Self.mostElements + 1)
    }
  }

  /// The distances between neighbours along each axis of a contiguous row-major array.
  package var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: count)
    for axis in indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * self[axis + 1] }
    return strides
  }

  /// The shape that NumPy's broadcasting rule gives: aligned at the last axis, extents equal or 1.
  ///
  /// - Throws: `TrainerError` if two extents differ and neither is 1.
  static func broadcast(_ shapes: [Shape], for operation: String) throws -> Shape {
    let rank = shapes.map(\.count).max() ?? 0
    var result = Shape(repeating: 1, count: rank)
    for shape in shapes {
      for (axis, extent) in zip((rank - shape.count)..<rank, shape) where extent != 1 {
        guard result[axis] == 1 || result[axis] == extent else {
          let list = shapes.map { "\($0)" }.joined(separator: " and ")
          throw TrainerError(
            .usage,
            "'\(operation)' cannot join the shapes \(list): extents must be equal or 1, aligned at the last axis")
        }
        result[axis] = extent
      }
    }
    return result
  }

  /// The element strides with which an array of this shape is read at the coordinates of `target`: 0 along every axis
  /// that it is broadcast over.
  package func strides(broadcastTo target: Shape) -> [Int] {
    var strides = [Int](repeating: 0, count: target.count)
    var step = 1
    for axis in indices.reversed() {
      if self[axis] != 1 { strides[target.count - count + axis] = step }
      step *= self[axis]
    }
    return strides
  }

  /// The axes of `self` that an array of shape `source` was broadcast over to get this shape.
  func axesBroadcast(from source: Shape) -> [Int] {
    let padding = count - source.count
    return indices.filter { $0 < padding || (source[$0 - padding] == 1 && self[$0] != 1) }
  }

  /// Axes counted from the end where negative, made ascending.
  ///
  /// - Throws: `TrainerError` for an axis out of range or named twice.
  func normalized(axes: [Int], for operation: String) throws -> [Int] {
    let result = axes.map { $0 < 0 ? $0 + count : $0 }.sorted()
    guard result.allSatisfy(indices.contains), Set(result).count == result.count else {
      throw TrainerError(.usage, "'\(operation)' got the axes \(axes) for the shape \(self), which has rank \(count)")
    }
    return result
  }
}
