import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// What `data stats` measures, against closed forms.
@Suite struct DatasetStatisticsTests {
  private func columns(_ values: DatasetStatistics.Values) throws -> [DatasetStatistics.Column] {
    guard case .columns(let columns) = values else { throw TestFault("the columns are measured together") }
    return columns
  }

  private struct TestFault: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  // The numbers first ... first + n - 1 have the mean first + (n - 1) / 2 and the mean square distance (n^2 - 1) / 12.
  @Test(arguments: [0.0, -7, 1e9, 1e15], [1, 2, 7, 1000]) func blocksAreJoinedAsOne(first: Double, size: Int) throws {
    let count = 4099
    let numbers = (0..<count).map { first + Double($0 * 1021 % count) }
    var statistics = NumberStatistics()
    for start in stride(from: 0, to: count, by: size) {
      statistics.note(Array(numbers[start..<min(count, start + size)]))
    }
    #expect(statistics.count == count && statistics.missing == 0 && statistics.infinite == 0)
    #expect(statistics.range == first...first + Double(count - 1))
    let (mean, deviation) = (first + Double(count - 1) / 2, (Double(count * count - 1) / 12).squareRoot())
    #expect(abs(try #require(statistics.mean) - mean) <= 1e-15 * max(1, abs(mean)) * 4)
    // At 1e15 the numbers are whole and exact; their mean, and with it the distances from it, to a tenth.
    #expect(abs(try #require(statistics.deviation) - deviation) <= (first == 1e15 ? 1e-3 : 1e-9) * deviation)
  }

  @Test func whatIsNotFiniteIsCountedApart() throws {
    var statistics = NumberStatistics()
    #expect(statistics.mean == nil && statistics.range == nil && statistics.deviation == nil)
    statistics.note([.nan, .infinity, -.infinity])
    #expect(statistics.mean == nil && statistics.missing == 1 && statistics.infinite == 2)
    statistics.note([3, .nan, 5])
    #expect(statistics.mean == 4 && statistics.deviation == 1 && statistics.range == 3...5 && statistics.missing == 2)
    // The sum of these overflows, their mean does not.
    var great = NumberStatistics()
    great.note([Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude])
    #expect(great.mean == Double.greatestFiniteMagnitude)
  }

  @Test func quartilesLieBetweenNumbersAsInNumPy() {
    // numpy.quantile([7, 1, 3, 10], [0.25, 0.5, 0.75]): 2.5, 5, 7.75.
    #expect(Quartiles(of: [7, 1, .nan, 3, 10])?.values == [2.5, 5, 7.75])
    #expect(Quartiles(of: [2])?.values == [2, 2, 2])
    #expect(Quartiles(of: [.nan]) == nil)
  }

  @Test func columnsClassesAndPixelsAreMeasured() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      let rows = 300
      try writeFile(path) { root in
        let train = try root.createGroup("train")
        // The second column is the first, times minus two.
        let inputs = try train.createDataset(
          "inputs", shape: [rows, 2], values: (0..<rows).flatMap { [Double($0), -2 * Double($0)] })
        try inputs.setAttribute("features", to: ["up", "down"])
        let targets = try train.createDataset("targets", shape: [rows], values: (0..<rows).map { UInt8($0 % 3) })
        try targets.setAttribute("classes", to: ["a", "b", "c", "never"])
        let test = try root.createGroup("test")
        try test.createDataset("inputs", shape: [10, 11, 11], values: [UInt8](repeating: 9, count: 1210))
        try test.createDataset("targets", shape: [10], values: (0..<10).map { Double($0) / 2 })
      }
      let reader = try DatasetReader(path: path)
      let statistics = try DatasetStatistics(reader, inputs: "inputs", targets: "targets")
      #expect(statistics.groups.map(\.name) == ["train", "test"] && statistics.groups.map(\.rows) == [rows, 10])
      let found = try columns(statistics.groups[0].inputs)
      #expect(found.map(\.feature.name) == ["up", "down"])
      #expect(found[0].numbers.mean == 149.5 && found[1].numbers.mean == -299)
      #expect(found[1].numbers.range == -598...0)
      #expect(found[0].quartiles?.values == [74.75, 149.5, 224.25])
      guard case .classes(let counts)? = statistics.groups[0].targets else { throw TestFault("no classes") }
      #expect(
        counts.classes.map(\.count) == [100, 100, 100, 0] && counts.classes.map(\.name) == ["a", "b", "c", "never"])
      // 121 columns without names are pixels.
      guard case .together(let pixels, 121) = statistics.groups[1].inputs else { throw TestFault("not together") }
      #expect(pixels.count == 1210 && pixels.mean == 9 && pixels.deviation == 0)
      guard case .numbers(let values)? = statistics.groups[1].targets else { throw TestFault("no numbers") }
      #expect(try columns(values)[0].numbers.mean == 2.25)
      // Quartiles take all numbers at once: without room for them the rest is measured.
      let tight = try MemoryLimit.$budget.withValue(1) {
        try DatasetStatistics(reader, inputs: "inputs", targets: "targets")
      }
      #expect(try columns(tight.groups[0].inputs).map { $0.quartiles == nil } == [true, true])
      #expect(try columns(tight.groups[0].inputs)[0].numbers == found[0].numbers)
      let text = statistics.text
      #expect(
        text.contains("    up      number        0  149.5     86.602     0   74.75  149.5  224.25  299\n"), "\(text)")
      #expect(text.contains("    never        0   0.0 %\n"), "\(text)")
    }
  }
}
