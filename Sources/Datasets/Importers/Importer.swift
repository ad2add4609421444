import Foundations

/// Reads a file of some format and makes a dataset file of it.
///
/// A new format is a type that says which files are of it and reads one; checks of the output, and the writing, are the
/// same for all.
public protocol Importer: Sendable {
  /// The format's name, such as `csv`.
  static var name: String { get }

  /// Whether a file is of the format, by its contents; its name may be anything.
  static func recognizes(_ source: ImportSource) -> Bool

  /// Creates an import of a file with the format's defaults.
  ///
  /// - Throws: `TrainerError` with exit code `data` if the file alone does not do.
  init(path: String) throws

  /// The files that are read, which no output may replace.
  var sources: [String] { get }

  /// Reads the files.
  ///
  /// - Throws: `TrainerError` that names file and place and what is wrong there.
  func read() throws -> ImportedSamples

  /// Reads the files and writes the dataset file. An importer need not have this: the one that there is writes what
  /// ``read()`` gives. It is for those that read files larger than memory.
  ///
  /// - Throws: `TrainerError` that names file and place and what is wrong there, or that the output cannot be written.
  @discardableResult
  func write(to output: String, with writer: DatasetWriter) throws -> ImportSummary
}

extension Importer {
  /// Reads the files and writes the dataset file, contiguous, in place of none.
  ///
  /// - Throws: `TrainerError` that names file and place and what is wrong there, or that the output cannot be written.
  @discardableResult
  public func write(to output: String) throws -> ImportSummary { try write(to: output, with: DatasetWriter()) }

  /// Reads the files and writes the dataset file.
  ///
  /// - Throws: `TrainerError` that names file and place and what is wrong there, or that the output cannot be written.
  @discardableResult
  public func write(to output: String, with writer: DatasetWriter) throws -> ImportSummary {
    try writer.checkOutput(output, inputs: sources)
    let samples = try read()
    try writer.write(samples, to: output, from: sources)
    return ImportSummary(
      groups: samples.groups.map(\.layout), classCount: samples.classes?.count, delimiter: samples.delimiter,
      columns: samples.columns)
  }
}

extension DatasetWriter {
  /// Writes what an importer has read.
  func write(_ samples: ImportedSamples, to path: String, from sources: [String]) throws {
    try write(
      groups: samples.groups, classes: samples.storedClasses, features: samples.features,
      unusedColumns: samples.unusedColumns, targetName: samples.targetName, spelling: samples.spelling, to: path,
      from: sources)
  }
}

/// What an importer has read.
public struct ImportedSamples: Sendable {
  /// The groups, `train` first.
  public var groups: [DatasetWriter.Group]
  /// The names of the classes in the order of their indices; `nil` for targets that are numbers.
  public var classes: [String]?
  /// The names of the columns of inputs in one array; `nil` if they have none.
  public var features: [String]?
  /// The names of the source's columns that are neither inputs nor the target. A table to predict may have them, too.
  public var unusedColumns: [String]
  /// The name of the target; `nil` if it has none.
  public var targetName: String?
  /// What the columns of inputs were taken for, those that are ignored too; empty for a source without columns.
  public var columns: [ImportedColumn]
  /// What divides the fields of a table of text, in words; `nil` for any other format.
  public var delimiter: String?
  /// How the table of text was written; `nil` for any other format.
  public var spelling: TableSpelling?

  /// Creates the value.
  public init(
    groups: [DatasetWriter.Group], classes: [String]? = nil, features: [String]? = nil, unusedColumns: [String] = [],
    targetName: String? = nil, columns: [ImportedColumn] = [], delimiter: String? = nil,
    spelling: TableSpelling? = nil
  ) {
    self.groups = groups
    self.classes = classes
    self.features = features
    self.unusedColumns = unusedColumns
    self.targetName = targetName
    self.columns = columns
    self.delimiter = delimiter
    self.spelling = spelling
  }

