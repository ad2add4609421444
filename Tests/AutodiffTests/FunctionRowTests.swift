import Autodiff
import Kernels
import TestSupport
import Testing

/// What holds for every kernel by its row.
@Suite struct FunctionRowTests {
  @Test func everyKernelHasARowAndNoneTwo() {
    #expect(UnaryRow.all.map(\.function.rawValue).sorted() == UnaryFunction.allCases.map(\.rawValue))
    #expect(BinaryRow.all.map(\.function.rawValue).sorted() == BinaryFunction.allCases.map(\.rawValue))
    #expect(ReductionRow.all.map(\.function.rawValue).sorted() == ReductionFunction.allCases.map(\.rawValue))
    let names = [UnaryFunction.exp.name, BinaryFunction.lessOrEqual.name, ReductionFunction.min.name]
    #expect(names == ["exp", "lessOrEqual", "min"])
  }

  /// `ReferenceTests` compares one kernel of each function with numbers of PyTorch's: that of float64 in the best
  /// instruction set. Here the others are compared with it, where the operation is defined. No kernel is off by more than
  /// 3 units of the last place (`AccuracyTests`), so no two differ by more than 6.
  @Test(arguments: InstructionSet.available)
  func everyKernelComputesTheSame(instructions: InstructionSet) {
    var generator = SeededGenerator(11)
    for row in UnaryRow.all {
      let x: [Float] = generator.numbers(200, in: row.domain.range)
      let exact = values(.best, row.function, x.map(Double.init))
      expect(values(instructions, row.function, x), exact, row.function.name)
      expect(values(instructions, row.function, x.map(Double.init)), exact, row.function.name)
    }
    for row in BinaryRow.all {
      let x: [Float] = generator.numbers(200, in: row.domain.range)
      // Every third pair is a tie.
      let y: [Float] = zip(x, generator.numbers(200, in: row.domain.range)).enumerated().map {
        $0.offset % 3 == 0 ? $0.element.0 : $0.element.1
      }
      let (wideX, wideY) = (x.map(Double.init), y.map(Double.init))
      let exact = values(.best, row.function, wideX, wideY)
      expect(values(instructions, row.function, x, y), exact, row.function.name)
      expect(values(instructions, row.function, wideX, wideY), exact, row.function.name)
    }
  }

  private func expect<Scalar: KernelElement>(_ found: [Scalar], _ exact: [Double], _ name: String) {
    let errors = zip(found, exact).map { ulpError($0, exact: $1) }
    #expect(errors.allSatisfy { $0 <= 6 }, "\(Scalar.self) \(name) is off by \(errors.max() ?? 0) units")
  }

  private func values<Scalar: KernelElement>(
    _ instructions: InstructionSet, _ function: UnaryFunction, _ x: [Scalar]
  ) -> [Scalar] {
    withMemory { memory in
      let out = memory.room(x.count, of: Scalar.self)
      instructions.kernels(for: Scalar.self).loop(function)(x.count, memory.place(x), out)
      return array(out, x.count)
    }
  }

  private func values<Scalar: KernelElement>(
    _ instructions: InstructionSet, _ function: BinaryFunction, _ x: [Scalar], _ y: [Scalar]
  ) -> [Scalar] {
    withMemory { memory in
      let out = memory.room(x.count, of: Scalar.self)
      instructions.kernels(for: Scalar.self).loop(function)(x.count, memory.place(x), memory.place(y), out)
      return array(out, x.count)
    }
  }
}
