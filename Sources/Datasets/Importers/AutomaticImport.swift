import Foundations
import HDF5

/// Imports a file with settings that are found by trying: what a table's delimiter and decimal mark are, whether it has a
/// header and comments, which column is the target, and which say nothing of a sample.
///
/// What is not as an import has it by default is said in ``Result/findings``.
package struct AutomaticImport: Sendable {
  /// What was found in the file.
  package struct Result: Sendable {
    /// What the columns of inputs were taken for; empty for a source without columns.
    package let columns: [ImportedColumn]
    /// The names of the classes in the order of their indices; `nil` for targets that are numbers.
    package let classes: [String]?
    /// The name of the target; `nil` if it has none.
    package let targetName: String?
    /// What divides the fields of a table of text, in words; `nil` for any other format.
    package let delimiter: String?
    /// How a table of text is written; `nil` for other formats.
    package let spelling: TableSpelling?
    /// What was found beside the defaults: one sentence each, without a full stop.
    package var findings: [String] = []
    /// What could not be told.
    package var doubts: [String] = []
    /// The target for people; `nil` where the format has only one.
    package var target: String?
    /// What the targets were taken for.
    package var decision = DataProfile.Decision.open
  }

  /// The samples of a file that was read: of a table with its rows in a spool, so that writing them takes no memory for them.
  package struct Samples {
    /// What was found in the file.
    package let found: Result
    private let writing: (_ path: String) throws -> Void

    init(_ found: Result, writing: @escaping (_ path: String) throws -> Void) {
      (self.found, self.writing) = (found, writing)
    }

    /// Writes the dataset file, in place of none.
    ///
    /// - Throws: `TrainerError` that says why it cannot be written.
    package func write(to path: String) throws { try writing(path) }
  }

  /// The format's name among those of ``ImporterRegistry/standard``.
  private let format: String
  private let path: String
  private let target: CSVImport.Column?
  private let rowsDirectory: String?

  /// Creates an import.
  ///
  /// - Parameters:
  ///   - path: The file, or the directory of an IDX import.
  ///   - format: The format's name among those of ``ImporterRegistry/standard``.
  ///   - target: The target column; `nil` to find it by its name, else to take the last.
  ///   - rowsDirectory: Where a file without a name can keep the rows of a large table until they are written; `nil` keeps
  ///     them in memory.
  package init(
    path: String, format: String, target: CSVImport.Column? = nil, rowsDirectory: String? = nil
  ) {
    (self.path, self.format, self.target) = (path, format, target)
    self.rowsDirectory = rowsDirectory
  }

  /// Reads the file.
  ///
  /// - Throws: `TrainerError` that names file, line and column and what is wrong there, `.usage` for a target that the
  ///   format does not have.
  package func read() throws -> Samples {
    switch format {
    case CSVImport.name, JSONLinesImport.name:
      var settings = CSVImport(path: path)
      if format == JSONLinesImport.name { (settings.isJSONLines, settings.missing) = (true, [""]) }
      var trial = AutomaticTable(settings, rowsDirectory: rowsDirectory)
      return try trial.read(target: target)
    case NPYImport.name:
      var importer = NPYImport(path: path)
      if let target { importer.target = target }
      return try samples(of: importer) { found in
        found.target = target == nil ? "the last column" : "\(importer.target)"
        if target == nil { found.doubts.append("an array names no target, so the last column was taken for it") }
      }
    default:
      guard target == nil else {
        throw TrainerError(.usage, "a file of the format \(format) has one target, so that none can be chosen")
      }
      if format == ImageFolderImport.name {
        let samples = try ImageFolderImport(path: path).scan()
        var found = Result(columns: [], classes: samples.classes, targetName: nil, delimiter: nil, spelling: nil)
        found.target = "the folder that an image is in"
        found.findings = samples.notes
        return Samples(found) { try samples.write(to: $0, with: DatasetWriter()) }
      }
      return try samples(of: ImporterRegistry.standard.importer(named: format, path: path)) { _ in }
    }
  }

  private func samples(of importer: any Importer, _ note: (inout Result) -> Void) throws -> Samples {
    let samples = try importer.read()
    let sources = importer.sources
    var found = Result(
      columns: samples.columns, classes: samples.classes, targetName: samples.targetName, delimiter: samples.delimiter,
      spelling: samples.spelling)
    note(&found)
    return Samples(found) { try DatasetWriter().write(samples, to: $0, from: sources) }
  }
}
