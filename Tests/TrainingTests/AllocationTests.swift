import DataParallel
import TestSupport
import Testing
import Training

/// Promise 4: a training step allocates nothing, whatever the optimizer and the schedule.
@Suite struct AllocationTests {
  // The count would also be 0 if nothing were counted.
  @Test(.enabled(if: allocationsAreCounted)) func allocationsAreSeen() {
    var kept: [[Int]] = []
    #expect(allocations { kept.append([Int](repeating: 1, count: 100)) } > 0)
    #expect(kept.count == 1)
  }

  @Test(.enabled(if: allocationsAreCounted), arguments: TrainingCase.optimizers)
  func aStepAllocatesNothing(training: TrainingCase) throws {
    let engine = try makeEngine(training.configuration(output: "/nowhere"), Float.self, steps: 30)
    let work = engine.work
    let phases = work.phases
    work.writeCopies()
    for step in 0..<25 {
      for phase in phases.indices {
        let count = allocations {
          for unit in 0..<phases[phase] { work.run(step: step, phase: phase, unit: unit, worker: 0) }
        }
        // The first step may make what lasts, such as a type's metadata; the tenth ends an epoch.
        if step > 0 { #expect(count == 0, "step \(step), phase \(phase)") }
      }
    }
  }
}
