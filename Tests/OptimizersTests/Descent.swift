import Kernels
import Optimizers
import TestSupport
import Testing

/// The chained Rosenbrock function of the fixtures, Σ c (x[i+1] − x[i]²)² + (1 − x[i])².
struct ChainedRosenbrock {
  let coupling: Double

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

/// The state of an optimizer that runs block by block, as the training engine runs it.
struct Descent<Scalar: KernelElement> {
  let optimizer: Optimizer
  /// Elements of a block; the last may be shorter.
  let blockCount: Int
  var kernels: Kernels<Scalar> = .best
  private(set) var parameters: [Scalar]
  private(set) var state: [[Scalar]]
  private(set) var step = 0

  init(_ optimizer: Optimizer, from parameters: [Scalar], blockCount: Int = .max, kernels: Kernels<Scalar> = .best) {
    self.optimizer = optimizer
    self.blockCount = blockCount
    self.kernels = kernels
    self.parameters = parameters
    state = optimizer.stateNames.map { _ in [Scalar](repeating: 0, count: parameters.count) }
  }

  /// One step with a gradient.
  mutating func advance(_ gradient: [Scalar]) {
    step += 1
    let count = parameters.count
    (parameters, state) = withMemory { memory in
      let flat = memory.place(parameters)
      let vectors = state.map { memory.place($0) }
      let pointers = memory.place(vectors)
      for start in stride(from: 0, to: count, by: blockCount == .max ? max(count, 1) : blockCount) {
        let range = start..<min(count - start, blockCount) + start
        optimizer.update(
          range, step: step, gradient: memory.place(Array(gradient[range])), scratch: memory.room(range.count),
          parameters: flat, state: pointers, kernels: kernels)
      }
      return (array(flat, count), vectors.map { array($0, count) })
    }
  }
}
