import Foundations

/// Note [Pooled gradients]. A convolution is often followed by a ReLU and the largest of each window. What goes back to it is
/// an array of the windows' size spread over the array that they are of, zeros elsewhere; that is masked where the ReLU was
/// 0, and summed for the bias: two passes over an array four times as large as what it was made of, or more. But the element
/// that a window's gradient goes to is the window's largest, so it is masked where the pooled value is 0; and a sum over all
/// elements but the channels' axis is that of all windows, if each has an element to go to. So both come before the
/// spreading: a twentieth of a step of a small network of images. The mask changes no bit; the sum is another order of the
/// same terms.
extension Rewriter {
  /// The smaller node that stands for an operation on what a pooling has spread, if there is one.
  mutating func pooled(_ operation: any GraphOperation, _ inputs: [Node]) throws -> Node? {
    switch operation {
    case let product as BinaryOperation where product.function == .multiply:
      return try masked(inputs[0], by: inputs[1], product) ?? masked(inputs[1], by: inputs[0], product)
    case let sum as Reduce where sum.function == .sum && sum.axes == 0..<inputs[0].shape.count - 1:
      guard let scatter = inputs[0].operation as? MaxPoolScatter else { return nil }
      let extents = Array(inputs[0].shape.dropFirst().dropLast())
      guard scatter.geometry.everyWindowMeets(extents) else { return nil }
      return try shared(sum, [inputs[0].inputs[1]])
    default: return nil
    }
  }

  /// `spread` where `mask`, 0 < x, is of the x that the windows are of.
  private mutating func masked(_ spread: Node, by mask: Node, _ product: BinaryOperation) throws -> Node? {
    guard let scatter = spread.operation as? MaxPoolScatter,
      let less = mask.operation as? BinaryOperation, less.function == .less,
      let zero = mask.inputs[0].operation as? Constant, zero.values == [0]
    else { return nil }
    let (x, gradient) = (spread.inputs[0], spread.inputs[1])
    guard mask.inputs[1].index == x.index, let largest = existing(MaxPool(geometry: scatter.geometry), [x]) else {
      return nil
    }
    let small = try shared(less, [mask.inputs[0], largest])
    return try shared(scatter, [x, shared(product, [gradient, small])])
  }
}

extension WindowGeometry {
  /// Whether each window has an element of an array with these extents, and is not all padding.
  func everyWindowMeets(_ extents: [Int]) -> Bool {
    let counts = counts(over: extents)
    return extents.indices.allSatisfy { axis in
      (0..<counts[axis]).allSatisfy { window in
        let first = window * stride[axis] - before[axis]
        return (0..<size[axis]).contains { (0..<extents[axis]).contains(first + $0 * dilation[axis]) }
      }
    }
  }
}
