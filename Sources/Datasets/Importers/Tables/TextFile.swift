import CZlib
import Foundation
import Foundations

/// A file of text that is read once from start to end, unpacked on the way if it is gzipped, whatever its name.
package final class TextFile {
  /// What is looked at before the first field is read.
  private static let startSize = 1 << 16
  /// No field of a table is longer; a quote that is never closed reaches to the end of the file.
  private static let maximumFieldSize = 1 << 26

  let path: String
  /// The first bytes.
  let start: [UInt8]
  /// Whether these are all.
  let isWhole: Bool
  private let stream: gzFile
  private let size: Int
  private var used = 0

  /// Opens a file and reads its start.
  ///
  /// - Parameter isTable: Whether text of another kind than fields between delimiters is refused, too.
  /// - Throws: `TrainerError` with exit code `data` if it cannot be read, or is known for no such text in UTF-8.
  package init(path: String, isTable: Bool = true) throws {
    self.path = path
    let stream: gzFile
    do {
      let files = SystemFileSystem()
      let file = try files.retryingWhenInterrupted { try files.openForReading(path) }
      // It reads plain files as they are, and closes the file.
      guard let opened = gzdopen(file, "rb") else {
        try files.close(file)
        throw TrainerError(.data, "cannot read '\(path)': there is no memory left for it")
      }
      stream = opened
      size = try files.status(of: path)?.size ?? 0
    } catch let error as FileError {
      let hint = error.number == ENOENT ? neighbourHint(of: path) : ""
      throw TrainerError(
        .data, "cannot read '\(path)': \(error.reason.prefix(1).lowercased() + error.reason.dropFirst())\(hint)")
    }
    self.stream = stream
    do {
      gzbuffer(stream, 1 << 17)
      var bytes = [UInt8](repeating: 0, count: Self.startSize)
      let count = try bytes.withUnsafeMutableBytes { try Self.read(stream, $0, path) }
      bytes.removeLast(bytes.count - count)
      start = bytes
      isWhole = count < Self.startSize
      try ForeignFormat.refuse(start, path: path, isTable: isTable)
    } catch {
      gzclose(stream)
      throw error
    }
  }

  /// Which part of the file, as it lies on the disk, has been read, from 0 to 1.
  var fractionRead: Double { size > 0 ? min(1, Double(gzoffset(stream)) / Double(size)) : 1 }

  /// Hands on the text in blocks. What is not used of one comes again in front of the next.
  ///
  /// - Parameters:
  ///   - size: The bytes of a block, unless a field needs more.
  ///   - use: Takes a block and whether it is the last; returns the bytes that it is done with.
  package func forEachBlock(of size: Int, _ use: (UnsafeRawBufferPointer, _ isLast: Bool) throws -> Int) throws {
    var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, size), alignment: 16)
    defer { buffer.deallocate() }
    var filled = 0
    while true {
      let read = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      let isLast = filled + read < buffer.count
      filled += read
      let used = try use(UnsafeRawBufferPointer(rebasing: buffer[..<filled]), isLast)
      if isLast { return }
      filled -= used
      if filled == buffer.count {
        // A field does not fit.
        guard filled < Self.maximumFieldSize else {
          throw TrainerError(
            .data,
            "'\(path)' has a field of more than \(ByteText.text(Self.maximumFieldSize)); is a quote opened and never "
              + "closed, or is it no table of text?")
        }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * buffer.count, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
        buffer.deallocate()
        buffer = larger
      } else if used > 0, filled > 0, let base = buffer.baseAddress {
        base.copyMemory(from: base + used, byteCount: filled)
      }
    }
  }

  /// Fills the buffer unless the text ends before; returns the number of bytes.
  private func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard used < start.count else { return try Self.read(stream, buffer, path) }
    let count = min(buffer.count, start.count - used)
    start.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[used..<used + count])) }
    used += count
    return try count + Self.read(stream, UnsafeMutableRawBufferPointer(rebasing: buffer[count...]), path)
  }

  /// Closes it. Nothing was written, so nothing can be lost.
  package func close() { gzclose(stream) }

  private static func read(_ stream: gzFile, _ buffer: UnsafeMutableRawBufferPointer, _ path: String) throws -> Int {
    guard !buffer.isEmpty else { return 0 }
    let count = gzread(stream, buffer.baseAddress, UInt32(buffer.count))
    var number: Int32 = 0
    let text = gzerror(stream, &number).map { String(cString: $0) } ?? "damaged"
    guard count >= 0, number == Z_OK || number == Z_STREAM_END else {
      throw TrainerError(.data, "cannot unpack '\(path)' (gzip): \(text); get the file again")
    }
    return Int(count)
  }
}
