import Foundations
import HDF5

/// Imports a file with settings that are found by trying: what a table's delimiter and decimal mark are, whether it has a
/// header and comments, which column is the target, and which say nothing of a sample.
///
/// What is not as an import has it by default is said in ``Result/findings``.
package struct AutomaticImport: Sendable {
  /// What was read, and how.
  package struct Result: Sendable {
    /// The samples.
    package let samples: ImportedSamples
    /// The files that they come from.
    package let sources: [String]
    /// What was found beside the defaults: one sentence each, without a full stop.
    package var findings: [String] = []
    /// What could not be told.
    package var doubts: [String] = []
    /// The target for people; `nil` where the format has only one.
    package var target: String?
    /// What the targets were taken for.
    package var decision = DataProfile.Decision.open
    /// How a table of text is read, as a table to predict is to be read too; `nil` for other formats.
    package var spelling: TextTableSettings?
  }

  /// The format's name among those of ``ImporterRegistry/standard``.
  private let format: String
  private let path: String
  private let target: CSVImport.Column?
  private let progress: (@Sendable (ImportProgress) -> Void)?

  /// Creates an import.
  ///
  /// - Parameters:
  ///   - path: The file, or the directory of an IDX import.
  ///   - format: The format's name among those of ``ImporterRegistry/standard``.
  ///   - target: The target column; `nil` to find it by its name, else to take the last.
  package init(
    path: String, format: String, target: CSVImport.Column? = nil,
    progress: (@Sendable (ImportProgress) -> Void)? = nil
  ) {
    (self.path, self.format, self.target, self.progress) = (path, format, target, progress)
  }

  /// Reads the file.
  ///
  /// - Throws: `TrainerError` that names file, line and column and what is wrong there, `.usage` for a target that the
  ///   format does not have.
  package func read() throws -> Result {
    switch format {
    case CSVImport.name, JSONLinesImport.name:
      var settings = CSVImport(path: path, progress: progress)
      if format == JSONLinesImport.name { (settings.isJSONLines, settings.missing) = (true, [""]) }
      var trial = AutomaticTable(settings)
      return try trial.read(target: target)
    case NPYImport.name:
      var importer = NPYImport(path: path)
      if let target { importer.target = target }
      var result = Result(samples: try importer.read(), sources: importer.sources)
      result.target = target == nil ? "the last column" : "\(importer.target)"
      if target == nil { result.doubts.append("an array names no target, so the last column was taken for it") }
      return result
    default:
      guard target == nil else {
        throw TrainerError(.usage, "a file of the format \(format) has one target, so that none can be chosen")
      }
      let importer = try ImporterRegistry.standard.importer(named: format, path: path)
      return Result(samples: try importer.read(), sources: importer.sources)
    }
  }
}
