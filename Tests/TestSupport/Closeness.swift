/// The message of the error that `body` throws.
public func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch {
    return "\(error)"
  }
}

extension Double {
  /// Whether both are equal, or closer than `tolerance` times the larger of 1 and their size.
  public func isClose(to other: Double, within tolerance: Double) -> Bool {
    if self == other || (isNaN && other.isNaN) { return true }
    return abs(self - other) <= tolerance * Swift.max(1, abs(self), abs(other))
  }
}

extension [Double] {
  /// Whether both have as many elements, each close to the other's.
  public func isClose(to other: [Double], within tolerance: Double) -> Bool {
    count == other.count && zip(self, other).allSatisfy { $0.isClose(to: $1, within: tolerance) }
  }
}
