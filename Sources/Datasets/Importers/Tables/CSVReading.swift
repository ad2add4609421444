import Dispatch
import Foundation
import Foundations
import HDF5
import Synchronization

/// The passes over the files of an import: one if all inputs are numbers, which most tables need no other for; else one that
/// finds what the columns are, and one that reads them as such.
struct CSVReading {
  let settings: CSVImport

  /// Reads the samples.
  ///
  /// - Throws: `TrainerError` that names file, line and column and what is wrong there.
  func samples() throws -> ImportedSamples {
    let mayBeNumbers = settings.kinds.allSatisfy { $0.kind == .number || $0.kind == .ignore }
    if mayBeNumbers, let samples = try numbers() { return samples }
    let inspection = try inspect()
    let kept = inspection.verdicts.indices.filter { inspection.verdicts[$0].kind != .ignore }
    guard !kept.isEmpty else {
      throw TrainerError(
        .data,
        "'\(settings.path)' has no column left for inputs: all are ignored, '\(inspection.described[0].name)' for "
          + (inspection.described[0].note),
        remedy: .init("kinds", "set the kinds of those that are meant"))
    }
    let areNumbers = kept.allSatisfy {
      inspection.verdicts[$0].kind == .number && inspection.profiles[$0].missingCount == 0
    }
    guard areNumbers else { return try mixed(inspection, kept) }
    guard let samples = try numbers(kept, described: inspection.described) else {
      throw TrainerError(.data, "'\(settings.path)' changes while it is read; import it when it is complete")
    }
    return samples
  }

  // MARK: Numbers without gaps

  /// Reads inputs as numbers; `nil` if one is none.
  ///
  /// - Parameters:
  ///   - kept: The places of the inputs that are read; nil for all.
  ///   - described: What is known of the columns; nil if nothing is.
  private func numbers(_ kept: [Int]? = nil, described: [ImportedColumn]? = nil) throws -> ImportedSamples? {
    let settings = settings
    var tables: [CSVTable<NumberTableRows>] = []
    do {
      for path in settings.sources {
        let first = tables.first?.columns
        tables.append(
          try CSVTable.read(path: path, as: settings, like: first, part: (described == nil ? 0 : 0.5)...1) { columns in
            let places = kept ?? Array(columns.inputs.indices)
            let rows = NumberTableRows(path: path, columns: columns, places: places, inputType: settings.inputType)
            return CSVInputs(rows: rows, places: places)
          })
      }
    } catch is HoldsOtherThanNumbers {
      return nil
    }
    let columns = tables[0].columns
    let targets = try CSVTargets(tables.map(\.targetSource), as: settings)
    // Both groups are stored in one type.
    if tables.contains(where: { $0.rows.numbers.type == .float64 }) {
      for place in tables.indices { tables[place].rows.convert(to: .float64) }
    }
    let features = columns.features
    let found = described ?? Self.described(tables.map(\.rows.numbers), features, threads: settings.threads)
    var groups: [DatasetWriter.Group] = []
    for (source, division) in divisions(rowCounts: tables.map(\.rowCount), labels: targets.labels).enumerated() {
      let inputs = tables[source].rows.divide(into: division.map(\.rows))
      for (part, inputs) in zip(division, inputs) {
        groups.append(
          .init(name: part.name, inputs: inputs, targets: targets.tables[source].selecting(rows: part.rows)))
      }
    }
    let places = kept ?? Array(features.indices)
    return ImportedSamples(
      groups: groups, classes: targets.classes, features: settings.hasHeader ? places.map { features[$0] } : nil,
      unusedColumns: columns.unused(besides: places), targetName: columns.targetName, columns: found,
      delimiter: tables[0].dialect.delimiterName)
  }

  private static func described(
    _ rows: [NumberRows], _ names: [String], threads: Int?
  ) -> [ImportedColumn] {
    let width = names.count
    let parts = min(
      width, max(1, threads ?? (ThreadSupply.current.isScarce ? 1 : ProcessInfo.processInfo.activeProcessorCount)))
    let results = Mutex([Int: [NumberRows.ColumnRange]]())
    let work = { @Sendable (part: Int) in
      let columns = width * part / parts..<width * (part + 1) / parts
      var ranges = [NumberRows.ColumnRange](repeating: .init(), count: columns.count)
      for rows in rows { rows.addRanges(of: columns, to: &ranges) }
      let done = ranges
      results.withLock { $0[part] = done }
    }
    if parts > 1 { DispatchQueue.concurrentPerform(iterations: parts, execute: work) } else { work(0) }
    let ranges = results.withLock { results in (0..<parts).flatMap { results[$0] ?? [] } }
    let rowCount = rows.reduce(0) { $0 + $1.count }
    return zip(names, ranges).map { name, range in
      ImportedColumn(
        name: name, kind: .number, missingCount: 0, distinctCount: range.distinct.count,
        values: ColumnProfile.rangeText(range.smallest, range.largest, plainText),
        note: range.ascent.identifierNote(name, rowCount: rowCount, distinctCount: range.distinct.count))
    }
  }

