import Foundations

/// A fault of an import that another setting of it may mend; whoever made the import knows how that is said.
public struct ImportFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// The setting.
  public enum Remedy: Sendable {
    /// ``CSVImport/hasHeader``: the first line may hold data.
    case header
    /// ``CSVImport/delimiter``, or ``CSVImport/target``: fields may be divided by another character.
    case columns
  }

  /// What is wrong.
  public let error: TrainerError
  /// What may mend it.
  public let remedy: Remedy

  /// The error's message.
  public var description: String { error.message }
}
