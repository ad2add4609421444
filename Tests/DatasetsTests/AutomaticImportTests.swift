import Datasets
import Foundation
import Foundations
import TestSupport
import Testing

/// How tables are read whose settings nobody gives.
@Suite struct AutomaticImportTests {
  private static func result(_ text: String, target: CSVImport.Column? = nil) throws -> AutomaticImport.Result {
    try withScratchDirectory { directory in
      try Data(text.utf8).write(to: URL(filePath: "\(directory)/t.csv"))
      return try AutomaticImport(path: "\(directory)/t.csv", format: "csv", target: target).read().found
    }
  }

  /// Rows of two numbers and a word.
  private static func rows(_ count: Int = 20, _ row: (Int) -> String) -> String {
    (0..<count).map { row($0) + "\n" }.joined()
  }

  private static func word(_ row: Int) -> String { row % 2 == 0 ? "a" : "b" }

  /// Tables, and what is found of each.
  private static let tables: [(text: String, finding: String)] = {
    let plain = rows { "\($0).5,\($0 % 7),\(word($0))" }
    var tables: [(String, String)] = []
    tables.append(("x,y,label\n" + plain, "the target is the column 'label'"))
    tables.append(("# made by x\nx,y,label\n" + plain, "begin with # are comments"))
    let commas = rows { "\($0),25;\($0 % 7);\(word($0))" }
    tables.append(("x;y;label\n" + commas, "a comma stands in front of the fraction"))
    tables.append((rows { "\($0).5,\($0 % 7).25,\(word($0))" }, "the first line holds numbers"))
    tables.append(("x y label\n" + rows { "\($0).5 \($0 % 7) \(word($0))" }, "divided by single spaces"))
    let gap = rows(99) { row in (row == 3 ? "?" : "\(row).5") + ",\(row % 7),\(word(row))" }
    tables.append(("x,y,label\n" + gap, "'?' stands for a missing"))
    let gaps = rows { row in "\(row).5," + (row % 3 == 0 ? "?" : "v") + ",\(word(row))" }
    tables.append(("x,w,label\n" + gaps, "'?' stands for a missing"))
    let mixed = rows { row in "\(row).5," + (row % 9 == 3 ? "-" : "\(row % 7)") + ",\(word(row))" }
    tables.append(("x,w,label\n" + mixed, "'-' stands for a missing"))
    let days = rows { row in "\(row).5,\(1 + row).3.2024,\(word(row))" }
    tables.append(("x,when,label\n" + days, "dates begin with the day"))
    let months = rows { row in "\(row).5,3/\(1 + row)/2024 10:30,\(word(row))" }
    tables.append(("x,when,label\n" + months, "dates begin with the month"))
    let thousands = rows { row in "\(row).5,\"\(row + 1),234\",\(word(row))" }
    tables.append(("x,n,label\n" + thousands, "a comma stands between the thousands"))
    let millions = rows { row in "\(row).5,\"\(row + 1),234,567.5\",\(word(row))" }
    tables.append(("x,n,label\n" + millions, "a comma stands between the thousands"))
    let points = rows(99) { row in "\(row),5;\(row + 1).234.567,5;\(word(row))" }
    tables.append(("x;n;label\n" + points, "a point stands between the thousands"))
    tables.append(("id,x,label\n" + rows { "\($0),\($0 % 7).5,\(word($0))" }, "'id' numbers the rows"))
    return tables
  }()

  @Test(arguments: tables)
  func whatIsNotAsUsualIsFound(text: String, finding: String) throws {
    let result = try Self.result(text)
    #expect(result.findings.contains { $0.contains(finding) }, "\(result.findings)")
    #expect(result.classes == ["a", "b"])
  }

  @Test func aTargetWithoutANameIsTheLastWithADoubt() throws {
    let text = "a,b,c\n" + Self.rows { "\($0).5,\($0 % 7).5,\($0).25" }
    let last = try Self.result(text)
    #expect(last.doubts.contains { $0.contains("the last, 'c'") }, "\(last.doubts)")
    let named = try Self.result(text, target: .name("a"))
    #expect(named.targetName == "a" && named.doubts.isEmpty, "\(named.doubts)")
  }

  @Test func wholeNumbersOfManyKindsAreAmounts() throws {
    let ages = try Self.result("x,age\n" + Self.rows(60) { "\($0).5,\(20 + $0 % 40)" })
    #expect(ages.classes == nil && ages.decision == .amounts(kinds: 40))
    let digits = try Self.result("x,digit\n" + Self.rows(60) { "\($0).5,\($0 % 10)" })
    #expect(digits.classes?.count == 10 && digits.decision == .open)
  }

