import Synchronization

/// Numbers that a display reads while steps run, without slowing them.
public final class LiveProgress: Sendable {
  /// More sums than these are not told: each step would write them all.
  private static let mostSums = 16

  private let stepCount = Atomic<Int>(0)
  private let lossBits = Atomic<UInt64>(Double.nan.bitPattern)
  private let sumCount = Atomic<Int>(0)
  /// Whether anybody has asked for the sums: steps are not to write what nobody reads.
  private let isWatched = Atomic<Bool>(false)
  private let sumBits: InlineArray<16, Atomic<UInt64>>

  /// No progress yet.
  public init() { sumBits = InlineArray { _ in Atomic<UInt64>(0) } }

  /// Completed steps.
  public var step: Int { stepCount.load(ordering: .relaxed) }
  /// The loss of the last step; NaN before the first.
  public var loss: Double { Double(bitPattern: lossBits.load(ordering: .relaxed)) }

  /// The sums of the epoch so far and the number of their steps. Some may be a step ahead of others. They are told from the first
  /// time on that they are asked for.
  var sums: [Double]? {
    isWatched.store(true, ordering: .relaxed)
    let count = sumCount.load(ordering: .relaxed)
    guard count > 0 else { return nil }
    return (0..<count).map { Double(bitPattern: sumBits[$0].load(ordering: .relaxed)) }
  }

  package func update(step: Int, loss: Double) {
    stepCount.store(step, ordering: .relaxed)
    lossBits.store(loss.bitPattern, ordering: .relaxed)
  }

  /// Tells the sums of the epoch so far, the last of which is the number of steps.
  func publish(_ sums: UnsafePointer<Double>, count: Int) {
    guard count <= Self.mostSums, isWatched.load(ordering: .relaxed) else { return }
    for index in 0..<count { sumBits[index].store(sums[index].bitPattern, ordering: .relaxed) }
    sumCount.store(count, ordering: .relaxed)
  }
}
