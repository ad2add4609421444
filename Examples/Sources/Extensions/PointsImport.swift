import Datasets
import Foundation
import Foundations

/// An importer: a file that begins with a line `points` and has a line `x y … -> target` for each sample.
struct PointsImport: Importer {
  static let name = "points"
  let path: String

  init(path: String) { self.path = path }

  static func recognizes(_ source: ImportSource) -> Bool { source.start.starts(with: Array("points\n".utf8)) }

  var sources: [String] { [path] }

  func read() throws -> ImportedSamples {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw TrainerError(.data, "'\(path)' cannot be read")
    }
    var rows: [[Double]] = []
    for (number, line) in text.split(separator: "\n").enumerated().dropFirst() {
      let numbers = line.replacing("->", with: " ").split(separator: " ").compactMap { Double($0) }
      guard numbers.count == rows.first?.count ?? numbers.count, numbers.count > 1, line.contains("->") else {
        throw TrainerError(.data, "'\(path)', line \(number + 1): found '\(line)', expected 'x y -> target'")
      }
      rows.append(numbers)
    }
    func group(_ name: String, _ indices: [Int]) -> DatasetWriter.Group {
      let width = (rows.first?.count ?? 1) - 1
      return DatasetWriter.Group(
        name: name,
        inputs: NumberTable(shape: [indices.count, width], values: indices.flatMap { rows[$0].dropLast() }),
        targets: NumberTable(shape: [indices.count], values: indices.compactMap { rows[$0].last }))
    }
    let split = Split.fifth.indices(count: rows.count, labels: nil)
    return ImportedSamples(groups: [group("train", split.train), group("test", split.test)])
  }
}
