import Foundation
import Foundations
import HDF5

/// A file without a name for rows on their way to an output, gone with the process however it ends.
final class SpoolFile: Sendable {
  private let directory: String
  private let file: ReadableFile
  /// What needs how much room there, for messages.
  private let need: String

  /// Makes an empty one.
  ///
  /// - Parameters:
  ///   - directory: Where its contents lie.
  ///   - need: How messages go on about rows that cannot be kept: `which need room for the table twice`.
  /// - Throws: `TrainerError` with code `usage` if it cannot be made there.
  init(in directory: String, need: String) throws {
    (self.directory, self.need) = (directory, need)
    do {
      file = ReadableFile(owning: try SystemFileSystem().openNameless(in: directory))
    } catch let error as FileError {
      throw Self.fault(directory, error.number, "a file for rows on their way to the output cannot be made")
    }
  }

  /// Keeps bytes at a place; threads may do so at once, at places of their own.
  ///
  /// - Throws: `TrainerError` with code `usage` if the directory has no room.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      let count = pwrite(file.number, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset + done))
      guard count > 0 else {
        if count < 0, errno == EINTR { continue }
        throw Self.fault(
          directory, errno, "rows on their way to the output, \(need), cannot be kept")
      }
      done += count
    }
  }

  /// Reads back bytes that were kept at a place.
  ///
  /// - Throws: `TrainerError` with code `usage` if that fails.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let count = file.read(at: offset, into: buffer)
    guard count == buffer.count else {
      throw Self.fault(
        directory, count < 0 ? Int32(-count) : EIO, "rows on their way to the output cannot be read back")
    }
  }

  private static func fault(_ directory: String, _ number: Int32, _ what: String) -> TrainerError {
    TrainerError(.usage, "directory '\(directory)': \(what): \(String(cString: strerror(number)))")
  }
}
