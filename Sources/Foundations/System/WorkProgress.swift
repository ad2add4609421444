import Synchronization

/// How far long work has come, for whoever watches it: `WorkProgress.$watched.withValue(progress) { … }` around an import, an
/// evaluation or a prediction. Whoever watches asks ``current`` now and then, or is told of each change. Where nobody does, nothing
/// is counted.
public final class WorkProgress: Sendable {
  /// A piece of the work, such as the reading of one file.
  public final class Part: Sendable {
    /// What is done, such as `reading flowers.csv`.
    public let what: String
    /// What is counted, in the plural, such as `rows` or `bytes`.
    public let unit: String
    /// How many there are; `nil` if that is not known.
    public let total: Int?
    /// When it began.
    public let begin = ContinuousClock.now
    private let done = Atomic<Int>(0)
    private let shareBits = Atomic<UInt64>(Double.nan.bitPattern)
    private let measure: (@Sendable () -> (count: Int, share: Double?))?
    private let progress: WorkProgress

    fileprivate init(
      _ what: String, of total: Int?, _ unit: String, measure: (@Sendable () -> (count: Int, share: Double?))?,
      in progress: WorkProgress
    ) {
      (self.what, self.total, self.unit) = (what, total, unit)
      (self.measure, self.progress) = (measure, progress)
    }

    /// How many are done.
    public var count: Int { measure?().count ?? done.load(ordering: .relaxed) }

    /// Which share is done, from 0 to 1; `nil` if that cannot be told.
    public var share: Double? {
      if let measure { return measure().share }
      let share = Double(bitPattern: shareBits.load(ordering: .relaxed))
      if !share.isNaN { return min(1, max(0, share)) }
      guard let total else { return nil }
      return min(1, Double(done.load(ordering: .relaxed)) / Double(max(1, total)))
    }

    /// Counts some more. Any thread may call it.
    public func add(_ count: Int) {
      done.add(count, ordering: .relaxed)
      progress.tell(self)
    }

    /// Says how many are done, and which share of the whole that is, where it is not their share of ``total``.
    public func set(_ count: Int, share: Double? = nil) {
      done.store(count, ordering: .relaxed)
      if let share { shareBits.store(share.bitPattern, ordering: .relaxed) }
      progress.tell(self)
    }

    /// Ends the piece: what it is a piece of goes on. Once more does nothing.
    public func end() { progress.parts.withLock { parts in parts.removeAll { $0 === self } } }
  }

  /// Who watches the work that is done in the body of `withValue`; `nil` for nobody.
  @TaskLocal public static var watched: WorkProgress?

  /// Those that have begun, each a piece of the one before.
  private let parts = Mutex<[Part]>([])
  private let report: (@Sendable (Part) -> Void)?

  /// Creates the progress of work that has not begun.
  ///
  /// - Parameter report: Called at each change, on any thread, and before the next.
  public init(_ report: (@Sendable (Part) -> Void)? = nil) { self.report = report }

  /// What is done now: the whole piece of work of which the share is known, or else the smallest. `nil` if nothing is.
  public var current: Part? {
    let parts = parts.withLock(\.self)
    return parts.first { $0.share != nil } ?? parts.last
  }

  /// Begins a piece of the work for whoever watches it; what begins ends with ``Part/end()``.
  ///
  /// - Parameters:
  ///   - what: What is done, such as `reading flowers.csv`.
  ///   - total: How many there are; `nil` if that is not known.
  ///   - unit: What is counted, in the plural.
  ///   - measure: What tells how many are done, and the share, where nobody counts them; any thread may call it.
  /// - Returns: `nil` if nobody watches.
  public static func begin(
    _ what: @autoclosure () -> String, of total: Int? = nil, _ unit: String = "",
    measure: (@Sendable () -> (count: Int, share: Double?))? = nil
  ) -> Part? {
    guard let watched else { return nil }
    let part = Part(what(), of: total, unit, measure: measure, in: watched)
    watched.parts.withLock { $0.append(part) }
    return part
  }

  private func tell(_ part: Part) { report?(part) }
}
