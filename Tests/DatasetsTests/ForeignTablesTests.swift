import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Tables as other programs write them, in `Tests/Fixtures/foreign/csv`: read whole, or refused with what to do.
@Suite struct ForeignTablesTests {
  private static let directory = Fixture.directory + "/foreign/csv"

  /// What an import of a file gives.
  private struct Outcome {
    let summary: ImportSummary
    let features: [Feature]
    let block: TableBlock
    let isTable: Bool
    let targets: [Double]
    let targetName: String?
    let classes: [String]
  }

  private static func imported(_ name: String, _ set: (inout CSVImport) -> Void = { _ in }) throws -> Outcome {
    try withScratchDirectory { scratch in
      var importer = CSVImport(path: "\(directory)/\(name)", split: .none)
      set(&importer)
      let summary = try importer.write(to: "\(scratch)/out.h5")
      let reader = try DatasetReader(path: "\(scratch)/out.h5")
      let table = try TableReader("inputs", in: "train", of: reader)
      let targets = try File.open(at: "\(scratch)/out.h5").root.dataset("train/targets")
      return Outcome(
        summary: summary, features: table.features, block: try table.block(0..<table.rowCount),
        isTable: try reader.isTable("inputs", in: "train"), targets: try targets.read(as: Double.self),
        targetName: try reader.targetName(of: "targets", in: "train"),
        classes: try targets.attribute("classes").readStrings())
    }
  }

  // Against pandas: scripts/references/columns.py.
  @Test(
    arguments: [
      (
        "titanic.csv", "Survived", [] as [String],
        [
          "PassengerId": .number, "Pclass": .number, "Name": .ignore, "Sex": .category, "Age": .number,
          "SibSp": .number,
          "Parch": .number, "Ticket": .ignore, "Fare": .number, "Cabin": .category, "Embarked": .category,
          "Boarded": .date,
          "Crew": .boolean,
        ]
      ),
      (
        "adult.csv", "income", ["?"],
        ["age": .number, "workclass": .category, "fnlwgt": .number, "education": .category]
      ),
    ] as [(String, String, [String], [String: ColumnKind])])
  func wholeTablesAreThoseOfPandas(
    file: String, target: String, missing: [String], kinds: [String: ColumnKind]
  ) throws {
    let columns = try Fixture.read("columns").member("columns").elements ?? []
    let own = columns.filter { $0["file"]?.text == file }
    let found = try Self.imported(file) {
      $0.target = .name(target)
      $0.missing += missing
    }
    #expect(found.targetName == target)
    #expect(Dictionary(uniqueKeysWithValues: found.summary.columns.map { ($0.name, $0.kind) }) == kinds)
    for column in own {
      let name = try #require(column["name"]?.text)
      let categories = column["categories"]?.elements?.compactMap(\.text) ?? []
      let values = column.values
      if name == target {
        #expect(found.targets == values && found.classes == categories)
        continue
      }
      let described = try #require(found.summary.columns.first { $0.name == name })
      #expect(described.missingCount == column["missing"]?.numbers.first.map { Int($0) }, "\(name)")
      #expect(described.distinctCount == column["distinct"]?.numbers.first.map { Int($0) }, "\(name)")
      guard let place = found.features.firstIndex(where: { $0.name == name }) else {
        #expect(described.kind == .ignore)
        continue
      }
      #expect(found.features[place].categories == categories)
      switch found.block.columns[place] {
      case .numbers(let numbers): #expect("\(numbers)" == "\(values)", "\(name)")
      case .codes(let codes): #expect(codes.map { Double($0) } == values, "\(name)")
      }
    }
  }

  @Test(arguments: [
    ("pipe.csv", "vertical bar", 2), ("titanic_byhand.csv", "comma", 10), ("index_col.csv", "comma", 3),
    ("int_1k.csv", "comma", 2), ("embedded_nl.csv", "comma", 2), ("yesno_mixed.csv", "comma", 2),
    ("plain.csv.gz", "comma", 2),
  ])
  func tablesOfNumbersAreOneArray(file: String, delimiter: String, width: Int) throws {
    let found = try Self.imported(file)
    #expect(found.summary.delimiter == delimiter && found.summary.columns.count == width && !found.isTable)
    #expect(found.summary.columns.allSatisfy { $0.kind == .number && $0.missingCount == 0 })
  }

  @Test func tablesThatNeedAnOption() throws {
    #expect(try Self.imported("yesno_mixed.csv").classes == ["NO", "Yes", "no", "yes"])
    #expect(try Self.imported("bom_firsttarget.csv") { $0.target = .name("label") }.features.map(\.name) == ["x", "y"])
    #expect(try Self.imported("space.csv") { $0.delimiter = " " }.targets.count == 60)
    #expect(try Self.imported("comment.csv") { $0.comment = "#" }.targets.count == 60)
    for file in ["missing_label.csv", "trailing_blank.csv"] {
      let found = try Self.imported(file) { $0.dropMissingTargets = true }
      #expect(!found.isTable && found.targets.count == 60)
    }
    let comma = try Self.imported("trailing_comma.csv") { $0.target = .name("label") }
    #expect(comma.summary.columns.map(\.kind) == [.number, .number, .ignore] && !comma.isTable)
    let number = try Self.imported("num_00.csv") { $0.missing.append("1e400") }
    #expect(number.isTable && number.summary.columns[0].missingCount == 1)
  }

  @Test(
    arguments: [
      ("pipe.csv", ",", "its first line has one field (delimiter: comma); name another delimiter"),
      ("space.csv", nil, "its first line has one field (delimiter: comma); name another delimiter"),
      ("comment.csv", nil, "if lines that begin with # are comments, set comment"),
      (
        "latin1.csv", nil,
        "is not text in UTF-8 (line 1, column 2); convert it first, with iconv -f WINDOWS-1252 -t UTF-8"
      ),
      (
        "trailing_blank.csv", nil,
        "line 65, column 3 ('label'): the field is empty, and each sample needs a target; set drop"
      ),
      (
        "trailing_comma.csv", nil, "line 2, column 4 (''): the field is empty, and each sample needs a target; set drop"
      ),
      ("ragged_short.csv", nil, "line 62: it has 2 fields, and the first line has 3"),
      (
        "missing_label.csv", nil,
        "line 62, column 3 ('label'): the field is empty, and each sample needs a target; set drop"
      ),
      (
        "num_00.csv", nil,
        "line 62, column 1 ('x'): '1e400' is no number, as at least 98 % of the column are; mend it, add"
      ),
    ] as [(String, Character?, String)])
  func whatIsWrongIsSaid(file: String, delimiter: Character?, message: String) throws {
    let error = try #require(throws: TrainerError.self) {
      try Self.imported(file) { $0.delimiter = delimiter }
    }
    #expect(error.code == .data && error.message.contains(message), "\(error.message)")
  }
}
