import Foundations
import Kernels
import Optimizers
import TestSupport
import Testing

/// The chained Rosenbrock function of the fixtures, Σ c (x[i+1] − x[i]²)² + (1 − x[i])².
struct ChainedRosenbrock {
  let coupling: Double

  func value(at x: [Double]) -> Double {
    zip(x, x.dropFirst()).reduce(0) { sum, pair in
      let rest = pair.1 - pair.0 * pair.0
      return sum + coupling * rest * rest + (1 - pair.0) * (1 - pair.0)
    }
  }

  func gradient<Scalar: BinaryFloatingPoint>(at x: [Scalar]) -> [Scalar] {
    let c = Scalar(coupling)
    var gradient = [Scalar](repeating: 0, count: x.count)
    for i in x.indices.dropLast() {
      let rest = x[i + 1] - x[i] * x[i]
      gradient[i] += -4 * c * x[i] * rest - 2 * (1 - x[i])
      gradient[i + 1] += 2 * c * rest
    }
    return gradient
  }
}

extension ParameterLayout {
  /// One tensor of that many numbers.
  init(count: Int) {
    self.init()
    append(name: "x", shape: [count])
  }
}

/// The state of an optimizer that runs block by block, as the training engine runs it.
struct Descent<Scalar: KernelElement> {
  let plan: UpdatePlan
  let stateNames: [String]
  var kernels: Kernels<Scalar> = .best
  private(set) var parameters: [Scalar]
  private(set) var state: [[Scalar]]
  private(set) var numbers: [Double]
  private(set) var step = 0
  private let blockLength: Int

  /// - Parameter blockLength: Elements of a block; the last may be shorter.
  init(
    _ optimizer: Optimizer, from parameters: [Scalar], layout: ParameterLayout? = nil, blockLength: Int = .max,
    kernels: Kernels<Scalar> = .best
  ) {
    let count = parameters.count
    self.blockLength = min(blockLength, max(count, 1))
    let blocks = stride(from: 0, to: count, by: self.blockLength).map { [size = self.blockLength] in
      $0..<min(count, $0 + size)
    }
    plan = UpdatePlan(optimizer, layout: layout ?? ParameterLayout(count: count), blocks: blocks)
    stateNames = optimizer.stateNames
    self.kernels = kernels
    self.parameters = parameters
    state = stateNames.map { _ in [Scalar](repeating: 0, count: count) }
    numbers = [Double](repeating: 0, count: plan.numberCount)
  }

  /// One step with a gradient.
  mutating func advance(_ gradient: [Scalar], objective: Double = .nan) {
    step += 1
    let count = parameters.count
    (parameters, state, numbers) = withMemory { memory in
      let flat = memory.place(parameters)
      let vectors = state.map { memory.place($0) }
      let remembered = memory.place(numbers)
      plan.runStep(
        step, objective: objective,
        vectors: UpdateVectors(
          gradient: memory.place(gradient), parameters: flat, state: memory.place(vectors),
          memory: UpdateMemory(
            sums: memory.room(plan.sumCount), numbers: remembered, isTrial: memory.place([false]))),
        scratch: memory.room(blockLength), kernels: kernels)
      return (array(flat, count), vectors.map { array($0, count) }, array(remembered, plan.numberCount))
    }
  }

  /// A state vector.
  subscript(name: String) -> [Scalar]? { stateNames.firstIndex(of: name).map { state[$0] } }
}

/// An optimizer's configuration as a config writes it.
func configuration(_ text: String) throws -> OptimizerConfiguration {
  try OptimizerConfiguration(from: Settings(text: text, source: "x.json", directory: "/"))
}
