import CZlib
import Foundation
import Foundations

/// The bytes of a file or of standard input as they come, unpacked on the way if they are gzipped.
package final class StreamedInput {
  /// Bytes of a packed stream that are read at once.
  private static let packedSize = 1 << 16

  /// How messages call it: the path, or `standard input`.
  package let name: String
  private let file: Int32
  private let isOwned: Bool
  /// What ``peek(atLeast:)`` has read and nobody has taken.
  private var peeked: [UInt8] = []
  private var isAtEnd = false
  private var inflater: Inflater?
  /// The bytes of the file, packed as they are, that have been read.
  package private(set) var byteCount = 0

  /// Opens a file; without a path, standard input.
  ///
  /// - Throws: `TrainerError` with code `.data` if it cannot be read.
  package init(path: String?) throws {
    guard let path else {
      (name, file, isOwned) = ("standard input", STDIN_FILENO, false)
      try unpackIfGzipped()
      return
    }
    name = path
    isOwned = true
    do {
      let files = SystemFileSystem()
      file = try files.retryingWhenInterrupted { try files.openForReading(path) }
    } catch let error as FileError {
      let hint = error.number == ENOENT ? neighbourHint(of: path) : ""
      throw TrainerError(
        .data, "cannot read '\(name)': \(error.reason.prefix(1).lowercased() + error.reason.dropFirst())\(hint)")
    }
    try unpackIfGzipped()
  }

  deinit {
    // Nothing was written, so nothing can be lost.
    if isOwned { _ = Foundation.close(file) }
  }

  private func unpackIfGzipped() throws {
    // A second byte is waited for only where the first is that of a packed file.
    guard try peek(atLeast: 1).first == 0x1F, try peek(atLeast: 2).starts(with: [0x1F, 0x8B]) else { return }
    inflater = try Inflater(packed: peeked, name: name)
    peeked = []
  }

  /// The next bytes, which are read again later: that many, fewer only if there are no more.
  package func peek(atLeast count: Int) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while peeked.count < count, !isAtEnd {
      let got = try buffer.withUnsafeMutableBytes { try fill($0) }
      peeked += buffer[..<got]
    }
    return peeked
  }

  /// The next lines, which are read again later: that many, fewer only if there are no more in the first 64 KiB.
  package func peek(lines count: Int) throws -> [UInt8] {
    var bytes = peeked
    while !isAtEnd, bytes.count < 1 << 16, bytes.count(where: { $0 == UInt8(ascii: "\n") }) < count {
      bytes = try peek(atLeast: bytes.count + 1)
    }
    return bytes
  }

  /// Whether nothing has come behind what ``peek(atLeast:)`` and ``peek(lines:)`` gave.
  package var isWhole: Bool { isAtEnd }

  /// Takes what there is, at least one byte; 0 at the end.
  ///
  /// - Throws: `TrainerError` with code `.data` if it cannot be read or unpacked.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !peeked.isEmpty else { return try fill(buffer) }
    let count = min(buffer.count, peeked.count)
    peeked.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    peeked.removeFirst(count)
    return count
  }

  /// Fills the buffer unless the bytes end before; returns their number.
  ///
  /// - Throws: As ``read(into:)``.
  package func readAll(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var count = 0
    while count < buffer.count {
      let got = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
      if got == 0 { break }
      count += got
    }
    return count
  }

  /// No field of a table is longer; a quote that is never closed reaches to the end of the file.
  private static let maximumFieldSize = 1 << 26

  /// Refuses a field that fills a buffer of so many bytes and goes on, if that is too much.
  ///
  /// - Throws: `TrainerError` with code `.data`.
  func requireField(beyond size: Int) throws {
    guard size >= Self.maximumFieldSize else { return }
    throw TrainerError(
      .data,
      "'\(name)' has a field of more than \(ByteText.text(Self.maximumFieldSize)); is a quote opened and never closed, or "
        + "is it no table of text?")
  }

  /// Whether the next byte has not come yet, so that what was read should not wait for it.
  package var isIdle: Bool {
    guard peeked.isEmpty, !isAtEnd, inflater?.canGoOn != true else { return false }
    var request = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, 0) == 0
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !buffer.isEmpty, !isAtEnd else { return 0 }
    guard let inflater else {
      let count = try readFile(buffer)
      isAtEnd = count == 0
      return count
    }
    while true {
      let count = try inflater.unpack(into: buffer)
      if count > 0 { return count }
      var packed = [UInt8](repeating: 0, count: Self.packedSize)
      let got = try packed.withUnsafeMutableBytes(readFile)
      guard got > 0 else {
        isAtEnd = true
        try inflater.requireEnd()
        return 0
      }
      inflater.give(Array(packed[..<got]))
    }
  }

  private func readFile(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    do {
      let files = SystemFileSystem()
      let count = try files.retryingWhenInterrupted { try files.read(file, into: buffer) }
      byteCount += count
      return count
    } catch let error as FileError {
      throw TrainerError(.data, "cannot read '\(name)': \(error.reason)")
    }
  }
}

/// Unpacks gzip: one packed stream or several behind each other, as gzip itself does.
private final class Inflater {
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
