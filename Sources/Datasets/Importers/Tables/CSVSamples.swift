import Foundations
import HDF5

/// The samples of an import from tables of text: what is known of them, and the rows in a spool.
struct CSVSamples {
  /// What is stored, `train` first.
  let layouts: [GroupLayout]
  /// The names of the classes; nil for regression.
  let classes: [String]?
  /// The names of the inputs in one array; nil for a table, or without a header.
  let features: [String]?
  let unusedColumns: [String]
  let targetName: String?
  let columns: [ImportedColumn]
  /// What divides the fields, in words; nil for JSON lines.
  let delimiter: String?
  /// How the table is written.
  let spelling: TableSpelling

  private let scan: TableScan
  private let decoder: CellDecoder
  /// For each text of a target, its class, or its number.
  private let targetValues: [Double]
  private let split: Split
  private let hasTestFile: Bool
  private let path: String

  /// Works out what is stored.
  ///
  /// - Parameters:
  ///   - kept: The inputs that are stored.
  ///   - areNumbers: Whether these become one array.
  init(
    settings: CSVImport, scan: TableScan, tables: [CSVTable], sources: [CSVTargetSource], targets: CSVTargets,
    kept: [Int], verdicts: [ColumnProfile.Verdict], profiles: [ColumnProfile], areNumbers: Bool, numberType: NumberType
  ) {
    self.scan = scan
    path = settings.path
    (split, hasTestFile) = (settings.split, settings.testPath != nil)
    let found = tables[0].columns
    let names = found.features
    var described = zip(names, zip(profiles, verdicts)).map { $1.0.column($0, $1.1) }
    if areNumbers {
      features = settings.hasHeader ? kept.map { names[$0] } : nil
      decoder = CellDecoder(array: kept, type: numberType, scan: scan)
    } else {
      features = nil
      decoder = CellDecoder(
        table: kept.compactMap { place in verdicts[place].kind.feature.map { (place, names[place], $0) } },
        numberType: numberType, scan: scan)
      // Of a category, texts are told apart, where a look at all columns takes 1 and 1.0 for one number.
      for (place, feature) in zip(kept, decoder.features) where feature.kind == .category {
        described[place] = described[place].counting(feature.categories.count)
      }
    }
    columns = described
    classes = targets.classes
    unusedColumns = found.unused(besides: kept)
    targetName = found.targetName
    delimiter = settings.isJSONLines ? nil : tables[0].dialect.delimiterName
    spelling = TableSpelling(
      settings, tables[0].dialect,
      places: TableSpelling.Places(columnCount: found.count, inputs: kept.map { found.inputs[$0] }))

    var values = [Double](repeating: .nan, count: scan.pool.entries.count)
    for source in sources.indices {
      let labels = targets.labels.isEmpty ? [] : targets.labels[source]
      for (index, place) in scan.targetTexts(of: source).enumerated() {
        values[place] = labels.isEmpty ? scan.pool.entries[place].number : Double(labels[index])
      }
    }
    targetValues = values
    let targetType: NumberType =
      switch targets.classes?.count {
      case nil: .float64
      case let count? where count <= 1 << 8: .uint8
      case let count? where count <= 1 << 16: .uint16
      default: .uint32
      }
    var counts = (train: sources[0].rowCount, test: 0)
    if settings.testPath != nil {
      counts.test = sources[1].rowCount
    } else if let classes = targets.classes {
      var classCounts = [Int](repeating: 0, count: classes.count)
      for (label, text) in zip(targets.labels[0], sources[0].texts) { classCounts[label] += text.count }
      counts.test = classCounts.reduce(0) { $0 + SplitCounter.testCount(settings.split, of: $1) }
      counts.train -= counts.test
    } else {
      counts.test = SplitCounter.testCount(settings.split, of: counts.train)
      counts.train -= counts.test
    }
    let inputs = decoder.layout
    layouts = [("train", counts.train), ("test", counts.test)].map {
      GroupLayout(name: $0, rowCount: $1, inputs: inputs, targets: ArrayLayout(rowShape: [], type: targetType))
    }
  }

  /// The samples of all groups.
  var rowCount: Int { layouts.reduce(0) { $0 + $1.rowCount } }

  /// For each dataset of inputs, its kind and what is stored.
  var blockLayouts: [(kind: FeatureKind?, layout: ArrayLayout)] { decoder.blockLayouts }

  /// The names that a file can hold.
  var storedClasses: [String]? { classes.flatMap { $0.count <= maximumNamedClassCount ? $0 : nil } }

  /// Hands all rows to where they are stored, in their order.
  ///
  /// - Parameter sinks: For each group where its rows go; nil for one without.
  func decode(into sinks: [GroupSink?]) throws {
    var counter = SplitCounter(split)
    var buffer: [UInt8] = []
    var whole: [UInt64] = []
    let targetType = layouts[0].targets.type
    let part = WorkProgress.begin("storing the rows", of: rowCount, "rows")
    defer { part?.end() }
    for (source, segments) in scan.segments.enumerated() {
      for segment in segments {
        try scan.spool.withBytes(of: segment.place, buffer: &buffer) { stored in
          if segment.isSparse {
            SegmentRows.cells(
              ofSparse: stored, rowCount: segment.rowCount, width: decoder.inputCount + 1, into: &whole)
          }
          try whole.withUnsafeBytes { whole in
            let rows = SegmentRows(segment.isSparse ? whole : stored, segment, inputCount: decoder.inputCount)
            for row in 0..<segment.rowCount {
              let cell = rows.target(of: row)
              let target = Cell.isNumber(cell) ? Double(bitPattern: cell) : targetValues[Cell.place(cell)]
              let group =
                hasTestFile ? source : counter.isTest(label: targetType == .float64 ? 0 : Int(target)) ? 1 : 0
              guard let sink = sinks[group] else { continue }
              try decoder.decode(rows, row, into: sink.inputs)
              try sink.targets.append { CellDecoder.store([target], in: $0, as: targetType) }
            }
          }
        }
        part?.add(segment.rowCount)
      }
    }
    for sink in sinks.compactMap(\.self) { try sink.finish() }
  }

  /// Writes them as a dataset file.
  ///
  /// - Parameter sources: The files that they come from.
  /// - Throws: `TrainerError` that says why it cannot be written.
  func write(to output: String, with writer: DatasetWriter, from sources: [String]) throws {
    try writer.write(
      layouts: layouts, classes: storedClasses, features: features, unusedColumns: unusedColumns,
      targetName: targetName, spelling: spelling, to: output, from: sources
    ) { datasets in
      // Groups without samples have none.
      var rest = datasets[...]
      try decode(
        into: layouts.map { layout in
          guard layout.rowCount > 0, let datasets = rest.popFirst() else { return nil }
          return try GroupSink(datasets, layout, blockLayouts)
        })
    }
  }

  /// The samples in memory.
  ///
  /// - Throws: `TrainerError` with code `data` if they do not fit.
  func inMemory() throws -> ImportedSamples {
    let byteCount = layouts.reduce(0) { $0 + $1.rowCount * (decoder.rowByteCount + $1.targets.rowByteCount) }
    try MemoryLimit.require(
      Double(byteCount), for: "'\(path)': the table", code: .data,
      advice: "import a part of it, or store less with the type float32")
    let sinks = layouts.map { MemorySink($0, decoder.blockLayouts) }
    try decode(into: sinks.map(\.sink))
    return ImportedSamples(
      groups: zip(layouts, sinks).map { $1.group($0) }, classes: classes, features: features,
      unusedColumns: unusedColumns, targetName: targetName, columns: columns, delimiter: delimiter,
      spelling: spelling)
  }
}
