import Foundation
import Foundations
import HDF5

/// Where rows are, for the sentences about what is wrong with them.
struct StoredPlace: Sendable {
  let reader: DatasetReader
  /// The file that has them.
  let path: String
  let name: String
  let group: String
  /// The dataset's path in the file.
  let dataset: String
  /// What the rows become.
  let element: ElementType

  private static let advice = "copy the file again or make it anew, and go on with the run"

  private func damaged(_ chunk: String, _ what: String) -> TrainerError {
    TrainerError(.data, "\(path): \(dataset): \(chunk) is damaged: \(what); \(Self.advice)")
  }

  /// The system's error in reading.
  func readError(_ chunk: String, number: Int32) -> TrainerError {
    TrainerError(
      .data,
      "\(path): \(dataset): \(chunk) cannot be read: \(String(cString: strerror(number)).lowercased()); see to the "
        + "disk or the network, and go on with the run")
  }

  /// The system does not map the file.
  func mapError(number: Int32) -> TrainerError {
    TrainerError(
      .data,
      "\(path): \(dataset) cannot be mapped into memory: \(String(cString: strerror(number)).lowercased()); raise "
        + "the limit of address space, or data.memory so that it is read")
  }

  /// The file is shorter than it was.
  func cutError(_ chunk: String, end: Int, byteCount: Int) -> TrainerError {
    TrainerError(
      .data,
      "\(path): \(dataset): \(chunk) is not whole: it ends at byte \(end), and the file has only \(byteCount), less "
        + "than when it was opened; \(Self.advice)")
  }

  /// What is said before and behind the number of a row whose page cannot be had; the whole line, since nothing else can
  /// be said then.
  var lossTexts: (before: String, after: String) {
    let place = "\(reader.path): \(dataset)".onOneLine
    return (
      "error: \(place): the row ",
      " (counted from 0) of the mapped file cannot be read: the file was cut while the run went on, or its disk or network "
        + "fails; \(Self.advice)\n"
    )
  }

  /// The file was written to.
  func changedError(_ chunk: String) -> TrainerError {
    TrainerError(
      .data,
      "\(path): \(dataset): the file was changed while it was read, at \(chunk) at the latest; put the file back as it "
        + "was, and go on with the run, or begin a new one")
  }

  /// The sentence for a fault.
  ///
  /// - Parameter chunk: How a chunk is called.
  func error(_ fault: DecodingFault, chunk: (Int) -> String) -> TrainerError {
    switch fault {
    case .filter(let number, let filter):
      return damaged(chunk(number), "it does not unpack (\(filter.name))")
    case .checksum(let number):
      return damaged(chunk(number), "its checksum is not that of its bytes (fletcher32)")
    case .size(let number, let expected):
      return damaged(chunk(number), "behind its filters it should have \(expected) bytes, and has not")
    case .notFinite(let row, let column, let value):
      do {
        return try reader.notFinite(value, of: name, in: group, row: row, column: column)
      } catch {
        return TrainerError(.data, "\(path): \(dataset) has \(value) in row \(row), column \(column): \(error)")
      }
    case .tooGreat(let row, let column, let value):
      do {
        return try reader.cannotHold(value, of: name, in: group, row: row, column: column, element)
      } catch {
        return TrainerError(.data, "\(path): \(dataset) has \(value) in row \(row), column \(column): \(error)")
      }
    case .unknownCategory(let row, let column, let value):
      let place = group == DatasetReader.root ? path : "\(path): in the group '\(group)'"
      let error = RowExpansion.UnknownCategory(column: column, value: value).error(inRow: row)
      return TrainerError(error.code, "\(place): \(error.message)")
    }
  }
}
