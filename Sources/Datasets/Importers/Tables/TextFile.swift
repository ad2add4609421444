import Foundations

/// A file of text that is read once from start to end, unpacked on the way if it is gzipped, whatever its name.
package final class TextFile {
  /// What is looked at before the first field is read.
  private static let startSize = 1 << 16

  let path: String
  /// The first bytes.
  let start: [UInt8]
  /// Whether these are all.
  let isWhole: Bool
  private let input: StreamedInput

  /// Opens a file and reads its start.
  ///
  /// - Parameter isTable: Whether text of another kind than fields between delimiters is refused, too.
  /// - Throws: `TrainerError` with exit code `data` if it cannot be read, or is known for no such text in UTF-8.
  package init(path: String, isTable: Bool = true) throws {
    self.path = path
    input = try StreamedInput(path: path)
    let bytes = try input.peek(atLeast: Self.startSize)
    isWhole = bytes.count < Self.startSize
    start = Array(bytes.prefix(Self.startSize))
    try ForeignFormat.refuse(start, path: path, isTable: isTable)
  }

  /// Which part of the file, as it lies on the disk, has been read, from 0 to 1.
  var fractionRead: Double { input.fractionRead ?? 1 }

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
      let read = try input.readAll(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      let isLast = filled + read < buffer.count
      filled += read
      let used = try use(UnsafeRawBufferPointer(rebasing: buffer[..<filled]), isLast)
      if isLast { return }
      filled -= used
      if filled == buffer.count {
        // A field does not fit.
        try input.requireField(beyond: filled)
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * buffer.count, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
        buffer.deallocate()
        buffer = larger
      } else if used > 0, filled > 0, let base = buffer.baseAddress {
        base.copyMemory(from: base + used, byteCount: filled)
      }
    }
  }
}
