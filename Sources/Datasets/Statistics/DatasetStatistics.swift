import Foundations
import HDF5

/// What the numbers of a dataset are like, read a stretch of rows at a time: of each column of the inputs, and of the targets.
package struct DatasetStatistics: Sendable {
  /// One column.
  package struct Column: Sendable {
    /// Its name and kind.
    package let feature: Feature
    /// Of numbers, of booleans as 0 and 1, of dates as seconds since 1970. Of categories it counts the rows without a value.
    package var numbers = NumberStatistics()
    /// Of numbers and dates, where all of them fit into a share of memory.
    package var quartiles: Quartiles?
    /// How many rows are of each category, in their order.
    package var categories: [Int] = []

    /// The rows without a value.
    package var missing: Int { numbers.missing }
  }

  /// The values of a dataset.
  package enum Values: Sendable {
    /// Each column by itself.
    case columns([Column])
    /// All columns together, such as the pixels of images.
    case together(NumberStatistics, columns: Int)
  }

  /// The targets of a group.
  package enum Targets: Sendable {
    case classes(ClassCounts)
    case numbers(Values)
  }

  /// One group of samples.
  package struct Group: Sendable {
    package let name: String
    package let rows: Int
    package let inputs: Values
    package let targets: Targets?
  }

  /// The file, or the pattern of several.
  package let path: String
  /// In the order of the file.
  package let groups: [Group]

  /// Columns without names of their own are measured together if there are more.
  private static let mostUnnamed = 100
  /// So are named ones if there are more than this.
  private static let mostNamed = 10_000

  /// Reads a dataset.
  ///
  /// - Parameters:
  ///   - inputs: The name of the inputs.
  ///   - targets: That of the targets; `nil` if there are none.
  /// - Throws: `TrainerError` with code `.data` if something cannot be read or is no number.
  package init(_ reader: DatasetReader, inputs: String, targets: String?) throws {
    path = reader.path
    groups = try reader.groups.map { group in
      let (rows, _) = try reader.inputShape(of: inputs, in: group)
      let targets = try targets.flatMap {
        try reader.hasDataset($0, in: group) ? try Self.targets($0, in: group, reader) : nil
      }
      return Group(
        name: group, rows: rows, inputs: try Self.values(of: inputs, in: group, reader), targets: targets)
    }
  }

  private static func values(of name: String, in group: String, _ reader: DatasetReader) throws -> Values {
    if try reader.isTable(name, in: group) { return .columns(try columns(of: name, in: group, reader)) }
    let (rows, rowShape) = try reader.shape(of: name, in: group)
    let width = rowShape.reduce(1, *)
    let isNamed = try reader.arrayFeatures(of: name, in: group) != nil
    if width <= (isNamed ? mostNamed : mostUnnamed) { return .columns(try columns(of: name, in: group, reader)) }
    var numbers = NumberStatistics()
    let part = WorkProgress.begin("measuring \(group)/\(name)", of: rows, "rows")
    defer { part?.end() }
    for stretch in RowStretches(0..<rows, of: max(1, (1 << 20) / max(1, width))) {
      numbers.note(try reader.elements(of: name, in: group, rows: stretch, as: Double.self))
      part?.add(stretch.count)
    }
    return .together(numbers, columns: width)
  }

  private static func columns(of name: String, in group: String, _ reader: DatasetReader) throws -> [Column] {
    let table = try TableReader(name, in: group, of: reader)
    var columns = table.features.map { feature in
      var column = Column(feature: feature)
      column.categories = [Int](repeating: 0, count: feature.categories.count)
      return column
    }
    let sorted = columns.indices.filter { [.number, .date].contains(columns[$0].feature.kind) }
    let bytes = Double(sorted.count) * Double(table.rowCount) * Double(MemoryLayout<Double>.stride)
    // Twice: they are sorted in a copy.
    let keeps = 2 * bytes <= Double(MemoryLimit.current.bytes) / 4
    var kept = [[Double]](repeating: [], count: columns.count)
    let part = WorkProgress.begin("measuring \(group)/\(name)", of: table.rowCount, "rows")
    defer { part?.end() }
    try table.forEachBlock { block, _ in
      defer { part?.add(block.rowCount) }
      for index in columns.indices {
        switch block.columns[index] {
        case .numbers(let values):
          columns[index].numbers.note(values)
          if keeps, columns[index].feature.kind != .boolean { kept[index] += values }
        case .codes(let codes):
          columns[index].numbers.note(codes.map { $0 < 0 ? .nan : Double($0) })
          for code in codes where columns[index].categories.indices.contains(Int(code)) {
            columns[index].categories[Int(code)] += 1
          }
        }
      }
    }
    part?.end()
    let sorting = WorkProgress.begin("sorting \(group)/\(name)", of: sorted.count, "columns")
    defer { sorting?.end() }
    for index in sorted where keeps {
      columns[index].quartiles = Quartiles(of: kept[index])
      kept[index] = []
      sorting?.add(1)
    }
    return columns
  }

  private static func targets(_ name: String, in group: String, _ reader: DatasetReader) throws -> Targets {
    try classes(of: name, in: group, reader).map(Targets.classes) ?? .numbers(values(of: name, in: group, reader))
  }

  /// The classes of targets that are whole numbers or texts, one a row.
  ///
  /// - Returns: `nil` for all else, or for more different ones than classes are likely to be.
  private static func classes(of name: String, in group: String, _ reader: DatasetReader) throws -> ClassCounts? {
    let isWhole = try DatasetReader.translating(reader.path) {
      let rows = try reader.plainRows(name, in: group)
      return try rows.elementsOfRow() == 1 && !(rows.isNumeric && rows.numberType?.isFloatingPoint ?? true)
    }
    guard isWhole else { return nil }
    let reader = reader.labels.areClasses ? reader : reader.reading(LabelReading(areClasses: true))
    var counts: [Int64: Int] = [:]
    let rows = try reader.shape(of: name, in: group).rows
    let part = WorkProgress.begin("counting \(group)/\(name)", of: rows, "rows")
    defer { part?.end() }
    for stretch in RowStretches(0..<rows, of: 1 << 20) {
      defer { part?.add(stretch.count) }
      for label in try reader.elements(of: name, in: group, rows: stretch, as: Int64.self) {
        counts[label, default: 0] += 1
      }
      guard counts.count <= ClassRuns.mostClasses else { return nil }
    }
    let names = try reader.classNames(of: name, in: group) ?? []
    for place in names.indices where counts[Int64(place)] == nil { counts[Int64(place)] = 0 }
    return ClassCounts(
      counts.sorted { $0.key < $1.key }.map { label, count in
        ClassCounts.Entry(
          label: "\(label)", name: Int(exactly: label).flatMap { names.indices.contains($0) ? names[$0] : nil },
          count: count)
      })
  }
}
