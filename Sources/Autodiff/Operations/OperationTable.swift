import Kernels

/// All operations that a node may hold.
///
/// The table is what tests go through: each name must have a row in the gradient check, and whatever a formula, a model
/// or a gradient puts into a graph must be here.
public enum OperationTable {
  /// The names, leaves first. No node copies: that loop serves `broadcast`.
  public static let names: [String] =
    ["input", "parameter", "constant", "variable", "dropoutMask"]
    + UnaryFunction.allCases.filter { $0 != .copy }.map(\.rawValue) + BinaryFunction.allCases.map(\.rawValue) + [
      "where", "broadcast",
    ]
    + ReductionFunction.allCases.map(\.rawValue) + [
      "softmax", "logSoftmax", "logSumExp", "argmax", "crossEntropy", "softmaxResidual",
    ]
    + ["matmul", "reshape", "transpose", "stopGradient", "slice", "pad", "concatenate"]
    + ["gather", "scatterAdd", "oneHot"]
}
