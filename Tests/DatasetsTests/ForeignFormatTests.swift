import Datasets
import Foundation
import Foundations
import TestSupport
import Testing

@Suite struct ForeignFormatTests {
  /// How a file begins, its format, and a part of the command that converts it.
  private static let kinds: [([UInt8], String, String)] = [
    (text("PAR1") + [0x15, 0x04], "a Parquet file", "pandas.read_parquet('PATH.bin').to_csv('PATH.csv'"),
    ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "an Excel file", "read_excel"),
    (zip("[Content_Types].xml"), "an Excel file", "read_excel"), (zip("data.csv"), "compressed (zip)", "unzip"),
    (text("FEA1") + [0, 0], "a Feather file", "read_feather"), (text("ARROW1") + [0, 0], "an Arrow", "read_feather"),
    (text("ORC") + [0x08, 0x03], "an ORC file", "read_orc"), (text("Obj\u{1}") + [0x04], "an Avro file", "fastavro"),
    (
      [UInt8](repeating: 0, count: 12) + [0xC2, 0xEA, 0x81, 0x60, 0xB3, 0x14], "a SAS file", "read_sas"
    ), (text("HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!0"), "a SAS transport file", "read_sas"),
    (text("<stata_dta><header><release>118</release>"), "a Stata file", "read_stata"),
    ([0x72, 0x02, 0x01, 0x00, 0x05, 0x00], "a Stata file", "read_stata"),
    (text("$FL2@(#) SPSS DATA FILE") + [2, 0, 0, 0], "an SPSS file", "read_spss"),
    (text("$FL3@(#) SPSS DATA FILE") + [2, 0, 0, 0], "an SPSS file", "read_spss"),
    ([0x80, 0x04, 0x95, 0x10, 0x00], "a Python pickle", "read_pickle"),
    ([0x80, 0x03, 0x63, 0x70, 0x00], "a Python pickle", "read_pickle"),
    (text("MATLAB 5.0 MAT-file, Platform: GLNXA64") + [0, 1], "a MATLAB file", "scipy.io.loadmat"),
    (
      text("MATLAB 7.3 MAT-file, Platform: GLNXA64") + [0, 2], "a MATLAB file of version 7.3, which is HDF5",
      "a run reads it"
    ),
    (text("X\n") + [0, 0, 0, 3, 0, 4], "an R object (RDS)", "readRDS"),
    (text("RDX3\nX\n") + [0, 0], "R data", "get(load("),
    (text("SQLite format 3\0") + [16, 0], "an SQLite database", "sqlite3 -header -csv"),
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file", "a run reads it as it is"),
    (text("BZh91AY&SY") + [1], "compressed (bzip2)", "bunzip2"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "compressed (xz)", "unxz"),
    ([0x28, 0xB5, 0x2F, 0xFD, 0x24], "compressed (zstd)", "unzstd"),
    ([0xFF, 0xFE, 0x61, 0], "text in UTF-16", "iconv -f UTF-16"),
    (text("% a comment\n@RELATION iris\n@data\n1,2\n"), "an ARFF file", "sed"),
    (text("[\n {\"a\": 1}]\n"), "a JSON array", "to_json('PATH.jsonl'"),
  ]

  private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// The start of an archive with a member of that name.
  private static func zip(_ name: String) -> [UInt8] {
    [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 22) + [UInt8(name.utf8.count), 0, 0, 0] + Array(name.utf8)
  }

  @Test func eachIsNamedWithTheCommandThatConvertsIt() throws {
    try withScratchDirectory { directory in
      let stem = directory + "/t"
      for (bytes, name, command) in Self.kinds {
        try Data(bytes).write(to: URL(filePath: stem + ".bin"))
        for read in [
          { _ = try ImporterRegistry.standard.importer(of: stem + ".bin").read() },
          { _ = try CSVImport(path: stem + ".bin").read() },
        ] {
          let error = #expect(throws: TrainerError.self, "\(name)") { try read() }
          let message = error?.message ?? ""
          #expect(error?.code == .data && message.hasPrefix("'\(stem).bin' is \(name)"), "\(message)")
          #expect(message.contains(command.replacing("PATH", with: stem)), "\(message)")
        }
      }
    }
  }

  @Test func namesOfColumnsAreNoMarks() throws {
    try withScratchDirectory { directory in
      for header in ["PAR1,y", "ORCID,y", "ARROW1,y", "BZh,y", "FEA1,y", "$FL2,y", "MATLAB 5.0 MAT-file,y"] {
        let path = directory + "/t.csv"
        try Data("\(header)\n1,2\n3,4\n".utf8).write(to: URL(filePath: path))
        #expect(try CSVImport(path: path, split: .none).read().groups[0].inputs.rowCount == 2, "\(header)")
      }
    }
  }

  @Test func arraysAndLinesHaveImportersOfTheirOwn() throws {
    try withScratchDirectory { directory in
      let path = directory + "/t.csv"
      for (start, format) in [
        (NPYHeader.mark + [1, 0], "npy"), (Self.zip("x.npy"), "npz"), (Self.text("{\"a\": 1}\n"), "jsonl"),
      ] {
        try Data(start).write(to: URL(filePath: path))
        #expect(try ImporterRegistry.standard.format(of: path) == format)
        let error = #expect(throws: TrainerError.self) { try CSVImport(path: path).read() }
        #expect(error?.message.hasSuffix("no table of text; import it first, in the format \(format)") == true)
      }
    }
  }
}
