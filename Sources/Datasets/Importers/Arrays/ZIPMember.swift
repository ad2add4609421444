import CZlib
import Foundations

/// The bytes of an archive's member, unpacked on the way; their checksum is compared at their end.
package final class ZIPMember: ByteSource {
  package let name: String
  package let largestLength: Int?
  private let member: ZIPArchive.Member
  private let source: any ByteSource
  /// Where the next packed byte is, and how many there are from there on.
  private var (place, packed): (Int, Int)
  private var left: Int
  private var checksum: UInt
  /// zlib keeps the address of its stream, so that this must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let isDeflated: Bool
  private var block: [UInt8] = []
  private var used = 0

  private static let blockSize = 1 << 16

  fileprivate enum Fault: String {
    case short = "ends too early"
    case long = "is longer than its archive says"
    case packing = "cannot be unpacked"
    case checksum = "does not have its checksum"
  }

  /// Begins at a member's first byte.
  ///
  /// - Throws: `TrainerError` with exit code `data` if there is no memory to unpack it.
  init(_ member: ZIPArchive.Member, in source: any ByteSource, at place: Int, name: String) throws {
    (self.member, self.source, self.place, self.name) = (member, source, place, name)
    (packed, left, largestLength) = (member.packedSize, member.size, member.size)
    checksum = crc32(0, nil, 0)
    isDeflated = member.method == 8
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // Negative: without the header that zlib writes.
    guard !isDeflated || inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      stream.deallocate()
      throw TrainerError(.data, "there is no memory left to unpack \(name)")
    }
  }

  deinit {
    if isDeflated { inflateEnd(stream) }
    stream.deallocate()
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(left))
    guard !wanted.isEmpty else { return 0 }
    let count = isDeflated ? try inflated(into: wanted) : try stored(into: wanted)
    guard count == wanted.count else { throw fault(.short) }
    left -= count
    // zlib counts in 32 bits.
    for start in stride(from: 0, to: count, by: 1 << 30) {
      let part = min(count - start, 1 << 30)
      checksum = crc32(
        checksum, wanted.baseAddress?.advanced(by: start).assumingMemoryBound(to: UInt8.self), UInt32(part))
    }
    if left == 0 {
      guard try isAtEnd() else { throw fault(.long) }
      guard checksum == UInt(member.checksum) else { throw fault(.checksum) }
    }
    return count
  }

  private func stored(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = min(buffer.count, packed)
    _ = try source.seek(to: place)
    let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    place += got
    packed -= got
    return got
  }

  private func inflated(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var count = 0
    while count < buffer.count {
      if used == block.count { try fillBlock() }
      let size = min(buffer.count - count, 1 << 30)
      let (status, taken, made) = block.withUnsafeMutableBytes { input in
        let rest = UnsafeMutableRawBufferPointer(rebasing: input[used...])
        stream.pointee.next_in = rest.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(rest.count)
        stream.pointee.next_out = buffer.baseAddress?.advanced(by: count).assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(size)
        let status = inflate(stream, Z_NO_FLUSH)
        return (status, rest.count - Int(stream.pointee.avail_in), size - Int(stream.pointee.avail_out))
      }
      used += taken
      count += made
      if status == Z_STREAM_END { break }
      // Without input that is left, zlib says that it could do nothing.
      guard status == Z_OK || (status == Z_BUF_ERROR && packed > 0) else {
        throw fault(status == Z_BUF_ERROR ? .short : .packing)
      }
      if made == 0, used == block.count, packed == 0 { throw fault(.short) }
    }
    return count
  }

  private func fillBlock() throws {
    _ = try source.seek(to: place)
    block = try source.bytes(min(packed, Self.blockSize))
    used = 0
    guard !block.isEmpty || packed == 0 else { throw fault(.short) }
    place += block.count
    packed -= block.count
  }

  /// Whether nothing comes behind the last byte.
  private func isAtEnd() throws -> Bool {
    guard isDeflated else { return packed == 0 }
    // The end of the packed text may not have been read yet.
    var byte: UInt8 = 0
    return try withUnsafeMutableBytes(of: &byte) { try inflated(into: $0) } == 0
  }

  private func fault(_ fault: Fault) -> TrainerError {
    TrainerError(.data, "\(name) is damaged: it \(fault.rawValue); get the file again")
  }
}
