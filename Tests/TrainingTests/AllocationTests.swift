import DataParallel
import TestSupport
import Testing
import Training

/// Notes how often each worker has asked for memory when it began its first unit after the first steps, and when it ended
/// its last: all that happens in between, the region's own work too, lies between the two.
private struct CountingWork: RegionWork {
  let work: StepWork<Float>
  let warmUp: Int
  let first: SharedBuffer<Int>
  let last: SharedBuffer<Int>
  let units: SharedBuffer<Int>

  init(_ work: StepWork<Float>, workers: Int, warmUp: Int) {
    self.work = work
    self.warmUp = warmUp
    first = SharedBuffer(repeating: 0, count: workers)
    last = SharedBuffer(repeating: 0, count: workers)
    units = SharedBuffer(repeating: 0, count: workers)
  }

  func run(step: Int, phase: Int, unit: Int, worker: Int) {
    if step >= warmUp {
      if units[worker] == 0 { first[worker] = allocationsOfThisThread }
      units[worker] += 1
    }
    work.run(step: step, phase: phase, unit: unit, worker: worker)
    last[worker] = allocationsOfThisThread
  }
}

/// Sums up how often each worker asks for memory in units, whatever happens between regions.
private struct UnitCountingWork: RegionWork {
  let work: StepWork<Float>
  let warmUp: Int
  let allocations: SharedBuffer<Int>
  let units: SharedBuffer<Int>

  init(_ work: StepWork<Float>, workers: Int, warmUp: Int) {
    self.work = work
    self.warmUp = warmUp
    allocations = SharedBuffer(repeating: 0, count: workers)
    units = SharedBuffer(repeating: 0, count: workers)
  }

  func run(step: Int, phase: Int, unit: Int, worker: Int) {
    let before = allocationsOfThisThread
    work.run(step: step, phase: phase, unit: unit, worker: worker)
    guard step >= warmUp else { return }
    allocations[worker] += allocationsOfThisThread - before
    units[worker] += 1
  }
}

/// Promise 4: a training step allocates nothing, whatever the optimizer and the schedule.
@Suite struct AllocationTests {
  // The count would also be 0 if nothing were counted.
  @Test(.enabled(if: allocationsAreCounted)) func allocationsAreSeen() {
    var kept: [[Int]] = []
    #expect(allocations { kept.append([Int](repeating: 1, count: 100)) } > 0)
    #expect(kept.count == 1)
  }

  @Test(
    .enabled(if: allocationsAreCounted),
    // The last has fewer shards than there are workers: its products are cut into tiles.
    arguments: WorkerCountTests.cases.prefix(2) + [WorkerCountTests.convolutions, TilesTests.training(shards: 2)])
  func aThousandStepsOfSeveralThreadsAllocateNothing(training: TrainingCase) throws {
    let (steps, warmUp, workers) = (1100, 100, 3)
    let engine = try makeEngine(
      training.configuration(output: "/nowhere"), Float.self, workers: workers, steps: steps, tileCosts: .none)
    let counting = CountingWork(engine.work, workers: workers, warmUp: warmUp)
    Region(workers: workers, start: ThreadStarter(seed: 1).start).run(
      steps: 0..<steps, phases: engine.work.phases, counting)
    #expect(counting.units.elements.reduce(0, +) == (steps - warmUp) * engine.work.phases.reduce(0, +))
    for worker in 0..<workers where counting.units[worker] > 0 {
      #expect(counting.last[worker] == counting.first[worker], "worker \(worker)")
    }
  }

  /// Units unpack chunks here as well; a chunk is one of three steps.
  @Test(.enabled(if: allocationsAreCounted), arguments: [StreamedRunTests.blocks, #""none""#])
  func aStepOfStreamedRowsAllocatesNothing(shuffle: String) throws {
    try withScratchDirectory { directory in
      let (path, steps, warmUp, workers) = (directory + "/packed.h5", 200, 50, 3)
      try StreamedRunTests.writePacked(path, rows: 700, rowsOfChunk: 100)
      let test = TrainingCase(
        name: "packed", data: path, preprocessing: #"["standardize"]"#, shuffle: shuffle,
        settings: StreamedRunTests.softmax)
      let engine = try makeEngine(
        test.configuration(output: "/nowhere").placing(.streamed), Float.self, workers: workers,
        starter: ThreadStarter(seed: 1).start, steps: steps)
      let counting = UnitCountingWork(engine.work, workers: workers, warmUp: warmUp)
      _ = try engine.run(steps: 0..<steps, as: counting)
      let loading = try #require(engine.loading)
      #expect(loading.bytesRead > 0)
      #expect(counting.units.elements.reduce(0, +) > (steps - warmUp) * engine.work.phases.reduce(0, +) / 2)
      #expect(counting.allocations.elements.allSatisfy { $0 == 0 }, "\(counting.allocations.elements)")
    }
  }

  @Test(.enabled(if: allocationsAreCounted), arguments: TrainingCase.optimizers)
  func aStepAllocatesNothing(training: TrainingCase) throws {
    let engine = try makeEngine(training.configuration(output: "/nowhere"), Float.self, steps: 30)
    let work = engine.work
    let phases = work.phases
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
