import Synchronization

/// Lets one thread in at a time. The others need not wait.
final class Entrance: Sendable {
  private let isTaken = Atomic<Bool>(false)

  /// Whether the caller is now inside.
  func tryEnter() -> Bool {
    !isTaken.load(ordering: .relaxed)
      && isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  /// Returns when the caller is inside.
  func enter() {
    var patience = Patience()
    while !tryEnter() { patience.pause() }
  }

  /// Lets the next one in.
  func leave() { isTaken.store(false, ordering: .releasing) }
}
