import Foundation
import Foundations
import HDF5

/// The passes over the files of an import: one, in which each field is kept as a number or as the text that it is, so that
/// a column can become of any kind when all of it is known. Another one follows only where a column of numbers turns out to
/// be one of categories, or one of many texts to be none of free text: its texts are needed then.
struct CSVReading {
  let settings: CSVImport

  /// Reads the samples.
  ///
  /// - Parameter spool: Where rows are kept until all are known.
  /// - Throws: `TrainerError` that names file, line and column and what is wrong there.
  func samples(spool: @autoclosure () -> RowSpool) throws -> CSVSamples {
    var plan = ReadingPlan()
    while true {
      do {
        return try samples(TableScan(plan: plan, fields: settings.fields, threads: settings.threads, spool: spool()))
      } catch let again as NeedsTexts {
        plan.asTexts.formUnion(again.places)
        if again.isKnown { plan.wholly.formUnion(again.places) }
      }
    }
  }

  /// Reads the samples and writes them.
  ///
  /// - Throws: The same, and `TrainerError` that says why the output cannot be written.
  func write(to output: String, with writer: DatasetWriter) throws -> ImportSummary {
    let samples = try samples(
      spool: RowSpool(directory: directory(of: output), mostInMemory: settings.mostRowBytesInMemory))
    try samples.write(to: output, with: writer, from: settings.sources)
    return ImportSummary(
      groups: samples.layouts, classCount: samples.classes?.count,
      delimiter: samples.delimiter, columns: samples.columns)
  }

  /// Some columns must be read again, with their texts.
  private struct NeedsTexts: Error {
    let places: Set<Int>
    /// Whether the whole table says so, and not its beginning.
    let isKnown: Bool
  }

  private func samples(_ scan: TableScan) throws -> CSVSamples {
    var tables: [CSVTable] = []
    for path in settings.sources {
      tables.append(
        try CSVTable(reading: path, as: settings, like: tables.first?.columns, into: scan) { columns in
          // A mixture of numbers and texts shows early most often.
          let needed = needsTexts(scan.profilesSoFar, columns) { scan.tookNumbers[$0] }
          if !needed.isEmpty { throw NeedsTexts(places: needed, isKnown: false) }
        })
    }
    let columns = tables[0].columns
    let profiles = scan.profilesSoFar
    let verdicts = try verdicts(profiles, columns)
    let needed = needsTexts(profiles, columns) { scan.tookNumbers[$0] || scan.isDirect[$0] }
    guard needed.isEmpty else {
      if let place = needed.first(where: { scan.plan.wholly.contains($0) || columns.kind(ofInput: $0) == .category }) {
        throw TrainerError(
          .data,
          "\(columns.label(columns.inputs[place])) of '\(settings.path)' holds more than \(TableScan.mostCategories) "
            + "categories", remedy: .init("drop", "ignore the column, or drop it"))
      }
      throw NeedsTexts(places: needed, isKnown: true)
    }
    let kept = verdicts.indices.filter { verdicts[$0].kind != .ignore }
    guard !kept.isEmpty else {
      throw TrainerError(
        .data,
        "'\(settings.path)' has no column left for inputs: all are ignored, '\(columns.features[0])' for "
          + verdicts[0].note,
        remedy: .init("kinds", "set the kinds of those that are meant"))
    }
    let sources = tables.enumerated().map { CSVTargetSource($1, source: $0, of: scan) }
    let targets = try CSVTargets(sources, as: settings)
    let areNumbers = kept.allSatisfy { verdicts[$0].kind == .number && profiles[$0].missingCount == 0 }
    let type =
      areNumbers ? try arrayType(profiles, kept, tables) : try mixedType(profiles, verdicts, kept, columns)
    return CSVSamples(
      settings: settings, scan: scan, tables: tables, sources: sources, targets: targets, kept: kept,
      verdicts: verdicts,
      profiles: profiles, areNumbers: areNumbers, numberType: type)
  }

