import Foundations
import HDF5
import Kernels

/// What turns raw rows into a model's inputs, with everything that was fitted to the training rows: what a checkpoint keeps.
///
/// Rows of a dataset file, of a table of text and of memory go through the same arithmetic, in double precision and rounded
/// once, so that a row becomes the same inputs wherever it comes from.
package protocol InputTransform: Sendable {
  /// The raw columns that it takes, in order; `nil` where they were never named and places count.
  var features: [Feature]? { get }
  /// The extents of a raw row.
  var inputShape: [Int] { get }
  /// The extents of a transformed row.
  var outputShape: [Int] { get }

  /// Transforms raw rows whose columns are ``features``, of categories with the codes of those.
  ///
  /// - Parameters:
  ///   - block: The rows.
  ///   - firstRow: The number of the first, for messages.
  /// - Returns: [rows, the product of ``outputShape``].
  /// - Throws: `TrainerError` with code `.data` for values that the transform refuses.
  func transform(_ block: TableBlock, firstRow: Int) throws -> [Double]

  /// Reads a group's inputs and transforms them. Columns that have names on both sides are matched by them.
  ///
  /// - Parameters:
  ///   - name: The dataset or the table with the inputs.
  ///   - group: The group of samples.
  ///   - reader: The dataset file.
  ///   - others: Names of columns that may be there beside the inputs, such as the target's.
  ///   - type: What the results are rounded to.
  /// - Throws: `TrainerError` with code `.data` for every fault of the inputs, or if their columns are not those of the
  ///   training group.
  func rows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, as type: Scalar.Type
  ) throws -> RowSource<Scalar>

  /// A group's inputs where they lie in the file, to the bits that ``rows(of:in:from:ignoring:as:)`` has in memory; `nil` for
  /// those that do not lie in one place as numbers, row by row, or become more columns than they are.
  ///
  /// - Throws: `TrainerError` for a fault that the file's headers show.
  func mappedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, as type: Scalar.Type
  ) throws -> RowSource<Scalar>?

  /// A group's inputs to fetch and decode, to the bits that ``rows(of:in:from:ignoring:as:)`` has in memory.
  ///
  /// - Throws: `TrainerError` for what cannot be streamed, or for a fault that the file's headers show.
  func streamedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, as type: Scalar.Type
  ) throws -> StreamedRows<Scalar>

  /// The columns that the inputs become, where they are others than those of the file; `nil` where they stay.
  var expandedColumnCount: Int? { get }
}

extension InputTransform {
  /// The rows of a table, transformed and rounded once.
  ///
  /// - Parameters:
  ///   - matching: The table's columns as those of the transform.
  ///   - rows: Those that are wanted; `nil` for all.
  ///   - place: How messages call the table.
  ///   - fault: What to say of a number that `Scalar` cannot hold.
  /// - Throws: `TrainerError` for every fault of the table, and for such a number.
  func transformed<Scalar: KernelElement & NativeScalar>(
    _ table: TableReader, _ matching: ColumnMatching, rows: Range<Int>? = nil, from reader: DatasetReader,
    _ place: String,
    fault: (_ found: (value: Double, row: Int, column: Int)) -> String
  ) throws -> RowSource<Scalar> {
    let rows = rows ?? 0..<table.rowCount
    try RowCollector<Scalar>.requireMemory(rows: rows.count, rowShape: outputShape, of: place)
    var collector = RowCollector<Scalar>(rows: rows.count, rowShape: outputShape, areLongIntegers: false)
    do {
      try table.forEachBlock(of: rows) { block, firstRow in
        guard let found = collector.append(try transform(matching(block), firstRow: firstRow)) else { return }
        throw TrainerError(.data, fault((found.value, rows.lowerBound + found.row, found.column)))
      }
    } catch let error as TrainerError where !error.message.hasPrefix(reader.path) {
      throw TrainerError(error.code, "\(place): \(error.message)")
    }
    return collector.source
  }
}
