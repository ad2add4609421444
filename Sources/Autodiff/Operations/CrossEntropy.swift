import Foundations
import Kernels

/// An operation on each row of logits [rows, classes] and the row's class.
protocol LogitsOperation: GraphOperation {
  func rowKernel<Scalar: KernelElement>(
    of kernels: Kernels<Scalar>, _ logits: UnsafePointer<Scalar>, classes: UnsafePointer<Scalar>, rows: Int,
    columns: Int, into out: UnsafeMutablePointer<Scalar>)
}

extension LogitsOperation {
  @_specialize(where Self == CrossEntropy, Scalar == Float)
  @_specialize(where Self == CrossEntropy, Scalar == Double)
  @_specialize(where Self == SoftmaxResidual, Scalar == Float)
  @_specialize(where Self == SoftmaxResidual, Scalar == Double)
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (kernels, logits, classes, output) = (site.kernels, site.inputs[0], site.inputs[1], site.output)
    let (rows, columns) = (site.inputShapes[0][0], site.inputShapes[0][1])
    return { [self] frame in
      rowKernel(
        of: kernels, frame.pointer(logits), classes: frame.pointer(classes), rows: rows, columns: columns,
        into: frame.pointer(output))
    }
  }

  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { 4 * inputs[0].elementCount }

  fileprivate func checkedLogits(_ inputs: [Shape]) throws -> Shape {
    let (logits, classes) = (inputs[0], inputs[1])
    guard logits.count == 2, logits[1] > 0, classes == [logits[0]] else {
      throw TrainerError(
        .usage,
        "'\(name)' takes logits [rows, classes] and a class for each row; it got the shapes \(logits), \(classes)")
    }
    return logits
  }
}

/// log Σ exp(z) − z[class] for each row of logits z [rows, classes]: a loss fused with its activation.
struct CrossEntropy: LogitsOperation {
  var name: String { "crossEntropy" }

  func shape(of inputs: [Shape]) throws -> Shape { [try checkedLogits(inputs)[0]] }

  func rowKernel<Scalar: KernelElement>(
    of kernels: Kernels<Scalar>, _ logits: UnsafePointer<Scalar>, classes: UnsafePointer<Scalar>, rows: Int,
    columns: Int, into out: UnsafeMutablePointer<Scalar>
  ) { kernels.crossEntropy(logits, classes: classes, rows: rows, columns: columns, into: out) }

  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let (logits, classes) = (node.inputs[0], node.inputs[1])
    return [try upstream.reshape([logits.shape[0], 1]) * logits.softmaxResidual(classes: classes), nil]
  }
}

/// softmax(z) less 1 at each row's class: the gradient of the cross-entropy.
struct SoftmaxResidual: LogitsOperation {
  var name: String { "softmaxResidual" }

  func shape(of inputs: [Shape]) throws -> Shape { try checkedLogits(inputs) }

  func rowKernel<Scalar: KernelElement>(
    of kernels: Kernels<Scalar>, _ logits: UnsafePointer<Scalar>, classes: UnsafePointer<Scalar>, rows: Int,
    columns: Int, into out: UnsafeMutablePointer<Scalar>
  ) { kernels.softmaxResidual(logits, classes: classes, rows: rows, columns: columns, into: out) }

  // The class only shifts the softmax by a constant.
  func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    let softmaxGradient = try Softmax().gradient(of: node.inputs[0].softmax(), upstream: upstream)
    return softmaxGradient + [nil]
  }
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
