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
  /// Linear in all its operands.
  case linear
  /// Linear in its first operand; the second holds indices.
  case indexed
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
    case is Transpose, is Slice, is Pad, is Concatenate: .linear
    case is Gather, is ScatterAdd: .indexed
    default: .other
    }
  }
}
