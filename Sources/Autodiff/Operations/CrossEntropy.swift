import Foundations
import Kernels

/// log Σ exp(z) − z[class] for each row of logits z [rows, classes]: a loss fused with its activation.
struct CrossEntropy: Operation {
  var name: String { "crossEntropy" }

  func shape(of inputs: [Shape]) throws -> Shape { [try checkedLogits(inputs, for: name)[0]] }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, logits, classes, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let (rows, columns) = (site.inputShapes[0][0], site.inputShapes[0][1])
    return { frame in
      kernels.crossEntropy(
        frame.pointer(logits), classes: frame.pointer(classes), rows: rows, columns: columns,
        into: frame.pointer(output))
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 4 * inputs[0].elementCount }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (logits, classes) = (node.inputs[0], node.inputs[1])
    return [try upstream.reshape([logits.shape[0], 1]) * logits.softmaxResidual(classes: classes), nil]
  }
}

/// softmax(z) less 1 at each row's class: the gradient of the cross-entropy.
struct SoftmaxResidual: Operation {
  var name: String { "softmaxResidual" }

  func shape(of inputs: [Shape]) throws -> Shape { try checkedLogits(inputs, for: name) }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, logits, classes, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let (rows, columns) = (site.outputShape[0], site.outputShape[1])
    return { frame in
      kernels.softmaxResidual(
        frame.pointer(logits), classes: frame.pointer(classes), rows: rows, columns: columns,
        into: frame.pointer(output))
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 4 * inputs[0].elementCount }

  // The class only shifts the softmax by a constant.
  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let probabilities = try node.inputs[0].softmax()
    let weighted = try upstream * probabilities
    return [try weighted - probabilities * weighted.sum(axes: [-1], keepingAxes: true), nil]
  }
}

private func checkedLogits(_ inputs: [Shape], for name: String) throws -> Shape {
  let (logits, classes) = (inputs[0], inputs[1])
  guard logits.count == 2, logits[1] > 0, classes == [logits[0]] else {
    throw TrainerError(
      .usage, "'\(name)' takes logits [rows, classes] and a class for each row; it got the shapes \(logits), \(classes)"
    )
  }
  return logits
}

extension Node {
  /// log Σ exp(z) − z[class] for each row z of this matrix of logits [rows, classes]: the softmax cross-entropy with
  /// class indices.
  ///
  /// - Parameter classes: An index for each row, [rows]; one outside 0 ..< classes counts as no class, whose logit is 0.
  /// - Throws: `TrainerError` if the shapes are others.
  public func crossEntropy(classes: Node) throws -> Node { try apply(CrossEntropy(), classes) }

  /// The softmax of each row of this matrix of logits [rows, classes], less 1 at the row's class: the gradient of
  /// `crossEntropy(classes:)`.
  ///
  /// - Throws: `TrainerError` if the shapes are others.
  public func softmaxResidual(classes: Node) throws -> Node { try apply(SoftmaxResidual(), classes) }
}
