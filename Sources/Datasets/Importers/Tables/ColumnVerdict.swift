import Foundations

/// What a column is by its profile.
extension ColumnProfile {
  /// Why a column can be of no kind.
  package struct Fault: Error {
    /// The value that is at fault.
    package let sighting: Sighting
    /// What is wrong with it.
    package let what: String
    /// What to do about it.
    package let remedy: TrainerError.Remedy
  }

  /// What the column is.
  package struct Verdict: Sendable {
    package let kind: ColumnKind
    /// Why it is ignored, or what should be looked at; empty if there is nothing to say.
    package let note: String
  }

  /// Text of more different values than this is ignored where more than half of the rows differ.
  private static let mostNames = 50
  /// One in so many values may not be of another sort than all others: it is a slip, or stands for a missing value.
  private static let strayShare = 50

  /// Decides what the column is.
  ///
  /// - Parameters:
  ///   - set: What it was set to be; `nil` if it is to be inferred.
  ///   - allowsRounding: Whether whole numbers may be rounded.
  /// - Throws: ``Fault`` for a value that is not of the kind that was set, or of another sort than 98 % of the column, and
  ///   for whole numbers that would be rounded.
  package func verdict(set: ColumnKind?, allowsRounding: Bool) throws -> Verdict {
    let present = presentCount
    if let set {
      switch set {
      case .number: try requireNone(but: "number", first([words, dates, texts]), isSet: true)
      case .boolean: try requireNone(but: "truth value", first([otherNumbers, dates, texts]), isSet: true)
      case .date: try requireNone(but: "date", first([bits, otherNumbers, words, texts]), isSet: true)
      case .category, .ignore: break
      }
      if set == .number, !allowsRounding { try requireUnrounded() }
      return Verdict(kind: set, note: present == 0 && set != .ignore ? "no row has a value" : "")
    }
    guard present > 0 else { return Verdict(kind: .ignore, note: "no row has a value") }
    if Self.strayShare * (present - numberCount) < present {
      try requireNone(but: "number", first([words, dates, texts]), isSet: false)
      if !allowsRounding { try requireUnrounded() }
      return Verdict(kind: .number, note: "")
    }
    if let first = otherMarks.first, Self.strayShare * (present - numberCount - otherMarks.count) < present {
      throw otherMarksAreThousands
        ? Fault(
          sighting: first,
          what:
            "'\(first.text)' is no number, but the column is one of numbers if the mark in them stands between thousands (three "
            + "digits follow it everywhere) or before fractions",
          remedy: .init(
            "thousands",
            "set thousandsMark to the mark if it stands between thousands, or decimalMark to it if before fractions, or the column's kind"
          ))
        : Fault(
          sighting: first,
          what:
            "'\(first.text)' is no number, but the column is one of numbers if the mark in them stands before fractions",
          remedy: .init("decimalMark", "set decimalMark to it, or the column's kind"))
    }
    // A letter alone is a name as often as a truth value, unless both stand there.
    if words.count == present, holdsLongWord || (holdsTrue && holdsFalse) { return Verdict(kind: .boolean, note: "") }
    if Self.strayShare * (present - dates.count) < present {
      try requireNone(but: "date", first([bits, otherNumbers, words, texts]), isSet: false)
      return Verdict(kind: .date, note: "")
    }
    if let count = distinctCount, count <= Self.mostNames || 2 * count <= present {
      return Verdict(kind: .category, note: mixtureNote)
    }
    let reason = distinctCount == nil ? "text of many values" : "text that differs in most rows"
    return Verdict(kind: .ignore, note: mixtureNote.isEmpty ? reason : "\(reason); \(mixtureNote)")
  }

  /// What should be looked at where most values are numbers and the column is text for the others.
  private var mixtureNote: String {
    guard 2 * numberCount > presentCount, let other = first([words, dates, texts]) else { return "" }
    return "\(100 * numberCount / presentCount) % numbers; in line \(other.line) '\(other.text.shortened(to: 60))'"
  }

  private func first(_ sorts: [Sort]) -> Sighting? {
    sorts.compactMap(\.first).min { ($0.source, $0.line) < ($1.source, $1.line) }
  }

  private func requireNone(but what: String, _ stray: Sighting?, isSet: Bool) throws {
    guard let stray else { return }
    let found = stray.text.isEmpty ? "the empty field" : "'\(stray.text.shortened(to: 60))'"
    let others = isSet ? "which the column is set to hold" : "as at least 98 % of the column are"
    throw Fault(
      sighting: stray, what: "\(found) is no \(what), \(others)",
      remedy: .init("kinds", "mend it, add it to missing if it stands for a missing value, or set the column's kind"))
  }

  private func requireUnrounded() throws {
    guard let rounded else { return }
    throw Fault(
      sighting: rounded, what: roundingFault(rounded.text, Double(rounded.text) ?? .nan),
      remedy: .init(
        "type",
        "set the column's kind to category or ignore if it holds names of things, or the type to float64 to round it"))
  }

  // MARK: For people

  /// The description of the column under a verdict.
  func column(_ name: String, _ verdict: Verdict) -> ImportedColumn {
    let shown =
      switch verdict.kind {
      case .number: numberCount == 0 ? "" : Self.rangeText(smallest, largest, plainText)
      case .date: dates.count == 0 ? "" : Self.rangeText(earliest, latest, FieldValues.dateText)
      case .category, .boolean, .ignore:
        first([bits, otherNumbers, words, dates, texts]).map { "'\($0.text.shortened(to: 30))'" } ?? ""
      }
    return ImportedColumn(
      name: name, kind: verdict.kind, missingCount: missingCount, distinctCount: distinctCount, values: shown,
      note: verdict.kind == .number && verdict.note.isEmpty
        ? ascent.identifierNote(name, rowCount: rowCount, distinctCount: distinctCount) : verdict.note)
  }

  /// The numbers from the smallest to the largest.
  static func rangeText(_ low: Double, _ high: Double, _ text: (Double) -> String) -> String {
    low == high ? text(low) : "\(text(low)) to \(text(high))"
  }
}

extension String {
  /// The text, or its start and an ellipsis.
  func shortened(to count: Int) -> String { self.count > count ? prefix(count - 1) + "…" : self }
}
