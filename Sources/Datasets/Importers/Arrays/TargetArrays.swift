import Foundations
import HDF5

/// The targets of all groups of an import from arrays, read as classes or as numbers.
struct TargetArrays {
  /// One for each group.
  let tables: [NumberTable]
  /// The classes' names: the numbers in their order, or the texts in theirs; nil for regression.
  let classes: [String]?
  /// The first group's class indices; nil for regression.
  let labels: [Int]?

  /// The targets of a group.
  struct Source {
    /// What messages call them, as the beginning of a sentence.
    let name: String
    let values: NPYValues
    /// Whether 0 and 1 stand for false and true.
    var areBooleans = false
  }

  /// Whole numbers of more kinds are numbers to predict.
  private static let mostNumberedClasses = 50

  /// Reads the arrays.
  ///
  /// - Throws: `TrainerError` with exit code `data` for what is neither a class nor a number where one is wanted.
  init(_ sources: [Source], task: CSVImport.LearningTask) throws {
    var (texts, numbers): ([[String]], [NumberTable]) = ([], [])
    for source in sources {
      switch source.values {
      case .texts(let shape, let values):
        try Self.requireOneColumn(shape, of: source.name)
        texts.append(values)
      case .numbers(let table): numbers.append(table)
      }
    }
    guard texts.isEmpty || numbers.isEmpty else {
      throw TrainerError(
        .data, "of \(sources.map(\.name).joined(separator: " and ")) some hold texts and others numbers")
    }
    guard texts.isEmpty else {
      guard task != .regression else {
        throw TrainerError(.data, "\(sources[0].name) holds texts, and numbers to predict are wanted")
      }
      try self.init(classes: texts, sources)
      return
    }
    try self.init(numbers: numbers, sources, task)
  }

  private init(classes texts: [[String]], _ sources: [Source]) throws {
    for (texts, source) in zip(texts, sources) {
      guard let row = texts.firstIndex(of: "") else { continue }
      throw TrainerError(.data, "\(source.name) has no text in row \(row + 1), and the sample needs a class")
    }
    try self.init(texts, names: Set(texts.joined()).sorted(), sources[0].name)
  }

  private init(numbers tables: [NumberTable], _ sources: [Source], _ task: CSVImport.LearningTask) throws {
    var columns: [[Double]] = []
    for (table, source) in zip(tables, sources) {
      let values = table.type.doubles(table.bytes)
      if let place = values.firstIndex(where: { !$0.isFinite }) {
        let row = place / max(1, table.shape.dropFirst().reduce(1, *))
        throw TrainerError(
          .data, "\(source.name) has \(values[place]) in row \(row + 1), and a sample's target is a finite number")
      }
      columns.append(values)
    }
    let isOneColumn = tables.allSatisfy { $0.shape.dropFirst().allSatisfy { $0 == 1 } }
    let isWhole = isOneColumn && columns.allSatisfy { $0.allSatisfy { $0 == $0.rounded() } }
    let kinds = isOneColumn && (isWhole || task == .classification) ? Set(columns.joined()) : []
    guard task == .classification || (task == .automatic && isWhole && kinds.count <= Self.mostNumberedClasses) else {
      let type = Set(tables.map(\.type)).count == 1 ? tables[0].type : .float64
      let converted = zip(tables, columns).map { table, values in
        let shape = isOneColumn ? [table.rowCount] : table.shape
        guard table.type != type else { return NumberTable(shape: shape, type: type, bytes: table.bytes) }
        return NumberTable(shape: shape, values: values)
      }
      self.init(tables: converted, classes: nil, labels: nil)
      return
    }
    for (table, source) in zip(tables, sources) { try Self.requireOneColumn(table.shape, of: source.name) }
    // Labels of more than 53 bits are keys of something; as doubles two of them could be one.
    if let large = kinds.first(where: { $0.magnitude > 0x1p53 }) {
      throw TrainerError(
        .data, "\(sources[0].name) has the label \(large), which is too large for the number of a class")
    }
    let areBooleans = sources.allSatisfy(\.areBooleans)
    func name(_ number: Double) -> String {
      areBooleans ? "\(number != 0)" : Int(exactly: number).map(String.init) ?? "\(number)"
    }
    try self.init(columns.map { $0.map(name) }, names: kinds.sorted().map(name), sources[0].name)
  }

  private init(_ texts: [[String]], names: [String], _ source: String) throws {
    guard names.count <= maximumNamedClassCount else {
      throw TrainerError(
        .data,
        "\(source) holds \(names.count) different values, more than the \(maximumNamedClassCount) classes that are "
          + "supported", remedy: .init("task", "are they classes, or is it a regression?"))
    }
    let indices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    let labels = texts.map { $0.map { indices[$0] ?? 0 } }
    self.init(
      tables: labels.map { NumberTable(labels: $0, classCount: names.count) }, classes: names, labels: labels[0])
  }

  private init(tables: [NumberTable], classes: [String]?, labels: [Int]?) {
    (self.tables, self.classes, self.labels) = (tables, classes, labels)
  }

  private static func requireOneColumn(_ shape: [Int], of name: String) throws {
    guard shape.dropFirst().allSatisfy({ $0 == 1 }) else {
      throw TrainerError(
        .data,
        "\(name) has the shape \(shape), and classes are one for each sample; save them with argmax, if these are "
          + "ones among zeros")
    }
  }
}
