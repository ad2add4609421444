import Foundations
import Synchronization

/// How far work was at a moment.
public struct WorkSighting: Sendable, Equatable {
  /// What was done.
  public let what: String
  /// How much of it.
  public let count: Int
  /// Which share of the whole.
  public let share: Double?

  /// Creates the value.
  public init(what: String, count: Int, share: Double?) { (self.what, self.count, self.share) = (what, count, share) }
}

/// Does work, and tells how far it was at each change.
public func watched<Result>(_ body: () throws -> Result) rethrows -> (result: Result, sightings: [WorkSighting]) {
  let record = SightingRecord()
  let progress = WorkProgress { record.note(WorkSighting(what: $0.what, count: $0.count, share: $0.share)) }
  let result = try WorkProgress.$watched.withValue(progress, operation: body)
  return (result, record.all)
}

/// What many threads note.
private final class SightingRecord: Sendable {
  private let seen = Mutex<[WorkSighting]>([])

  func note(_ sighting: WorkSighting) { seen.withLock { $0.append(sighting) } }

  var all: [WorkSighting] { seen.withLock(\.self) }
}
