/// What is to happen, the earliest first; of two at the same time that which was inserted first.
struct EventQueue {
  private struct Event {
    let time: Double
    let sequence: Int
    let code: Int

    func isBefore(_ other: Event) -> Bool {
      time < other.time || (time == other.time && sequence < other.sequence)
    }
  }

  private var heap: [Event] = []
  private var inserted = 0

  mutating func insert(_ code: Int, at time: Double) {
    heap.append(Event(time: time, sequence: inserted, code: code))
    inserted += 1
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func popFirst() -> (time: Double, code: Int)? {
    guard let first = heap.first else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < heap.count else { break }
      let right = left + 1
      let child = right < heap.count && heap[right].isBefore(heap[left]) ? right : left
      guard heap[child].isBefore(heap[parent]) else { break }
      heap.swapAt(child, parent)
      parent = child
    }
    return (first.time, first.code)
  }
}
