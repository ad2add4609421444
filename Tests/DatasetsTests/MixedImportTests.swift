import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// How tables of words, gaps, booleans and dates are stored, and of how many rows.
@Suite struct MixedImportTests {
  @Test func valuesAreStoredRaw() throws {
    let text = """
      sex,age,seen,crew,id,y
      m,30.5,2024-01-01,yes,a1,p
      f,,1969-12-31T23:59:59Z,no,,q
      ,7,,,a3,p
      "two
      lines",NaN,2024-02-29 12:00,Yes,a4,q

      """
    let found = try ImportedTable.imported(text) { $0.kinds = [(.name("id"), .ignore)] }
    #expect(found.isTable)
    #expect(found.feature("sex") == Feature(name: "sex", kind: .category, categories: ["f", "m", "two\nlines"]))
    #expect(found.codes("sex") == [1, 0, -1, 2])
    #expect("\(found.numbers("age"))" == "[30.5, nan, 7.0, nan]")
    #expect("\(found.numbers("seen"))" == "[1704067200.0, -1.0, nan, 1709208000.0]")
    #expect("\(found.numbers("crew"))" == "[1.0, 0.0, nan, 1.0]")
    #expect(found.features.map(\.name) == ["sex", "age", "seen", "crew"])
    #expect(found.numberType == .float64)
    #expect(found.column("seen")?.values == "1969-12-31 23:59:59 to 2024-02-29 12:00:00")
    #expect(found.targets == [0, 1, 0, 1] && found.classes == ["p", "q"])
  }

