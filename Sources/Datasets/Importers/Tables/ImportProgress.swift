/// How far an import has come.
public struct ImportProgress: Sendable, Equatable {
  /// The file that is being read.
  public let path: String
  /// The samples read from it.
  public let rowCount: Int
  /// The part of it that has been read, from 0 to 1.
  public let fraction: Double

  /// Creates the value.
  public init(path: String, rowCount: Int, fraction: Double) {
    self.path = path
    self.rowCount = rowCount
    self.fraction = fraction
  }
}
