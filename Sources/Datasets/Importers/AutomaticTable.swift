import Foundations

/// Reads a table of text, or of JSON lines, with settings that are mended by what the reading says of them.
struct AutomaticTable {
  private var settings: CSVImport
  private var findings: [String] = []
  private var doubts: [String] = []
  /// The number of kinds of whole numbers that were taken for amounts.
  private var kindsOfAmounts: Int?

  /// Texts that stand for a missing value where they are no number among numbers.
  private static let usualGaps = ["?", "-", "--", ".", "*", "unknown", "Unknown", "missing", "nil"]
  /// Names of columns that number rows.
  private static let identifierNames = [
    "", "id", "ids", "index", "row", "rownum", "row_id", "rowid", "no", "nr", "number", "key", "uuid", "unnamed: 0",
    "column1",
  ]
  /// So many kinds of whole numbers are classes; of up to so many more, where each is in this many rows.
  private static let (fewClasses, mostClasses, rowsOfClass) = (10, 20, 10)
  /// No file needs more settings than there are.
  private static let mostTrials = 12

  /// The names of a table's columns, once they are known.
  private struct FoundColumns: Error {
    let names: [String]
  }

  init(_ settings: CSVImport) { self.settings = settings }

  /// Reads the table.
  ///
  /// - Throws: `TrainerError` for what no setting mends.
  mutating func read(target: CSVImport.Column?) throws -> AutomaticImport.Result {
    if let target { settings.target = target }
    let names = try mending { try Self.names(of: $0) }
    if target == nil { try chooseTarget(names) }
    var samples = try mending { try $0.samplesInMemory() }
    if try adopt(samples, names) { samples = try mending { try $0.samplesInMemory() } }
    try requireClasses(samples)
    if settings.isJSONLines { samples.delimiter = nil }
    return AutomaticImport.Result(
      samples: samples, sources: settings.sources, findings: findings, doubts: doubts,
      target: samples.targetName.map { "'\($0.onOneLine)'" } ?? "\(settings.target)",
      decision: samples.classes == nil ? .amounts(kinds: kindsOfAmounts) : .open, spelling: spelling)
  }

  /// What has to be said of a table of the same spelling; `nil` for JSON lines.
  private var spelling: TextTableSettings? {
    settings.isJSONLines
      ? nil
      : TextTableSettings(
        hasHeader: settings.hasHeader, delimiter: settings.delimiter, comment: settings.comment,
        decimalMark: settings.decimalMark, missing: settings.missing.filter { !CSVImport.usualMissing.contains($0) })
  }

  /// The names in the first line; none without a header.
  private static func names(of settings: CSVImport) throws -> [String] {
    do {
      let scan = TableScan(
        plan: ReadingPlan(), fields: settings.fields, threads: settings.threads, spool: RowSpool(directory: nil))
      return try CSVTable(reading: settings.path, as: settings, into: scan) { columns in
        throw FoundColumns(names: columns.names)
      }.columns.names
    } catch let found as FoundColumns {
      return found.names
    }
  }

  /// Sets the target by the columns' names, or, where these do not say enough, by what the last column holds.
  private mutating func chooseTarget(_ names: [String]) throws {
    let choice = TargetNames(names)
    func quoted(_ place: Int) -> String { "'\(names[place].onOneLine)'" }
    guard let found = choice.strong ?? choice.weak else {
      return doubts.append(
        names.isEmpty
          ? "the columns have no names, so the last was taken for the target"
          : "no column has the name of a target, so the last, '\((names.last ?? "").onOneLine)', was taken for it")
    }
    settings.target = .number(found + 1)
    let last = names.count - 1
    if choice.strong == nil, found != last, try lastMayBeClasses() {
      settings.target = .number(-1)
      return doubts.append(
        "the last column, \(quoted(last)), was taken for the target, since it could be classes; by its name it could be "
          + "\(quoted(found)) as well")
    }
    findings.append("the target is the column \(quoted(found)), by its name")
    let others = choice.all.filter { $0 != found }
    if !others.isEmpty {
      doubts.append("by their names \(listed(others.map { names[$0] }, atMost: 5)) could be the target as well")
    }
  }

  /// Whether the last column, read as an input, has the look of classes.
  private mutating func lastMayBeClasses() throws -> Bool {
    // What is found on the way belongs to another target.
    let before = self
    defer { self = before }
    let samples: ImportedSamples
    do {
      samples = try mending { try $0.samplesInMemory() }
    } catch is TrainerError {
      // Not with this target; what is wrong with the table itself is found with the other one too.
      return true
    }
    guard let column = samples.columns.last, let kinds = column.distinctCount, column.missingCount == 0 else {
      return false
    }
    let rows = samples.groups.reduce(0) { $0 + $1.inputs.rowCount }
    switch column.kind {
    case .boolean: return true
    case .category, .number: return kinds > 1 && kinds <= Self.fewClasses && rows >= 5 * kinds
    case .date, .ignore: return false
    }
  }

