import Kernels

/// All operations that a node may hold.
///
/// The table is what tests go through: each name must have a row in the gradient check, and whatever a formula, a model
/// or a gradient puts into a graph must be here.
package enum OperationTable {
  /// The names, leaves first.
  package static let names: [String] =
    ["input", "parameter", "constant", "variable", "dropoutMask", "normalNoise"]
    + UnaryRow.all.map(\.function.name) + BinaryRow.all.map(\.function.name) + ["where", "broadcast"]
    + ReductionRow.all.map(\.function.name) + [
      "softmax", "logSoftmax", "logSumExp", "argmax", "crossEntropy", "softmaxResidual",
    ]
    + ["matmul", "reshape", "transpose", "stopGradient", "slice", "pad", "concatenate"]
    + ["gather", "scatterAdd", "oneHot"]
    + ["convolution", "convolutionInputGradient", "convolutionFilterGradient"]
    + ["maxPool", "maxPoolScatter", "maxPoolGather", "meanPool", "meanPoolScatter"]
    + ["randomWindow", "randomWindowReverse"]
}
