import DataParallel
import TestSupport
import Testing
import Training

/// Taking the times of kernels leaves the run as it is.
@Suite struct KernelTimesTests {
  @Test(arguments: WorkerCountTests.cases)
  func timingChangesNoBitAndCountsAllArithmetic(_ test: TrainingCase) throws {
    let configuration = try test.configuration(output: "/nowhere")
    let plain = try makeEngine(configuration, Float.self, workers: 2)
    let timed = try makeEngine(configuration, Float.self, workers: 2)
    _ = try plain.run(steps: 0..<12)
    _ = try timed.run(steps: 0..<3)
    var step = 3
    let kernels = try timed.kernelTimes(steps: 2, rounds: 3) {
      _ = try timed.run(steps: step..<step + 2)
      step += 2
    }
    _ = try timed.run(steps: step..<12)
    #expect(timed.memory.parametersDigest == plain.memory.parametersDigest)
    #expect(kernels.reduce(0) { $0 + $1.operations } == timed.work.operationsPerStep)
    #expect(kernels.contains { $0.name == "optimizer" } && kernels.allSatisfy { $0.seconds > 0 })
  }
}
