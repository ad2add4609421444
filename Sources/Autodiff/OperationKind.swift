import Kernels

/// What a node's operation is, for code that treats each kind in its own way outside this room: the operations' types
/// stay here.
package enum OperationKind {
  /// A parameter, an input or a variable.
  case named(String)
  /// Numbers in row-major order.
  case constant([Double])
  case unary(UnaryFunction)
  case binary(BinaryFunction)
  case select
  /// Its third operand but at isolated points, where that has no value.
  case guarded
  case broadcast
  /// The operand's elements in the same order.
  case view
  case matrixProduct(transposesLeft: Bool, transposesRight: Bool)
  case oneHot(count: Int)
  case reduction(ReductionFunction)
  case argmax
  case softmax
  case logSoftmax
  case logSumExp
  /// Axis i of the result is axis `permutation[i]` of the operand.
  case transpose(_ permutation: [Int])
  case slice([AxisRange])
  /// The operand's elements at these coordinates of the result, and zeros elsewhere.
  case pad([AxisRange])
  case concatenate(axis: Int)
  /// The parts of the first operand that the second names.
  case gather(axis: Int)
  /// The first operand's parts added up at the places that the second names.
  case scatterAdd
  /// [samples, axes, inputs] with filters [size, inputs / groups, outputs].
  case convolution(WindowGeometry, groups: Int)
  /// What such a convolution gives back to its input.
  case transposedConvolution(WindowGeometry, groups: Int)
  case maxPool(WindowGeometry)
  case meanPool(WindowGeometry)
  /// None of these.
  case other
}

extension Node {
  /// What the node's operation is.
  package var kind: OperationKind {
    switch operation {
    case let parameter as Parameter: .named(parameter.parameterName)
    case let input as Input: .named(input.inputName)
    case let variable as Variable: .named(variable.variableName)
    case let constant as Constant: .constant(constant.values)
    case let unary as UnaryOperation: .unary(unary.function)
    case let binary as BinaryOperation: .binary(binary.function)
    case let select as SelectOperation: select.isGuard ? .guarded : .select
    case is Broadcast: .broadcast
    case is Reshape, is StopGradient: .view
    case let multiply as MatrixMultiply:
      .matrixProduct(transposesLeft: multiply.transposesLeft, transposesRight: multiply.transposesRight)
    case let hot as OneHot: .oneHot(count: hot.count)
    case let reduce as Reduce: .reduction(reduce.function)
    case is ArgMax: .argmax
    case is Softmax: .softmax
    case is LogSoftmax: .logSoftmax
    case is LogSumExp: .logSumExp
    case let transpose as Transpose: .transpose(transpose.permutation)
    case let slice as Slice: .slice(slice.ranges)
    case let pad as Pad: .pad(pad.ranges)
    case let concatenate as Concatenate: .concatenate(axis: concatenate.axis)
    case let gather as Gather: .gather(axis: gather.axis)
    case is ScatterAdd: .scatterAdd
    case let convolution as Convolution: .convolution(convolution.geometry, groups: convolution.groups)
    case let convolution as ConvolutionInputGradient:
      .transposedConvolution(convolution.geometry, groups: convolution.groups)
    case let pool as MaxPool: .maxPool(pool.geometry)
    case let pool as MeanPool: .meanPool(pool.geometry)
    default: .other
    }
  }
}
