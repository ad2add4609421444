import Foundations
import Synchronization

/// Keeps rows until it is known what becomes of them: the first in memory, the rest in a file without a name.
final class RowSpool: Sendable {
  /// Where bytes are kept.
  enum Place: Sendable {
    case memory([UInt8])
    case file(SpoolFile, offset: Int, count: Int)
  }

  private struct State {
    var inMemory = 0
    var file: SpoolFile?
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

  /// Keeps bytes; threads may do so at once.
  ///
  /// - Throws: `TrainerError` with code `usage` if the directory has no room.
  func store(_ bytes: UnsafeRawBufferPointer) throws -> Place {
    let reserved: (file: SpoolFile, offset: Int)? = try state.withLock { state in
      guard let directory, state.inMemory + bytes.count > mostInMemory else {
        state.inMemory += bytes.count
        return nil
      }
      let file = try state.file ?? SpoolFile(in: directory, need: "which need room for the table twice")
      state.file = file
      defer { state.end += bytes.count }
      return (file, state.end)
    }
    guard let (file, offset) = reserved else { return .memory(Array(bytes)) }
    try file.write(bytes, at: offset)
    return .file(file, offset: offset, count: bytes.count)
  }

  /// Hands on bytes that were kept.
  ///
  /// - Parameter buffer: Memory for what lies in the file, which is made larger where it has to be.
  func withBytes(
    of place: Place, buffer: inout [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    switch place {
    case .memory(let bytes): try bytes.withUnsafeBytes(body)
    case .file(let file, let offset, let count):
      if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
      try buffer.withUnsafeMutableBytes { buffer in
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        try file.read(into: part, at: offset)
        try body(UnsafeRawBufferPointer(part))
      }
    }
  }
}
