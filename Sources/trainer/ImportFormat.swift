import Datasets
import Foundations

/// The format of a file that is imported, and the options that go with it.
struct ImportFormat {
  /// Tables of text whose fields are divided by tabs.
  static let tsv = "tsv"

  /// The formats' names.
  static var names: [String] { ImporterRegistry.standard.names + [tsv] }

  /// The format's name.
  let name: String

  /// Takes the format that was named, or finds the one of a file.
  ///
  /// - Throws: `TrainerError` with exit code `usage` for a name that no format has, `data` for a file of no known format.
  init(named name: String?, input: String) throws {
    guard let name else {
      self.name = try Self.format(of: input)
      return
    }
    guard Self.names.contains(name) else {
      let near = suggestion(for: name, among: Self.names).map { "; did you mean \($0)?" } ?? ""
      throw TrainerError(.usage, "--format is '\(name)', expected \(Self.names.joined(separator: ", "))\(near)")
    }
    self.name = name
  }

  /// The format by a file's contents. Its name counts where they cannot tell: almost any text could be a table, and a
  /// damaged or empty file could be anything.
  private static func format(of input: String) throws -> String {
    let named = format(ofName: input)
    do {
      let found = try ImporterRegistry.standard.format(of: input)
      return found == CSVImport.name ? named ?? found : found
    } catch let error as TrainerError where error.code == .data {
      // The format's importer says what is wrong with it.
      switch try SystemFileSystem().status(of: input)?.kind {
      case .directory: return ImageFolderImport.name
      case .regular: if let named { return named } else { throw error }
      default: throw error
      }
    }
  }

  /// The endings that people give the formats.
  private static let endings: [(String, String)] = [
    (".csv", CSVImport.name), (".txt", CSVImport.name), (".tsv", CSVImport.name), (".tab", CSVImport.name),
    (".npy", NPYImport.name),
    (".npz", NPZImport.name), (".jsonl", JSONLinesImport.name), (".ndjson", JSONLinesImport.name),
    (".libsvm", LIBSVMImport.name), (".svm", LIBSVMImport.name), (".svmlight", LIBSVMImport.name),
    ("-ubyte", IDXImport.name), (".idx", IDXImport.name),
  ]

  private static func format(ofName path: String) -> String? {
    let name = fileName(of: path).lowercased().replacing(#/\.gz$/#, with: "")
    return endings.first { name.hasSuffix($0.0) }?.1
  }

  /// The formats that take an option which is not for tables of text alone.
  private static let takers: [String: [String]] = [
    "--labels": [IDXImport.name], "--test-images": [IDXImport.name], "--test-labels": [IDXImport.name],
    "--classes": [IDXImport.name], "--target": [CSVImport.name, NPYImport.name, JSONLinesImport.name],
    "--task": [CSVImport.name, NPYImport.name, NPZImport.name, LIBSVMImport.name, JSONLinesImport.name],
    "--type": [CSVImport.name, LIBSVMImport.name, JSONLinesImport.name],
    "--test": [CSVImport.name, LIBSVMImport.name, JSONLinesImport.name],
    "--drop": [CSVImport.name, JSONLinesImport.name], "--kind": [CSVImport.name, JSONLinesImport.name],
    "--na": [CSVImport.name, JSONLinesImport.name], "--drop-missing-targets": [CSVImport.name, JSONLinesImport.name],
    "--resize": [ImageFolderImport.name], "--grayscale": [ImageFolderImport.name],
    "--color": [ImageFolderImport.name], "--inputs": [NPZImport.name],
    "--targets": [NPYImport.name, NPZImport.name], "--test-inputs": [NPYImport.name, NPZImport.name],
    "--test-targets": [NPYImport.name, NPZImport.name],
  ]
  /// The formats' names for people.
  private static let titles = [
    CSVImport.name: "CSV and TSV", IDXImport.name: "IDX", NPYImport.name: "NPY", NPZImport.name: "NPZ",
    LIBSVMImport.name: "LIBSVM", JSONLinesImport.name: "JSON lines", ImageFolderImport.name: "image",
  ]

  /// Refuses options of other formats.
  ///
  /// - Throws: `TrainerError` with exit code `usage`.
  func requireOwn(_ options: [String]) throws {
    let own = name == Self.tsv ? CSVImport.name : name
    for option in options {
      let takers = Self.takers[option] ?? [CSVImport.name]
      guard !takers.contains(own) else { continue }
      let titles = takers.map { Self.titles[$0] ?? $0 }
      throw TrainerError(.usage, "\(option) is only for \(titles.joined(separator: ", ")) files")
    }
  }
}
