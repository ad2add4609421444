import Datasets
import Foundations
import Testing

/// What a table's first line is taken for, in the table and in that of the test group.
@Suite struct TableHeaderTests {
  @Test func columnsOfATestFileAreFoundByTheirNames() throws {
    let train = "id,a,c,y\n8,1,u,p\n9,2,v,q\n"
    let drop: (inout CSVImport) -> Void = { $0.drop = [.number(1)] }
    for test in ["y,c,a\nq,v,7\n", "c,y,id,a\nv,q,8,7\n"] {
      let found = try ImportedTable.imported(train, test: test, drop)
      #expect(found.features.map(\.name) == ["a", "c"] && found.test == [.numbers([7]), .codes([1])])
    }
    // Numbers alone are read by another way.
    let numbers = try ImportedTable.imported("a,b,y\n1,2,p\n3,4,q\n", test: "b,y,a\n6,p,5\n")
    #expect(!numbers.isTable && numbers.test == [.numbers([5]), .numbers([6])])
    let kinds = try ImportedTable.imported("a,b,y\n1,2,p\n3,4,q\n", test: "b,y,a\n6,p,5\n") {
      $0.kinds = [(.number(1), .category)]
    }
    #expect(kinds.feature("a")?.categories == ["1", "3", "5"] && kinds.test == [.codes([2]), .numbers([6])])
    for (test, message) in [
      ("c,y\nv,q\n", "'t.csv': there is no column 'a', which 'x.csv' has; it has 'c'"),
      (
        "c,b,a,y\nv,1,2,q\n",
        "'t.csv': the column 'b' is none that 'x.csv' has (the nearest that it has is 'a'); remove it"
      ),
      (
        "c,a,z\nv,1,q\n",
        "'t.csv' has no column 'y', the target of 'x.csv'; it has 'z': if it is the same, give it that name"
      ),
      ("1,2,class\n", "'t.csv' has no column 'y', the target of 'x.csv'; it has '1', '2', 'class'"),
    ] {
      #expect(try ImportedTable.message(train, test: test, drop) == message)
    }
    #expect(
      try ImportedTable.message("1,2,p\n", test: "1,p\n") { $0.hasHeader = false }
        == "'t.csv' has 2 columns, and 'x.csv' has 3")
  }

  @Test func theWholeHeaderIsNumbered() throws {
    let dropped = try ImportedTable.imported("x,x,t\n1,2,p\n3,4,q\n") { $0.drop = [.number(1)] }
    #expect(dropped.features.map(\.name) == ["x_2"] && dropped.numbers("x_2") == [2, 4])
    let target = try ImportedTable.imported("x,x,x_2\n1,2,p\n3,4,q\n")
    #expect(target.features.map(\.name) == ["x", "x_3"])
    let named = try ImportedTable.imported("x,x,t\n1,2,p\n3,4,q\n") { $0.kinds = [(.name("x_2"), .category)] }
    #expect(named.feature("x")?.kind == .number && named.feature("x_2")?.kind == .category)
    let empty = try ImportedTable.imported(",x,t,\n0,1,p,\n1,2,q,\n") { $0.target = .name("t") }
    #expect(empty.features.map(\.name) == ["", "x"] && empty.summary.columns.map(\.name) == ["", "x", "_2"])
    let twin = "label,x,label\n1,2,p\n3,4,q\n"
    let message =
      "'x.csv' has the target's name 'label' twice, as columns 1 and 3; name them apart, or drop the one that is not meant by its number"
    for column in [CSVImport.Column.name("label"), .number(3)] {
      #expect(try ImportedTable.message(twin) { $0.target = column } == message)
      #expect(
        try ImportedTable.imported(twin) { ($0.target, $0.drop) = (column, [.number(1)]) }.classes == ["p", "q"])
      #expect(
        try ImportedTable.imported(twin) { ($0.target, $0.kinds) = (column, [(.number(1), .ignore)]) }.classes
          == ["p", "q"])
    }
    let many = "a" + String(repeating: ",a", count: 3000)
    #expect(
      try ImportedTable.imported(many + ",y\n" + many.replacing("a", with: "1") + ",p\n").features.last?.name
        == "a_3001")
  }

  @Test func headersOfNumbers() throws {
    let rows = "5,6,7,p\n8,9,7,q\n"
    for (header, names) in [("0,1,2,y", ["0", "1", "2"]), ("0,1,2,3", ["0", "1", "2"])] {
      #expect(try ImportedTable.imported("\(header)\n" + rows).features.map(\.name) == names)
    }
    let years = "2001,2002,2003,y\n" + rows
    #expect(try ImportedTable.imported(years) { $0.target = .name("y") }.numbers("2002") == [6, 9])
    #expect(try ImportedTable.imported(years) { $0.namesMayBeNumbers = true }.numbers("2002") == [6, 9])
    for header in ["2001,2002,2003,y", "1,2,3,y", "0,1,3,y", "0,1,2.0,y"] {
      #expect(
        try ImportedTable.message("\(header)\n" + rows)
          == "'x.csv', line 1: a header was expected, and these are numbers; if there is none, set hasHeader to false; if they are "
          + "names, set namesMayBeNumbers")
    }
    // Two may well be data.
    #expect(try ImportedTable.message("0,1\n1,2\n").contains("a header was expected"))
  }
}
