import Kernels

/// Which rows go to which group: the arithmetic of a split, which knows no file.
package struct SplitRows {
  /// The groups that rows are divided into, in the order of `DatasetReader.groupNames`.
  package enum Part: Int, CaseIterable {
    case train, validation, test
  }

  /// How many rows there are.
  package let count: Int
  /// Each row's class, numbered by first appearance; `nil` where all rows are divided as one.
  package var classes: [Int]?
  /// Each row's group of rows that stay together, numbered by first appearance; `nil` unless a column says.
  package var groups: [Int]?

  /// Rows in the file's order.
  ///
  /// - Parameters:
  ///   - count: How many there are.
  ///   - classes: The class of each; `nil` where they have none.
  ///   - groups: The group of each that stays together; `nil` where none does.
  package init(count: Int, classes: [Int]? = nil, groups: [Int]? = nil) {
    self.count = count
    self.classes = classes
    self.groups = groups
  }

  /// Each row's part.
  package func parts(of split: DataSplit) -> [Part] {
    let seed = UInt64(split.seed ?? 0)
    return switch split.parts {
    case .fractions(let validation, let test): parts(validation, test, by: split.method, seed)
    case .folds(let folds, let heldOut):
      self.folds(folds, by: split.method, seed).map { $0 == heldOut - 1 ? .validation : .train }
    }
  }

  /// The numbers 0 ..< count in an order that is drawn.
  static func permutation(_ count: Int, _ seed: UInt64) -> [Int64] {
    guard count > 0 else { return [] }
    return [Int64](unsafeUninitializedCapacity: count) { buffer, written in
      if let out = buffer.baseAddress {
        for index in 0..<count { out[index] = Int64(index) }
        Permutation(count: count).apply(
          to: UnsafeMutableBufferPointer(start: out, count: count), Philox(seed: seed, stream: Sampler.splitStream),
          at: 0, kernels: .best)
        written = count
      }
    }
  }

  /// How many of each kind there are.
  private static func counts(of kinds: [Int]) -> [Int] {
    var counts = [Int](repeating: 0, count: (kinds.max() ?? -1) + 1)
    for kind in kinds { counts[kind] += 1 }
    return counts
  }

  // MARK: Fractions

  private func parts(_ validation: Double, _ test: Double, by method: DataSplit.Method, _ seed: UInt64) -> [Part] {
    let (tested, validated) = (share(test), min(share(validation), count - share(test)))
    switch method {
    case .random: return drawn(validated, tested, seed)
    case .order:
      return (0..<count).map { $0 >= count - tested ? .test : $0 >= count - tested - validated ? .validation : .train }
    case .every: return spread(validation, test)
    case .column: return wholeGroups(validated, tested, seed)
    }
  }

  private func share(_ fraction: Double) -> Int { Int((Double(count) * fraction).rounded()) }

  private func drawn(_ validated: Int, _ tested: Int, _ seed: UInt64) -> [Part] {
    let sizes = classes.map(Self.counts) ?? [count]
    var toTest = Self.apportioned(tested, among: sizes)
    var toValidation = Self.apportioned(validated, among: zip(sizes, toTest).map(-))
    var parts = [Part](repeating: .train, count: count)
    for row in Self.permutation(count, seed) {
      let own = classes?[Int(row)] ?? 0
      if toTest[own] > 0 {
        toTest[own] -= 1
        parts[Int(row)] = .test
      } else if toValidation[own] > 0 {
        toValidation[own] -= 1
        parts[Int(row)] = .validation
      }
    }
    return parts
  }

  /// A number of rows divided among classes by their sizes, by the method of largest remainders (Hamilton): the sum is
  /// right, and no class is off by one or more. Of equal remainders the class that appears first comes first.
  package static func apportioned(_ total: Int, among sizes: [Int]) -> [Int] {
    let all = sizes.reduce(0, +)
    guard all > 0 else { return sizes }
    let quotas = sizes.map { (total * $0).quotientAndRemainder(dividingBy: all) }
    var numbers = quotas.map(\.quotient)
    let missing = total - numbers.reduce(0, +)
    let order = quotas.indices.sorted { (quotas[$1].remainder, $0) < (quotas[$0].remainder, $1) }
    for index in order.prefix(missing) { numbers[index] += 1 }
    return numbers
  }

  /// A share of each class at even distances: for 1 / n each n-th row of it.
  private func spread(_ validation: Double, _ test: Double) -> [Part] {
    /// Whether a share of one row more is a whole row more. What rounding takes from a whole number is given back.
    func isNext(_ share: Double, behind row: Int) -> Bool {
      (Double(row + 1) * share + 1e-9).rounded(.down) > (Double(row) * share + 1e-9).rounded(.down)
    }
    let validationOfRest = validation / (1 - test)
    var seen = [Int](repeating: 0, count: (classes?.max() ?? 0) + 1)
    var left = seen
    return (0..<count).map { row in
      let own = classes?[row] ?? 0
      defer { seen[own] += 1 }
      if isNext(test, behind: seen[own]) { return .test }
      defer { left[own] += 1 }
      return isNext(validationOfRest, behind: left[own]) ? .validation : .train
    }
  }

  private func wholeGroups(_ validated: Int, _ tested: Int, _ seed: UInt64) -> [Part] {
    let groups = groups ?? []
    let sizes = Self.counts(of: groups)
    var partOfGroup = [Part](repeating: .train, count: sizes.count)
    var (test, validation) = (0, 0)
    for group in Self.permutation(sizes.count, seed) {
      if test < tested {
        test += sizes[Int(group)]
        partOfGroup[Int(group)] = .test
      } else if validation < validated {
        validation += sizes[Int(group)]
        partOfGroup[Int(group)] = .validation
      } else {
        break
      }
    }
    return groups.map { partOfGroup[$0] }
  }

  // MARK: Folds

  /// Each row's fold, counted from 0.
  package func folds(_ folds: Int, by method: DataSplit.Method, _ seed: UInt64) -> [Int] {
    switch method {
    case .random: return dealt(Self.permutation(count, seed).map { Int($0) }, folds)
    case .every: return dealt(Array(0..<count), folds)
    case .order:
      let (size, larger) = count.quotientAndRemainder(dividingBy: folds)
      return (0..<folds).flatMap { fold in repeatElement(fold, count: size + (fold < larger ? 1 : 0)) }
    case .column: return groupFolds(folds, seed)
    }
  }

  /// Deals rows to the folds one by one, class by class, so that neither the folds nor a class's rows in them differ by
  /// more than one, as scikit-learn's `StratifiedKFold` does.
  private func dealt(_ order: [Int], _ folds: Int) -> [Int] {
    var fold = [Int](repeating: 0, count: count)
    // Where each class begins.
    var places = [0]
    if let classes {
      places = []
      var first = 0
      for size in Self.counts(of: classes) {
        places.append(first)
        first += size
      }
    }
    for row in order {
      let own = classes?[row] ?? 0
      fold[row] = places[own] % folds
      places[own] += 1
    }
    return fold
  }

  private func groupFolds(_ folds: Int, _ seed: UInt64) -> [Int] {
    let groups = groups ?? []
    let sizes = Self.counts(of: groups)
    var foldOfGroup = [Int](repeating: 0, count: sizes.count)
    var rows = [Int](repeating: 0, count: folds)
    // Of groups of one size the order is drawn.
    let order = Self.permutation(sizes.count, seed).enumerated().sorted {
      (sizes[Int($1.element)], $0.offset) < (sizes[Int($0.element)], $1.offset)
    }
    for (_, group) in order {
      let lightest = rows.indices.min { (rows[$0], $0) < (rows[$1], $1) } ?? 0
      foldOfGroup[Int(group)] = lightest
      rows[lightest] += sizes[Int(group)]
    }
    return groups.map { foldOfGroup[$0] }
  }
}
