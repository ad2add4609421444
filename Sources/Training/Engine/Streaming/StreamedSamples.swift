import DataParallel
import Datasets
import Foundations
import Kernels

/// The samples of a run that come from a file while it trains: rings of rows, what fills them, and where in them a shard
/// finds its rows.
///
/// The coordinator's part (`begin`, `end`) is between regions; `decode` is what units of the gradient phase do; both keep to
/// Note [Loading] in `LoadPlanner`.
final class StreamedSamples<Scalar: TrainingScalar>: Sendable {
  /// The rows in the rings, in the order of the plans' inputs.
  let sources: [RowSource<Scalar>]
  /// What they take.
  let layout: StreamLayout<Scalar>

  private let rows: [StreamedRows<Scalar>]
  private let rings: [RowRing<Scalar>]
  private let order: StreamedOrder
  /// Where the lane of each of this process's shards lies.
  private let places: SharedBuffer<LanePlace>
  private let firstShard: Int
  /// Each worker's space for decoding.
  private let scratch: SharedBuffer<DecodingScratch>
  /// What each worker has found wrong first.
  private let faults: SharedBuffer<(fault: DecodingFault, unit: LoadUnit)?>
  /// What the coordinator knows, and what the workers read in a region.
  private let region: SharedBuffer<RegionLoads>
  private let state: SharedBuffer<LoadingState<Scalar>>

  /// Makes room for the rows.
  ///
  /// - Parameters:
  ///   - rows: The sources, in the order of the plans' inputs.
  ///   - layout: What they take, of the same rows and order.
  ///   - shards: Those of this process.
  init(
    _ rows: [StreamedRows<Scalar>], _ layout: StreamLayout<Scalar>, order: StreamedOrder, shards: Range<Int>,
    workers: Int
  ) {
    self.rows = rows
    self.layout = layout
    self.order = order
    let lanes = layout.lanes
    places = SharedBuffer(count: shards.count) { shard in
      let lane = lanes[min(shard, lanes.count - 1)]
      return LanePlace(base: lane.base, capacity: lane.capacity, length: lane.feed.length)
    }
    firstShard = shards.lowerBound
    let rings = rows.map {
      RowRing<Scalar>(capacity: layout.capacity, columns: $0.rows.columns, holdsBytes: $0.rows.holdsBytes)
    }
    self.rings = rings
    sources = zip(rows, rings).map { RowSource($1, rowShape: $0.rowShape, affine: $0.affine) }
    scratch = SharedBuffer(count: workers) { _ in
      DecodingScratch(byteCount: layout.scratchBytes, codecs: layout.codecs)
    }
    faults = SharedBuffer(repeating: nil, count: workers)
    region = SharedBuffer(repeating: RegionLoads(), count: 1)
    state = SharedBuffer(repeating: LoadingState(), count: 1)
  }

  deinit {
    state[0].loader?.stop()
  }

  // MARK: Between regions

  /// What loading has taken so far.
  var effort: LoadingEffort {
    LoadingEffort(
      stallSeconds: state[0].stallSeconds, bytesRead: state[0].bytesRead + (state[0].loader?.bytesRead ?? 0))
  }

  /// The first of these steps that can be run now: all whose rows have come, and at least one unless none comes in a while.
  ///
  /// - Parameter pool: Decodes what must be there before the first step.
  /// - Throws: `TrainerError` with code `.data` if what comes next cannot be read, or is damaged.
  func ready(_ steps: Range<Int>, pool: Region) throws -> Range<Int> {
    let none = steps.lowerBound..<steps.lowerBound
    guard !steps.isEmpty else { return none }
    if state[0].next != steps.lowerBound || steps.upperBound > state[0].end {
      // A benchmark goes on beyond the steps of the run: some way, since to begin anew costs a wait.
      restart(at: steps.lowerBound, to: steps.upperBound > order.steps ? 8 * steps.upperBound : order.steps)
    }
    guard let loader = state[0].loader else { return none }
    while true {
      if let last = state[0].pending.last?.step {
        return steps.lowerBound..<min(steps.upperBound, last + 1)
      }
      let clock = ContinuousClock.now
      let come = try loader.take(before: steps.upperBound, waiting: Self.patience)
      // The very first rows are no stall: there was nothing to be done before.
      if state[0].hasBegun { state[0].stallSeconds += clock.duration(to: .now).seconds }
      guard !come.isEmpty else {
        try requireAnswer(loader)
        return none
      }
      let before = come.filter { $0.step < steps.lowerBound }
      try decode(before, pool)
      loader.giveBack(before)
      state[0].pending += come.dropFirst(before.count)
      if !state[0].pending.isEmpty { state[0].hasBegun = true }
    }
  }

  /// Begins a region of steps that are ``ready(_:pool:)``.
  func begin(_ steps: Range<Int>) {
    state[0].running = Array(state[0].pending.prefix(steps.count))
    state[0].pending.removeFirst(steps.count)
    region[0] = RegionLoads(state[0].running)
  }

  /// Ends a region.
  ///
  /// - Throws: `TrainerError` with code `.data` if rows were damaged: the vectors are then of no use.
  func end(_ steps: Range<Int>) throws {
    let running = state[0].running
    state[0].running = []
    state[0].next = steps.upperBound
    region[0] = RegionLoads()
    state[0].loader?.giveBack(running)
    try throwFault()
  }

