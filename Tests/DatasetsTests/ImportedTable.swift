import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Imports of texts, and what they give.
enum ImportedTable {
  /// What an import gives: the groups' inputs as they are read back, and what was found.
  struct Outcome {
    var features: [Feature]
    var columns: [TableBlock.Column]
    var test: [TableBlock.Column]
    var targets: [Double]
    var classes: [String]?
    var summary: ImportSummary
    var isTable: Bool
    var numberType: NumberType?

    func numbers(_ name: String) -> [Double] {
      guard let place = features.firstIndex(where: { $0.name == name }), case .numbers(let values) = columns[place]
      else { return [] }
      return values
    }

    func codes(_ name: String) -> [Int32] {
      guard let place = features.firstIndex(where: { $0.name == name }), case .codes(let values) = columns[place]
      else { return [] }
      return values
    }

    func feature(_ name: String) -> Feature? { features.first { $0.name == name } }
    func column(_ name: String) -> ImportedColumn? { summary.columns.first { $0.name == name } }
  }

  static func imported(
    _ text: String, test: String? = nil, _ set: (inout CSVImport) -> Void = { _ in }
  ) throws -> Outcome {
    try withScratchDirectory { directory in
      try Data(text.utf8).write(to: URL(filePath: "\(directory)/x.csv"))
      var importer = CSVImport(path: "\(directory)/x.csv", split: .none)
      if let test {
        try Data(test.utf8).write(to: URL(filePath: "\(directory)/t.csv"))
        importer.testPath = "\(directory)/t.csv"
      }
      set(&importer)
      let path = "\(directory)/out.h5"
      let summary = try importer.write(to: path)
      let reader = try DatasetReader(path: path)
      let table = try TableReader("inputs", in: "train", of: reader)
      let root = try File.open(at: path).root
      let targets = try root.dataset("train/targets")
      let isTable = try reader.isTable("inputs", in: "train")
      let numbers = isTable ? "train/inputs/numbers" : "train/inputs"
      return Outcome(
        features: table.features, columns: try table.block(0..<table.rowCount).columns,
        test: try test == nil
          ? []
          : TableReader("inputs", in: "test", of: reader).block(0..<root.dataset("test/targets").shape[0]).columns,
        targets: try targets.read(as: Double.self),
        classes: try targets.hasAttribute("classes") ? targets.attribute("classes").readStrings() : nil,
        summary: summary, isTable: isTable,
        numberType: try root.exists(numbers) ? root.dataset(numbers).datatype.numberType : nil)
    }
  }

  static func message(
    _ text: String, test: String? = nil, _ set: (inout CSVImport) -> Void = { _ in }
  ) throws -> String {
    try withScratchDirectory { directory in
      try Data(text.utf8).write(to: URL(filePath: "\(directory)/x.csv"))
      var importer = CSVImport(path: "\(directory)/x.csv")
      if let test {
        try Data(test.utf8).write(to: URL(filePath: "\(directory)/t.csv"))
        importer.testPath = "\(directory)/t.csv"
      }
      set(&importer)
      let error = try #require(throws: TrainerError.self) { try importer.write(to: "\(directory)/out.h5") }
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/out.h5"))
      return error.message.replacingOccurrences(of: directory + "/", with: "")
    }
  }

  /// A table of one column of such values, and another.
  static func table(_ values: [String]) -> String {
    "a,n,y\n" + values.map { "\"\($0)\",0,p\n" }.joined()
  }
}
