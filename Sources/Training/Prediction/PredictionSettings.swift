import Datasets
import Foundations

/// How predictions are written.
public enum PredictionFormat: String, Sendable, CaseIterable {
  /// A table of text with commas between fields and a header.
  case csv
  /// The same with tabs.
  case tsv
  /// A JSON object on each line.
  case jsonLines = "jsonl"
  /// An HDF5 file with `/predictions` and, for classes, `/probabilities`.
  case hdf5

  /// The format that a file's ending names; `nil` if it names none.
  public init?(path: String) {
    let name = fileName(of: path).lowercased()
    guard let dot = name.lastIndex(of: ".") else { return nil }
    switch name[name.index(after: dot)...] {
    case "csv": self = .csv
    case "tsv": self = .tsv
    case "jsonl", "ndjson": self = .jsonLines
    case "h5", "hdf5": self = .hdf5
    default: return nil
    }
  }
}

/// Which rows `predict` takes and how it writes what it predicts.
public struct PredictionSettings: Sendable, Equatable {
  /// How predictions are written where the output's ending does not say it; `nil` for CSV on standard output.
  public var format: PredictionFormat?
  /// The array of inputs in NumPy's archive of arrays; `nil` for those of the usual names, as ``NPZImport`` knows them.
  public var array: String?
  /// The index of the first input in a sparse text, 0 or 1; `nil` to find out.
  public var firstIndex: Int?
  /// Columns of a table of text that are copied to the output, in front of the predictions.
  public var kept: [CSVImport.Column]
  /// Columns of a table that are no inputs and are left out. One that the model does not know is an error otherwise.
  public var ignored: [CSVImport.Column]
  /// How a table of text is to be read.
  public var table: TextTableSettings
  /// Whether images of another size than the model's are resized to it; otherwise they are an error.
  public var resizesImages = false

  /// Creates settings; without arguments for all rows in the format of the output's ending.
  public init(
    format: PredictionFormat? = nil, array: String? = nil, firstIndex: Int? = nil,
    kept: [CSVImport.Column] = [], ignored: [CSVImport.Column] = [], table: TextTableSettings = TextTableSettings()
  ) {
    self.format = format
    self.array = array
    self.firstIndex = firstIndex
    self.kept = kept
    self.ignored = ignored
    self.table = table
  }
}
