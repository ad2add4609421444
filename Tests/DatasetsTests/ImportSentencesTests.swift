import Datasets
import Foundations
import Testing

/// What an import says of tables that it does not take, where one could do the wrong thing about it.
@Suite struct ImportSentencesTests {
  @Test func targetsOfTheOtherDecimalMark() throws {
    let text = "x;y\n" + (0..<20).map { "\($0);\($0),5\n" }.joined()
    let first = "'x.csv', line 2, column 2 ('y'): '0,5' is no"
    #expect(
      try ImportedTable.message(text)
        == "\(first) number, but the targets are numbers if the mark in them stands before fractions; set decimalMark to it, or "
        + "the task to classification if they are names of classes")
    #expect(
      try ImportedTable.message(text) { $0.task = .regression }
        == "\(first)t a finite number; if the mark in it stands before fractions, set decimalMark to it")
    #expect(try ImportedTable.imported(text) { $0.decimalMark = .comma }.targets.prefix(2) == [0.5, 1.5])
    #expect(try ImportedTable.imported(text) { $0.task = .classification }.classes?.count == 20)
    // More than are kept as texts.
    let many = "x;y\n" + (0..<5000).map { "1;\($0),5\n" }.joined()
    #expect(try ImportedTable.message(many).hasPrefix("\(first) number, but the targets are"))
  }

  @Test func sentencesAreOfBoundedLength() throws {
    let names = (0..<5000).map { "name\($0)" }.joined(separator: ",")
    let unknown = try ImportedTable.message(names + ",y\n") { $0.target = .name("nothing of these") }
    #expect(unknown.hasSuffix("'name8', 'name9' and 4991 more") && unknown.count < 200)
    let long = String(repeating: "z", count: 5000)
    let numbers = (0..<200).map { "\($0),\($0).5\n" }.joined()
    #expect(try ImportedTable.message("a,y\n\(numbers)\(long),1.5\n").count < 300)
    #expect(try ImportedTable.message("a,y\n\(numbers)1,\(long)\n").count < 300)
    #expect(try ImportedTable.message("a,y\n1,\(long)\n") { $0.task = .regression }.count < 300)
    #expect(try ImportedTable.imported("a,y\n1,p\n").summary.description.contains("in 1 class ("))
  }
}