  // MARK: Settings that a fault asks for

  /// Runs `body` until it finds no fault that a setting mends.
  private mutating func mending<Result>(_ body: (CSVImport) throws -> Result) throws -> Result {
    for _ in 0..<Self.mostTrials {
      do {
        return try body(settings)
      } catch let error as TrainerError {
        guard mend(error) else { throw error }
      }
    }
    return try body(settings)
  }

  /// Changes the setting that mends an error; false if there is none, or it was tried.
  private mutating func mend(_ error: TrainerError) -> Bool {
    switch error.remedy?.name {
    case "decimalMark", "fractionMark", "targetMark": return mendDecimalMark(isCertain: true)
    case "thousands", "targetThousands": return mendDecimalMark(isCertain: false)
    case "comment", "commentLines":
      guard settings.comment == nil else { return false }
      settings.comment = "#"
      findings.append("lines that begin with # are comments")
    case "hasHeader":
      guard settings.hasHeader else { return false }
      settings.hasHeader = false
      findings.append("the first line holds numbers, so the columns have no names")
    case "inputs":
      guard settings.delimiter == nil else { return false }
      settings.delimiter = " "
      findings.append("fields are divided by single spaces")
    case "kinds":
      guard let match = error.fault.firstMatch(of: /: '([^']*)' is no (?:number|date),/),
        case let text = String(match.1), Self.usualGaps.contains(text), !settings.missing.contains(text)
      else { return false }
      addGap(text)
    default: return false
    }
    return true
  }

  private mutating func mendDecimalMark(isCertain: Bool) -> Bool {
    guard settings.decimalMark == .point, !settings.isJSONLines else { return false }
    settings.decimalMark = .comma
    findings.append("a comma stands in front of the fraction of numbers")
    if !isCertain {
      doubts.append(
        "each comma in a number has three digits behind it, so it could stand between thousands as well; it was taken for "
          + "the mark in front of fractions")
    }
    return true
  }

  private mutating func addGap(_ text: String) {
    settings.missing.append(text)
    findings.append("'\(text)' stands for a missing value")
  }

  // MARK: Settings that the samples ask for

  /// Changes what the samples show to be no use; true if the table is to be read again.
  private mutating func adopt(_ samples: ImportedSamples, _ names: [String]) throws -> Bool {
    var isChanged = false
    if case .table(let table)? = samples.groups.first?.inputs {
      for gap in ["?"] where table.features.contains(where: { $0.categories.contains(gap) }) {
        addGap(gap)
        isChanged = true
      }
    }
    let identifiers = samples.columns.filter { $0.note.contains("identifier") }
    let dropped = identifiers.filter { Self.isIdentifier($0.name) && !names.isEmpty }
    let kept = samples.columns.filter { $0.kind != .ignore }
    if dropped.count < kept.count {
      for column in dropped {
        settings.kinds.append((.name(column.name), .ignore))
        findings.append("the column '\(column.name.onOneLine)' numbers the rows, so it is no input")
        isChanged = true
      }
    }
    for column in identifiers where !dropped.contains(column) {
      doubts.append(
        "the column '\(column.name.onOneLine)' counts the rows, and is an input all the same; drop it if it says nothing of a "
          + "sample")
    }
    for column in samples.columns where column.kind == .ignore && column.note.contains("% numbers") {
      doubts.append(
        "the column '\(column.name.onOneLine)' is no input, but most of its values are numbers (\(column.note)); import the table with "
          + "the text as a missing value if it is one")
    }
    return try adoptTask(samples) || isChanged
  }

  /// Whole numbers of many kinds are amounts, such as ages, rather than classes.
  private mutating func adoptTask(_ samples: ImportedSamples) throws -> Bool {
    guard let classes = samples.classes, classes.allSatisfy({ Double($0) != nil }), classes.count > Self.fewClasses
    else {
      return false
    }
    let rows = samples.groups.reduce(0) { $0 + $1.inputs.rowCount }
    guard classes.count > Self.mostClasses || rows < Self.rowsOfClass * classes.count else { return false }
    settings.task = .regression
    kindsOfAmounts = classes.count
    return true
  }

  /// Refuses texts that are names of rows rather than of classes.
  private func requireClasses(_ samples: ImportedSamples) throws {
    let rows = samples.groups.reduce(0) { $0 + $1.inputs.rowCount }
    guard let classes = samples.classes, classes.count > Self.fewClasses, 2 * classes.count > rows else { return }
    throw TrainerError(
      .data,
      "\(settings.path): the target \(samples.targetName.map { "'\($0.onOneLine)'" } ?? "\(settings.target)") has "
        + "\(classes.count) different texts in \(rows) rows, too many for classes",
      remedy: .init("targetColumn", "name another column as target"))
  }

  private static func isIdentifier(_ name: String) -> Bool {
    let lowercased = name.lowercased()
    return identifierNames.contains(lowercased) || lowercased.hasSuffix("_id") || name.hasSuffix("Id")
      || name.hasSuffix("ID")
  }
}
