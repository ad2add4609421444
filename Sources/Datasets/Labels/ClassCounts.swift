import Foundations
import HDF5
import Kernels

/// How many samples each class has.
public struct ClassCounts: Sendable, Equatable {
  /// A class with its samples.
  public struct Entry: Sendable, Equatable {
    /// What stands in the data for it, such as `2`; the name itself where that is in the data.
    public let label: String
    /// Its name; `nil` where it has none but its label.
    public let name: String?
    /// How many samples are of it.
    public let count: Int

    /// Creates an entry.
    public init(label: String, name: String?, count: Int) {
      self.label = label
      self.name = name
      self.count = count
    }
  }

  /// The classes in the order of their indices.
  public let classes: [Entry]

  /// Creates counts.
  public init(_ classes: [Entry]) { self.classes = classes }

  /// The counts on one line, such as `setosa: 40, versicolor: 39`: those of the first classes, and how many more there are.
  ///
  /// - Parameter limit: The most classes that are named.
  public func text(atMost limit: Int = 10) -> String {
    let shown = classes.prefix(limit).map { "\(($0.name ?? $0.label).onOneLine): \($0.count)" }
    let rest = classes.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? ", … (\(classes.count) in all)" : "")
  }
}

extension ClassCounts {
  /// Counts targets as they are trained on: one class index a row, or a column of 0 and 1 for each class.
  ///
  /// - Parameters:
  ///   - targets: The targets.
  ///   - names: The names of the classes by their indices; `nil` if they have none.
  ///   - classes: How many classes there are.
  /// - Returns: `nil` for rows that are no class.
  package init?<Scalar: KernelElement>(_ targets: RowSource<Scalar>, names: [String]?, classes: Int) {
    var counts = [Int](repeating: 0, count: classes)
    func count(_ index: Int?) -> Bool {
      guard let index, counts.indices.contains(index) else { return false }
      counts[index] += 1
      return true
    }
    let areClasses: Bool
    if targets.columns == 1 {
      switch targets.storage {
      case .bytes(let labels): areClasses = labels.allSatisfy { count(Int($0)) }
      case .scalars(let labels): areClasses = labels.allSatisfy { count(Int(exactly: $0)) }
      case .sparse, .mapped, .ring:
        areClasses = (0..<targets.rows).allSatisfy { count(targets.row($0).first.flatMap { Int(exactly: $0) }) }
      }
    } else {
      areClasses = (0..<targets.rows).allSatisfy { row in
        let values = targets.row(row)
        guard let place = values.firstIndex(of: 1) else { return false }
        return values.enumerated().allSatisfy { $0.offset == place || $0.element == 0 } && count(place)
      }
    }
    guard areClasses else { return nil }
    self.init(
      counts.enumerated().map { index, count in
        Entry(label: "\(index)", name: names?.dropFirst(index).first, count: count)
      })
  }
}

extension ClassCounts {
  /// Counts the classes of what may be targets in a file: whole numbers, texts, enumerations, booleans, categories.
  ///
  /// - Parameters:
  ///   - path: A dataset, or a group of categories, from `parent`.
  ///   - parent: A group.
  ///   - limit: The most samples that are looked at.
  ///   - areTargets: Whether the place is known to hold targets. Otherwise numbers count only with names, and texts only where
  ///     they come again.
  /// - Returns: `nil` for what is not classes, or has too many samples to look at.
  /// - Throws: `HDF5Error` or `TrainerError` for what cannot be read.
  package init?(
    _ path: String, in parent: HDF5.Group, atMost limit: Int, areTargets: Bool
  ) throws {
    let rows: any StoredRows
    if let categories = try CategoricalRows(path, in: parent, place: path) {
      rows = categories
    } else {
      guard try parent.exists(path), try parent.kind(of: path) == .dataset else { return nil }
      let dataset = DatasetRows(dataset: try parent.dataset(path), place: path)
      guard try dataset.dataset.externalFileNames.isEmpty else { return nil }
      rows = try CharacterRows(dataset) ?? dataset
    }
    guard let count = try rows.shape.first, count > 0, count <= limit, try rows.elementsOfRow() == 1 else { return nil }
    switch try rows.values {
    case .other: return nil
    case .texts:
      guard let counts = try Self.counted(rows, { try rows.readTexts(rows: $0) }),
        areTargets || counts.count <= count / 2
      else {
        return nil
      }
      self.init(counts.sorted { $0.key < $1.key }.map { Entry(label: $0.key, name: nil, count: $0.value) })
    case .booleans:
      try self.init(rows, names: [(0, "false"), (1, "true")])
    case .codes(let codes, _):
      try self.init(rows, names: codes.map { ($0.value, $0.name) })
    case .numbers:
      let names = try rows.texts("classes")
      guard names != nil || areTargets else { return nil }
      let first: Int64 = try names.map { try Self.startsAt1(rows, count: $0.count) } ?? false ? 1 : 0
      try self.init(rows, names: names?.enumerated().map { (Int64($0.offset) + first, $0.element) } ?? [])
    }
  }

  /// Values of more kinds are counts or identifiers, not classes.
  private static let mostKinds = 100

  private init?(_ rows: any StoredRows, names: [(value: Int64, name: String)]) throws {
    if rows.numberType == .uint64, names.isEmpty {
      guard let found = try Self.counted(rows, { try rows.read(UInt64.self, rows: $0) }) else { return nil }
      self.init(found.sorted { $0.key < $1.key }.map { Entry(label: "\($0.key)", name: nil, count: $0.value) })
      return
    }
    let isFloating = rows.numberType?.isFloatingPoint ?? true
    let limit = names.isEmpty ? Self.mostKinds : LabelEncoder.mostClasses
    let found = try Self.counted(rows, atMost: limit) { range -> [Int64?] in
      try isFloating
        ? rows.read(Double.self, rows: range).map { Int64(exactly: $0) }
        : rows.read(Int64.self, rows: range).map(Optional.some)
    }
    guard let found else { return nil }
    var counts: [Int64: Int] = [:]
    for (value, count) in found {
      guard let value else { return nil }
      counts[value] = count
    }
    var entries = names.map {
      Entry(label: "\($0.value)", name: $0.name, count: counts.removeValue(forKey: $0.value) ?? 0)
    }
    entries += counts.sorted { $0.key < $1.key }.map { Entry(label: "\($0.key)", name: nil, count: $0.value) }
    self.init(entries)
  }

  private static func counted<Value: Hashable>(
    _ rows: any StoredRows, atMost limit: Int = mostKinds, _ read: (Range<Int>) throws -> [Value]
  ) throws -> [Value: Int]? {
    var counts: [Value: Int] = [:]
    let (count, step) = (try rows.shape.first ?? 0, try rows.blockRows())
    for start in stride(from: 0, to: count, by: step) {
      for value in try read(start..<min(count, start + step)) { counts[value, default: 0] += 1 }
      guard counts.count <= limit else { return nil }
    }
    return counts
  }

  /// Whether labels count from 1: none is 0, and the greatest is the number of classes.
  private static func startsAt1(_ rows: any StoredRows, count: Int) throws -> Bool {
    let values = try rows.read(Double.self, rows: 0..<(rows.shape.first ?? 0))
    return values.min() ?? 0 >= 1 && values.max() == Double(count)
  }
}
