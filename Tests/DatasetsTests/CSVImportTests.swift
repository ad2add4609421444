import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

@Suite struct CSVImportTests {
  /// Imports a text; gives the written file's root.
  private static func root(_ text: String, name: String = "x.csv", _ set: (inout CSVImport) -> Void = { _ in }) throws
    -> Group
  {
    try withScratchDirectory { directory in
      let path = directory + "/" + name
      try Data(text.utf8).write(to: URL(filePath: path))
      var importer = CSVImport(path: path, split: .none)
      set(&importer)
      let output = directory + "/out.h5"
      try importer.write(to: output)
      return try File.open(image: Data(contentsOf: URL(filePath: output))).root
    }
  }

  /// Imports a text that must fail; gives the message, without the directory.
  private static func error(_ text: String, _ set: (inout CSVImport) -> Void = { _ in }) throws -> TrainerError {
    try withScratchDirectory { directory in
      let path = directory + "/x.csv"
      try Data(text.utf8).write(to: URL(filePath: path))
      var importer = CSVImport(path: path)
      set(&importer)
      let thrown = try #require(throws: (any Error).self) { try importer.write(to: directory + "/out.h5") }
      let error = try #require(thrown as? TrainerError)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["x.csv"])
      return TrainerError(error.code, error.message.replacingOccurrences(of: directory + "/", with: ""))
    }
  }

  @Test func textTargetsBecomeClasses() throws {
    let root = try Self.root("length,width,species\n5.1,3.5,setosa\n7,3.2,\"versi, color\"\n4.9,3,setosa\n")
    let inputs = try root.dataset("train/inputs")
    #expect(inputs.datatype.numberType == .float64)
    #expect(try inputs.shape == [3, 2])
    #expect(try inputs.read(as: Double.self) == [5.1, 3.5, 7, 3.2, 4.9, 3])
    #expect(try inputs.attribute("features").readStrings() == ["length", "width"])
    let targets = try root.dataset("train/targets")
    #expect(targets.datatype.numberType == .uint8)
    #expect(try targets.read(as: Int.self) == [0, 1, 0])
    #expect(try targets.attribute("classes").readStrings() == ["setosa", "versi, color"])
    #expect(try !root.exists("test"))
  }

  @Test func columnsByNameAndNumber() throws {
    let text = "id,y,a,b\n1,0.5,10,20\n2,1.5,30,40\n"
    for target in [CSVImport.Column.name("y"), .number(2), .number(-3)] {
      for drop in [CSVImport.Column.name("id"), .number(1)] {
        let root = try Self.root(text) {
          $0.target = target
          $0.drop = [drop]
        }
        #expect(try root.dataset("train/inputs").read(as: Int.self) == [10, 20, 30, 40])
        #expect(try root.dataset("train/inputs").datatype.numberType == .uint8)
        #expect(try root.dataset("train/targets").read(as: Double.self) == [0.5, 1.5])
        #expect(try !root.dataset("train/targets").hasAttribute("classes"))
      }
    }
  }

  @Test func delimitersHeadersAndLineEnds() throws {
    for (text, name, header) in [
      ("1;2;a\r\n3;4;b\r\n", "x.csv", false), ("1\t2\ta\n3\t4\tb", "x.tsv", false),
      ("\u{feff}p,q,r\n 1 , 2 ,a\n\n3,4,b\n\n", "x.csv", true), ("p|q|r\n1|2|a\n3|4|b", "x.txt", true),
    ] {
      let root = try Self.root(text, name: name) {
        $0.hasHeader = header
        if name == "x.txt" { $0.delimiter = "|" }
      }
      #expect(try root.dataset("train/inputs").read(as: Int.self) == [1, 2, 3, 4], "\(text.debugDescription)")
      #expect(try root.dataset("train/targets").attribute("classes").readStrings() == ["a", "b"])
    }
  }

  @Test func tasks() throws {
    let text = "a,y\n1,10\n2,9\n3,10.0\n"
    // Whole numbers of few kinds are classes, in the order of the numbers.
    #expect(try Self.root(text).dataset("train/targets").attribute("classes").readStrings() == ["9", "10"])
    #expect(try Self.root(text).dataset("train/targets").read(as: Int.self) == [1, 0, 1])
    let regression = try Self.root(text) { $0.task = .regression }.dataset("train/targets")
    #expect(try regression.read(as: Double.self) == [10, 9, 10])
    #expect(try !regression.hasAttribute("classes"))
    let many = "a,y\n" + (0..<60).map { "1,\($0)\n" }.joined()
    #expect(try !Self.root(many).dataset("train/targets").hasAttribute("classes"))
    let classes = try Self.root(many) { $0.task = .classification }.dataset("train/targets").attribute("classes")
    #expect(try classes.readStrings() == (0..<60).map(String.init))
    let fractions = try Self.root("a,y\n1,0.5\n2,1\n") { $0.task = .classification }.dataset("train/targets")
    #expect(try fractions.attribute("classes").readStrings() == ["0.5", "1"])
  }

