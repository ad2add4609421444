import Foundations

/// The same learning rate throughout.
public struct ConstantSchedule: Schedule {
  public static let type = "constant"
  /// No.
  public let dependsOnLength = false

  /// Creates the schedule.
  public init() {}
  /// Reads the schedule's settings: there are none.
  public init(from settings: Settings) throws {}
  /// None.
  public var json: JSONObject { [:] }

  /// 1.
  public func factor(at step: Int, of run: RunLength) -> Double { 1 }
}
