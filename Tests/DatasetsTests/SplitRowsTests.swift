import Datasets
import Foundations
import HDF5
import TestSupport
import Testing

/// Which rows a split chooses, against naive rules and scikit-learn's counts.
@Suite struct SplitRowsTests {
  /// The classes of the digits to train on, in the file's order.
  private func digits() throws -> [Int] {
    let file = try HDF5.File.open(at: Repository.data("digits"))
    let labels = try file.root.dataset("train/targets").read(as: Int64.self).map { Int($0) }
    try file.close()
    return labels
  }

  /// Numbers by first appearance, as a split has its classes.
  private func numbered(_ values: [Int]) -> [Int] {
    var found: [Int] = []
    return values.map { value in
      if !found.contains(value) { found.append(value) }
      return found.firstIndex(of: value) ?? 0
    }
  }

  private func counts(_ labels: [Int], where isChosen: (Int) -> Bool) -> [Double] {
    (0..<10).map { label in Double(labels.indices.count { labels[$0] == label && isChosen($0) }) }
  }

  @Test func stratifiedFoldsHaveTheCountsOfScikitLearn() throws {
    let reference = try Fixture.read("splits").member("stratifiedFolds")
    let labels = try digits()
    let rows = SplitRows(count: labels.count, classes: numbered(labels))
    for method in [DataSplit.Method.random, .every] {
      let folds = rows.folds(5, by: method, 3)
      let found = (0..<5).map { fold in counts(labels) { folds[$0] == fold } }
      #expect(found == (try reference.member("counts").elements ?? []).map(\.numbers), "\(method)")
    }
  }

  @Test func stratifiedFractionsHaveTheCountsOfScikitLearn() throws {
    let reference = try Fixture.read("splits").member("stratifiedFractions").member("counts").elements ?? []
    let labels = try digits()
    let rows = SplitRows(count: labels.count, classes: numbered(labels))
    for seed in [0, 7] {
      let parts = rows.parts(of: DataSplit(.fractions(validation: 0.1, test: 0.2), seed: seed))
      let found = SplitRows.Part.allCases.map { part in counts(labels) { parts[$0] == part } }
      #expect(found[2] == reference[2].numbers)
      // Of equal remainders scikit-learn draws which class gets the row: the sums are the same, and no class is off by more.
      for (own, other) in zip(found.prefix(2), reference) {
        #expect(own.reduce(0, +) == other.numbers.reduce(0, +))
        #expect(zip(own, other.numbers).allSatisfy { abs($0 - $1) <= 1 })
      }
    }
  }

  @Test func orderedFoldsAreThoseOfScikitLearn() throws {
    let reference = try Fixture.read("splits").member("orderedFolds")
    let folds = SplitRows(count: 23).folds(5, by: .order, 0)
    let heldOut = (0..<5).map { fold in folds.indices.filter { folds[$0] == fold }.map { Double($0) } }
    #expect(heldOut == (try reference.member("heldOut").elements ?? []).map(\.numbers))
  }

  @Test func groupFoldsAreAsEvenAsThoseOfScikitLearn() throws {
    let reference = try Fixture.read("splits").member("groupFolds")
    let sizes = try reference.member("sizes").numbers.map { Int($0) }
    let groups = sizes.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
    for seed: UInt64 in 0..<5 {
      let folds = SplitRows(count: groups.count, groups: groups).folds(4, by: .column("g"), seed)
      let rows = (0..<4).map { fold in Double(folds.count { $0 == fold }) }.sorted()
      #expect(rows == (try reference.member("rows").numbers))
      for group in sizes.indices {
        #expect(Set(groups.indices.filter { groups[$0] == group }.map { folds[$0] }).count == 1)
      }
    }
  }