  // MARK: Mixed columns

  /// What a look at all values has found.
  private struct Inspection {
    let profiles: [ColumnProfile]
    let verdicts: [ColumnProfile.Verdict]
    let described: [ImportedColumn]
  }

  private func inspect() throws -> Inspection {
    let settings = settings
    var found: (columns: CSVColumns, profiles: [ColumnProfile])?
    for (source, path) in settings.sources.enumerated() {
      let before = found
      let table = try CSVTable<ProfileRows>.read(path: path, as: settings, like: before?.columns, part: 0...0.5) {
        columns in
        let profiles = before?.profiles ?? columns.inputs.map { _ in ColumnProfile(values: columns.fields) }
        return CSVInputs(rows: ProfileRows(profiles, source: source), places: Array(columns.inputs.indices))
      }
      found = (before?.columns ?? table.columns, table.rows.profiles)
    }
    guard let (columns, profiles) = found else { return Inspection(profiles: [], verdicts: [], described: []) }
    let verdicts = try profiles.enumerated().map { place, profile in
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
    let described = zip(columns.features, zip(profiles, verdicts)).map { $1.0.column($0, $1.1) }
    return Inspection(profiles: profiles, verdicts: verdicts, described: described)
  }

  private func mixed(_ inspection: Inspection, _ kept: [Int]) throws -> ImportedSamples {
    let settings = settings
    let kinds = kept.compactMap { inspection.verdicts[$0].kind.feature }
    var tables: [CSVTable<MixedRows>] = []
    for path in settings.sources {
      tables.append(
        try CSVTable.read(path: path, as: settings, like: tables.first?.columns, part: 0.5...1) { columns in
          CSVInputs(rows: MixedRows(path: path, columns: columns, places: kept, kinds: kinds), places: kept)
        })
    }
    let columns = tables[0].columns
    let targets = try CSVTargets(tables.map(\.targetSource), as: settings)
    let numberType = try numberType(inspection, kept, columns)
    let features = columns.features
    let names = kept.map { features[$0] }
    let table = MixedTable(
      names: names, sources: tables.map(\.rows.builders), fields: settings.fields, numberType: numberType)
    var groups: [DatasetWriter.Group] = []
    for (source, division) in divisions(rowCounts: tables.map(\.rowCount), labels: targets.labels).enumerated() {
      for part in division {
        groups.append(
          .init(
            name: part.name, inputs: .table(table.stored(rows: part.rows, of: source)),
            targets: targets.tables[source].selecting(rows: part.rows)))
      }
    }
    // Of a category, texts are told apart, where a look at all columns takes 1 and 1.0 for one number.
    let categories = Dictionary(zip(kept, table.features), uniquingKeysWith: { one, _ in one })
    let described = inspection.described.enumerated().map { place, column in
      categories[place].map { $0.kind == .category ? column.counting($0.categories.count) : column } ?? column
    }
    return ImportedSamples(
      groups: groups, classes: targets.classes, unusedColumns: columns.unused(besides: kept),
      targetName: columns.targetName, columns: described,
      delimiter: tables[0].dialect.delimiterName)
  }

  /// The type that all numbers of a table are stored in.
  private func numberType(_ inspection: Inspection, _ kept: [Int], _ columns: CSVColumns) throws -> NumberType {
    let numbers = kept.filter { inspection.verdicts[$0].kind == .number }
    func fault(_ place: Int, _ what: String) -> TrainerError {
      TrainerError(.data, "\(columns.label(columns.inputs[place])) of '\(settings.path)' \(what)")
    }
    switch settings.inputType {
    case .automatic:
      let areBytes = numbers.allSatisfy {
        inspection.profiles[$0].areBytes && inspection.profiles[$0].missingCount == 0
      }
      return areBytes ? .uint8 : .float64
    case .uint8:
      for place in numbers {
        let profile = inspection.profiles[place]
        if profile.missingCount > 0 { throw fault(place, "has rows without a value, which uint8 cannot store") }
        if !profile.areBytes { throw fault(place, "holds other than whole numbers from 0 to 255") }
      }
      return .uint8
    case .float32:
      for place in numbers {
        let profile = inspection.profiles[place]
        for value in [profile.smallest, profile.largest] where value.isFinite && !Float(value).isFinite {
          throw fault(place, "holds '\(value)', which is larger than any number of float32; store float64")
        }
      }
      return .float32
    case .float64: return .float64
    }
  }

  // MARK: Both

  /// A group's name and its rows in its file.
  private struct Part {
    let name: String
    let rows: [Int]
  }

  /// For each file, the groups that its rows are divided into.
  private func divisions(rowCounts: [Int], labels: [Int]?) -> [[Part]] {
    guard settings.testPath == nil else {
      return zip(["train", "test"], rowCounts).map { [Part(name: $0, rows: Array(0..<$1))] }
    }
    let indices = settings.split.indices(count: rowCounts[0], labels: labels)
    return [[Part(name: "train", rows: indices.train), Part(name: "test", rows: indices.test)]]
  }
}
