import DataParallel
import Dispatch

/// A step's units with the time that each worker spends in them.
struct TimedWork<Scalar: TrainingScalar>: RegionWork {
  private let work: StepWork<Scalar>
  private let workers: Int
  /// Nanoseconds of each worker in shards and in blocks, on cache lines of their own.
  private let nanoseconds: SharedBuffer<UInt64>
  private static var stride: Int { 16 }

  init(_ work: StepWork<Scalar>, workers: Int) {
    self.work = work
    self.workers = workers
    nanoseconds = SharedBuffer(repeating: 0, count: workers * Self.stride)
  }

  func run(step: Int, phase: Int, unit: Int, worker: Int) {
    let start = DispatchTime.now().uptimeNanoseconds
    work.run(step: step, phase: phase, unit: unit, worker: worker)
    let place: Int
    switch work.sequence.pointer[phase] {
    case .gradient, .gradientStage: place = 0
    // Mostly waiting, for other ranks: it counts as that.
    case .exchange, .copy: return
    case .reduce, .reducePartially, .reduceAndUpdate, .update, .join: place = 1
    }
    nanoseconds.pointer[worker * Self.stride + place] += DispatchTime.now().uptimeNanoseconds - start
  }

  func pause(turn: Int) { work.pause(turn: turn) }

  /// The seconds of all workers in a region that took `seconds`.
  func times(of seconds: Double) -> WorkerTimes {
    func sum(_ place: Int) -> Double {
      (0..<workers).reduce(0) { $0 + Double(nanoseconds[$1 * Self.stride + place]) } * 1e-9
    }
    return WorkerTimes(shards: sum(0), blocks: sum(1), all: seconds * Double(workers), rounds: 1)
  }
}

/// Seconds of workers, summed.
struct WorkerTimes {
  var shards = 0.0
  var blocks = 0.0
  var all = 0.0
  var rounds = 0

  mutating func add(_ other: WorkerTimes) {
    shards += other.shards
    blocks += other.blocks
    all += other.all
    rounds += other.rounds
  }

  func shares(dataSecondsPerStep: Double, stepsPerRound: Int) -> StepBenchmark.Shares {
    let data = min(shards, dataSecondsPerStep * Double(stepsPerRound * rounds))
    return StepBenchmark.Shares(
      data: data / all, gradient: (shards - data) / all, reduceAndUpdate: blocks / all,
      wait: max(0, all - shards - blocks) / all)
  }
}

extension StepWork {
  /// The seconds that finding and converting the samples of a step takes one worker.
  func secondsOfData(steps: Int) -> Double {
    defer { withExtendedLifetime(self) {} }
    return ContinuousClock().measure {
      for step in 0..<steps {
        for worker in 0..<region.workers {
          for unit in region.home(of: worker, among: share.shards.count) {
            let shard = share.shards.lowerBound + unit
            _ = shardRooms.use(shardRoom(of: shard, worker: worker)) {
              loadSamples(step: step, shard: shard, worker: worker, $0)
            }
          }
        }
      }
    }.seconds / Double(max(1, steps))
  }

  /// Floating-point operations of a step, but for those of the optimizer.
  package var operationsPerStep: Int {
    defer { withExtendedLifetime(self) {} }
    let samples = schedule.batch(of: 0).positions.count
    return (0..<partition.shards).reduce(0) { total, shard in
      let slice = partition.range(of: shard, in: samples)
      guard !slice.isEmpty else { return total }
      return total
        + plans[slice.count].use { plan in
          plan.floatingPointOperations + plan.products.reduce(0) { $0 + $1.floatingPointOperations }
        }
    }
  }

  /// Bytes that a step moves at least: its samples, the parameters twice, and what the update writes and reads.
  var bytesPerStep: Int {
    let samples = schedule.batch(of: 0).positions.count
    let vectors = 3 + 2 * memory.state.count
    return samples * sources.reduce(0) { $0 + $1.rowByteCount }
      + vectors * memory.layout.count * MemoryLayout<Scalar>.stride
  }
}
