import Foundations
import Kernels

/// What a plan does and what it needs, for people to read.
package struct PlanSummary: Sendable {
  /// One instruction.
  package struct Instruction: Sendable {
    /// The operations that it computes, joined by `+` where they are fused.
    package let name: String
    /// The shape of its result.
    package let shape: Shape
    /// Where the result goes: `buffer`, `slot` for the gradient slot, or `kept` for what later products need.
    package let region: String
    /// The first byte of the result there.
    package let offset: Int
    /// The bytes of the result.
    package let byteCount: Int
    /// Floating-point operations, counting a multiply-add as two.
    package let floatingPointOperations: Int
  }

  /// The instructions in order.
  package let instructions: [Instruction]
  /// Bytes of the buffers, which share memory where their lifetimes do not overlap.
  package let bufferByteCount: Int
  /// Bytes that the buffers would take if none shared memory.
  package let unsharedByteCount: Int
  /// Bytes of scratch space, most of it the tiles of fused chains.
  package let scratchByteCount: Int
  /// Bytes of constants.
  package let constantByteCount: Int
  /// Floating-point operations of one run.
  package let floatingPointOperations: Int

  /// The table that `trainer graph --plan` prints.
  package var text: String {
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
  package var summary: PlanSummary {
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
      scratchByteCount: scratchCount * size, constantByteCount: constantCount * size,
      floatingPointOperations: floatingPointOperations)
  }
}

extension PlanSummary {
  /// The same as one object, for `trainer graph --plan --format json`.
  ///
  /// - Parameter samples: The samples that it computes at once; `nil` for a formula.
  package func json(samples: Int?) -> JSONValue {
    [
      "samples": samples.map(JSONValue.integer) ?? .null, "instructions": .array(instructions.map(\.json)),
      "floatingPointOperations": .integer(floatingPointOperations), "bufferBytes": .integer(bufferByteCount),
      "unsharedBytes": .integer(unsharedByteCount), "scratchBytes": .integer(scratchByteCount),
      "constantBytes": .integer(constantByteCount),
    ]
  }
}

extension PlanSummary.Instruction {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "shape": .array(shape.map(JSONValue.integer)), "place": .string(region),
      "offset": .integer(offset), "bytes": .integer(byteCount),
      "floatingPointOperations": .integer(floatingPointOperations),
    ]
  }
}
