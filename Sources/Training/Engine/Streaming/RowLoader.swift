import Datasets
import Dispatch
import Foundation
import Foundations
import Synchronization

/// A unit whose stored bytes have been read.
struct FetchedUnit: Sendable {
  let unit: LoadUnit
  let buffer: FetchBuffer
}

/// The units of one step; those that come before the first step have its number less one.
struct FetchedStep: Sendable {
  let step: Int
  let units: [FetchedUnit]
}

/// Reads ahead, on a thread of its own, what the units of coming steps decode: the only one that waits for a disk.
///
/// It goes on as far as its buffers reach; the coordinator takes what there is between two regions, and gives the buffers
/// back when the region is over.
final class RowLoader<Scalar: TrainingScalar>: Sendable {
  private struct State {
    var buffers: FetchBuffers
    var fetched: [FetchedStep] = []
    /// Whether the thread is to end.
    var isStopped = false
    /// Whether nothing more will come.
    var isOver = false
    var failure: TrainerError?
    /// What is being read since when, for messages about a disk that does not answer.
    var reading: (unit: LoadUnit, since: ContinuousClock.Instant)?
    var bytesRead = 0
  }

  private let sources: [StreamedRows<Scalar>]
  private let state: Mutex<State>
  /// Signalled when buffers have come back, or the loader is to stop.
  private let room = DispatchSemaphore(value: 0)
  /// Signalled when something has been fetched, or the loader has ended.
  private let arrival = DispatchSemaphore(value: 0)

  /// Begins to read.
  ///
  /// - Parameters:
  ///   - planner: Says what is read, in which order.
  ///   - byteLimit: The bytes that may be read ahead.
  init(_ sources: [StreamedRows<Scalar>], byteLimit: Int, planner: LoadPlanner) {
    self.sources = sources
    state = Mutex(State(buffers: FetchBuffers(sources: sources.count, byteLimit: byteLimit)))
    let thread = Thread { [self] in run(planner) }
    thread.name = "loader"
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// The bytes that were read from files so far.
  var bytesRead: Int { state.withLock { $0.bytesRead } }

  /// Ends the thread, as soon as what it reads has come.
  func stop() {
    state.withLock { $0.isStopped = true }
    room.signal()
  }

  /// The steps that have been fetched, in order, up to a step; waits a while for the first.
  ///
  /// - Throws: `TrainerError` with code `.data` if nothing is left and what comes next could not be read.
  func take(before end: Int, waiting seconds: Double) throws -> [FetchedStep] {
    let deadline = DispatchTime.now() + seconds
    while true {
      let (steps, isOver, failure) = state.withLock { state in
        let count = state.fetched.firstIndex { $0.step >= end } ?? state.fetched.count
        let steps = Array(state.fetched[..<count])
        state.fetched.removeFirst(count)
        return (steps, state.isOver, state.failure)
      }
      if !steps.isEmpty {
        room.signal()
        return steps
      }
      if let failure { throw failure }
      if isOver || arrival.wait(timeout: deadline) == .timedOut { return [] }
    }
  }

  /// What is being read, and for how long.
  var reading: (rows: Range<Int>, source: Int, seconds: Double)? {
    state.withLock { $0.reading }.map { ($0.unit.rows, $0.unit.source, $0.since.duration(to: .now).seconds) }
  }

  /// Takes back the buffers of steps whose units are done.
  func giveBack(_ steps: [FetchedStep]) {
    state.withLock { state in
      for step in steps {
        for unit in step.units { state.buffers.giveBack(unit.buffer, source: unit.unit.source) }
      }
    }
    room.signal()
  }

  // MARK: The thread

  private func run(_ planner: LoadPlanner) {
    var planner = planner
    do {
      let first = planner.step
      // In parts, so that the workers have something to do while the rest is read.
      let before = planner.beforeFirst()
      for start in stride(from: 0, to: before.count, by: Self.unitsOfPart) {
        let part = Array(before[start..<min(before.count, start + Self.unitsOfPart)])
        guard try fetch(part, for: first - 1) else { return }
      }
      // An empty one says that all has come that was to come before the first.
      guard try fetch([], for: first - 1) else { return }
      while !planner.isOver {
        let step = planner.step
        guard try fetch(planner.next(), for: step) else { return }
      }
    } catch let error as TrainerError {
      state.withLock { $0.failure = error }
    } catch {
      state.withLock { $0.failure = TrainerError(.data, "\(error)") }
    }
    state.withLock { $0.isOver = true }
    arrival.signal()
  }

  /// Units of one part of what comes before the first step.
  private static var unitsOfPart: Int { 64 }

  /// - Returns: Whether to go on.
  private func fetch(_ units: [LoadUnit], for step: Int) throws -> Bool {
    var fetched: [FetchedUnit] = []
    for unit in units {
      let source = sources[unit.source].rows
      let count = source.fetchedByteCount(unit.rows)
      guard let buffer = buffer(of: count, for: unit, holding: fetched) else { return false }
      state.withLock { $0.reading = (unit, .now) }
      try source.fetch(unit.rows, into: UnsafeMutableRawBufferPointer(start: buffer.memory, count: count))
      state.withLock { state in
        state.reading = nil
        state.bytesRead += count
      }
      fetched.append(FetchedUnit(unit: unit, buffer: buffer))
    }
    while true {
      let (goesOn, isFull, isFirst) = state.withLock { state in
        let count = state.fetched.count
        guard count < Self.mostSteps, !state.isStopped else { return (!state.isStopped, true, false) }
        state.fetched.append(FetchedStep(step: step, units: fetched))
        return (true, false, count == 0)
      }
      guard goesOn else { return false }
      // Whoever waits for something to come waits for the first.
      if isFirst { arrival.signal() }
      guard isFull else { return true }
      room.wait()
    }
  }

  /// The most steps that wait to be taken: where a band serves many small steps, most of them have no units.
  private static var mostSteps: Int { 1 << 16 }

  /// A buffer, if need be one that comes back; `nil` if the loader is to stop.
  private func buffer(
    of byteCount: Int, for unit: LoadUnit, holding fetched: [FetchedUnit]
  ) -> FetchBuffer? {
    while true {
      let (buffer, isStopped) = state.withLock { state in
        if state.isStopped { return (FetchBuffer?.none, true) }
        let ofOthers = state.buffers.bytesInUse - fetched.reduce(0) { $0 + $1.buffer.byteCount }
        return (state.buffers.take(byteCount, source: unit.source, mayWait: ofOthers > 0), false)
      }
      if isStopped { return nil }
      if let buffer { return buffer }
      room.wait()
    }
  }
}
