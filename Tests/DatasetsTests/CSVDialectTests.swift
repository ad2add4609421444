import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// How tables are written: delimiters, comments, decimal marks, packing; and what is no text.
@Suite struct CSVDialectTests {
  /// Imports bytes; gives the written file's root and the summary.
  private static func imported(
    _ bytes: [UInt8], name: String = "x.csv", _ set: (inout CSVImport) -> Void = { _ in }
  ) throws -> (root: Group, summary: ImportSummary) {
    try withScratchDirectory { directory in
      let path = "\(directory)/\(name)"
      try Data(bytes).write(to: URL(filePath: path))
      var importer = CSVImport(path: path, split: .none)
      set(&importer)
      let summary = try importer.write(to: directory + "/out.h5")
      return (try File.open(image: Data(contentsOf: URL(filePath: directory + "/out.h5"))).root, summary)
    }
  }

  private static func imported(_ text: String, _ set: (inout CSVImport) -> Void = { _ in }) throws -> (
    root: Group, summary: ImportSummary
  ) { try imported(Array(text.utf8), set) }

  /// Imports bytes that must fail; gives the message without the directory.
  private static func message(
    _ bytes: [UInt8], name: String = "x.csv", _ set: (inout CSVImport) -> Void = { _ in }
  ) throws -> String {
    try withScratchDirectory { directory in
      let path = "\(directory)/\(name)"
      try Data(bytes).write(to: URL(filePath: path))
      var importer = CSVImport(path: path)
      set(&importer)
      let error = try #require(throws: TrainerError.self) { try importer.write(to: directory + "/out.h5") }
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [name])
      return error.message.replacingOccurrences(of: directory + "/", with: "")
    }
  }

  private static func message(_ text: String, _ set: (inout CSVImport) -> Void = { _ in }) throws -> String {
    try message(Array(text.utf8), set)
  }

  @Test(arguments: [
    ("a,b,y\n1,2,p\n", "comma"), ("a;b;y\n1;2;p\n", "semicolon"), ("a\tb\ty\n1\t2\tp\n", "tab"),
    ("a|b|y\n1|2|p\n", "vertical bar"),
    // What stands in some fields divides nothing.
    ("a,b,y\n1,2,p;q\n1,2,r|s\n", "comma"), ("a;b;y\n1;2;p, q\n1;2;\"r, s\"\n", "semicolon"),
    ("a,b,\"y;z|w\"\n1,2,p\n", "comma"),
    // Lines that are short or long leave it to the others.
    ("a|b|y\n1|2|p\n1|2|p\n", "vertical bar"),
  ])
  func delimitersAreToldApart(text: String, name: String) throws {
    let (root, summary) = try Self.imported(text)
    #expect(try root.dataset("train/inputs").read(as: Int.self).prefix(2) == [1, 2])
    #expect(summary.delimiter == name && summary.description.hasSuffix("(delimiter: \(name))"))
  }

  @Test func delimitersThatAreSet() throws {
    for delimiter in [" ", "~", "→", "\t"] as [Character] {
      let text = "a,b,y\n1,2,p\n".replacing(",", with: String(delimiter))
      let root = try Self.imported(text) { $0.delimiter = delimiter }.root
      #expect(try root.dataset("train/inputs").read(as: Int.self) == [1, 2])
    }
    // These stand in numbers, too.
    for delimiter in ["e", "-", "5", "+"] as [Character] {
      let root = try Self.imported("1,2,p\n".replacing(",", with: String(delimiter))) {
        ($0.delimiter, $0.hasHeader) = (delimiter, false)
      }.root
      #expect(try root.dataset("train/inputs").read(as: Int.self) == [1, 2])
    }
    for bad in ["\"", "\n", "\r\n", "\0"] as [Character] {
      #expect(try Self.message("a,y\n1,p\n") { $0.delimiter = bad }.contains("no quote"))
    }
    #expect(try Self.message("a,y\n1,p\n") { ($0.delimiter, $0.comment) = ("#", "#") }.contains("begins comments"))
    #expect(
      try Self.message("a~y\n1~p\n")
        == "'x.csv' has no column left for inputs: its first line has one field (delimiter: comma); name another delimiter "
        + "or target, or drop fewer columns")
  }

  // The header is longer than what is looked at first.
  @Test func aWideTableOfTabs() throws {
    let names = (0..<20_000).map { "x\($0)" } + ["y"]
    let text =
      names.joined(separator: "\t") + "\n" + [String](repeating: "7", count: names.count).joined(separator: "\t")
    let (root, summary) = try Self.imported(text)
    #expect(summary.delimiter == "tab")
    #expect(try root.dataset("train/inputs").shape == [1, 20_000])
  }

  @Test func commentsAreSkippedOnlyIfThereAreSome() throws {
    let text = "# made by x, \"\na,y\n1,p\n#2,q\n3,r\n"
    let root = try Self.imported(text) { $0.comment = "#" }.root
    #expect(try root.dataset("train/inputs").read(as: Int.self) == [1, 3])
    #expect(
      try Self.message("# made by x\na,y\n1,p\n").contains("if lines that begin with # are comments, set comment"))
    #expect(try Self.imported("a,y\n1,#p\n").root.dataset("train/targets").attribute("classes").readStrings() == ["#p"])
    let hint = "if lines that begin with # are comments, set comment"
    #expect(
      try Self.message("a,y\n1,p\n# more\n2,q\n") == "'x.csv', line 3: it has 1 field, and the first line has 2; "
        + hint)
    #expect(try !Self.message("a,y\n#1,p\n2\n").contains(hint))
    let late = try Self.message("#\na,y\n\n#\n1,p,q\n") { $0.comment = "#" }
    #expect(late == "'x.csv', line 5: it has 3 fields, and the first line has 2")
  }

  @Test func decimalCommas() throws {
    let text = "a;b;y\n1,5;-2,25e1;0,5\n3;,5;1,5\n"
    let root = try Self.imported(text) {
      $0.decimalMark = .comma
      $0.task = .regression
    }.root
    #expect(try root.dataset("train/inputs").read(as: Double.self) == [1.5, -22.5, 3, 0.5])
    #expect(try root.dataset("train/targets").read(as: Double.self) == [0.5, 1.5])
    #expect(try Self.message("a;y\n1.5;p\n") { $0.decimalMark = .comma }.contains("'1.5' is no number, but"))
    #expect(
      try Self.message("a;y\n2;p\n1,5;p\n")
        == "'x.csv', line 3, column 1 ('a'): '1,5' is no number, but the column is one of numbers if the mark in them stands "
        + "before fractions; set decimalMark to it, or the column's kind")
  }

  // Fields in quotes hold the numbers then.
  @Test func theDecimalMarkDividesFieldsWhereThatIsSet() throws {
    let text = "a,b,y\n\"1,5\",2,p\n3,\"-,5\",q\n4,6,p\n"
    let root = try Self.imported(text) { ($0.decimalMark, $0.delimiter) = (.comma, ",") }.root
    #expect(try root.dataset("train/inputs").read(as: Double.self) == [1.5, 2, 3, -0.5, 4, 6])
    let points = try Self.imported("a.y\n1.p\n2.q\n") { $0.delimiter = "." }.root
    #expect(try points.dataset("train/inputs").read(as: Double.self) == [1, 2])
  }

  @Test func gzippedTablesAreUnpackedWhateverTheirName() throws {
    try withScratchDirectory { directory in
      let text = "a,y\n" + (0..<40_000).map { "\($0 % 200),\($0 % 7)\n" }.joined()
      try Data(text.utf8).write(to: URL(filePath: directory + "/x.csv"))
      try CSVImport(path: directory + "/x.csv").write(to: directory + "/plain.h5")
      try #require(try Tool.run("gzip", [directory + "/x.csv"]).status == 0)
      try FileManager.default.moveItem(atPath: directory + "/x.csv.gz", toPath: directory + "/x.csv")
      try CSVImport(path: directory + "/x.csv").write(to: directory + "/packed.h5")
      func inputs(_ name: String) throws -> [Int] {
        try File.open(at: directory + name).root.dataset("train/inputs").read(as: Int.self)
      }
      #expect(try inputs("/packed.h5") == inputs("/plain.h5"))
      // A file that breaks off.
      let packed = try Data(contentsOf: URL(filePath: directory + "/x.csv"))
      try packed.prefix(packed.count / 2).write(to: URL(filePath: directory + "/half.csv"))
      let error = try #require(throws: TrainerError.self) {
        try CSVImport(path: directory + "/half.csv").write(to: directory + "/half.h5")
      }
      #expect(error.code == .data && error.message.contains("cannot unpack") && error.message.contains("(gzip)"))
      #expect(!FileManager.default.fileExists(atPath: directory + "/half.h5"))
      // Parts behind each other are one table, and one that is damaged is not left out.
      try (packed + packed).write(to: URL(filePath: directory + "/twice.csv"))
      let header = try #require(throws: TrainerError.self) { try CSVImport(path: directory + "/twice.csv").read() }
      #expect(header.message.contains("line 40002, column 1 ('a'): 'a' is no number"))
      var damaged = packed + packed
      damaged[packed.count] ^= 1
      try damaged.write(to: URL(filePath: directory + "/damaged.csv"))
      let refusal = try #require(throws: TrainerError.self) { try CSVImport(path: directory + "/damaged.csv").read() }
      #expect(refusal.code == .data && refusal.message.contains("(gzip): a part of it is damaged"))
    }
  }

  @Test(
    arguments: [
      (Array("BZh91".utf8) + [0], "compressed (bzip2)", "bunzip2 -k 'x.dat'"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "compressed (xz)", "unxz -k 'x.dat'"),
      ([0x28, 0xB5, 0x2F, 0xFD, 1], "compressed (zstd)", "unzstd 'x.dat'"),
      ([0x50, 0x4B, 3, 4, 0], "compressed (zip)", "unzip 'x.dat'"),
      (
        [0x50, 0x4B, 3, 4] + Array("..[Content_Types].xml".utf8), "an Excel file", "read_excel('x.dat').to_csv('x.csv'"
      ),
      ([0xD0, 0xCF, 0x11, 0xE0], "an Excel file", "read_excel"),
      (Array("PAR1".utf8) + [21, 4], "a Parquet file", "read_parquet('x.dat')"),
      (Array("% c\n\n@RELATION r\n".utf8), "an ARFF file", "sed '1,/^@data/Id' 'x.dat' > 'x.csv'"),
      ([0xFF, 0xFE, 0x61, 0], "text in UTF-16", "iconv -f UTF-16 -t UTF-8 'x.dat' > 'x-utf8.csv'"),
      ([0xFE, 0xFF, 0, 0x61], "text in UTF-16", "iconv -f UTF-16"),
      ([0x89] + Array("HDF\r\n".utf8), "an HDF5 file", "a run reads it as it is"),
      (Array("a,y\n1,".utf8) + [0xE4, 0x0A], "not text in UTF-8 (line 2, column 2)", "iconv -f WINDOWS-1252 -t UTF-8"),
    ] as [([UInt8], String, String)])
  func whatIsNoTextIsNamedWithWhatConvertsIt(bytes: [UInt8], kind: String, command: String) throws {
    let message = try Self.message(bytes, name: "x.dat")
    #expect(message.hasPrefix("'x.dat' is \(kind)") && message.contains(command), "\(message)")
  }

  @Test func wholeNumbersThatWouldBeRoundedAreRefused() throws {
    let text = "a,y\n9007199254740993,p\n"
    #expect(
      try Self.message(text)
        == "'x.csv', line 2, column 1 ('a'): the whole number 9007199254740993 would be rounded to 9007199254740992, since "
        + "float64 holds all of them only up to 2^53; set the column's kind to category or ignore if it holds names of "
        + "things, or the type to float64 to round it")
    #expect(try Self.message("a,y\n-123456789012345678901234567890,p\n").contains("would be rounded"))
    for type in [CSVImport.InputType.float64, .float32] {
      let root = try Self.imported(text) { $0.inputType = type }.root
      #expect(try root.dataset("train/inputs").read(as: Double.self) == [9_007_199_254_740_992])
    }
    // These are exact, or say themselves that they are not whole.
    let exact = try Self.imported("a,y\n9007199254740994,p\n9007199254740993.0,p\n1e300,q\n").root
    #expect(
      try exact.dataset("train/inputs").read(as: Double.self) == [9_007_199_254_740_994, 9_007_199_254_740_992, 1e300])
    // As targets they are classes, each by its text, or refused.
    let targets = "a,y\n1,9007199254740993\n2,9007199254740992\n"
    let classes = try Self.imported(targets) { $0.task = .classification }.root.dataset("train/targets")
    #expect(try classes.attribute("classes").readStrings() == ["9007199254740992", "9007199254740993"])
    #expect(try classes.read(as: Int.self) == [1, 0])
    #expect(try Self.message(targets) { $0.task = .regression }.contains("would be rounded"))
  }

  @Test func columnsOfOneNameAreNumbered() throws {
    let root = try Self.imported("x,x,x_2,x,y\n1,2,3,4,p\n").root
    #expect(try root.dataset("train/inputs").attribute("features").readStrings() == ["x", "x_3", "x_2", "x_4"])
    #expect(
      try Self.message("y,x,y\n1,2,p\n")
        == "'x.csv' has the target's name 'y' twice, as columns 1 and 3; name them apart, or drop the one that is not meant by "
        + "its number")
    let dropped = try Self.imported("y,x,y\n1,2,p\n") { $0.drop = [.number(1)] }.root
    #expect(try dropped.dataset("train/inputs").read(as: Int.self) == [2])
  }

  // Excel's way to say what stands between fields.
  @Test func aFirstLineNamesTheDelimiter() throws {
    for start in ["sep=;\n", "sep=;\r\n", "\u{feff}SEP=;\r", "\"sep=;\"\n"] {
      for (size, threads) in [(1, 1), (7, 2), (1 << 19, 2)] {
        let text = start + "a,b;c;y\n1;2;p\n3;4;q\n"
        let (root, summary) = try Self.imported(text) { ($0.blockSize, $0.threads) = (size, threads) }
        #expect(summary.delimiter == "semicolon" && summary.columns.map(\.name) == ["a,b", "c"], "\(start)")
        #expect(try root.dataset("train/inputs").read(as: Int.self) == [1, 2, 3, 4])
      }
    }
    #expect(try Self.message("sep=;\na;y\n1;p;q\n").hasPrefix("'x.csv', line 3: it has 3 fields"))
    let set = try Self.imported("sep=;\na|y\n1|p\n") { $0.delimiter = "|" }.root
    #expect(try set.dataset("train/inputs").read(as: Int.self) == [1])
    #expect(try Self.imported("sep=,y\n1,p\n").summary.columns.map(\.name) == ["sep="])
  }

  @Test func marksBetweenThousandsAreNotCalledFractions() throws {
    let rows = ["1,000", "9,098", "-12,500"]
    for (text, place) in [
      ("a\ty\n" + rows.map { "\($0)\tp\n" }.joined(), "line 2, column 1 ('a')"),
      ("a\ty\n" + rows.map { "1\t\($0)\n" }.joined(), "line 2, column 2 ('y')"),
    ] {
      let message = try Self.message(text)
      #expect(
        message.hasPrefix("'x.csv', \(place): '1,000' is no number")
          && message.contains("; set thousandsMark to the mark if it stands between"))
      let mixed = try Self.message(text + (place.contains("'a'") ? "1,0000\tp\n" : "1\t1,25\n"))
      #expect(!mixed.contains("thousands") && mixed.contains("set decimalMark to it"))
    }
  }
}
