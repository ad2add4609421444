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
    guard self == .fifth else { return (Array(0..<count), []) }
    guard let labels else { return ((0..<count).filter { $0 % 5 != 4 }, Array(stride(from: 4, to: count, by: 5))) }
    var seen: [Int: Int] = [:]
    var (train, test): ([Int], [Int]) = ([], [])
    for index in 0..<count {
      let position = seen[labels[index], default: 0]
      seen[labels[index]] = position + 1
      if position % 5 == 4 { test.append(index) } else { train.append(index) }
    }
    return (train, test)
  }
}
