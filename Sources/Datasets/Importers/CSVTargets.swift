import Foundations

/// The target columns of all tables of an import, read as classes or as numbers.
struct CSVTargets {
  /// One for each table.
  let tables: [NumberTable]
  /// The class names; nil for regression.
  let classes: [String]?
  /// The first table's class indices; nil for regression.
  let labels: [Int]?

  /// Whole numbers of more kinds are numbers to predict.
  private static let mostNumberedClasses = 50

  /// Reads the columns.
  ///
  /// - Throws: `TrainerError` with exit code `data` for a field that is neither a class nor a number where one is wanted.
  init(_ sources: [CSVTable], task: CSVImport.LearningTask) throws {
    let numbers = sources.map { $0.targets.map { finiteNumber($0) } }
    let areNumbers = numbers.allSatisfy { !$0.contains(nil) }
    if task == .automatic { try Self.requireOneKind(sources, numbers) }
    let kinds = Set(numbers.joined().compactMap { $0 })
    let areFew = kinds.count <= Self.mostNumberedClasses && kinds.allSatisfy { $0 == $0.rounded() }
    if task == .classification || (task == .automatic && (!areNumbers || areFew)) {
      try self.init(classes: sources, areNumbers: areNumbers)
    } else {
      try self.init(numbers: numbers, of: sources)
    }
  }

  private init(numbers: [[Double?]], of sources: [CSVTable]) throws {
    for (source, column) in zip(sources, numbers) {
      guard let row = column.firstIndex(of: nil) else { continue }
      throw source.targetError(row: row, "'\(source.targets[row])' is not a finite number")
    }
    tables = numbers.map { NumberTable(shape: [$0.count], values: $0.compactMap { $0 }) }
    classes = nil
    labels = nil
  }

  private init(classes sources: [CSVTable], areNumbers: Bool) throws {
    for source in sources {
      guard let row = source.targets.firstIndex(of: "") else { continue }
      throw source.targetError(row: row, "the field is empty, and the sample needs a class")
    }
    // 1 and 1.0 are one class where all are numbers; but 01 is a code, and where one is, all are taken as they stand.
    let areCodes = sources.contains { $0.targets.contains(where: Self.isCode) }
    func name(_ text: String) -> String {
      guard areNumbers, !areCodes, let number = finiteNumber(text) else { return text }
      return Int(exactly: number).map(String.init) ?? "\(number)"
    }
    var names = Array(Set(sources.flatMap { $0.targets.map(name) }))
    names.sort()
    if areNumbers {
      // Texts of one number, such as 01 and 1, keep their own order.
      names = names.enumerated().sorted { one, other in
        let (x, y) = (finiteNumber(one.element) ?? 0, finiteNumber(other.element) ?? 0)
        return x == y ? one.offset < other.offset : x < y
      }.map(\.element)
    }
    guard names.count <= maximumNamedClassCount else {
      throw TrainerError(
        .data,
        "\(sources[0].targetLabel) of '\(sources[0].path)' holds \(names.count) different values, more than the "
          + "\(maximumNamedClassCount) classes that are supported",
        remedy: .init("task", "is it the right column, or a regression?"))
    }
    let indices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    let labels = sources.map { $0.targets.compactMap { indices[name($0)] } }
    tables = labels.map { NumberTable(labels: $0, classCount: names.count) }
    classes = names
    self.labels = labels[0]
  }

  /// A whole number that is written with a zero in front, as codes are: `01`, `007`.
  private static func isCode(_ text: String) -> Bool {
    let digits = text.utf8
    return digits.count > 1 && digits.first == UInt8(ascii: "0")
      && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// Refuses a column most of whose fields are numbers: what is none among them is a slip or a missing value, which would
  /// make classes of all of them.
  private static func requireOneKind(_ sources: [CSVTable], _ numbers: [[Double?]]) throws {
    let count = numbers.reduce(0) { $0 + $1.count }
    let good = numbers.reduce(0) { $0 + $1.count { $0 != nil } }
    guard good < count, 2 * good > count else { return }
    for (source, column) in zip(sources, numbers) {
      guard let row = column.firstIndex(of: nil) else { continue }
      let found = source.targets[row].isEmpty ? "the field is empty" : "'\(source.targets[row])' is not a finite number"
      throw source.targetError(
        row: row,
        "\(found), though \(good) of \(count) targets are numbers; mend or remove the row, or import the column as classes "
          + "(the task 'classification')")
    }
  }
}