  @Test(arguments: [
    // A strong name counts anywhere, a weak one in the last place, or where the last column holds amounts.
    ("label,x,y1", "word,n,word", "label", ""), ("x,label,income", "n,word,word", "label", "'income'"),
    ("x,y1,income", "n,n,word", "income", ""), ("income,x,y1", "word,n,n", "income", ""),
    ("category,x,sold", "word,n,word", "sold", "'category'"), ("category,x,kind", "word,n,digit", "kind", "'category'"),
  ])
  func namesOfTargetsCountByWhereTheyStand(header: String, kinds: String, target: String, other: String) throws {
    let rows = Self.rows(60) { row in
      kinds.split(separator: ",").map { kind in
        kind == "word" ? Self.word(row / 2) : kind == "digit" ? "\(row % 3)" : "\(row * 7 % 59).5"
      }.joined(separator: ",")
    }
    let result = try Self.result("\(header)\n\(rows)")
    #expect(result.targetName == target)
    #expect(result.doubts.isEmpty == other.isEmpty, "\(result.doubts)")
    #expect(other.isEmpty || result.doubts.contains { $0.contains(other) }, "\(result.doubts)")
  }

  @Test func textsThatDifferInMostRowsAreNoClasses() throws {
    let error = try trainerError { try Self.result("x,name\n" + Self.rows(30) { "\($0).5,n\($0)" }) }
    #expect(error?.code == .data)
    #expect(error?.fault.contains("'name' has 30 different texts in 30 rows") == true, "\(error?.fault ?? "none")")
    #expect(error?.remedy?.name == "targetColumn")
  }

  @Test func howTheTableIsWrittenIsKept() throws {
    let text =
      "# made by x\nx;y;label\n" + Self.rows(99) { ($0 == 3 ? "?" : "\($0),25") + ";\($0 % 7);\(Self.word($0))" }
    let spelling = try Self.result(text).spelling
    #expect(spelling == TableSpelling(delimiter: ";", comment: "#", decimalMark: .comma, missing: ["?"]))
    #expect(try Self.result("x,y,label\n" + Self.rows { "\($0).5,\($0 % 7),a\($0 % 2)" }).spelling == TableSpelling())
  }

  @Test func datesAndThousandsOfAnyWritingAreRead() throws {
    func column(_ text: (Int) -> String, gap: String = ";") throws -> (
      column: ImportedColumn, doubts: [String], spelling: TableSpelling?
    ) {
      let found = try Self.result("x;c;label\n" + Self.rows(60) { "\($0)\(gap)\(text($0));\(Self.word($0))" })
      return (found.columns[1], found.doubts, found.spelling)
    }
    let days = try column { "\(1 + $0 % 28).\(1 + $0 % 12).2024" }
    #expect(
      days.column.kind == .date && days.column.values == "2024-01-01 to 2024-12-24"
        && days.spelling?.dateOrder == .dayFirst)
    #expect(days.doubts.allSatisfy { !$0.contains("month") })
    // No number says which is the day.
    let either = try column { "\(1 + $0 % 12)/\(1 + $0 % 11)/2024" }
    #expect(either.column.kind == .date && either.spelling?.dateOrder == .monthFirst)
    #expect(either.doubts.contains { $0.contains("'c' could begin with the day as well") }, "\(either.doubts)")
    let numbers = try column { "\($0 + 1).\(100 + $0).500,5" }
    #expect(numbers.column.kind == .number && numbers.column.values == "1100500.5 to 60159500.5")
    #expect(numbers.spelling?.thousandsMark == "." && numbers.spelling?.decimalMark == .comma)
    // A comma behind a leading zero stands in front of a fraction.
    let fractions = try column { "0,\(100 + $0)" }
    #expect(fractions.column.kind == .number && fractions.doubts.allSatisfy { !$0.contains("thousands") })
    let prices = try column { "$\($0).99" }
    #expect(
      prices.doubts.contains { $0.contains("'c' seems to hold numbers with a sign, such as '$0.99'") },
      "\(prices.doubts)")
  }

  @Test func columnsOfNumbersThatAreNoInputsAreSaid() throws {
    let text =
      "x,code,label\n" + Self.rows(80) { "\($0).5," + ($0 % 5 == 0 ? "k\($0)" : "\($0)") + ",\(Self.word($0))" }
    let doubts = try Self.result(text).doubts
    #expect(doubts.contains { $0.contains("'code'") && $0.contains("80 % numbers") }, "\(doubts)")
  }

  @Test func whatNoSettingMendsIsSaid() throws {
    let error = try trainerError { try Self.result("x,y,label\n1,2,a\n3,b\n") }
    #expect(error?.code == .data && error?.message.contains("line 3") == true)
  }
}