  /// Has each lane's rows placed near the worker in whose home its shard is; those of a lane of all shards by turns.
  func place(in placement: inout MemoryPlacement, for region: Region) {
    for ring in rings {
      for (number, lane) in layout.lanes.enumerated() {
        let start = ring[lane.base]
        let rows = UnsafeMutableRawBufferPointer(start: start, count: ring[lane.base + lane.capacity] - start)
        if layout.lanes.count == places.count {
          placement.add(rows, of: region.owner(of: number, among: places.count))
        } else {
          placement.addByTurns(rows)
        }
      }
    }
  }

  /// Ends reading ahead, until rows are wanted again.
  func rest() {
    guard let loader = state[0].loader else { return }
    loader.stop()
    state[0].bytesRead += loader.bytesRead
    state[0].loader = nil
    state[0].pending = []
    state[0].next = -1
  }

  /// How long the coordinator waits before it looks around, in seconds.
  private static var patience: Double { 0.2 }
  /// How long a read may take, in seconds.
  private static var longestRead: Double { 60 }

  private func requireAnswer(_ loader: RowLoader<Scalar>) throws {
    guard let reading = loader.reading, reading.seconds > Self.longestRead else { return }
    throw TrainerError(
      .data,
      "\(rows[reading.source].place): nothing has come of the rows \(reading.rows.lowerBound) to "
        + "\(reading.rows.upperBound - 1) (counted from 0) for \(Int(reading.seconds)) s; see to the disk or the network, and go "
        + "on with the run")
  }

  private func restart(at step: Int, to end: Int) {
    rest()
    state[0].hasBegun = false
    (state[0].next, state[0].end) = (step, end)
    state[0].loader = RowLoader(
      rows, byteLimit: layout.bufferBytes,
      planner: LoadPlanner(
        lanes: layout.lanes,
        bands: rows.map { LoadPlanner.Bands($0.rows) },
        from: step, of: end))
  }

  private func decode(_ steps: [FetchedStep], _ pool: Region) throws {
    let units = steps.flatMap(\.units)
    pool.forEach(units.count) { [self] unit, worker in decode(units[unit], worker: worker) }
    try throwFault()
  }

  private func throwFault() throws {
    for worker in 0..<faults.count {
      guard let (fault, unit) = faults[worker] else { continue }
      faults.elements.update(repeating: nil)
      throw rows[unit.source].rows.error(fault, rows: unit.rows)
    }
  }

  // MARK: In a region

  /// The most load units that a step of the region has.
  var loadsOfStep: Int { region.pointer.pointee.most }

  /// Decodes one of a step's units; nothing if it has fewer.
  func decode(step: Int, unit: Int, worker: Int) {
    guard let unit = region.pointer.pointee.unit(unit, of: step) else { return }
    decode(unit, worker: worker)
  }

  private func decode(_ fetched: FetchedUnit, worker: Int) {
    let unit = fetched.unit
    let source = rows[unit.source].rows
    let stored = UnsafeRawBufferPointer(
      start: fetched.buffer.memory, count: source.fetchedByteCount(unit.rows))
    let fault = scratch.use(worker) {
      source.decode(stored, rows: unit.rows, into: rings[unit.source][unit.slot], scratch: $0)
    }
    if let fault, faults.pointer[worker] == nil { faults.pointer[worker] = (fault, unit) }
  }

  /// Writes the slots of some of a shard's samples of a step, counted from the shard's first.
  func fillSlots(_ out: UnsafeMutablePointer<Int64>, step: Int, shard: Int, samples: Range<Int>) {
    order.fillSlots(
      out, step: step, shard: shard, samples: samples, lane: places.pointer[shard - firstShard])
  }
}

/// What loading rows has taken.
package struct LoadingEffort: Sendable, Equatable, Codable {
  /// Seconds in which no step could begin because its rows had not come.
  package var stallSeconds = 0.0
  /// Bytes that were read from files.
  package var bytesRead = 0
}

/// What the coordinator keeps of loading, between two regions.
private struct LoadingState<Scalar: TrainingScalar> {
  var loader: RowLoader<Scalar>?
  /// The step that comes next; -1 before the first.
  var next = -1
  /// The step behind the last that is read ahead.
  var end = 0
  /// Steps that have been fetched and not been run.
  var pending: [FetchedStep] = []
  /// Those of the region that runs.
  var running: [FetchedStep] = []
  var hasBegun = false
  var stallSeconds = 0.0
  var bytesRead = 0
}

/// The load units of the steps of a region.
private struct RegionLoads {
  private let first: Int
  private let steps: [FetchedStep]
  /// The most units of a step.
  let most: Int

  init(_ steps: [FetchedStep] = []) {
    self.steps = steps
    first = steps.first?.step ?? 0
    most = steps.map(\.units.count).max() ?? 0
  }

  func unit(_ unit: Int, of step: Int) -> FetchedUnit? {
    guard steps.indices.contains(step - first), unit < steps[step - first].units.count else { return nil }
    return steps[step - first].units[unit]
  }
}
