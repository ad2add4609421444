/// The columns of a table of text that a model needs, and what to do with the others.
package struct WantedColumns: Sendable {
  /// The raw columns in order; of a model that knows no names, numbers that are called by their places.
  package let features: [Feature]
  /// Whether the names are the data's own.
  package let areNamed: Bool
  /// Whether values may be missing; otherwise such a field is an error that names its place.
  package let allowsMissing: Bool
  /// Names of columns that may be there and are no inputs, such as the target's.
  package let besides: Set<String>
  /// Columns to copy beside the predictions, by name or, counted from 1, by place.
  package let kept: [CSVImport.Column]
  /// Columns to leave out.
  package let ignored: [CSVImport.Column]
  /// How the table of text was written that the model was trained on; `nil` where it was none, or as most are.
  package let spelling: TableSpelling?

  /// Creates the value.
  package init(
    features: [Feature], areNamed: Bool, allowsMissing: Bool, besides: Set<String>, kept: [CSVImport.Column] = [],
    ignored: [CSVImport.Column] = [], spelling: TableSpelling? = nil
  ) {
    self.features = features
    self.areNamed = areNamed
    self.allowsMissing = allowsMissing
    self.besides = besides
    self.kept = kept
    self.ignored = ignored
    self.spelling = spelling
  }
}
