import Foundations

/// Files that people have their data in and that are read by no importer here, known by how they begin, and what makes
/// text of them.
enum ForeignFormat {
  private struct Kind {
    let mark: [UInt8]
    let name: String
    /// The command; `IN` stands for the file, `OUT` for its path without the ending. Empty if a run reads such files.
    let command: String
    /// Whether the mark could also be the beginning of a text, which has no control characters.
    let isBinary: Bool

    init(_ mark: [UInt8], _ name: String, _ command: String) {
      (self.mark, self.name, self.command, isBinary) = (mark, name, command, false)
    }

    init(_ mark: String, _ name: String, _ command: String, isBinary: Bool = true) {
      (self.mark, self.name, self.command) = (Array(mark.utf8), name, command)
      self.isBinary = isBinary
    }
  }

  private static let kinds = [
    Kind("BZh", "compressed (bzip2)", "bunzip2 -k 'IN'"),
    Kind([0xFD, 0x37, 0x7A, 0x58, 0x5A], "compressed (xz)", "unxz -k 'IN'"),
    Kind([0x28, 0xB5, 0x2F, 0xFD], "compressed (zstd)", "unzstd 'IN'"),
    Kind("PAR1", "a Parquet file", pandas("read_parquet('IN')")),
    Kind([0xD0, 0xCF, 0x11, 0xE0], "an Excel file", pandas("read_excel('IN')")),
    Kind("FEA1", "a Feather file", pandas("read_feather('IN')")),
    Kind("ARROW1", "an Arrow (Feather) file", pandas("read_feather('IN')")),
    Kind("ORC", "an ORC file", pandas("read_orc('IN')")),
    Kind("Obj\u{1}", "an Avro file", python("fastavro, pandas", frame("fastavro.reader(open('IN', 'rb'))"))),
    Kind([UInt8](repeating: 0, count: 12) + [0xC2, 0xEA, 0x81, 0x60], "a SAS file", sas),
    Kind("HEADER RECORD*******LIB", "a SAS transport file", sas, isBinary: false),
    Kind("<stata_dta>", "a Stata file", pandas("read_stata('IN')"), isBinary: false),
    Kind("$FL2", "an SPSS file", pandas("read_spss('IN')")),
    Kind("$FL3", "an SPSS file", pandas("read_spss('IN')")),
    Kind(
      "MATLAB 5.0 MAT-file", "a MATLAB file",
      python(
        "numpy, scipy.io", "numpy.savez('OUT.npz', **{k: v for k, v in scipy.io.loadmat('IN').items() if k[0] != '_'})")
    ),
    Kind("MATLAB 7.3 MAT-file", "a MATLAB file of version 7.3, which is HDF5,", ""),
    Kind("SQLite format 3\0", "an SQLite database", "sqlite3 -header -csv 'IN' 'SELECT * FROM TABLE' > 'OUT.csv'"),
    // R's files are gzipped, as a rule, and looked at unpacked.
    Kind([0x58, 0x0A, 0, 0, 0], "an R object (RDS)", r("readRDS('IN')")),
    Kind("RDX2\n", "R data", r("get(load('IN'))")), Kind("RDX3\n", "R data", r("get(load('IN'))")),
    Kind([0x89, 0x48, 0x44, 0x46], "an HDF5 file", ""),
    Kind([0xFF, 0xFE], "text in UTF-16", "iconv -f UTF-16 -t UTF-8 'IN' > 'OUT-utf8.csv'"),
    Kind([0xFE, 0xFF], "text in UTF-16", "iconv -f UTF-16 -t UTF-8 'IN' > 'OUT-utf8.csv'"),
  ]
  private static let pickle = Kind(
    "", "a Python pickle, which can run any program as it is loaded", pandas("read_pickle('IN')"))
  private static let stata = Kind("", "a Stata file", pandas("read_stata('IN')"))
  private static let zip = Kind("PK\u{3}\u{4}", "compressed (zip)", "unzip 'IN'")
  private static let excel = Kind("", "an Excel file", pandas("read_excel('IN')"))
  private static let arff = Kind("@relation", "an ARFF file", "sed '1,/^@data/Id' 'IN' > 'OUT.csv'")
  private static let sas = pandas("read_sas('IN')")

