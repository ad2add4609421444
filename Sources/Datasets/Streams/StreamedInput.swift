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
  /// The bytes of the file as it lies on the disk; `nil` of what is no regular file.
  private var size: Int?
  /// What ``peek(atLeast:)`` has read and nobody has taken.
  private var peeked: [UInt8] = []
  private var isAtEnd = false
  private var inflater: Inflater?
  /// The bytes of the file, packed as they are, that have been read.
  package private(set) var byteCount = 0

  /// Opens a file; without a path, standard input.
  ///
  /// - Parameter allowsPipes: Whether the path may be that of a pipe, such as a shell's for the output of a command; only for
  ///   what reads it once.
  /// - Throws: `TrainerError` with code `.data` if it cannot be read.
  package init(path: String?, allowsPipes: Bool = false) throws {
    guard let path else {
      (name, file, isOwned) = ("standard input", STDIN_FILENO, false)
      try unpackIfGzipped()
      return
    }
    name = path
    isOwned = true
    do {
      let files = SystemFileSystem()
      file = try files.retryingWhenInterrupted {
        try allowsPipes ? files.openForStreaming(path) : files.openForReading(path)
      }
      let status = try files.status(of: path)
      size = status?.kind == .regular ? status?.size : nil
    } catch let error as FileError {
      let hint = error.number == ENOENT ? neighbourHint(of: path) : ""
      throw TrainerError(
        .data, "cannot read '\(name)': \(error.reason.prefix(1).lowercased() + error.reason.dropFirst())\(hint)")
    }
    try unpackIfGzipped()
  }

  private init(name: String, file: Int32) {
    (self.name, self.file, isOwned) = (name, file, true)
  }

  /// The rest of this input in a file without a name.
  private func kept() throws -> StreamedInput {
    let files = SystemFileSystem()
    do {
      let file = try files.openNameless()
      let copy = StreamedInput(name: name, file: file)
      var (buffer, size) = ([UInt8](repeating: 0, count: 1 << 16), 0)
      while case let got = try buffer.withUnsafeMutableBytes({ try read(into: $0) }), got > 0 {
        try files.writeAll(file, buffer.span.extracting(0..<got).bytes)
        size += got
      }
      copy.size = size
      _ = try copy.seek(to: 0)
      return copy
    } catch let error as FileError {
      throw TrainerError(.data, "cannot keep '\(name)' while it is read: \(error.reason)")
    }
  }

  /// An input of the same bytes that can be read at any place: this one, if it has not been read, or else a copy in a file
  /// without a name, which goes when it is closed.
  ///
  /// - Throws: `TrainerError` with code `.data` if it cannot be read, or there is no room to keep it.
  package func seekable() throws -> StreamedInput { try seek(to: 0) ? self : kept() }

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

  /// Whether it is a file that can be opened once more.
  package var isRegularFile: Bool { size != nil }

  /// Which part of the file, as it lies on the disk, has been read, from 0 to 1; `nil` of what is no regular file.
  package var fractionRead: Double? { size.map { min(1, Double(byteCount) / Double(max(1, $0))) } }

  /// Whether the bytes are unpacked on the way.
  package var isPacked: Bool { inflater != nil }

  /// The most bytes that there can be from the start; `nil` if nobody knows. Of a packed file it is a bound.
  package var largestLength: Int? {
    guard let size else { return nil }
    let most = inflater == nil ? (size, false) : size.multipliedReportingOverflow(by: deflateFactor)
    return most.1 ? nil : most.0
  }

  /// Goes to a place counted from the start; returns false, and goes nowhere, where bytes come only one after the other.
  ///
  /// - Throws: `TrainerError` with code `.data` if there is no such place.
  package func seek(to offset: Int) throws -> Bool {
    guard size != nil, inflater == nil else { return false }
    guard lseek(file, off_t(offset), SEEK_SET) == offset else {
      throw TrainerError(.data, "cannot read '\(name)' at byte \(offset); was it cut while it was read?")
    }
    (peeked, isAtEnd) = ([], false)
    return true
  }

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
