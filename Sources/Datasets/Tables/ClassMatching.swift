import Foundations
import HDF5
import Kernels

/// The classes of a file's targets as those that a model knows: matched by name, where both sides have names.
package struct ClassMatching: Sendable {
  /// For each class of the file, its index among the model's.
  private let indices: [Int]
  private let found: [String]
  private let count: Int
  private let source: String

  /// Matches classes. The file may have only some of the model's.
  ///
  /// - Parameters:
  ///   - wanted: The model's, in the order of their indices.
  ///   - found: Those of the file.
  ///   - source: How messages call the targets: the file and the dataset.
  /// - Throws: `TrainerError` with code `.data` for a class that the model does not know.
  package init(wanted: [String], found: [String], source: String) throws {
    let places = Dictionary(wanted.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    indices = try found.map { name in
      guard let index = places[name] else {
        // A number beside another one is no slip of the pen.
        let near =
          Double(name) == nil ? suggestion(for: name, among: wanted).map { "; did you mean '\($0.onOneLine)'?" } : nil
        throw TrainerError(
          .data,
          "\(source) has the class '\(name.onOneLine)', which the model does not know: it was trained with "
            + "\(listed(wanted))\(near ?? "")")
      }
      return index
    }
    try Self.requireDistinct(found, source: source)
    self.found = found
    count = wanted.count
    self.source = source
  }

  /// Refuses a name that stands for two classes.
  ///
  /// - Parameters:
  ///   - names: Those of the attribute `classes`.
  ///   - source: How messages call the targets.
  /// - Throws: `TrainerError` with code `.data` that names both classes.
  static func requireDistinct(_ names: [String], source: String) throws {
    var places: [String: Int] = [:]
    for (index, name) in names.enumerated() {
      guard let first = places.updateValue(index, forKey: name) else { continue }
      throw TrainerError(
        .data,
        "\(source): its attribute 'classes' calls both \(first) and \(index) '\(name.onOneLine)' (counted from 0); give each "
          + "class a name of its own")
    }
  }

  /// Whether every class has the index in the model that it has in the file.
  private var isIdentity: Bool { indices == Array(indices.indices) && indices.count == count }

  /// Targets with the model's indices in place of the file's: of one column the labels, of a column for each class of the
  /// file a column for each of the model's.
  ///
  /// - Throws: `TrainerError` with code `.data` for a label that has no name, or another number of columns.
  package func callAsFunction<Scalar: KernelElement & NativeScalar>(
    _ targets: RowSource<Scalar>
  ) throws -> RowSource<Scalar> {
    guard !isIdentity else { return targets }
    if targets.columns == 1 {
      let labels = try (0..<targets.rows).map { row in
        let label = targets.row(row)[0]
        guard let code = Int(exactly: label), indices.indices.contains(code) else {
          throw TrainerError(
            .data,
            "\(source) has \(JSONValue.text(of: label)) in row \(row) (counted from 0), but its attribute 'classes' names "
              + "the classes 0 to \(found.count - 1)")
        }
        return Scalar(indices[code])
      }
      return RowSource(labels, rows: targets.rows, rowShape: targets.rowShape)
    }
    guard targets.columns == found.count else {
      throw TrainerError(
        .data,
        "\(source) has \(targets.columns) columns and \(found.count) names of classes, so they cannot be matched with the "
          + "model's; give one label for each row, or a column for each class")
    }
    var values = [Scalar](repeating: 0, count: targets.rows * count)
    for row in 0..<targets.rows {
      for (column, value) in targets.row(row).enumerated() { values[row * count + indices[column]] = Scalar(value) }
    }
    return RowSource(values, rows: targets.rows, rowShape: [count])
  }

  /// What targets are whose labels were mapped: whole numbers stay so.
  package func range<Scalar: KernelElement & NativeScalar>(of targets: RowSource<Scalar>) -> ClosedRange<Int> {
    let range = targets.range
    return Int(range.lowerBound)...Int(range.upperBound)
  }
}
