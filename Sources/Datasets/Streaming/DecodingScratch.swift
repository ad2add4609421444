import CZlib
import Foundation

/// What one worker needs for decoding rows: memory, and the state of the libraries that unpack.
///
/// It is used by one worker at a time.
package final class DecodingScratch {
  /// The memory; aligned for any element.
  package let memory: UnsafeMutableRawPointer
  /// Its size.
  package let byteCount: Int
  let deflate: OpaquePointer?
  let zlib: UnsafeMutablePointer<z_stream>?
  let zstandard: OpaquePointer?

  /// Makes memory for rows of several sources.
  ///
  /// - Parameters:
  ///   - byteCount: The most of their ``FetchedRows/scratchByteCount``.
  ///   - codecs: All of their ``FetchedRows/codecs``.
  ///   - usesZlib: Whether zlib takes the place of libdeflate, as where that is not installed.
  package init(byteCount: Int, codecs: ChunkCodecs, usesZlib: Bool = false) {
    self.byteCount = byteCount
    memory = .allocate(byteCount: max(1, byteCount), alignment: 64)
    let deflate = codecs.contains(.deflate) && !usesZlib ? DeflateLibrary.shared?.makeDecompressor() : nil
    self.deflate = deflate
    zlib = codecs.contains(.deflate) && deflate == nil ? Self.makeInflater() : nil
    zstandard = codecs.contains(.zstandard) ? ZstandardLibrary.shared?.makeContext() : nil
  }

  deinit {
    memory.deallocate()
    if let deflate { DeflateLibrary.shared?.freeDecompressor(deflate) }
    if let zlib {
      inflateEnd(zlib)
      zlib.deallocate()
    }
    if let zstandard { _ = ZstandardLibrary.shared?.freeContext(zstandard) }
  }

  private static func makeInflater() -> UnsafeMutablePointer<z_stream>? {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      stream.deallocate()
      return nil
    }
    return stream
  }
}

/// Libraries that decoding calls.
package struct ChunkCodecs: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// libdeflate, or zlib where it is not installed.
  package static let deflate = ChunkCodecs(rawValue: 1)
  /// libzstd.
  package static let zstandard = ChunkCodecs(rawValue: 2)

  /// About what one worker's state of these takes, in bytes.
  package var byteCount: Int { (contains(.deflate) ? 48 << 10 : 0) + (contains(.zstandard) ? 192 << 10 : 0) }
}
