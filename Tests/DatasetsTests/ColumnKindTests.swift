import Datasets
import Foundation
import Foundations
import Testing

/// What columns are taken for, by all of their values, and what is a slip.
@Suite struct ColumnKindTests {
  @Test(
    arguments: [
      (["1", "2.5", "-3e2"], .number), (["1", "", "NA", "7"], .number), (["0", "1", "0"], .number),
      (["01", "1"], .number),
      (["x", "", "y"], .category), (["x"], .category), (["1", "2", "x"], .category), (["1", "2", "yes"], .category),
      (["yes", "no", ""], .boolean), (["True", "FALSE"], .boolean), (["yes"], .boolean), (["t", "f"], .boolean),
      (["Y", "no"], .boolean),
      // A letter alone is a name, too; and so is a number beside a word.
      (["f", "f"], .category), (["F", "M"], .category), (["true", "1"], .category),
      (["2024-01-01", ""], .date), (["2024-01-01 12:00", "2024-01-02T13:00Z"], .date),
      (["2024-01-01", "soon"], .category),
      (["", "NA", "null"], .ignore), ((0..<51).map { "name \($0)" }, .ignore),
      ((0..<50).map { "name \($0)" }, .category),
      ((0..<120).map { "name \($0 % 60)" }, .category), ((0..<120).map { "name \($0 % 61)" }, .ignore),
      // Gaps do not make names fewer.
      ((0..<120).map { $0 < 60 ? "name \($0)" : "" }, .ignore),
    ] as [([String], ColumnKind)])
  func kindsAreInferredFromAllValues(values: [String], kind: ColumnKind) throws {
    let column = try #require(try ImportedTable.imported(ImportedTable.table(values)).column("a"))
    #expect(column.kind == kind)
    let missing = values.count { ["", "NA", "null"].contains($0) }
    #expect(column.missingCount == missing)
    #expect(
      column.distinctCount == Set(values.filter { !["", "NA", "null"].contains($0) }).count
        - (values == ["01", "1"] ? 1 : 0))
    #expect(kind != .ignore || !column.note.isEmpty)
  }

  @Test(
    arguments: [
      ("n", 1...280, true), ("n", 0...9, true), ("n", 1...9, false), ("n", (-5)...20_000, true),
    ] as [(String, ClosedRange<Int>, Bool)])
  func numbersThatAscendByOneAreIdentifiers(name: String, range: ClosedRange<Int>, isNoted: Bool) throws {
    let column = try ImportedTable.imported("\(name),y\n" + range.map { "\($0),0\n" }.joined()).column(name)
    #expect(column?.kind == .number && column?.note == (isNoted ? "different in all rows: an identifier?" : ""))
  }

  @Test(arguments: [
    ("id", true), ("user_id", true), ("PassengerId", true), ("index", true), ("paid", false), ("fare", false),
  ])
  func differentNumbersUnderTheNameOfAnIdentifierAre(name: String, isNoted: Bool) throws {
    func note(_ value: (Int) -> String) throws -> String? {
      let text = "\(name),y\n" + (0..<40).map { "\(value($0)),0\n" }.joined()
      return try ImportedTable.imported(text).column(name)?.note
    }
    #expect(try note { "\($0 * 7 % 41)" } == (isNoted ? "different in all rows: an identifier?" : ""))
    // Twice the same, a gap, fractions.
    for value: (Int) -> String in [{ "\($0 * 7 % 39)" }, { $0 == 5 ? "" : "\($0)" }, { "\(Double($0) + 0.5)" }] {
      #expect(try note(value) == "")
    }
  }

  // MARK: Slips

  @Test func fewerThanTwoOfAHundredAreSlips() throws {
    func values(_ count: Int, _ strays: Int, _ number: (Int) -> String) -> String {
      ImportedTable.table((0..<count).map { $0 < count - strays ? number($0) : "stray" })
    }
    let kinds = try (1...2).map { try ImportedTable.imported(values(100, $0 + 1) { "\($0 % 40)" }).column("a")?.kind }
    #expect(kinds == [.category, .category])
    #expect(
      try ImportedTable.message(values(101, 2) { "\($0)" })
        == "'x.csv', line 101, column 1 ('a'): 'stray' is no number, as at least 98 % of the column are; mend it, add it to "
        + "missing if it stands for a missing value, or set the column's kind")
    #expect(
      try ImportedTable.message(values(51, 1) { String(format: "2024-01-%02d", $0 % 30 + 1) })
        == "'x.csv', line 52, column 1 ('a'): 'stray' is no date, as at least 98 % of the column are; mend it, add it to "
        + "missing if it stands for a missing value, or set the column's kind")
    let text = values(101, 1) { "\($0)" }
    #expect(try ImportedTable.imported(text) { $0.missing += ["stray"] }.numbers("a").last?.isNaN == true)
    #expect(
      try ImportedTable.imported(text) { $0.kinds = [(.name("a"), .category)] }.feature("a")?.categories.count == 101)
    #expect(try ImportedTable.imported(text) { $0.kinds = [(.name("a"), .ignore)] }.features.map(\.name) == ["n"])
    // Gaps are no numbers that a stray could be one of few among.
    let gaps = ImportedTable.table((0..<200).map { $0 < 20 ? "\($0)" : $0 == 20 ? "stray" : "" })
    #expect(try ImportedTable.imported(gaps).column("a")?.note == "95 % numbers; in line 22 'stray'")
  }

  @Test func kindsThatAreSetHoldForEveryValue() throws {
    func message(_ values: [String], _ kind: ColumnKind) throws -> String {
      try ImportedTable.message(ImportedTable.table(values)) { $0.kinds = [(.name("a"), kind)] }
    }
    for (values, kind, line, what) in [
      (["1", "x", "y"], ColumnKind.number, 3, "'x' is no number"),
      (["1", "0", "2"], .boolean, 4, "'2' is no truth value"),
      (["yes", "2024-01-01"], .boolean, 3, "'2024-01-01' is no truth value"),
      (["2024-01-01", "7"], .date, 3, "'7' is no date"),
    ] {
      #expect(
        try message(values, kind).hasPrefix(
          "'x.csv', line \(line), column 1 ('a'): \(what), which the column is set to hold"))
    }
    let found = try ImportedTable.imported(ImportedTable.table(["1", "0", "yes", "", "1.0"])) {
      $0.kinds = [(.number(1), .boolean)]
    }
    #expect("\(found.numbers("a"))" == "[1.0, 0.0, 1.0, nan, 1.0]")
    let empty = try ImportedTable.imported(ImportedTable.table(["", ""])) { $0.kinds = [(.name("a"), .number)] }
    #expect(empty.column("a")?.note == "no row has a value" && empty.numbers("a").allSatisfy(\.isNaN))
    let text = ImportedTable.table(["1", "2"])
    #expect(try ImportedTable.message(text) { $0.kinds = [(.name("b"), .number)] }.contains("has no column 'b'"))
    #expect(try ImportedTable.message(text) { $0.kinds = [(.name("y"), .number)] }.contains("is the target"))
    #expect(
      try ImportedTable.message(text) { $0.kinds = [(.name("a"), .number), (.number(1), .date)] }.contains(
        "set to be of two kinds"))
  }

  @Test func roundedWholeNumbersNeedAKind() throws {
    let text = "id,c,y\n9007199254740993,u,p\n5,v,q\n"
    #expect(
      try ImportedTable.message(text).hasPrefix(
        "'x.csv', line 2, column 1 ('id'): the whole number 9007199254740993 would be rounded to 9007199254740992"))
    #expect(
      try ImportedTable.imported(text) { $0.kinds = [(.name("id"), .category)] }.feature("id")?.categories
        == ["5", "9007199254740993"])
    #expect(try ImportedTable.imported(text) { $0.inputType = .float64 }.numbers("id") == [9_007_199_254_740_992, 5])
  }
}
