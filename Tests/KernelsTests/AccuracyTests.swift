import Foundation
import Kernels
import TestSupport
import Testing

/// The largest error that each transcendental kernel may have, in units of the last place: over all numbers, subnormal
/// ones included. The loops without a fused multiply-add reach the same bounds.
///
/// Of the functions that call the platform's library, the bounds are glibc's.
private let bounds: [(UnaryFunction, Double)] = [
  (.exp, 1.1), (.expm1, 2), (.tanh, 2.6), (.sigmoid, 2.3), (.softplus, 2.1),
  (.log, 1), (.log1p, 1.5), (.sin, 1), (.cos, 1), (.tan, 1.5), (.asin, 1), (.acos, 1),
  (.atan, 1), (.sinh, 2), (.cosh, 2), (.log2, 1), (.log10, 2), (.erf, 1.5), (.sqrt, 0.5), (.rsqrt, 1.5),
]

@Suite struct AccuracyTests {
  @Test(arguments: bounds)
  func float(function: UnaryFunction, bound: Double) {
    // Every bit pattern whose number is a multiple of a prime: all exponents, both signs, infinities and NaNs.
    let inputs = stride(from: UInt32(0), to: .max, by: 1009).map(Float.init(bitPattern:)) + edgeNumbers()
    let exact = inputs.map { value(of: function, at: Double($0)) }
    for instructions in InstructionSet.available {
      let found = apply(instructions.kernels(for: Float.self).loop(function), inputs)
      expectErrors(found, inputs: inputs, exact: exact, atMost: bound, "\(function.name) \(instructions.name)")
    }
  }

  #if arch(x86_64)
    @Test(arguments: bounds)
    func double(function: UnaryFunction, bound: Double) {
      // All exponents and signs, and more where the functions bend.
      var generator = SeededGenerator(4)
      let inputs =
        edgeNumbers() + (0..<300_000).map { _ in Double(bitPattern: generator.next()) }
        + generator.numbers(500_000, in: -50...50) + generator.numbers(200_000, in: -760...760)
        + generator.numbers(200_000, in: -1...1)
      let exact = inputs.map { value(of: function, at: Float80($0)) }
      for instructions in InstructionSet.available {
        let found = apply(instructions.kernels(for: Double.self).loop(function), inputs)
        expectErrors(found, inputs: inputs, exact: exact, atMost: bound, "\(function.name) \(instructions.name)")
      }
    }
  #endif

  // A logistic output far below zero has a probability, not zero: its logarithm is finite.
  @Test(arguments: InstructionSet.available)
  func sigmoidUnderflowsThroughTheSubnormalNumbers(instructions: InstructionSet) {
    let single: [Float] = apply(instructions.kernels(for: Float.self).loop(.sigmoid), [-100, -103, 200, -200])
    #expect(single.map { $0 > 0 } == [true, true, true, false])
    let double: [Double] = apply(instructions.kernels(for: Double.self).loop(.sigmoid), [-740])
    #expect(double[0] > 0)
  }
}

private func expectErrors<Narrow: KernelElement, Wide: BinaryFloatingPoint>(
  _ found: [Narrow], inputs: [Narrow], exact: [Wide], atMost bound: Double, _ name: String
) {
  var worst = (error: -1.0, index: 0)
  for index in found.indices {
    let error = ulpError(found[index], exact: exact[index])
    if error > worst.error { worst = (error, index) }
  }
  let (error, index) = worst
  #expect(
    error <= bound,
    "\(Narrow.self) \(name): error \(error) ULP at \(inputs[index]): \(found[index]), exactly \(exact[index])")
}

private func value(of function: UnaryFunction, at x: Double) -> Double {
  switch function {
  case .exp: Foundation.exp(x)
  case .expm1: Foundation.expm1(x)
  case .tanh: Foundation.tanh(x)
  case .sigmoid: 1 / (1 + Foundation.exp(-x))
  case .softplus: x.isNaN ? x : max(x, 0) + Foundation.log1p(Foundation.exp(-abs(x)))
  case .log: Foundation.log(x)
  case .log1p: Foundation.log1p(x)
  case .sin: Foundation.sin(x)
  case .cos: Foundation.cos(x)
  case .tan: Foundation.tan(x)
  case .asin: Foundation.asin(x)
  case .acos: Foundation.acos(x)
  case .atan: Foundation.atan(x)
  case .sinh: Foundation.sinh(x)
  case .cosh: Foundation.cosh(x)
  case .log2: Foundation.log2(x)
  case .log10: Foundation.log10(x)
  case .erf: Foundation.erf(x)
  case .sqrt: x.squareRoot()
  case .rsqrt: 1 / x.squareRoot()
  default: .nan
  }
}

#if arch(x86_64)
  private func value(of function: UnaryFunction, at x: Float80) -> Float80 {
    switch function {
    case .exp: Foundation.exp(x)
    case .expm1: Foundation.expm1(x)
    case .tanh: Foundation.tanh(x)
    case .sigmoid: 1 / (1 + Foundation.exp(-x))
    case .softplus: x.isNaN ? x : max(x, 0) + Foundation.log1p(Foundation.exp(-abs(x)))
    case .log: Foundation.log(x)
    case .log1p: Foundation.log1p(x)
    case .sin: Foundation.sin(x)
    case .cos: Foundation.cos(x)
    case .tan: Foundation.tan(x)
    case .asin: Foundation.asin(x)
    case .acos: Foundation.acos(x)
    case .atan: Foundation.atan(x)
    case .sinh: Foundation.sinh(x)
    case .cosh: Foundation.cosh(x)
    case .log2: Foundation.log2(x)
    case .log10: Foundation.log10(x)
    case .erf: Foundation.erf(x)
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    default: .nan
    }
  }
#endif
