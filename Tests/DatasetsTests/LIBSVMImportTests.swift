import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

@Suite struct LIBSVMImportTests {
  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    try withScratchDirectory { directory in
      let path = directory + "/d.txt"
      try Data(text.utf8).write(to: URL(filePath: path))
      try body(path)
    }
  }

  private func values(_ group: DatasetWriter.Group) throws -> (shape: [Int], values: [Double]) {
    guard case .array(let table) = group.inputs else { throw TrainerError(.data, "no array") }
    return (table.shape, table.type.doubles(table.bytes))
  }

  @Test func tablesOfScikitLearnAreReadToTheSameNumbers() throws {
    for table in try Fixture.read("sparse").member("tables").elements ?? [] {
      try withFile(try #require(try table.member("text").text)) { path in
        let importer = try ImporterRegistry.standard.importer(of: path)
        #expect(importer is LIBSVMImport)
        let samples = try LIBSVMImport(path: path, testPath: nil, split: .none).read()
        let rows = try table.member("rows")
        let found = try values(samples.groups[0])
        #expect(found.shape == rows.shape && found.values == rows.values)
        let labels = try table.member("labels").numbers
        let targets = samples.groups[0].targets
        let numbers = targets.type.doubles(targets.bytes)
        #expect(
          samples.classes.map { classes in numbers.map { Double(classes[Int($0)]) ?? .nan } } ?? numbers == labels)
        #expect(table["name"]?.text != "signs" || samples.classes == ["-1", "1"])
      }
    }
  }

  @Test func indicesMayBeginWithZeroAndComeInAnyOrder() throws {
    try withFile("# a comment\n\n2 3:1 1:0.5 # of a line\r\n1\r\n2 0:7\t2:-1") { path in
      let samples = try LIBSVMImport(path: path, testPath: nil, split: .none).read()
      let found = try values(samples.groups[0])
      #expect(found.shape == [3, 4] && found.values == [0, 0.5, 0, 1, 0, 0, 0, 0, 7, 0, -1, 0])
      #expect(samples.classes == ["1", "2"])
    }
    try withFile("1 2:200 3:1\n0 1:3\n") { path in
      let samples = try LIBSVMImport(path: path, testPath: path, split: .none).read()
      guard case .array(let table) = samples.groups[1].inputs else { throw TrainerError(.data, "no array") }
      #expect(table == NumberTable(shape: [2, 3], values: [0, 200, 1, 3, 0, 0] as [UInt8]))
    }
  }

  @Test(arguments: [
    ("1 2:3\n1,2 1:1\n", "line 2: it has several labels ('1,2')"), ("1 qid:4 1:2\n", "line 1: it is of a ranking"),
    ("1 2:3\nx 1:1\n", "line 2: the label 'x' is not a finite number"), ("1 1:nan\n", "line 1: the value of '1:nan'"),
    ("1 1:\n", "line 1: the value of '1:'"), ("1 a:1\n", "line 1: 'a:1' is no index with a value"),
    ("1 -1:1\n", "line 1: '-1:1' is no index with a value"), ("1 2:3 1\n", "line 1: '1' is no index with a value"),
    ("1 99999999999999999999:1\n", "line 1: the index of"), ("1 3:1 2:1 3:2\n", "line 1: the index 3 comes twice"),
    ("1\n2\n", "holds no inputs"), ("# nothing\n", "holds no samples"), ("2:1 3:1\n", "has no label in front of it"),
  ])
  func eachFaultIsOneSentence(text: String, phrase: String) throws {
    try withFile(text) { path in
      let error = #expect(throws: TrainerError.self) { try LIBSVMImport(path: path).read() }
      #expect(error?.code == .data && error?.message.contains(phrase) == true, "\(error?.message ?? "")")
    }
  }

  @Test func denseRowsAreHeldAgainstTheMemory() throws {
    let line = "1 1000000000:1\n"
    try withFile(String(repeating: line, count: 1000)) { path in
      let error = #expect(throws: TrainerError.self) { try LIBSVMImport(path: path).read() }
      #expect(
        error?.code == .data
          && error?.message.contains("1000 samples of 1000000000 inputs, stored dense, needs") == true)
    }
  }

  @Test(arguments: [
    ("a,b\n1,2\n", "csv"), ("time,y\n12:30,1\n", "csv"), ("1 2:3\n", "libsvm"), ("-1 # nothing\n+1 5:1e3\n", "libsvm"),
    ("3,4 1:2\n", "libsvm"), ("0.5 qid:1 1:2\n", "libsvm"), ("1 2\n3 4\n", "csv"), ("1,2\n3,4\n", "csv"),
  ])
  func theContentsTell(text: String, format: String) throws {
    try withFile(text) { path in
      let found = try ImporterRegistry.standard.format(of: path)
      #expect(found == format)
    }
  }
}
