import Foundations
import HDF5

/// How a table of text was written that samples come from: what a table with new rows of the same kind needs to be read alike,
/// beside what its contents tell.
///
/// A dataset file keeps it as the attribute `spelling` of `inputs`, and a checkpoint in its schema, where it is not that of
/// most tables.
public struct TableSpelling: Sendable, Equatable {
  /// Whether the first line holds the columns' names.
  public var hasHeader: Bool
  /// What stood between fields; `nil` for a comma, or where there were no such fields.
  public var delimiter: Character?
  /// What lines begin with that are no data; `nil` if there are none.
  public var comment: Character?
  /// What stands between the whole part of a number and its fraction.
  public var decimalMark: CSVImport.DecimalMark
  /// What may stand between thousands; `nil` for nothing.
  public var thousandsMark: Character?
  /// In which order the parts of dates stand.
  public var dateOrder: CSVImport.DateOrder
  /// The number of columns, and which of them are inputs, from 0, of a table without names; `nil` where names say it.
  public var places: Places?
  /// Spellings of a missing value beside the usual ones.
  public var missing: [String]
  /// Whether ``CSVImport/usualMissing`` are spellings of a missing value.
  public var usesUsualMissing: Bool

  /// Which columns of a table without names are inputs.
  public struct Places: Sendable, Equatable {
    /// The number of columns, the target's and those that are left out too.
    public var columnCount: Int
    /// The places of the inputs, from 0.
    public var inputs: [Int]

    /// Creates the value.
    public init(columnCount: Int, inputs: [Int]) { (self.columnCount, self.inputs) = (columnCount, inputs) }
  }

  /// Creates a spelling; without arguments that of most tables.
  public init(
    hasHeader: Bool = true, delimiter: Character? = nil, comment: Character? = nil,
    decimalMark: CSVImport.DecimalMark = .point, missing: [String] = [], usesUsualMissing: Bool = true,
    thousandsMark: Character? = nil, dateOrder: CSVImport.DateOrder = .yearFirst, places: Places? = nil
  ) {
    self.thousandsMark = thousandsMark
    self.dateOrder = dateOrder
    self.places = places
    self.hasHeader = hasHeader
    self.delimiter = delimiter == "," ? nil : delimiter
    self.comment = comment
    self.decimalMark = decimalMark
    self.missing = missing
    self.usesUsualMissing = usesUsualMissing
  }

  /// Creates the spelling of a table that was read so.
  ///
  /// - Parameters:
  ///   - dialect: How it is divided, which may have been found in it.
  ///   - places: Which columns are inputs, where they have no names.
  init(_ settings: CSVImport, _ dialect: CSVDialect, places: Places?) {
    let usual = Set(CSVImport.usualMissing)
    let other = settings.missing.filter { !usual.contains($0) }
    guard !settings.isJSONLines else {
      self.init(missing: other)
      return
    }
    let usesUsual = usual.isSubset(of: settings.missing)
    self.init(
      hasHeader: settings.hasHeader, delimiter: dialect.delimiter, comment: dialect.comment,
      decimalMark: settings.decimalMark, missing: usesUsual ? other : settings.missing, usesUsualMissing: usesUsual,
      thousandsMark: settings.thousandsMark, dateOrder: settings.dateOrder, places: settings.hasHeader ? nil : places)
  }

  /// All spellings of a missing value.
  var allMissing: [String] { (usesUsualMissing ? CSVImport.usualMissing : []) + missing }

  // MARK: In files

  /// The attribute of inputs that holds it as text.
  static let attribute = "spelling"

  /// Only what is not as in most tables; `nil` if all is.
  package var json: JSONObject? {
    let json = JSONObject([
      ("header", hasHeader ? nil : .boolean(false)), ("delimiter", delimiter.map { .string(String($0)) }),
      ("comment", comment.map { .string(String($0)) }),
      ("decimal", decimalMark == .point ? nil : .string(decimalMark.rawValue)),
      ("thousands", thousandsMark.map { .string(String($0)) }),
      ("dates", dateOrder == .yearFirst ? nil : .string(dateOrder.rawValue)),
      ("columns", places.map { .integer($0.columnCount) }),
      ("inputs", places.map { .array($0.inputs.map(JSONValue.integer)) }),
      ("missing", missing.isEmpty ? nil : .array(missing.map(JSONValue.string))),
      ("usualMissing", usesUsualMissing ? nil : .boolean(false)),
    ])
    return json.members.isEmpty ? nil : json
  }

