import Foundations

/// Files that people have their tables in and that are no text, known by how they begin, and what makes text of them.
enum ForeignFormat {
  private struct Kind {
    let mark: [UInt8]
    let name: String
    /// The command; `IN` stands for the file, `OUT` for its path without the ending.
    let command: String

    init(_ mark: [UInt8], _ name: String, _ command: String) {
      (self.mark, self.name, self.command) = (mark, name, command)
    }

    init(_ mark: String, _ name: String, _ command: String) { self.init(Array(mark.utf8), name, command) }
  }

  private static let kinds = [
    Kind("BZh", "compressed (bzip2)", "bunzip2 -k 'IN'"),
    Kind([0xFD, 0x37, 0x7A, 0x58, 0x5A], "compressed (xz)", "unxz -k 'IN'"),
    Kind([0x28, 0xB5, 0x2F, 0xFD], "compressed (zstd)", "unzstd 'IN'"),
    Kind("PAR1", "a Parquet file", pandas("read_parquet('IN')")),
    Kind([0xD0, 0xCF, 0x11, 0xE0], "an Excel file", pandas("read_excel('IN')")),
    Kind(
      "\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) }, "a NumPy file",
      "python3 -c \"import numpy; numpy.savetxt('OUT.csv', numpy.load('IN'), '%.17g', ',')\""),
    Kind([0x89, 0x48, 0x44, 0x46], "an HDF5 file", ""),
    Kind([0xFF, 0xFE], "text in UTF-16", "iconv -f UTF-16 -t UTF-8 'IN' > 'OUT-utf8.csv'"),
    Kind([0xFE, 0xFF], "text in UTF-16", "iconv -f UTF-16 -t UTF-8 'IN' > 'OUT-utf8.csv'"),
  ]
  private static let zip = Kind("PK\u{3}\u{4}", "compressed (zip)", "unzip 'IN'")
  private static let excel = Kind("PK\u{3}\u{4}", "an Excel file", pandas("read_excel('IN')"))
  private static let arff = Kind(
    "@relation", "an ARFF file", "sed '1,/^@data/Id' 'IN' > 'OUT.csv'")
  private static let jsonLines = Kind("{", "JSON lines", pandas("read_json('IN', lines=True)"))

  private static func pandas(_ call: String) -> String {
    "python3 -c \"import pandas; pandas.\(call).to_csv('OUT.csv', index=False)\""
  }

  /// Refuses what begins like one of them.
  ///
  /// - Throws: `TrainerError` with exit code `data`.
  static func refuse(_ start: [UInt8], path: String) throws {
    guard let kind = kind(of: start) else { return }
    guard !kind.command.isEmpty else {
      throw TrainerError(.data, "'\(path)' is \(kind.name) and no table of text; a run reads it as it is")
    }
    let stem = path.lastIndex(of: ".").map { String(path[..<$0]) }.flatMap { $0.isEmpty ? nil : $0 } ?? path
    let command = kind.command.replacing("IN", with: path).replacing("OUT", with: stem)
    throw TrainerError(
      .data, "'\(path)' is \(kind.name); convert it first, with \(command) for example, and import that")
  }

  private static func kind(of start: [UInt8]) -> Kind? {
    if let kind = kinds.first(where: { start.starts(with: $0.mark) }) { return kind }
    if start.starts(with: zip.mark) {
      let names = String(decoding: start, as: UTF8.self)
      return names.contains("[Content_Types].xml") || names.contains("xl/") ? excel : zip
    }
    // These two are text, and begin at the first line that is neither blank nor a comment.
    let blanks = Set(" \t\r\n".utf8)
    let lines = start.prefix(1 << 12).split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    guard
      let line = lines.map({ $0.drop(while: blanks.contains) }).first(where: {
        !$0.isEmpty && $0.first != UInt8(ascii: "%")
      })
    else { return nil }
    if line.starts(with: jsonLines.mark) { return jsonLines }
    let word = line.prefix(arff.mark.count).map {
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0
    }
    return word == arff.mark ? arff : nil
  }
}
