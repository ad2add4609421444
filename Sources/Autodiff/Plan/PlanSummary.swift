import Foundations
import Kernels

/// What a plan does and what it needs, for people to read.
public struct PlanSummary: Sendable {
  /// One instruction.
  public struct Instruction: Sendable {
    /// The operations that it computes, joined by `+` where they are fused.
    public let name: String
    /// The shape of its result.
    public let shape: Shape
    /// Where the result goes: `buffer`, `slot` for the gradient slot, or `kept` for what later products need.
    public let region: String
    /// The first byte of the result there.
    public let offset: Int
    /// The bytes of the result.
    public let byteCount: Int
    /// Floating-point operations, counting a multiply-add as two.
    public let floatingPointOperations: Int
  }

  /// The instructions in order.
  public let instructions: [Instruction]
  /// Bytes of the buffers, which share memory where their lifetimes do not overlap.
  public let bufferByteCount: Int
  /// Bytes that the buffers would take if none shared memory.
  public let unsharedByteCount: Int
  /// Bytes of scratch space, most of it the tiles of fused chains.
  public let scratchByteCount: Int
  /// Bytes of constants.
  public let constantByteCount: Int
  /// Floating-point operations of one run.
  public let floatingPointOperations: Int

  /// The table that `trainer graph --plan` prints.
  public var text: String {
    var table = TextTable(header: ["#", "instruction", "result", "place", "bytes", "flop"], left: [1, 2, 3])
    for (index, step) in instructions.enumerated() {
      table.append([
        "\(index)", step.name, "\(step.shape)", "\(step.region)+\(step.offset)", "\(step.byteCount)",
        "\(step.floatingPointOperations)",
      ])
    }
    return table.text + """

      \(instructions.count) instructions, \(floatingPointOperations) floating-point operations
      \(bufferByteCount) bytes of buffers (\(unsharedByteCount) without sharing), \(scratchByteCount) of scratch space, \
      \(constantByteCount) of constants
      """
  }
}

extension Plan {
  /// What the plan does and what it needs.
  public var summary: PlanSummary {
    let size = MemoryLayout<Scalar>.stride
    let steps = instructions.map { step in
      PlanSummary.Instruction(
        name: step.name, shape: step.outputShape, region: ["buffer", "", "slot", "", "kept"][step.output.region],
        offset: step.output.offset * size, byteCount: step.outputShape.elementCount * size,
        floatingPointOperations: step.floatingPointOperations)
    }
    return PlanSummary(
      instructions: steps, bufferByteCount: bufferCount * size,
      unsharedByteCount: steps.filter { $0.region == "buffer" }.reduce(0) { $0 + $1.byteCount },
      scratchByteCount: scratchCount * size, constantByteCount: constants.count * size,
      floatingPointOperations: floatingPointOperations)
  }
}
