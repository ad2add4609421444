/// How samples of a source without a test group of its own are divided.
public enum Split: String, Sendable, CaseIterable {
  /// Each fifth sample of each class in source order goes to `test`: of the samples of one class, those numbered 5, 10,
  /// 15 and so on, counted from 1. For regression each fifth row. Nothing is drawn at random.
  case fifth
  /// Everything goes to `train`.
  case none

  /// The indices of both groups in source order.
  ///
  /// - Parameters:
  ///   - count: the number of samples.
  ///   - labels: each sample's class; nil for regression.
  public func indices(count: Int, labels: [Int]?) -> (train: [Int], test: [Int]) {
    var counter = SplitCounter(self)
    var (train, test): ([Int], [Int]) = ([], [])
    for index in 0..<count {
      if counter.isTest(label: labels?[index] ?? 0) { test.append(index) } else { train.append(index) }
    }
    return (train, test)
  }
}

/// Tells of samples that come one after the other which go to the test group.
struct SplitCounter {
  private let split: Split
  /// For each class, how many of each fifth sample have come.
  private var seen: [Int] = []

  /// Creates the value before the first sample.
  init(_ split: Split) { self.split = split }

  /// How many of so many samples of one class, or of a regression, go to the test group.
  static func testCount(_ split: Split, of count: Int) -> Int { split == .fifth ? count / 5 : 0 }

  /// Whether the next sample goes to the test group.
  ///
  /// - Parameter label: Its class, not negative; 0 for regression.
  mutating func isTest(label: Int) -> Bool {
    guard split == .fifth else { return false }
    while seen.count <= label { seen.append(0) }
    seen[label] = seen[label] == 4 ? 0 : seen[label] + 1
    return seen[label] == 0
  }
}
