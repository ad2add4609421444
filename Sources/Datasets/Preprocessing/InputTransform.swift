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
}
