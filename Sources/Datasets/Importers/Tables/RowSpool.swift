import Foundation
import Foundations
import Synchronization

/// Keeps rows until it is known what becomes of them: the first in memory, the rest in a file without a name, which is gone
/// with the process however it ends.
final class RowSpool: Sendable {
  /// Where bytes are kept.
  enum Place: Sendable {
    case memory([UInt8])
    case file(offset: Int, count: Int)
  }

  private struct State {
    var inMemory = 0
    var file: Int32?
    var end = 0
  }

  private let directory: String?
  private let mostInMemory: Int
  private let state = Mutex(State())

  /// Creates an empty one.
  ///
  /// - Parameters:
  ///   - directory: Where the file is made if one is needed; nil keeps everything in memory.
  ///   - mostInMemory: The bytes that are kept in memory where there is a directory.
  init(directory: String?, mostInMemory: Int = .max) {
    (self.directory, self.mostInMemory) = (directory, mostInMemory)
  }

  deinit { state.withLock { if let file = $0.file { Foundation.close(file) } } }

  /// Keeps bytes; threads may do so at once.
  ///
  /// - Throws: `TrainerError` with code `usage` if the directory has no room.
  func store(_ bytes: UnsafeRawBufferPointer) throws -> Place {
    let reserved: (file: Int32, offset: Int)? = try state.withLock { state in
      guard let directory, state.inMemory + bytes.count > mostInMemory else {
        state.inMemory += bytes.count
        return nil
      }
      let file = try state.file ?? Self.makeFile(in: directory)
      state.file = file
      defer { state.end += bytes.count }
      return (file, state.end)
    }
    guard let (file, offset) = reserved else { return .memory(Array(bytes)) }
    var done = 0
    while done < bytes.count {
      let count = pwrite(file, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset + done))
      guard count > 0 else {
        if count < 0, errno == EINTR { continue }
        throw Self.fault(
          directory ?? ".", errno,
          "rows on their way to the output, which need room for the table twice, cannot be kept")
      }
      done += count
    }
    return .file(offset: offset, count: bytes.count)
  }

  /// Hands on bytes that were kept.
  ///
  /// - Parameter buffer: Memory for what lies in the file, which is made larger where it has to be.
  func withBytes(
    of place: Place, buffer: inout [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    switch place {
    case .memory(let bytes): try bytes.withUnsafeBytes(body)
    case .file(let offset, let count):
      if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
      let file = state.withLock { $0.file } ?? -1
      try buffer.withUnsafeMutableBytes { buffer in
        var done = 0
        while done < count {
          let got = pread(file, buffer.baseAddress?.advanced(by: done), count - done, off_t(offset + done))
          guard got > 0 else {
            if got < 0, errno == EINTR { continue }
            throw Self.fault(
              directory ?? ".", got < 0 ? errno : EIO, "rows on their way to the output cannot be read back")
          }
          done += got
        }
        try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    }
  }

  private static func makeFile(in directory: String) throws -> Int32 {
    do {
      return try SystemFileSystem().openNameless(in: directory)
    } catch let error as FileError {
      throw fault(directory, error.number, "a file for rows on their way to the output cannot be made")
    }
  }

  private static func fault(_ directory: String, _ number: Int32, _ what: String) -> TrainerError {
    TrainerError(.usage, "directory '\(directory)': \(what): \(String(cString: strerror(number)))")
  }
}
