import Foundations

/// An input as bytes for a reader of a binary format.
package final class StreamedBytes: ByteSource {
  private let input: StreamedInput

  /// Reads an input from where it stands.
  package init(_ input: StreamedInput) { self.input = input }

  /// Opens a file, unpacked on the way if it is gzipped, whatever its name.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it cannot be read.
  package convenience init(path: String) throws { try self.init(StreamedInput(path: path)) }

  package var name: String { "'\(input.name)'" }
  package var largestLength: Int? { input.largestLength }
  /// Whether the file was gzipped.
  var isPacked: Bool { input.isPacked }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try input.readAll(into: buffer)
  }

  package func seek(to offset: Int) throws -> Bool { try input.seek(to: offset) }
}