  @Test func numbersBesideIgnoredColumnsAreOneArray() throws {
    let rows = (0..<60).map { "name \($0),\($0),p\n" }.joined()
    let found = try ImportedTable.imported("who,a,y\n" + rows)
    #expect(!found.isTable && found.features == [Feature(name: "a", kind: .number)])
    #expect(found.numberType == .uint8 && found.numbers("a") == (0..<60).map(Double.init))
    #expect(found.summary.columns.map(\.kind) == [.ignore, .number])
    #expect(found.column("who")?.note == "text that differs in most rows")
    #expect(
      try ImportedTable.message("who,y\n" + (0..<60).map { "name \($0),p\n" }.joined()).hasPrefix(
        "'x.csv' has no column left for inputs: all are ignored, 'who' for text that differs in most rows"))
  }

  @Test func numbersWithoutGapsAreDescribed() throws {
    let text = "a,b,y\n1,-0.5,p\n255,-0,p\n1,0,p\n3,1e3,p\n"
    for threads in [1, 2, 5] {
      let found = try ImportedTable.imported(text) { $0.threads = threads }
      #expect(!found.isTable)
      #expect(
        found.summary.columns == [
          ImportedColumn(name: "a", kind: .number, missingCount: 0, distinctCount: 3, values: "1 to 255"),
          ImportedColumn(name: "b", kind: .number, missingCount: 0, distinctCount: 3, values: "-0.5 to 1000"),
        ])
    }
    let bytes = try ImportedTable.imported("a,b,y\n1,7,p\n0,7,p\n")
    #expect(bytes.summary.columns.map(\.values) == ["0 to 1", "7"] && bytes.numberType == .uint8)
    let many = try ImportedTable.imported("a,b,y\n" + (0..<10_001).map { "\($0),\(min($0, 9999)),p\n" }.joined())
    #expect(many.summary.columns.map(\.distinctCount) == [nil, 10_000])
  }

  @Test func codesStayDifferentCategories() throws {
    let found = try ImportedTable.imported("zip,y\n01,p\n1,p\n1.0,p\n10,p\n2,p\n01,p\n") {
      $0.kinds = [(.name("zip"), .category)]
    }
    #expect(found.feature("zip")?.categories == ["01", "1", "1.0", "2", "10"])
    #expect(found.codes("zip") == [0, 1, 2, 4, 3, 0])
    #expect(found.column("zip")?.distinctCount == 5)
  }

  @Test func categoriesAreStoredInTheNarrowestType() throws {
    for (count, type) in [(128, NumberType.int8), (129, .int16), (32_769, .int32)] {
      let text = "a,y\n" + (0..<count).map { "c\($0),p\n" }.joined()
      try withScratchDirectory { directory in
        try Data(text.utf8).write(to: URL(filePath: "\(directory)/x.csv"))
        var importer = CSVImport(path: "\(directory)/x.csv", split: .none)
        importer.kinds = [(.number(1), .category)]
        try importer.write(to: "\(directory)/out.h5")
        let codes = try File.open(at: "\(directory)/out.h5").root.dataset("train/inputs/categories")
        #expect(codes.datatype.numberType == type)
        #expect(Set(try codes.read(as: Int.self)) == Set(0..<count))
      }
    }
  }

  // MARK: Missing values

  @Test func missingValuesAreThoseThatAreNamed() throws {
    let text = "a,c,y\n-999,?,p\n-999.0,u,p\n3,NA,q\n"
    let found = try ImportedTable.imported(text) { $0.missing = ["?", "-999"] }
    #expect("\(found.numbers("a"))" == "[nan, nan, 3.0]")
    #expect(found.feature("c")?.categories == ["NA", "u"] && found.codes("c") == [-1, 1, 0])
  }

  @Test func missingTargets() throws {
    let text = "a,y\n1,p\nx,\n3,NA\n4,q\n"
    #expect(
      try ImportedTable.message(text)
        == "'x.csv', line 3, column 2 ('y'): the field is empty, and each sample needs a target; set dropMissingTargets to "
        + "leave such rows out")
    // What stands in such rows does not count.
    let found = try ImportedTable.imported(text) { $0.dropMissingTargets = true }
    #expect(!found.isTable && found.numberType == .uint8 && found.numbers("a") == [1, 4] && found.targets == [0, 1])
    let named = try ImportedTable.imported("a,y\n1,p\n3,NA\n") { $0.missing = [""] }
    #expect(named.classes == ["NA", "p"])
    #expect(
      try ImportedTable.message("a,y\n1,p\n3,NA\n").contains(
        "'NA' stands for a missing value, and each sample needs a target; set dropMissingTargets to leave such rows out, or "
          + "change missing if it is a value"))
    #expect(try ImportedTable.message("a,y\n1,p\n3,-9\n") { $0.missing = ["-9"] }.hasSuffix("to leave such rows out"))
    #expect(
      try ImportedTable.message("a,y\n1,\n") { $0.dropMissingTargets = true }
        == "'x.csv' holds no sample with a target behind its header"
    )
    let many = "a,b,y\n" + (0..<100).map { "\($0 % 3 == 0 ? "\($0)" : "w"),\"w\",\($0 % 2 == 0 ? "" : "p")\n" }.joined()
    for threads in [1, 3] {
      let found = try ImportedTable.imported(many) {
        ($0.dropMissingTargets, $0.threads, $0.blockSize) = (true, threads, 64)
      }
      #expect(found.codes("b").count == 50 && found.feature("a")?.categories.count == 18)
    }
  }

  // MARK: Two files

  @Test func bothFilesAreOfOneKind() throws {
    let found = try ImportedTable.imported("a,c,y\n1,u,p\n2,w,q\n", test: "a,c,y\nx,v,p\n")
    #expect(found.feature("a") == Feature(name: "a", kind: .category, categories: ["1", "2", "x"]))
    #expect(found.feature("c")?.categories == ["u", "v", "w"])
    #expect(found.codes("c") == [0, 2] && found.test == [.codes([2]), .codes([1])])
    #expect(found.column("a")?.distinctCount == 3)
    let gap = try ImportedTable.imported("a,y\n1,p\n2,q\n", test: "a,y\n,p\n")
    #expect(gap.isTable && gap.numberType == .float64)
    guard case .numbers(let values)? = gap.test.first else { throw TrainerError(.data, "there are no numbers") }
    #expect(values.count == 1 && values[0].isNaN)
    let rows = (0..<60).map { "\($0),p\n" }.joined()
    #expect(
      try ImportedTable.message("a,y\n" + rows, test: "a,y\n1,p\nx,p\n").hasPrefix(
        "'t.csv', line 3, column 1 ('a'): 'x' is no number"))
    #expect(
      try ImportedTable.message("a,y\nu,p\n", test: "b,y\nu,p\n")
        == "'t.csv': there is no column 'a', which 'x.csv' has; it has 'b', which 'x.csv' does not have: if it is the same, give it "
        + "that name")
  }

  @Test func typesThatAreSet() throws {
    let text = "a,c,y\n300,u,p\n2,,q\n"
    #expect(try ImportedTable.imported(text) { $0.inputType = .float32 }.numberType == .float32)
    #expect(try ImportedTable.imported("a,c,y\n255,u,p\n").numberType == .uint8)
    #expect(
      try ImportedTable.message(text) { $0.inputType = .uint8 }.contains(
        "column 1 ('a') of 'x.csv' holds other than whole"))
    #expect(
      try ImportedTable.message("a,c,y\n,u,p\n1,u,p\n") { $0.inputType = .uint8 }.contains(
        "has rows without a value, which uint8"))
    #expect(
      try ImportedTable.message("a,c,y\n-1e39,u,p\n1,u,p\n") { $0.inputType = .float32 }.contains(
        "holds '-1e+39', which is larger than any number of float32"))
  }

  @Test func columnsOfOneNameAreNumbered() throws {
    let found = try ImportedTable.imported("c,c,c_2,y\nu,v,w,p\n")
    #expect(found.features.map(\.name) == ["c", "c_3", "c_2"])
    let unnamed = try ImportedTable.imported("u,1,p\nv,2,q\n") { $0.hasHeader = false }
    #expect(unnamed.features.map(\.name) == ["column 1", "column 2"])
  }

  // MARK: Size

  @Test func namesOfManyColumnsAreKept() throws {
    let names = (0..<5000).map { "name of column \($0)" }
    let line = [String](repeating: "7,", count: names.count).joined()
    for (text, isTable) in [
      ("", false), ("7.5," + line.dropFirst(2) + "q\n", false), ("," + line.dropFirst(2) + "q\n", true),
    ] {
      let found = try ImportedTable.imported(names.joined(separator: ",") + ",y\n" + line + "p\n" + text)
      #expect(found.features.map(\.name) == names && found.isTable == isTable)
    }
  }

  // Columns that turn into others far behind, quotes, strays, gaps: on any number of threads with blocks of any size, and
  // rows kept in memory or in a file.
  @Test func threadsAndBlocksChangeNothing() throws {
    func outcome(_ text: String, _ threads: Int, _ size: Int) throws -> String {
      do {
        let found = try ImportedTable.imported(
          text, test: String(text.prefix(2000).split(separator: "\n").dropLast().joined(separator: "\n"))
        ) {
          ($0.threads, $0.blockSize, $0.mostRowBytesInMemory) = (threads, size, 10 * size)
        }
        return
          "\(found.features) \(found.columns) \(found.test) \(found.targets) \(found.summary)\(found.summary.columns)"
      } catch let error as TrainerError {
        return error.message.replacing(#/\/[^ ]*\//#, with: "")
      }
    }
    func table(_ values: (Int) -> String) -> String {
      "a,b,c,d,y\n" + (0..<300).map { "\(values($0)),\($0 % 7),\"q\($0 % 9)\",2024-01-\(10 + $0 % 20),p\n" }.joined()
    }
    let texts = [
      table { $0 < 250 ? "\($0)" : "w\($0 % 5)" }, table { $0 == 290 ? "stray" : "\($0)" }, table { "n\($0)" },
      table { $0 % 100 == 99 ? "\"two\n\($0)\"" : "1" }, table { $0 % 50 == 3 ? "" : "\($0).5" },
      table { $0 < 20 ? "w" : "0\($0 % 40)" }, table { $0 < 200 ? "2024-02-03T00:00:\(10 + $0 % 50)" : "" },
    ]
    for text in texts {
      let expected = try outcome(text, 1, 1 << 19)
      for threads in [1, 2, 7] {
        for size in [60, 3000] { #expect(try outcome(text, threads, size) == expected, "\(threads) \(size)") }
      }
    }
  }

  // Of text that differs in all rows nothing is kept after a while, nor of long texts; what turns out to be a category is
  // read again. So is what begins as numbers.
  @Test(arguments: [8, 1000]) func categoriesThatBeginAsFreeText(length: Int) throws {
    let tail = String(repeating: "-", count: length)
    let (count, repeats) = (length == 8 ? 700 : 1400, 4)
    var text = "name,code,x,y\n"
    for row in 0..<count * repeats {
      text += "n\(row % count)\(tail),\(row < 2000 ? "0\(row % 7)" : "c"),\(row).5,\(row % 2)\n"
    }
    let found = try ImportedTable.imported(text) { ($0.blockSize, $0.threads) = (5000, 2) }
    let names = (0..<count).map { "n\($0)\(tail)" }.sorted()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
    #expect(found.feature("name")?.categories == names)
    #expect(
      found.codes("name")
        == (0..<count * repeats).map { places["n\($0 % count)\(tail)"] ?? -1 })
    #expect(found.feature("code")?.categories == ["00", "01", "02", "03", "04", "05", "06", "c"])
    #expect(found.numbers("x") == (0..<count * repeats).map { Double($0) + 0.5 })
    #expect(found.column("name")?.distinctCount == count)
  }
}
