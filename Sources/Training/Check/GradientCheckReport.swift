import Autodiff
import Foundations

/// What `gradcheck` found.
public struct GradientCheckReport: Sendable {
  /// A batch whose gradient was compared.
  public struct Batch: Sendable {
    /// Its samples.
    public let samples: Int
    /// The sizes of its shards, each once, ascending.
    public let shardSizes: [Int]
    /// How many shards have samples.
    public let shards: Int
  }

  /// What was found about one parameter.
  public struct Row: Sendable {
    /// The parameter.
    public let name: String
    /// How many coordinates it has.
    public let count: Int
    /// How many of them were compared with differences, in the batch in which it was fewest.
    public let checked: Int
    /// How many comparisons there were, over all batches.
    public let compared: Int
    /// How many of these lie near a kink, where there is no one derivative to compare with.
    public let nearKink: Int
    /// The largest relative error of the others.
    public let worst: Double
    /// The largest distance of any coordinate from the gradient without the engine's shortcuts, and from the plain graph's,
    /// relative to the largest coordinate.
    public let withoutShortcuts: Double
    /// The same in the precision of the run, if that is float32.
    public let inPrecision: Double?
    /// How the gradient goes to the update.
    public let delivery: String
  }

  /// A coordinate with its derivatives.
  public struct Coordinate: Sendable {
    /// The coordinate as a formula would write it: `dense1/weight[12, 3]`.
    public let name: String
    /// The derivative that the run uses.
    public let analytic: Double
    /// The derivative by differences.
    public let numeric: Double
    /// Their relative distance.
    public let relativeError: Double
  }

  /// The batches: one of the usual size and, if it differs, an epoch's last.
  public let batches: [Batch]
  /// One row for each parameter, in layout order.
  public let rows: [Row]
  /// The coordinate that is off most; `nil` if all lie near a kink.
  public let worst: Coordinate?
  /// The largest relative distance of a batch's objective from the plain graph's.
  public let lossError: Double
  /// What the coordinates were drawn with.
  public let seed: UInt64
  /// Larger relative errors fail.
  public let tolerance: Double

  /// Larger relative errors in float32 fail: they are no rounding.
  public static let float32Tolerance = 1e-3

  /// Whether every parameter is within the tolerance.
  public var passes: Bool {
    lossError <= tolerance
      && rows.allSatisfy {
        $0.worst <= tolerance && $0.withoutShortcuts <= tolerance && ($0.inPrecision ?? 0) <= Self.float32Tolerance
      }
  }
  /// Whether every coordinate of every parameter was compared with differences.
  public var isComplete: Bool { rows.allSatisfy { $0.checked == $0.count } }
}