  @Test func everyFifthIsThatOfTheShippedData() throws {
    let labels = try digits()
    let parts = SplitRows(count: labels.count, classes: numbered(labels))
      .parts(of: DataSplit(.fractions(test: 0.2), by: .every))
    // The rule of the importers, which is another piece of code.
    #expect(
      parts.indices.filter { parts[$0] == .test } == Split.fifth.indices(count: labels.count, labels: labels).test)
  }

  /// Each 4th of all, and 2 / 15 of the rest, which is a tenth of all: the 8th and the 15th of 15.
  @Test func aShareOfTheRestIsValidated() {
    let parts = SplitRows(count: 100).parts(of: DataSplit(.fractions(validation: 0.1, test: 0.25), by: .every))
    var (expected, left): ([SplitRows.Part], Int) = ([], 0)
    for row in 1...100 {
      if row % 4 == 0 {
        expected.append(.test)
      } else {
        left += 1
        expected.append([8, 0].contains(left % 15) ? .validation : .train)
      }
    }
    #expect(parts == expected)
  }

  @Test func everyNthIsThatOfWholeNumbers() {
    for period in [2, 3, 5, 6, 7, 10, 49, 100] {
      let parts = SplitRows(count: 20_000).parts(of: DataSplit(.fractions(test: 1 / Double(period)), by: .every))
      #expect(parts.indices.allSatisfy { (parts[$0] == .test) == (($0 + 1) % period == 0) }, "\(period)")
    }
  }

  /// Shares that are no 1 / n, by whole numbers: row k where (k + 1) · tenths / 10 is a whole row more.
  @Test(arguments: [3, 4, 7, 9]) func everyShareIsExact(_ tenths: Int) {
    let parts = SplitRows(count: 203).parts(of: DataSplit(.fractions(test: Double(tenths) / 10), by: .every))
    #expect(parts.indices.allSatisfy { (parts[$0] == .test) == (($0 + 1) * tenths / 10 > $0 * tenths / 10) })
    #expect(parts.count { $0 == .test } == 203 * tenths / 10)
  }

  @Test func theLastRowsAreTestedAndThoseBeforeValidated() {
    let parts = SplitRows(count: 20).parts(of: DataSplit(.fractions(validation: 0.1, test: 0.25), by: .order))
    #expect(
      parts == Array(repeating: .train, count: 13) + [.validation, .validation] + Array(repeating: .test, count: 5))
  }

  @Test func drawnRowsAreDrawnByTheSeedAlone() {
    let split = DataSplit(.fractions(validation: 0.2, test: 0.3), seed: 5)
    let parts = SplitRows(count: 1000).parts(of: split)
    #expect(parts.count { $0 == .test } == 300 && parts.count { $0 == .validation } == 200)
    #expect(parts == SplitRows(count: 1000).parts(of: split))
    let other = SplitRows(count: 1000).parts(of: DataSplit(.fractions(validation: 0.2, test: 0.3), seed: 6))
    // By chance 0.3² of the rows are tested in both.
    let both = parts.indices.count { parts[$0] == .test && other[$0] == .test }
    #expect((50...140).contains(both))
    // No stretch of the file is preferred: each tenth has 30 of the 300, give or take four deviations.
    for tenth in 0..<10 { #expect((14...46).contains(parts[tenth * 100..<(tenth + 1) * 100].count { $0 == .test })) }
  }

  @Test func groupsAreDrawnWholeUntilTheFractionIsReached() {
    let sizes = [7, 3, 12, 5, 5, 9, 1, 4, 6, 2, 8, 11]
    // Rows of the groups are mixed: row r belongs to the group at a place that steps through them.
    var groups = sizes.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
    groups = groups.indices.map { groups[$0 * 7 % groups.count] }
    for seed in 0..<20 {
      let parts = SplitRows(count: groups.count, groups: groups)
        .parts(of: DataSplit(.fractions(validation: 0.2, test: 0.3), by: .column("g"), seed: seed))
      for group in sizes.indices {
        #expect(Set(groups.indices.filter { groups[$0] == group }.map { parts[$0] }).count == 1)
      }
      // 73 rows: 22 and 15 are reached, and not passed by a whole group.
      let (test, validation) = (parts.count { $0 == .test }, parts.count { $0 == .validation })
      #expect((22..<22 + 12).contains(test) && (15..<15 + 12).contains(validation))
    }
  }

  @Test(arguments: [DataSplit.Method.random, .order, .every, .column("g")], [true, false])
  func foldsPartitionTheRows(method: DataSplit.Method, isStratified: Bool) {
    let classes = (0..<101).map { $0 * $0 % 7 % 3 }
    let groups = (0..<101).map { $0 / 4 }
    let rows = SplitRows(count: 101, classes: isStratified ? numbered(classes) : nil, groups: groups)
    var seen = [Int](repeating: 0, count: 101)
    for fold in 1...6 {
      let parts = rows.parts(of: DataSplit(.folds(count: 6, heldOut: fold), by: method, seed: 1))
      #expect(!parts.contains(.test))
      let heldOut = parts.indices.filter { parts[$0] == .validation }
      #expect((14...20).contains(heldOut.count))
      for row in heldOut { seen[row] += 1 }
    }
    #expect(seen.allSatisfy { $0 == 1 })
  }

  @Test func remaindersAreApportionedByTheirSize() {
    // Quotas 1.43, 2.14, 6.43 of 10 in 14 rows.
    #expect(SplitRows.apportioned(10, among: [2, 3, 9]) == [2, 2, 6])
    #expect(SplitRows.apportioned(0, among: [2, 3]) == [0, 0])
    #expect(SplitRows.apportioned(5, among: [2, 3]) == [2, 3])
  }
}
