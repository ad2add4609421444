import Foundations

/// Settings that the samples ask for.
extension AutomaticTable {
  /// A column that is text now, and what its first value looks like.
  private static func formats(of column: ImportedColumn) -> [(finding: String, change: (inout CSVImport) -> Void)] {
    guard column.kind == .ignore || column.kind == .category else { return [] }
    let text = column.values.dropFirst().dropLast()
    if text.wholeMatch(of: /[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?/) != nil {
      return [
        ("a comma stands between the thousands of numbers", { ($0.thousandsMark, $0.decimalMark) = (",", .point) })
      ]
    }
    if text.wholeMatch(of: /[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?/) != nil {
      return [
        (
          "a point stands between the thousands of numbers, and a comma in front of fractions",
          { ($0.thousandsMark, $0.decimalMark) = (".", .comma) }
        )
      ]
    }
    guard text.firstMatch(of: /^[0-9]{1,2}([.\/-])[0-9]{1,2}\1[0-9]{4}/) != nil else { return [] }
    func dates(_ order: CSVImport.DateOrder, _ part: String) -> (finding: String, change: (inout CSVImport) -> Void) {
      ("dates begin with the \(part)", { $0.dateOrder = order })
    }
    let (dayFirst, monthFirst) = (dates(.dayFirst, "day"), dates(.monthFirst, "month"))
    return text.contains("/") ? [monthFirst, dayFirst] : [dayFirst, monthFirst]
  }

  /// The table with columns of text as the numbers or dates that they hold in another way of writing; `nil` if there are none.
  mutating func withFormats(of samples: CSVSamples) throws -> CSVSamples? {
    var (last, isChanged) = (samples, false)
    for place in samples.columns.indices {
      let name = samples.columns[place].name
      var isFound = false
      for (finding, change) in Self.formats(of: last.columns[place]) {
        let before = self
        change(&settings)
        let found: CSVSamples
        do {
          found = try self.samples()
        } catch is TrainerError {
          // It is not written so.
          self = before
          continue
        }
        guard found.columns.count > place, found.columns[place].name == name,
          found.columns[place].kind == .number || found.columns[place].kind == .date
        else {
          self = before
          continue
        }
        if isFound {
          self = before
          doubts.append(
            "the dates of the column '\(name.onOneLine)' could begin with the day as well as with the month, since no number in "
              + "them is greater than 12")
          continue
        }
        (last, isChanged, isFound) = (found, true, true)
        findings.append(finding)
      }
    }
    return isChanged ? last : nil
  }

  /// Changes what the samples show to be no use; true if the table is to be read again.
  mutating func adopt(_ samples: CSVSamples, _ names: [String]) throws -> Bool {
    var isChanged = false
    if case .table(let features, _)? = samples.layouts.first?.inputs {
      for gap in ["?"] where features.contains(where: { $0.categories.contains(gap) }) {
        addGap(gap)
        isChanged = true
      }
    }
    for column in samples.columns where column.kind == .category || column.kind == .ignore {
      // Numbers but for a text that people write in a gap.
      guard let text = Self.stray(of: column), Self.usualGaps.contains(text), !settings.missing.contains(text)
      else { continue }
      addGap(text)
      isChanged = true
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
    for column in samples.columns where column.kind == .ignore || column.kind == .category {
      guard
        column.values.wholeMatch(of: /'[$€£¥]\s?[0-9][0-9.,]*'|'[0-9][0-9.,]*\s?[%$€£¥]'/) != nil,
        let kinds = column.distinctCount, kinds > Self.mostClasses
      else { continue }
      doubts.append(
        "the column '\(column.name.onOneLine)' seems to hold numbers with a sign, such as \(column.values), which are texts here; "
          + "take the sign away in the table")
    }
    for column in samples.columns where column.kind == .ignore && column.note.contains("% numbers") {
      guard Self.stray(of: column).map({ !settings.missing.contains($0) }) ?? true else { continue }
      doubts.append(
        "the column '\(column.name.onOneLine)' is no input, but most of its values are numbers (\(column.note)); import the table with "
          + "the text as a missing value if it is one")
    }
    return try adoptTask(samples) || isChanged
  }

  /// The first text of a column most of which are numbers; nil for others.
  private static func stray(of column: ImportedColumn) -> String? {
    column.note.firstMatch(of: /% numbers; in line [0-9]+ '(.*)'$/).map { String($0.1) }
  }

  /// Whole numbers of many kinds are amounts, such as ages, rather than classes.
  private mutating func adoptTask(_ samples: CSVSamples) throws -> Bool {
    guard let classes = samples.classes, classes.allSatisfy({ Double($0) != nil }), classes.count > Self.fewClasses
    else {
      return false
    }
    let rows = samples.rowCount
    guard classes.count > Self.mostClasses || rows < Self.rowsOfClass * classes.count else { return false }
    settings.task = .regression
    kindsOfAmounts = classes.count
    return true
  }

  /// Refuses texts that are names of rows rather than of classes.
  func requireClasses(_ samples: CSVSamples) throws {
    let rows = samples.rowCount
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