  /// The inputs that are categories and of which texts were not kept.
  private func needsTexts(
    _ profiles: [ColumnProfile], _ columns: CSVColumns, _ lacksTexts: (Int) -> Bool
  ) -> Set<Int> {
    Set(profiles.indices.filter { lacksTexts($0) && isCategory(profiles[$0], set: columns.kind(ofInput: $0)) })
  }

  private func isCategory(_ profile: ColumnProfile, set kind: ColumnKind?) -> Bool {
    do {
      return try profile.verdict(set: kind, allowsRounding: settings.inputType.allowsRounding).kind == .category
    } catch _ {
      // A column that cannot be what it is set to be needs no texts: its fault is told once the whole table is read.
      return false
    }
  }

  private func verdicts(_ profiles: [ColumnProfile], _ columns: CSVColumns) throws -> [ColumnProfile.Verdict] {
    try profiles.enumerated().map { place, profile in
      do {
        return try profile.verdict(
          set: columns.kind(ofInput: place), allowsRounding: settings.inputType.allowsRounding)
      } catch let fault as ColumnProfile.Fault {
        throw TrainerError(
          .data,
          "'\(settings.sources[fault.sighting.source])', line \(fault.sighting.line), "
            + "\(columns.label(columns.inputs[place])): \(fault.what)", remedy: fault.remedy)
      }
    }
  }

  // MARK: Types

  /// The type of inputs that all are numbers.
  private func arrayType(_ profiles: [ColumnProfile], _ kept: [Int], _ tables: [CSVTable]) throws -> NumberType {
    func require(_ what: String, _ first: (ColumnProfile) -> ColumnProfile.Sighting?) throws {
      let found = kept.compactMap { place in first(profiles[place]).map { (place, $0) } }
      guard let (place, value) = found.min(by: { ($0.1.source, $0.1.line) < ($1.1.source, $1.1.line) }) else { return }
      let columns = tables[value.source].columns
      throw TrainerError(
        .data,
        "'\(settings.sources[value.source])', line \(value.line), \(columns.label(columns.inputs[place])): "
          + "'\(value.text)' \(what)")
    }
    switch settings.inputType {
    case .automatic: return kept.allSatisfy { profiles[$0].areBytes } ? .uint8 : .float64
    case .uint8:
      try require("is no whole number from 0 to 255", \.firstNoByte)
      return .uint8
    case .float32:
      try require("is larger than any number of float32; store float64", \.firstBeyondFloat)
      return .float32
    case .float64: return .float64
    }
  }

  /// The type that all numbers of a table of mixed columns are stored in.
  private func mixedType(
    _ profiles: [ColumnProfile], _ verdicts: [ColumnProfile.Verdict], _ kept: [Int], _ columns: CSVColumns
  ) throws -> NumberType {
    let numbers = kept.filter { verdicts[$0].kind == .number }
    func fault(_ place: Int, _ what: String) -> TrainerError {
      TrainerError(.data, "\(columns.label(columns.inputs[place])) of '\(settings.path)' \(what)")
    }
    switch settings.inputType {
    case .automatic:
      return numbers.allSatisfy { profiles[$0].areBytes && profiles[$0].missingCount == 0 } ? .uint8 : .float64
    case .uint8:
      for place in numbers {
        if profiles[place].missingCount > 0 { throw fault(place, "has rows without a value, which uint8 cannot store") }
        if !profiles[place].areBytes { throw fault(place, "holds other than whole numbers from 0 to 255") }
      }
      return .uint8
    case .float32:
      for place in numbers {
        for value in [profiles[place].smallest, profiles[place].largest] where value.isFinite && !Float(value).isFinite
        {
          throw fault(place, "holds '\(value)', which is larger than any number of float32; store float64")
        }
      }
      return .float32
    case .float64: return .float64
    }
  }
}