  /// The names that a file can hold: what is too many for an attribute is known by its numbers alone.
  package var storedClasses: [String]? { classes.flatMap { $0.count <= maximumNamedClassCount ? $0 : nil } }
}

/// A file, or a directory, as an importer looks at it to find whether it is of its format.
public struct ImportSource: Sendable {
  /// Where it is.
  public let path: String
  /// Whether it is a directory.
  public let isDirectory: Bool
  /// The first bytes, at most 4096, of a gzipped file those that it unpacks to; none of a directory.
  public let start: [UInt8]

  /// Looks at a file.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it cannot be read.
  public init(path: String) throws {
    self.path = path
    do {
      guard let status = try SystemFileSystem().status(of: path) else {
        throw TrainerError(.data, "there is no file '\(path)'\(neighbourHint(of: path))")
      }
      isDirectory = status.isDirectory
    } catch let error as FileError {
      throw TrainerError(.data, "cannot read '\(path)': \(error.reason.lowercased())")
    }
    start = isDirectory ? [] : try Self.start(of: path)
  }

  /// No more of a file is looked at.
  static let startSize = 4096

  private static func start(of path: String) throws -> [UInt8] { try StreamedBytes(path: path).bytes(startSize) }
}

/// The formats that can be imported.
public struct ImporterRegistry: Sendable {
  private struct Entry: Sendable {
    let name: String
    let recognizes: @Sendable (ImportSource) -> Bool
    let make: @Sendable (String) throws -> any Importer

    init<Added: Importer>(_ importer: Added.Type) {
      name = Added.name
      recognizes = { Added.recognizes($0) }
      make = { try Added(path: $0) }
    }
  }

  private var entries: [Entry]

  /// The package's importers.
  public static let standard = ImporterRegistry(entries: [
    Entry(CSVImport.self), Entry(IDXImport.self), Entry(NPYImport.self), Entry(NPZImport.self),
    Entry(LIBSVMImport.self), Entry(JSONLinesImport.self), Entry(ImageFolderImport.self),
  ])

  /// The formats' names, in the order of registration.
  public var names: [String] { entries.map(\.name) }

  /// Adds an importer, which is asked before those that are there already.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is one of that name already.
  public mutating func add<Added: Importer>(_ importer: Added.Type) throws {
    guard !names.contains(Added.name) else {
      throw TrainerError(
        .usage, "'\(Added.name)' is the name of a registered importer already; give the new importer another name")
    }
    entries.append(Entry(importer))
  }

  /// The import of a file with the defaults of the format that its contents are of.
  ///
  /// - Throws: `TrainerError` with exit code `data` if the file cannot be read or no importer knows it.
  public func importer(of path: String) throws -> any Importer {
    try entry(of: path).make(path)
  }

  /// The name of the format that a file's contents are of.
  ///
  /// - Throws: `TrainerError` with exit code `data` if the file cannot be read or no importer knows it; of other formats
  ///   that people have their data in, it says which one it is and what converts it.
  public func format(of path: String) throws -> String { try entry(of: path).name }

  /// The import of a file with the defaults of a format.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is no importer of that name, and what the importer throws.
  public func importer(named name: String, path: String) throws -> any Importer {
    guard let entry = entries.last(where: { $0.name == name }) else {
      let near = suggestion(for: name, among: names).map { "; did you mean \($0)?" } ?? ""
      throw TrainerError(.usage, "'\(name)' is no format; expected \(names.joined(separator: ", "))\(near)")
    }
    return try entry.make(path)
  }

  private func entry(of path: String) throws -> Entry {
    let source = try ImportSource(path: path)
    // Almost any text can be a table, so an importer that was added knows better.
    if let entry = entries.last(where: { $0.recognizes(source) }) { return entry }
    try ForeignFormat.refuse(source.start, path: path)
    throw TrainerError(.data, "'\(path)' is of no known format; expected \(names.joined(separator: ", "))")
  }
}
