import Foundations

/// Reads a table of text, or of JSON lines, with settings that are mended by what the reading says of them.
struct AutomaticTable {
  var settings: CSVImport
  private let rowsDirectory: String?
  var findings: [String] = []
  var doubts: [String] = []
  /// The number of kinds of whole numbers that were taken for amounts.
  var kindsOfAmounts: Int?

  /// Texts that stand for a missing value where they are no number among numbers.
  static let usualGaps = ["?", "-", "--", ".", "*", "unknown", "Unknown", "missing", "nil"]
  /// Names of columns that number rows.
  static let identifierNames = [
    "", "id", "ids", "index", "row", "rownum", "row_id", "rowid", "no", "nr", "number", "key", "uuid", "unnamed: 0",
    "column1",
  ]
  /// So many kinds of whole numbers are classes; of up to so many more, where each is in this many rows.
  static let (fewClasses, mostClasses, rowsOfClass) = (10, 20, 10)
  /// No file needs more settings than there are.
  static let mostTrials = 12

  /// The names of a table's columns, once they are known.
  private struct FoundColumns: Error {
    let names: [String]
  }

  init(_ settings: CSVImport, rowsDirectory: String?) {
    (self.settings, self.rowsDirectory) = (settings, rowsDirectory)
  }

  /// Reads the table.
  ///
  /// - Throws: `TrainerError` for what no setting mends.
  mutating func read(target: CSVImport.Column?) throws -> AutomaticImport.Samples {
    if let target { settings.target = target }
    let names = try mending { try Self.names(of: $0) }
    if target == nil { try chooseTarget(names) }
    var samples = try samples()
    if let mended = try withFormats(of: samples) { samples = mended }
    if try adopt(samples, names) { samples = try self.samples() }
    try requireClasses(samples)
    let (last, sources) = (samples, settings.sources)
    return AutomaticImport.Samples(
      AutomaticImport.Result(
        columns: last.columns, classes: last.classes, targetName: last.targetName,
        delimiter: last.delimiter, spelling: settings.isJSONLines ? nil : last.spelling,
        findings: findings, doubts: doubts,
        target: last.targetName.map { "'\($0.onOneLine)'" }
          ?? (settings.target == .number(-1) ? "the last column" : "\(settings.target)"),
        decision: last.classes == nil ? .amounts(kinds: kindsOfAmounts) : .open)
    ) { try last.write(to: $0, with: DatasetWriter(), from: sources) }
  }

  /// What the table holds with the settings so far, which are mended on the way; its rows are in a spool.
  mutating func samples() throws -> CSVSamples {
    let rowsDirectory = rowsDirectory
    return try mending { settings in
      try CSVReading(settings: settings).samples(
        spool: RowSpool(
          directory: rowsDirectory, mostInMemory: rowsDirectory == nil ? .max : settings.mostRowBytesInMemory))
    }
  }

  /// What divides the fields; nil if the file cannot be looked at, which its reading tells.
  private var delimiter: Character? {
    do {
      let file = try TextFile(path: settings.path)
      return settings.delimiter ?? CSVDialect.separatorLine(file.start)?.delimiter
        ?? CSVDialect.delimiter(
          ofFile: settings.path, file.start, isWhole: file.isWhole, comment: settings.comment,
          decimalMark: settings.decimalMark)
    } catch _ {
      return nil
    }
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
    let samples: CSVSamples
    do {
      samples = try self.samples()
    } catch is TrainerError {
      // Not with this target; what is wrong with the table itself is found with the other one too.
      return true
    }
    guard let column = samples.columns.last, let kinds = column.distinctCount, column.missingCount == 0 else {
      return false
    }
    let rows = samples.rowCount
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
    case "thousands", "targetThousands": return mendThousands() || mendDecimalMark(isCertain: false)
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

  /// Where the comma divides fields, one in quotes that always has three digits behind it stands between thousands.
  private mutating func mendThousands() -> Bool {
    guard settings.thousandsMark == nil, settings.decimalMark == .point, delimiter == "," else { return false }
    settings.thousandsMark = ","
    findings.append("a comma stands between the thousands of numbers")
    return true
  }

  mutating func addGap(_ text: String) {
    settings.missing.append(text)
    findings.append("'\(text)' stands for a missing value")
  }
}
