import Foundations
import HDF5
import Synchronization

/// How the targets of a file are read.
package struct LabelReading: Sendable {
  /// Whether the loss takes them for classes; otherwise they are numbers.
  package var areClasses: Bool
  /// The number that a model's first class had where it was trained: 1 where labels were counted from 1.
  package var firstLabel: Int?
  /// The classes of the model that the targets are measured with; `nil` where there is none, or they have no names.
  package var modelClasses: [String]?
  /// What was made of targets before.
  private var cache = LabelCache()

  /// - Parameters:
  ///   - areClasses: Whether the loss takes them for classes.
  ///   - firstLabel: The number that a model's first class had; `nil` where there is no model yet.
  ///   - modelClasses: The classes of a model; `nil` where there is none, or they have no names.
  package init(areClasses: Bool = false, firstLabel: Int? = nil, modelClasses: [String]? = nil) {
    self.areClasses = areClasses
    self.firstLabel = firstLabel
    self.modelClasses = modelClasses
  }

  /// The same, which makes everything anew.
  var withoutCache: LabelReading {
    var reading = self
    reading.cache = LabelCache(keeps: false)
    return reading
  }

  /// The targets of a group, made once.
  func rows(of place: String, _ make: () throws -> any StoredRows) throws -> any StoredRows {
    try cache.rows.value(of: place, make)
  }

  /// The columns of a group's inputs, found once.
  func columns(of place: String, _ make: () throws -> TableColumns?) throws -> TableColumns? {
    try cache.columns.value(of: place, make)
  }
}

/// What was made of a file's texts, which takes reading them all.
private final class LabelCache: Sendable {
  let rows: Cache<any StoredRows>
  let columns: Cache<TableColumns?>

  init(keeps: Bool = true) {
    rows = Cache(keeps: keeps)
    columns = Cache(keeps: keeps)
  }
}

/// Values by name, made once.
private final class Cache<Value: Sendable>: Sendable {
  private let values = Mutex<[String: Value]>([:])
  private let keeps: Bool

  init(keeps: Bool) { self.keeps = keeps }

  func value(of place: String, _ make: () throws -> Value) throws -> Value {
    // Not under the lock: making one reads others.
    if let found = values.withLock({ $0[place] }) { return found }
    let made = try make()
    guard keeps else { return made }
    return values.withLock { values in
      let kept = values[place] ?? made
      values[place] = kept
      return kept
    }
  }
}

extension DatasetReader {
  /// The same file with its targets read so.
  package func reading(_ labels: LabelReading) -> DatasetReader {
    var reader = self
    reader.labels = labels
    return reader
  }

  /// Targets as the loss takes them: as class indices where the config or the file says what the classes are, else as they
  /// are.
  ///
  /// - Parameter rows: What the file has.
  /// - Throws: `TrainerError` for values that are no class; `HDF5Error`.
  func targetRows(_ rows: any StoredRows, of name: String, in group: String) throws -> any StoredRows {
    let source = selections[group]?.source ?? group
    return try labels.rows(of: "\(source)\0\(name)") {
      var encoder = LabelEncoder(rows: rows, path: path) { try pickedRow($0, of: name, in: source) }
      var counted = rows
      if try rows.values == .numbers, try rows.elementsOfRow() == 1 {
        counted = try countedFrom1(rows, of: name, in: source, encoder)
      }
      if let codes = places.labels {
        encoder.modelClasses = labels.modelClasses
        encoder.firstLabel = counted is LabelRows ? 1 : 0
        if let encoded = try encoder.encoded(by: codes) { return encoded }
      }
      if let encoded = try encoder.encoded() { return encoded }
      if try rows.values == .numbers, let names = try rows.texts("classes") {
        try ClassMatching.requireDistinct(names, source: "\(path): \(rows.place)")
      }
      return counted
    }
  }

  /// Labels from 1 as class indices, where the file says that they are classes: by as many names as the greatest label, or
  /// by coming from MATLAB, whose counting begins with 1.
  private func countedFrom1(
    _ rows: any StoredRows, of name: String, in source: String, _ encoder: LabelEncoder
  ) throws -> any StoredRows {
    let names = try rows.texts("classes")
    guard try names != nil || rows.texts("MATLAB_class") != nil || labels.firstLabel == 1 else { return rows }
    guard let own = try Self.wholeNumbers(rows), own.first ?? 0 >= 1 else { return rows }
    // Of some groups the labels alone do not say it.
    var all = Set(own)
    for group in fileGroups where try group != source && hasDataset(name, in: group) {
      guard let numbers = try Self.wholeNumbers(plainRows(name, in: group)) else { return rows }
      all.formUnion(numbers)
    }
    guard let least = all.min(), let greatest = all.max(), least >= 1 else { return rows }
    let wasSo = labels.firstLabel == 1
    if let names {
      guard wasSo ? greatest <= names.count : greatest == names.count else { return rows }
      return try encoder.counted(from: 1, names)
    }
    guard wasSo || (least == 1 && greatest == all.count && greatest > 1) else { return rows }
    return try encoder.counted(from: 1, (1...greatest).map { "\($0)" })
  }

  /// The different values, ascending, if all are whole numbers and they are not too many.
  private static func wholeNumbers(_ rows: any StoredRows) throws -> [Int64]? {
    guard try rows.isNumeric && rows.elementsOfRow() == 1 else { return nil }
    let isFloating = rows.numberType?.isFloatingPoint ?? true
    guard rows.numberType != .uint64 || isFloating else {
      return try wholeNumbers(rows) { (value: UInt64) in Int64(exactly: value) }
    }
    if isFloating { return try wholeNumbers(rows) { (value: Double) in Int64(exactly: value) } }
    return try wholeNumbers(rows) { (value: Int64) in value }
  }

  private static func wholeNumbers<Value: NativeScalar>(
    _ rows: any StoredRows, _ whole: (Value) -> Int64?
  ) throws -> [Int64]? {
    var found: Set<Int64> = []
    let (count, step) = (try rows.shape.first ?? 0, try rows.blockRows())
    for start in stride(from: 0, to: count, by: step) {
      for value in try rows.read(Value.self, rows: start..<min(count, start + step)) {
        guard let number = whole(value) else { return nil }
        found.insert(number)
      }
      // More are hardly classes.
      guard found.count <= LabelEncoder.mostClasses else { return nil }
    }
    return found.sorted()
  }

  /// The number of the first class of a group's targets: 1 where labels were counted from 1, else `nil`.
  package func firstLabel(of name: String, in group: String) throws -> Int? {
    guard let rows = try Self.translating(path, { try stored(name, in: group) }) as? LabelRows, places.labels == nil,
      try rows.rows.values == .numbers
    else { return nil }
    return 1
  }
}
