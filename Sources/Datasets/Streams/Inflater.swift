import CZlib
import Foundations

/// Unpacks gzip: one packed stream or several behind each other, as gzip itself does.
final class Inflater {
  private let name: String
  private var stream = z_stream()
  private var input: [UInt8]
  private var used = 0
  /// Whether all streams so far have ended.
  private var isBetween = false
  /// Whether there may be more bytes that need no input, since the last ones filled the buffer.
  private var isFull = false

  init(packed: [UInt8], name: String) throws {
    (self.name, input) = (name, packed)
    // 16: gzip alone, with windows of up to 2^15 bytes.
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw TrainerError(.data, "cannot unpack '\(name)': there is no memory left for it")
    }
  }

  deinit { inflateEnd(&stream) }

  /// Whether more can be unpacked without more input.
  var canGoOn: Bool { used < input.count || isFull }

  func give(_ packed: [UInt8]) { (input, used) = (packed, 0) }

  /// Unpacks what there is; 0 if more input is needed.
  func unpack(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while canGoOn {
      let isFirst = isBetween
      if isBetween {
        guard used < input.count else {
          isFull = false
          return 0
        }
        inflateReset(&stream)
        isBetween = false
      }
      var (code, made) = (Z_OK, 0)
      let begin = used
      input.withUnsafeMutableBytes { packed in
        let rest = packed[used...]
        stream.next_in = UnsafeMutableRawBufferPointer(rebasing: rest).baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(clamping: rest.count)
        let room = min(buffer.count, 1 << 30)
        stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(room)
        code = inflate(&stream, Z_NO_FLUSH)
        used += rest.count - Int(stream.avail_in)
        made = room - Int(stream.avail_out)
        isFull = stream.avail_out == 0
      }
      if isFirst, code == Z_DATA_ERROR {
        // Zeros up to a block's end, as tapes have them, are left alone. Anything else was the next stream once.
        guard input[begin...].allSatisfy({ $0 == 0 }) else {
          throw TrainerError(
            .data,
            "cannot unpack '\(name)' (gzip): a part of it is damaged, and what follows would be lost; get the file again"
          )
        }
        (used, isBetween, isFull) = (input.count, true, false)
        return 0
      }
      guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
        throw TrainerError(.data, "cannot unpack '\(name)' (gzip): it is damaged; get the file again")
      }
      isBetween = code == Z_STREAM_END
      if made > 0 { return made }
    }
    return 0
  }

  func requireEnd() throws {
    guard isBetween else {
      throw TrainerError(.data, "cannot unpack '\(name)' (gzip): it ends too early; get the file again")
    }
  }
}
