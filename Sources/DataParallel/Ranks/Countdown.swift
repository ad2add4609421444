import Synchronization

/// Counts what is left of several things, any thread any of them.
final class Countdown: Sendable {
  private let counts: [Int]
  // Safe to share: atomics, which this object alone owns.
  nonisolated(unsafe) private let left: UnsafeMutablePointer<Atomic<Int>>

  init(_ counts: [Int]) {
    self.counts = counts
    left = .allocate(capacity: max(1, counts.count))
    for (index, count) in counts.enumerated() { (left + index).initialize(to: Atomic(count)) }
  }

  deinit {
    left.deinitialize(count: counts.count)
    left.deallocate()
  }

  /// Whether it was the last. What was written before each call may be read after the last one.
  func countDown(_ index: Int) -> Bool {
    left[index].wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }

  /// Begins anew.
  func restart() { for (index, count) in counts.enumerated() { left[index].store(count, ordering: .relaxed) } }
}

/// Remembers of several things that they are there, for any thread.
final class Marks: Sendable {
  private let count: Int
  // Safe to share: atomics, which this object alone owns.
  nonisolated(unsafe) private let marks: UnsafeMutablePointer<Atomic<Bool>>

  init(count: Int) {
    self.count = count
    marks = .allocate(capacity: max(1, count))
    for index in 0..<count { (marks + index).initialize(to: Atomic(false)) }
  }

  deinit {
    marks.deinitialize(count: count)
    marks.deallocate()
  }

  /// Whether a thing is there. Whoever sees it may read what whoever has set it could.
  func isSet(_ index: Int) -> Bool { marks[index].load(ordering: .acquiring) }

  /// Notes that a thing is there.
  func set(_ index: Int) { marks[index].store(true, ordering: .releasing) }

  /// Begins anew.
  func restart() { for index in 0..<count { marks[index].store(false, ordering: .relaxed) } }
}
