import Foundations

/// What the target columns of all tables of an import are: classes or numbers.
struct CSVTargets {
  /// The class names; nil for regression.
  let classes: [String]?
  /// For each table and each of its texts, the class; empty for regression.
  let labels: [[Int]]

  /// Whole numbers of more kinds are numbers to predict.
  private static let mostNumberedClasses = 50
  /// One in so many targets may be no number for all to be taken for numbers of the other decimal mark.
  private static let strayShare = 50

  /// Reads the columns.
  ///
  /// - Throws: `TrainerError` with exit code `data` for a field that is neither a class nor a number where one is wanted.
  init(_ sources: [CSVTargetSource], as settings: CSVImport) throws {
    let task = settings.task
    for source in sources {
      guard let missing = source.firstMissing else { continue }
      throw Self.missing(missing, source, settings)
    }
    let areNumbers = sources.allSatisfy { $0.numberCount == $0.rowCount }
    if task == .automatic { try Self.requireOneKind(sources) }
    let kinds = Set(sources.flatMap { $0.texts.map(\.number).filter { !$0.isNaN } })
    let areFew =
      !sources.contains(where: \.holdsNumbersAlone) && kinds.count <= Self.mostNumberedClasses
      && kinds.allSatisfy { $0 == $0.rounded() }
    if task == .classification || (task == .automatic && (!areNumbers || areFew)) {
      try self.init(classes: sources, areNumbers: areNumbers)
    } else {
      try self.init(numbers: sources)
    }
  }

  /// What is said of a row without a target. Only a spelling that is taken for one where nothing is set can be a value.
  private static func missing(
    _ text: CSVTargetSource.Text, _ source: CSVTargetSource, _ settings: CSVImport
  ) -> TrainerError {
    let found = text.text.isEmpty ? "the field is empty" : "'\(text.text.shortened(to: 60))' stands for a missing value"
    let mayBeValue = !settings.isJSONLines && !text.text.isEmpty && FieldValues.usualMissing.contains(text.text)
    return source.targetError(
      text, "\(found), and each sample needs a target",
      remedy: mayBeValue
        ? .init(
          "dropMissingTargets", "set dropMissingTargets to leave such rows out, or change missing if it is a value")
        : .init("dropRowsWithoutTargets", "set dropMissingTargets to leave such rows out"))
  }

  private init(numbers sources: [CSVTargetSource]) throws {
    for source in sources {
      if let other = source.firstOther {
        throw source.targetError(
          other, "'\(other.text.shortened(to: 60))' is not a finite number",
          remedy: source.isNumberByOtherMark(other)
            ? .init("fractionMark", "if the mark in it stands before fractions, set decimalMark to it") : nil)
      }
      if let rounded = source.firstRounded {
        throw source.targetError(rounded, roundingFault(rounded.text, rounded.number))
      }
    }
    classes = nil
    labels = []
  }

  private init(classes sources: [CSVTargetSource], areNumbers: Bool) throws {
    for source in sources {
      guard let empty = source.texts.first(where: \.text.isEmpty) else { continue }
      throw source.targetError(empty, "the field is empty, and the sample needs a class")
    }
    // 1 and 1.0 are one class where all are numbers; but 01 is a code, and where one is, all are taken as they stand. So
    // are numbers that would be rounded, to others among them perhaps.
    let areCodes = sources.contains {
      $0.firstRounded != nil || $0.texts.contains { Self.isCode($0.text) }
    }
    func name(_ text: CSVTargetSource.Text) -> String {
      guard areNumbers, !areCodes else { return text.text }
      return Int(exactly: text.number).map(String.init) ?? "\(text.number)"
    }
    let numbers = Dictionary(
      sources.flatMap { $0.texts.map { (name($0), $0.number) } }, uniquingKeysWith: { one, _ in one }
    )
    let names = sortedNames(numbers.keys) { areNumbers ? numbers[$0] : nil }
    let areTooMany = sources.contains(where: \.holdsNumbersAlone)
    guard names.count <= maximumNamedClassCount, !areTooMany else {
      throw TrainerError(
        .data,
        "\(sources[0].label) of '\(sources[0].path)' holds \(areTooMany ? "too many" : "\(names.count)") different "
          + "values, more than the \(maximumNamedClassCount) classes that are supported",
        remedy: .init("task", "is it the right column, or a regression?"))
    }
    let indices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    labels = sources.map { $0.texts.map { indices[name($0)] ?? 0 } }
    classes = names
  }

  /// A whole number that is written with a zero in front, as codes are: `01`, `007`.
  private static func isCode(_ text: String) -> Bool {
    let digits = text.utf8
    return digits.count > 1 && digits.first == UInt8(ascii: "0")
      && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// Refuses a column most of whose fields are numbers: what is none among them is a slip or a missing value, which would
  /// make classes of all of them.
  private static func requireOneKind(_ sources: [CSVTargetSource]) throws {
    let count = sources.reduce(0) { $0 + $1.rowCount }
    let good = sources.reduce(0) { $0 + $1.numberCount }
    try refuseOtherMark(sources, count: count, good: good)
    guard good < count, 2 * good > count else { return }
    for source in sources {
      guard let other = source.firstOther else { continue }
      let found =
        other.text.isEmpty ? "the field is empty" : "'\(other.text.shortened(to: 60))' is not a finite number"
      throw source.targetError(
        other, "\(found), though \(good) of \(count) targets are numbers",
        remedy: .init(
          "classTask", "mend or remove the row, or set the task to classification if they are names of classes"))
    }
  }

  /// Refuses a column of numbers that are written with the other decimal mark, or with one between thousands.
  ///
  /// - Parameters:
  ///   - count: The rows.
  ///   - good: The rows with numbers.
  private static func refuseOtherMark(_ sources: [CSVTargetSource], count: Int, good: Int) throws {
    let others = sources.reduce(0) { $0 + $1.otherMarkCount }
    // A fraction behind the mark that is set makes the other one a slip.
    let holdsFractions = sources.contains(where: \.holdsFractions)
    guard others > 0, !holdsFractions, strayShare * (count - good - others) < count else { return }
    // Of a column of too many texts only the first that is no number is known.
    let areKnown = !sources.contains(where: \.holdsNumbersAlone)
    let areThousands =
      areKnown
      && sources.allSatisfy { source in
        source.texts.allSatisfy { !source.isNumberByOtherMark($0) || source.isThousandsByOtherMark($0) }
      }
    for source in sources where source.otherMarkCount > 0 {
      guard let text = source.texts.first(where: source.isNumberByOtherMark) ?? source.firstOther else {
        continue
      }
      let places =
        areThousands ? "between thousands (three digits follow it everywhere) or before fractions" : "before fractions"
      let remedy: TrainerError.Remedy =
        areThousands
        ? .init(
          "targetThousands",
          "set thousandsMark to the mark if it stands between thousands, or decimalMark to it if before fractions, or the task to "
            + "classification if they are names of classes")
        : .init("targetMark", "set decimalMark to it, or the task to classification if they are names of classes")
      throw source.targetError(
        text, "'\(text.text)' is no number, but the targets are numbers if the mark in them stands \(places)",
        remedy: remedy)
    }
  }
}
