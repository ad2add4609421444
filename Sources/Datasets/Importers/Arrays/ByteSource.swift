import CZlib
import Foundation
import Foundations

/// Bytes that are read once from start to end: a file, a member of an archive, or what another reader has begun.
package protocol ByteSource: AnyObject {
  /// What messages begin with: `'x.npy'`.
  var name: String { get }
  /// The most bytes that there can be from the start; `nil` if nobody knows. Of a packed file it is a bound.
  var largestLength: Int? { get }
  /// Fills the buffer unless the bytes end before; returns how many it read.
  ///
  /// - Throws: `TrainerError` with exit code `data`.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
  /// Goes to a place counted from the start; returns false, and goes nowhere, where bytes come only one after the other.
  ///
  /// - Throws: `TrainerError` with exit code `data`.
  func seek(to offset: Int) throws -> Bool
}

extension ByteSource {
  package func seek(to offset: Int) throws -> Bool { false }

  /// So many bytes, fewer at the end. The buffer grows as bytes come: a damaged header can ask for any amount of memory.
  package func bytes(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let start = bytes.count
      let step = min(count - start, 1 << 24)
      bytes.append(contentsOf: repeatElement(0, count: step))
      let got = try bytes.withUnsafeMutableBytes {
        try read(into: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
      }
      bytes.removeLast(step - got)
      if got < step { break }
    }
    return bytes
  }
}

/// Deflate makes at most so many bytes of one.
let deflateFactor = 1032

/// A file, unpacked on the way if it is gzipped, whatever its name.
package final class GzipFile: ByteSource {
  package let name: String
  package let largestLength: Int?
  private let stream: gzFile
  private let isPlain: Bool

  /// Opens a file.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it cannot be read.
  package init(path: String) throws {
    name = "'\(path)'"
    let size: Int
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
    gzbuffer(stream, 1 << 16)
    isPlain = gzdirect(stream) == 1
    let most = isPlain ? (size, false) : size.multipliedReportingOverflow(by: deflateFactor)
    largestLength = most.1 ? nil : most.0
  }

  deinit { gzclose(stream) }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var count = 0
    while count < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      let got = gzread(stream, rest.baseAddress, UInt32(min(rest.count, 1 << 30)))
      var number: Int32 = 0
      let text = gzerror(stream, &number).map { String(cString: $0) } ?? "damaged"
      guard got >= 0, number == Z_OK || number == Z_STREAM_END else {
        throw TrainerError(.data, "cannot unpack \(name) (gzip): \(text); get the file again")
      }
      if got == 0 { break }
      count += Int(got)
    }
    return count
  }

  package func seek(to offset: Int) throws -> Bool {
    guard isPlain else { return false }
    guard gzseek(stream, offset, SEEK_SET) == offset else {
      throw TrainerError(.data, "cannot read \(name) at byte \(offset); was it cut while it was read?")
    }
    return true
  }
}