  private static func python(_ modules: String, _ statement: String) -> String {
    "python3 -c \"import \(modules); \(statement)\""
  }
  private static func pandas(_ call: String) -> String {
    python("pandas", "pandas.\(call).to_csv('OUT.csv', index=False)")
  }
  private static func frame(_ rows: String) -> String {
    "pandas.DataFrame(\(rows)).to_csv('OUT.csv', index=False)"
  }
  private static func r(_ call: String) -> String {
    "Rscript -e \"write.csv(\(call), 'OUT.csv', row.names = FALSE)\""
  }

  /// Refuses what begins like one of them.
  ///
  /// - Parameter isTable: Whether text of other formats is refused, too.
  /// - Throws: `TrainerError` with exit code `data`.
  static func refuse(_ start: [UInt8], path: String, isTable: Bool = true) throws {
    if let kind = kind(of: start) { throw refusal(kind, path) }
    if let image = ImageHeader.format(of: start) {
      throw TrainerError(
        .data,
        "'\(path)' is one image (\(image.name)); name a folder that holds a folder of images for each class")
    }
    guard isTable else { return }
    for (format, isIt) in [("npy", start.starts(with: NPYHeader.mark)), ("npz", NPZImport.isBeginning(start))]
    where isIt {
      throw TrainerError(
        .data, "'\(path)' holds arrays of NumPy and is no table of text; import it first, in the format \(format)")
    }
    let line = firstLine(of: start)
    let word = line.prefix(arff.mark.count).map {
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0
    }
    if word == arff.mark { throw refusal(arff, path) }
    if JSONLinesImport.isBeginning(line) {
      throw TrainerError(
        .data, "'\(path)' holds JSON lines and is no table of text; import it first, in the format jsonl")
    }
    if line.first == UInt8(ascii: "["),
      start.drop(while: { $0 != 0x5B }).dropFirst().first(where: { !isBlank($0) }) == 0x7B
    {
      throw refusal(
        Kind(
          "", "a JSON array",
          python("pandas", "pandas.read_json('IN').to_json('OUT.jsonl', orient='records', lines=True)")),
        path)
    }
  }

  private static func refusal(_ kind: Kind, _ path: String) -> TrainerError {
    guard !kind.command.isEmpty else {
      return TrainerError(.data, "'\(path)' is \(kind.name) and no table of text; a run reads it as it is")
    }
    return TrainerError(
      .data,
      "'\(path)' is \(kind.name); convert it first, with \(command(kind, path)) for example, and import that")
  }

  private static func command(_ kind: Kind, _ path: String) -> String {
    kind.command.replacing("IN", with: path).replacing("OUT", with: stem(of: path))
  }

  /// A path without its ending.
  static func stem(of path: String) -> String {
    path.lastIndex(of: ".").map { String(path[..<$0]) }.flatMap { $0.isEmpty ? nil : $0 } ?? path
  }

  /// What a file is by how it begins, and a command that makes something of it that can be imported; `nil` if it is of none
  /// of these kinds.
  static func conversion(of start: [UInt8], path: String) -> (name: String, command: String)? {
    kind(of: start).flatMap { $0.command.isEmpty ? nil : ($0.name, command($0, path)) }
  }

  private static func kind(of start: [UInt8]) -> Kind? {
    let isBinary = start.contains { $0 < 0x20 && !isBlank($0) }
    if let kind = kinds.first(where: { start.starts(with: $0.mark) && (isBinary || !$0.isBinary) }) { return kind }
    if start.starts(with: zip.mark), !NPZImport.isBeginning(start) {
      let names = String(decoding: start, as: UTF8.self)
      return names.contains("[Content_Types].xml") || names.contains("xl/") ? excel : zip
    }
    guard start.count > 4 else { return nil }
    // The protocol's number; from the fourth on, a frame follows.
    if start[0] == 0x80, [2, 3].contains(start[1]) || ([4, 5].contains(start[1]) && start[2] == 0x95) {
      return pickle
    }
    // Release, byte order, kind of file, and a byte that is not used.
    if (0x69...0x73).contains(start[0]), [1, 2].contains(start[1]), start[2] == 1, start[3] == 0 { return stata }
    return nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  /// The first line that is neither blank nor a comment of ARFF.
  private static func firstLine(of start: [UInt8]) -> ArraySlice<UInt8> {
    start.prefix(1 << 12).split { $0 == 0x0A || $0 == 0x0D }.map { $0.drop(while: isBlank) }
      .first { !$0.isEmpty && $0.first != UInt8(ascii: "%") } ?? []
  }
}
