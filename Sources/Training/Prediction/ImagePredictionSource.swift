import Datasets
import Foundations

/// Images from a folder, a file or standard input, a row each. In texts each prediction has the name of its file in front.
struct ImagePredictionSource: PredictionSource {
  private let images: ImageInput
  private let namesRows: Bool

  /// Takes images.
  ///
  /// - Parameters:
  ///   - namesRows: Whether predictions have the names of their files.
  ///   - isArray: Whether the model takes plain numbers.
  /// - Throws: `TrainerError` with code `.data` if it does not.
  init(_ images: ImageInput, namesRows: Bool, isArray: Bool, source: String) throws {
    guard isArray else {
      throw TrainerError(.data, "\(source): the model was trained on named columns, which images do not have")
    }
    (self.images, self.namesRows) = (images, namesRows)
  }

  func share(ofRows count: Int) -> Double? { Double(count) / Double(max(1, images.names.count)) }

  func forEachBlock(
    begin: ([String]) throws -> Void, _ body: (PredictionRows, Int) throws -> Void
  ) throws {
    try begin(namesRows ? ["file"] : [])
    for first in stride(from: 0, to: images.names.count, by: images.blockRows) {
      let rows = first..<min(images.names.count, first + images.blockRows)
      try body(
        PredictionRows(
          count: rows.count, inputs: .array(images.block(rows), .uint8),
          kept: namesRows ? [Array(images.names[rows])] : []), first)
    }
  }
}