  @Test func inputTypes() throws {
    let text = "a,y\n1,p\n256,q\n"
    #expect(try Self.root(text).dataset("train/inputs").datatype.numberType == .float64)
    #expect(try Self.root(text) { $0.inputType = .float32 }.dataset("train/inputs").datatype.numberType == .float32)
    let large = try Self.error("a,y\n1,p\n1e39,q\n") { $0.inputType = .float32 }
    #expect(
      large.message == "'x.csv', line 3, column 1 ('a'): '1e+39' is larger than any number of float32; store float64")
    let error = try Self.error(text) { $0.inputType = .uint8 }
    #expect(error.message == "'x.csv', line 3, column 1 ('a'): '256' is no whole number from 0 to 255")
  }

  @Test func eachFifthRowOrSampleOfAClassIsTest() throws {
    let regression = try Self.root("a,y\n" + (0..<12).map { "\($0),\($0).5\n" }.joined()) { $0.split = .fifth }
    #expect(try regression.dataset("test/inputs").read(as: Int.self) == [4, 9])
    #expect(try regression.dataset("train/targets").read(as: Double.self).count == 10)
    // Classes p p q p p q p p q p p q …: the fifth p is sample 6, the tenth 13, the fifth q 14.
    let classes = try Self.root("a,y\n" + (0..<15).map { "\($0),\($0 % 3 == 2 ? "q" : "p")\n" }.joined()) {
      $0.split = .fifth
    }
    #expect(try classes.dataset("test/inputs").read(as: Int.self) == [6, 13, 14])
    #expect(try classes.dataset("test/targets").read(as: Int.self) == [0, 0, 1])
  }

  @Test func testFiles() throws {
    try withScratchDirectory { directory in
      func write(_ text: String, _ name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: directory + name))
        return directory + name
      }
      let train = try write("a,y\n1,p\n2,q\n", "/train.csv")
      let test = try write("a,y\n300,r\n", "/test.csv")
      let output = directory + "/out.h5"
      try CSVImport(path: train, testPath: test).write(to: output)
      let root = try File.open(at: output).root
      #expect(try root.dataset("test/inputs").read(as: Double.self) == [300])
      #expect(try root.dataset("test/targets").read(as: Int.self) == [2])
      #expect(try root.dataset("train/targets").attribute("classes").readStrings() == ["p", "q", "r"])
      let other = try write("b,y\n1,p\n", "/other.csv")
      #expect(throws: TrainerError.self) { try CSVImport(path: train, testPath: other).write(to: directory + "/o.h5") }
    }
  }

  @Test(arguments: [
    ("a,b,y\n1,2,p\n1,p\n", "'x.csv', line 3: it has 2 fields, and the first line has 3"),
    ("a,b,y\n1,2,p\n1,2,3,p", "'x.csv', line 3: it has 4 fields, and the first line has 3"),
    (
      "a,b,y\n1,2,p\n1,2,\n",
      "'x.csv', line 3, column 3 ('y'): the field is empty, and each sample needs a target; set dropMissingTargets to leave "
        + "such rows out"
    ),
    ("a,y\n1,p\n2,\"q\n", "'x.csv', line 3, column 2: a quote is opened and never closed"),
    (
      "a,y\n1,p\n2,\"q\"x\n",
      "'x.csv', line 3, column 2: a quoted field goes on behind its closing quote"
    ),
    ("a,y\n", "'x.csv' holds no samples behind its header"), ("", "'x.csv' holds no samples behind its header"),
    (
      "1,2\n3,4\n",
      "'x.csv', line 1: a header was expected, and these are numbers; if there is none, set hasHeader to false; if they are names, set namesMayBeNumbers"
    ),
    (
      "y\n1\n",
      "'x.csv' has no column left for inputs: its first line has one field (delimiter: comma); name another delimiter or target, or drop fewer columns"
    ),
  ]) func badContents(text: String, message: String) throws {
    let error = try Self.error(text)
    #expect(error.message == message)
    #expect(error.code == .data)
  }

  @Test func badColumns() throws {
    let text = "length,width,species\n1,2,p\n"
    func message(_ set: (inout CSVImport) -> Void) throws -> String {
      let error = try Self.error(text, set)
      #expect(error.code == .usage)
      return error.message
    }
    #expect(
      try message { $0.target = .name("specis") }
        == "'x.csv' has no column 'specis' but 'length', 'width', 'species'; is it 'species'?")
    #expect(try message { $0.target = .number(4) } == "there is no column 4 in 'x.csv', which has 3")
    #expect(try message { $0.target = .number(0) } == "there is no column 0 in 'x.csv', which has 3")
    #expect(try message { $0.drop = [.name("species")] } == "the target column of 'x.csv' cannot be dropped")
    #expect(
      try message {
        $0.hasHeader = false
        $0.target = .name("species")
      } == "'x.csv' has no header to look for column 'species' in; give its number")
    let duplicate = try Self.error("a,a,y\n1,2,p\n") { $0.target = .name("a") }
    #expect(
      duplicate.code == .data && duplicate.message.hasPrefix("'x.csv' has the target's name 'a' twice, as columns 1"))
    #expect(try message { $0.kinds = [(.name("lenght"), .number)] }.contains("is it 'length'?"))
    let drop = try Self.error("a,a,y\n1,2,p\n") { $0.drop = [.name("a")] }
    #expect(drop.code == .usage && drop.message == "'x.csv' has 2 columns 'a'; give a number")
  }

  // 1 and 1.0 are one number; 01 is a code, and nothing is joined where one is.
  @Test func codesWithZerosInFrontAreNotNumbers() throws {
    func classes(_ targets: String..., task: CSVImport.LearningTask = .automatic) throws -> [String] {
      let text = "a,y\n" + targets.map { "1,\($0)\n" }.joined()
      return try Self.root(text) { $0.task = task }.dataset("train/targets").attribute("classes").readStrings()
    }
    #expect(try classes("1", "1.0", "2", "+2") == ["1", "2"])
    #expect(try classes("01", "1", "2", "10") == ["01", "1", "2", "10"])
    #expect(try classes("01", "1.0", "1", task: .classification) == ["01", "1", "1.0"])
    #expect(try classes("0", "1", "0.5", task: .classification) == ["0", "0.5", "1"])
    let numbers = try Self.root("a,y\n1,01\n1,1\n") { $0.task = .regression }.dataset("train/targets")
    #expect(try numbers.read(as: Double.self) == [1, 1])
  }

  @Test func aColumnOfNumbersWithASlipIsNotOneOfClasses() throws {
    for slip in ["0x10", "inf", "na", "12,5"] {
      let text = "a,y\n1,0.5\n1,1.5\n1,\"\(slip)\"\n"
      let error = try Self.error(text)
      #expect(error.code == .data)
      #expect(
        error.message
          == "'x.csv', line 4, column 2 ('y'): '\(slip)' is not a finite number, though 2 of 3 targets are numbers; mend or remove the row, or set "
          + "the task to classification if they are names of classes")
      let classes = try Self.root(text) { $0.task = .classification }.dataset("train/targets").attribute("classes")
      #expect(try classes.readStrings().contains(slip))
    }
  }

  @Test func whatOnlyProgramsTakeForNumbersIsRefused() throws {
    let numbers = (0..<60).map { "\($0),p\n" }.joined()
    for text in ["0x10", "0x1p3", "inf", "-Infinity", "nan(1)", "1_000", "1e", "1e+", "1e400", ".", "1 2", "٣"] {
      let error = try Self.error("a,y\n\(numbers)\(text),q\n")
      #expect(
        error.message
          == "'x.csv', line 62, column 1 ('a'): '\(text)' is no number, as at least 98 % of the column are; mend it, add it "
          + "to missing if it stands for a missing value, or set the column's kind", "\(text)")
    }
    let nul = try Self.error("a,y\n1,p\n1\u{0},q\n")
    #expect(nul.message == "'x.csv', line 3, column 1: it holds a NUL, which no text does; is the file damaged?")
    #expect(try Self.error("a,y\n1,p\n1,p\u{0}x\n").message.hasPrefix("'x.csv', line 3, column 2: it holds a NUL"))
    let inputs = try Self.root("a,y\n+1.5e3,p\n.5,q\n-2.,q\n1E-2,q\n").dataset("train/inputs")
    #expect(try inputs.read(as: Double.self) == [1500, 0.5, -2, 0.01])
  }

  @Test func badTargets() throws {
    let text = try Self.error("a,y\n1,0.5\n2,high\n") { $0.task = .regression }
    #expect(text.message == "'x.csv', line 3, column 2 ('y'): 'high' is not a finite number")
    let many = try Self.error("a,y\n" + (0..<2001).map { "1,name\($0)\n" }.joined())
    #expect(many.message.hasPrefix("column 2 ('y') of 'x.csv' holds 2001 different values"))
  }

  @Test func badFiles() throws {
    try withScratchDirectory { directory in
      func message(_ path: String) throws -> String {
        try #require(throws: TrainerError.self) { try CSVImport(path: path).write(to: directory + "/out.h5") }.message
      }
      #expect(
        try message("/nowhere/x.csv") == "cannot read '/nowhere/x.csv': no such file or directory; "
          + "there is no directory /nowhere either")
      #expect(try message(directory) == "cannot read '\(directory)': it is a directory, expected a regular file")
      let path = directory + "/latin.csv"
      try Data([0x61, 0x2c, 0xe4, 0x0a]).write(to: URL(filePath: path))
      #expect(try message(path).contains("is not text in UTF-8"))
    }
  }
}