  /// The spelling that ``json`` gave; `nil` for anything else. Keys that are not known are no matter: they are of a version
  /// that says more.
  package init?(json: JSONValue) {
    self.init()
    guard case .object(let members) = json else { return nil }
    for member in members.members {
      switch (member.key, member.value) {
      case ("header", .boolean(let value)): hasHeader = value
      case ("usualMissing", .boolean(let value)): usesUsualMissing = value
      case ("delimiter", .string(let text)):
        guard let character = Self.character(text) else { return nil }
        delimiter = character
      case ("comment", .string(let text)):
        guard let character = Self.character(text) else { return nil }
        comment = character
      case ("decimal", .string(let text)):
        guard let mark = CSVImport.DecimalMark(rawValue: text) else { return nil }
        decimalMark = mark
      case ("thousands", .string(let text)):
        guard let character = Self.character(text) else { return nil }
        thousandsMark = character
      case ("dates", .string(let text)):
        guard let order = CSVImport.DateOrder(rawValue: text) else { return nil }
        dateOrder = order
      case ("columns", let value):
        guard let count = value.int, case .array(let elements)? = members["inputs"],
          case let inputs = elements.compactMap(\.int), inputs.count == elements.count,
          inputs.allSatisfy((0..<max(0, count)).contains), Set(inputs).count == inputs.count
        else { return nil }
        places = Places(columnCount: count, inputs: inputs)
      case ("inputs", _): break
      case ("missing", .array(let elements)):
        let texts = elements.compactMap(\.text)
        guard texts.count == elements.count else { return nil }
        missing = texts
      case ("header", _), ("usualMissing", _), ("delimiter", _), ("comment", _), ("decimal", _), ("missing", _):
        return nil
      default: break
      }
    }
    guard delimiter == nil || delimiter != comment else { return nil }
    do {
      try CSVImport.check(thousandsMark: thousandsMark, decimalMark: decimalMark)
    } catch _ {
      // It is told by who reads the file.
      return nil
    }
  }

  private static func character(_ text: String) -> Character? {
    text.count == 1 ? text.first.flatMap { CSVDialect.isAllowed($0) ? $0 : nil } : nil
  }

  // MARK: For people

  /// What is not as in most tables: `fields between semicolons`, `a decimal comma` and so on; empty if nothing is.
  package var words: [String] {
    var words: [String] = []
    if let delimiter {
      let name = CSVDialect(delimiter: delimiter).delimiterName
      words.append("a \(name) between fields")
    }
    if decimalMark == .comma { words.append("a comma in front of fractions") }
    if let thousandsMark { words.append("'\(thousandsMark)' between thousands") }
    switch dateOrder {
    case .yearFirst: break
    case .dayFirst: words.append("the day first in dates")
    case .monthFirst: words.append("the month first in dates")
    }
    if let comment { words.append("comments behind '\(comment)'") }
    if !hasHeader { words.append("no line of names") }
    if !missing.isEmpty { words.append("\(listed(missing, atMost: 10)) for a missing value") }
    if !usesUsualMissing { words.append("none of the usual words for one") }
    return words
  }
}

extension DatasetReader {
  /// How the table was written that the inputs come from, in the attribute `spelling`; `nil` if it does not say.
  ///
  /// - Throws: `TrainerError` with code `.data` for an attribute that says something else.
  package func spelling(of name: String, in group: String) throws -> TableSpelling? {
    let text = try Self.translating(path) { () -> String? in
      guard let table = try tableGroup(name, in: group) else {
        guard try tableColumns(of: name, in: group) == nil else { return nil }
        return try stored(name, in: group).texts(TableSpelling.attribute)?.first
      }
      return try table.texts(TableSpelling.attribute)?.first
    }
    guard let text else { return nil }
    let source = "\(path): the attribute '\(TableSpelling.attribute)' of \(place(name, group))"
    let json = try JSONDocument(text: text, source: source, code: .data).root
    guard let spelling = TableSpelling(json: json) else {
      throw TrainerError(
        .data,
        "\(source) is no spelling of a table that this version knows, \(json.compactText.shortened(to: 100)); remove it"
      )
    }
    return spelling
  }
}
