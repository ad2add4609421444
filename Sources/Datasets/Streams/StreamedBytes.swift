import Foundations

/// A streamed input as bytes for a reader of a binary format.
package final class StreamedBytes: ByteSource {
  private let input: StreamedInput

  /// Reads an input from where it stands.
  package init(_ input: StreamedInput) { self.input = input }

  package var name: String { "'\(input.name)'" }
  package var largestLength: Int? { nil }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try input.readAll(into: buffer)
  }
}
