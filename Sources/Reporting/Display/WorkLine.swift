import Foundation
import Foundations

/// What a line says of work that takes long: what is done, how much of it, how fast, and how long it will take.
package struct WorkLine {
  /// What is done.
  let what: String
  /// The share that is done; `nil` if that cannot be told.
  let share: Double?
  /// How many are done, such as `1200 rows`; empty if none are counted.
  let done: String
  /// Such as `1.23 M rows/s`; empty before that can be told.
  let rate: String
  /// Such as `12 s left`, or `12 s` so far where nobody knows.
  let time: String
  /// Whether bars may be drawn with characters beyond ASCII.
  var isUnicode = true

  private static let (fewestBarColumns, mostBarColumns) = (8, 40)
  /// A longer name is cut in its middle where there is no room for it.
  private static let fewestNameColumns = 8

  /// The line for a terminal's width: what there is no room for is left out, what matters least first.
  package func line(columns: Int) -> StyledLine {
    let width = max(1, columns - 1)
    let percent = share.map { LiveBlock.percent($0) }
    // Behind the name, in their order; what matters most is said the longest.
    let ranked = [(percent, 0), (done, percent == nil ? 0 : 3), (rate, 2), (time, 1)].map { ($0.0 ?? "", $0.1) }
    let least = min(what.count, Self.fewestNameColumns)
    var rest = 3
    func facts() -> [String] { ranked.filter { $0.1 <= rest && !$0.0.isEmpty }.map(\.0) }
    func taken() -> Int { facts().reduce(0) { $0 + $1.count + 2 } }
    while rest > 0, width < (rest > 1 ? what.count : least) + taken() { rest -= 1 }
    let name = width - taken() >= least ? Self.shortened(what, to: width - taken()) : ""
    var line = StyledLine(name, .bold)
    // By fours, so that it keeps its length while the texts beside it change theirs.
    let bar = min(Self.mostBarColumns, (width - name.count - taken() - 2) / 4 * 4)
    if let share, !name.isEmpty, bar >= Self.fewestBarColumns {
      let (done, left) = LiveBlock.bar(share, columns: bar, isUnicode: isUnicode)
      line.append("  ")
      line.append(done, .good)
      line.append(left, .faint)
    }
    for fact in facts() { line.append((line.text.isEmpty ? "" : "  ") + fact) }
    return line
  }

  /// A name with its middle left out.
  private static func shortened(_ name: String, to columns: Int) -> String {
    guard name.count > columns else { return name }
    let kept = max(1, columns - 3)
    return String((name.prefix((kept + 1) / 2) + "..." + name.suffix(kept / 2)).prefix(columns))
  }
}

/// Where pieces of work stand and how fast they go.
package struct WorkPace {
  private struct Sighting {
    let time: ContinuousClock.Instant
    let count: Int
    let share: Double?
  }

  /// The pace is that of the last seconds, not of the whole work.
  private static let window = Duration.seconds(10)

  private var part: WorkProgress.Part?
  /// Those at which something had changed, oldest first.
  private var sightings: [Sighting] = []

  package init() {}

  /// What is said of a piece of work at a moment; it counts for the pace of later ones.
  package mutating func line(of part: WorkProgress.Part, at time: ContinuousClock.Instant) -> WorkLine {
    if self.part !== part { (self.part, sightings) = (part, []) }
    let now = Sighting(time: time, count: part.count, share: part.share)
    // What was done before is not counted: a part of it may have been done another day.
    if sightings.last.map({ $0.count != now.count || $0.share != now.share }) ?? true { sightings.append(now) }
    while sightings.count > 3, sightings[1].time.duration(to: time) > Self.window { sightings.removeFirst() }
    let first = sightings[0]
    let seconds = first.time.duration(to: time) / .seconds(1)
    let rate = Double(now.count - first.count) / seconds
    var time = Self.duration((part.begin.duration(to: time) / .seconds(1)).rounded(.down))
    if let share = now.share {
      let before = first.share ?? 0
      let left = (1 - share) * seconds / (share - before)
      time = share > before && share < 1 && seconds > 0 ? "\(Self.duration(left)) left" : ""
    }
    // Of few things, each takes seconds: how many of them a second says nothing.
    let isFew = part.total.map { $0 < 100 } ?? false
    return WorkLine(
      what: part.what, share: now.share,
      done: now.count == 0 || part.unit.isEmpty ? "" : Self.amount(now.count, of: part.total, part.unit),
      rate: rate > 0 && rate.isFinite && !part.unit.isEmpty && !isFew ? Self.rate(rate, part.unit) : "", time: time)
  }

  private static func amount(_ count: Int, of total: Int?, _ unit: String) -> String {
    if unit == "bytes" { return ByteText.text(count) }
    // Beside a percentage, of many the total says little.
    return total.map { $0 < 10_000 ? "\(count)/\($0) \(unit)" : "\(count) \(unit)" } ?? "\(count) \(unit)"
  }

  /// What is left, in whole seconds.
  private static func duration(_ seconds: Double) -> String {
    let seconds = seconds.rounded(.up)
    return seconds < 60 ? "\(Int(seconds)) s" : NumberText.duration(seconds)
  }

  private static func rate(_ rate: Double, _ unit: String) -> String {
    unit == "bytes" ? "\(ByteText.text(rate))/s" : NumberText.rate(rate, of: unit)
  }
}
