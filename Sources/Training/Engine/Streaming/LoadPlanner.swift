import Datasets

/// Rows that are loaded in one unit of work: a stretch of one source, which ends with a band, a piece of a window, or the
/// ring.
package struct LoadUnit: Sendable, Equatable {
  /// The number of the source.
  package let source: Int
  /// The rows of the dataset.
  package let rows: Range<Int>
  /// Where the first of them goes in the source's ring; the others follow.
  package let slot: Int
}

/// Says which rows are loaded during which step, so that all are there when they are needed and none is overwritten before
/// it was used.
///
/// Note [Loading]. Each lane is a sequence of rows, cut into windows (`LaneFeed`), and has a ring of slots: position q of
/// the sequence lies in slot q mod capacity while it is there. A step that takes the positions from c on reads anywhere in
/// the windows of those positions; so it needs all of these windows, and everything before the window of c is free. While
/// a step runs, units of its gradient phase write the positions that later steps need: at least up to the end of the last
/// window that the next step touches, at most up to the ring's capacity beyond the first window that this one touches. So
/// no unit writes what another reads, whoever runs them: the positions that a step reads are behind what it loads, and the
/// slots that it loads are those of windows that it has left behind. A capacity of two windows and what two steps take is
/// enough for both bounds to be kept; a burst more is for those. Between the bounds loading keeps one window ahead, so that steps load about as
/// many rows as they take. It comes in bursts, of all lanes in the same step: to unpack a band takes longer than a small
/// step's shards, and one worker that has it would keep the others waiting; of many bands each has some.
///
/// The plan is a pure function of the step at which loading begins; which of it is done by which worker changes no row.
package struct LoadPlanner: Sendable {
  /// A lane and its places.
  package struct Lane: Sendable {
    package let feed: LaneFeed
    /// The first slot.
    package let base: Int
    /// The slots of its ring.
    package let capacity: Int
    /// The rows that are loaded at once, about.
    let burst: Int
    /// The positions that a step takes.
    let positions: @Sendable (_ step: Int) -> Range<Int>
    /// Whether some positions are needed at all: where one lane feeds all shards, a rank needs those of its own.
    var isNeeded: @Sendable (_ positions: Range<Int>) -> Bool = { _ in true }
  }

  /// How the rows of a source are stored together.
  package struct Bands: Sendable {
    /// The end of the band that a row is in.
    let end: @Sendable (_ row: Int) -> Int
    /// The most rows of a band.
    let mostRows: Int

    /// - Parameter end: The end of the band that a row is in.
    package init(mostRows: Int, end: @escaping @Sendable (_ row: Int) -> Int) {
      self.mostRows = mostRows
      self.end = end
    }

    init(_ rows: any FetchedRows) {
      end = { rows.endOfBand($0) }
      mostRows = rows.mostRowsOfBand
    }
  }

  /// Where a lane stands in one source.
  private struct Cursor: Sendable {
    let lane: Int
    let source: Int
    /// The position that is loaded next.
    var position: Int
    var window: LaneFeed.Window
    var piece = 0
    /// The next row of the piece, counted from its first.
    var offset = 0
  }

  private let lanes: [Lane]
  private let bands: [Bands]
  /// The steps of the whole run.
  private let steps: Int
  private var cursors: [Cursor] = []
  /// The step whose loading comes next.
  package private(set) var step: Int

  /// The slots that a lane needs, as Note [Loading] says.
  static func capacity(of feed: LaneFeed, mostRowsOfStep: Int, burst: Int) -> Int {
    2 * feed.mostRowsOfWindow + 2 * mostRowsOfStep + burst
  }

  /// Begins before a step.
  ///
  /// - Parameters:
  ///   - lanes: The lanes; those without rows are left out.
  ///   - bands: Those of each source.
  ///   - steps: The steps of the whole run.
  package init(lanes: [Lane], bands: [Bands], from step: Int, of steps: Int) {
    self.lanes = lanes
    self.bands = bands
    self.steps = steps
    self.step = step
    guard step < steps else { return }
    for (number, lane) in lanes.enumerated() where lane.feed.length > 0 {
      let window = lane.feed.window(at: lane.positions(step).lowerBound)
      for source in bands.indices {
        cursors.append(
          Cursor(lane: number, source: source, position: window.positions.lowerBound, window: window))
      }
    }
  }

  /// Whether nothing is left to be planned.
  package var isOver: Bool { step >= steps }

  /// What must be loaded before the first step, in the order in which windows are.
  package mutating func beforeFirst() -> [LoadUnit] {
    guard step < steps else { return [] }
    return load(needed: step, free: step)
  }

  /// What is loaded during the next step, for those behind it.
  package mutating func next() -> [LoadUnit] {
    defer { step += 1 }
    guard step < steps else { return [] }
    return load(needed: step + 1, free: step)
  }

  /// - Parameters:
  ///   - next: The step before which that must be there.
  ///   - current: The step that reads meanwhile.
  private mutating func load(needed next: Int, free current: Int) -> [LoadUnit] {
    var units: [LoadUnit] = []
    for index in cursors.indices {
      let cursor = cursors[index]
      let lane = lanes[cursor.lane]
      let reading = lane.positions(current)
      let end = lane.positions(steps - 1).upperBound
      let most = lane.feed.windowPositions(at: min(reading.lowerBound, max(0, end - 1))).lowerBound + lane.capacity
      let taken = next < steps ? lane.positions(next) : end..<end
      func windowEnd(_ position: Int) -> Int {
        position > 0 ? lane.feed.windowPositions(at: position - 1).upperBound : 0
      }
      let least = windowEnd(min(end, taken.upperBound))
      let period = max(1, lane.burst / max(1, taken.count))
      let burstEnd = lane.positions(min(steps - 1, max(next, (current / period + 1) * period)))
      let ahead = burstEnd.lowerBound + lane.feed.mostRowsOfWindow + burstEnd.count
      let goal = max(least, min(most, ahead, windowEnd(end)))
      precondition(least <= most, "a ring holds what two steps and two windows take")
      advance(&cursors[index], of: lane, to: goal, most: most, into: &units)
    }
    return units
  }

  /// Adds the units up to a position, or a little beyond.
  private func advance(
    _ cursor: inout Cursor, of lane: Lane, to goal: Int, most: Int, into units: inout [LoadUnit]
  ) {
    while cursor.position < goal {
      if cursor.position == cursor.window.positions.upperBound {
        cursor.window = lane.feed.window(at: cursor.position)
        (cursor.piece, cursor.offset) = (0, 0)
      }
      let piece = cursor.window.pieces[cursor.piece]
      let first = piece.lowerBound + cursor.offset
      let place = cursor.position % lane.capacity
      let count = min(piece.upperBound - first, bands[cursor.source].end(first) - first, lane.capacity - place)
      guard cursor.position + count <= most else { return }
      if lane.isNeeded(cursor.position..<cursor.position + count) {
        units.append(LoadUnit(source: cursor.source, rows: first..<first + count, slot: lane.base + place))
      }
      cursor.position += count
      cursor.offset += count
      if cursor.offset == piece.count { (cursor.piece, cursor.offset) = (cursor.piece + 1, 0) }
    }
  }
}
