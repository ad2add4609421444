/// What an import made of its source.
public struct ImportSummary: Sendable, Equatable, CustomStringConvertible {
  /// The number of samples of each group that was written.
  public let samples: [String: Int]
  /// The extents of one sample's inputs.
  public let inputShape: [Int]
  /// The number of classes; nil for regression.
  public let classCount: Int?
  /// The numbers of one sample's target; 1 for classes.
  public let targetCount: Int
  /// What stood between the fields of a table of text, for people: `comma`; nil for other sources.
  public let delimiter: String?
  /// What the columns of a table were taken for; empty for other sources.
  public let columns: [ImportedColumn]
  /// What of the source was left out, one sentence each, without a full stop.
  public let notes: [String]

  /// Describes the groups that an importer hands to the writer.
  init(
    groups: [GroupLayout], classCount: Int?, delimiter: String? = nil, columns: [ImportedColumn] = [],
    notes: [String] = []
  ) {
    samples = Dictionary(
      uniqueKeysWithValues: groups.filter { $0.rowCount > 0 }.map { ($0.name, $0.rowCount) })
    inputShape = groups.first?.inputShape ?? []
    self.classCount = classCount
    targetCount = groups.first?.targets.rowShape.reduce(1, *) ?? 1
    self.delimiter = delimiter
    self.columns = columns
    self.notes = notes
  }

  /// One line, such as `120 train + 30 test samples of 4 inputs in 3 classes`.
  public var description: String {
    let groups = ["train", "validation", "test"].compactMap { name in samples[name].map { "\($0) \(name)" } }
    let inputs = inputShape.map(String.init).joined(separator: " x ")
    let targets =
      classCount.map { "in \($0) \($0 == 1 ? "class" : "classes")" }
      ?? (targetCount == 1 ? "with a number as target" : "with \(targetCount) numbers as target")
    let note = delimiter.map { " (delimiter: \($0))" } ?? ""
    return "\(groups.joined(separator: " + ")) samples of \(inputs.isEmpty ? "1" : inputs) inputs \(targets)\(note)"
  }
}
