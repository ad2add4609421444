import CZlib
import Foundation

/// A zlib stream by zlib itself.
enum ZlibStream {
  /// Unpacks a stream; returns the number of bytes, negative if it is damaged or does not fit.
  static func unpack(
    _ from: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer, _ stream: UnsafeMutablePointer<z_stream>
  ) -> Int {
    guard inflateReset(stream) == Z_OK, let size = UInt32(exactly: from.count), let room = UInt32(exactly: out.count)
    else { return -1 }
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: from.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = size
    stream.pointee.next_out = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = room
    guard inflate(stream, Z_FINISH) == Z_STREAM_END else { return -1 }
    return out.count - Int(stream.pointee.avail_out)
  }
}

/// Fletcher's checksum as HDF5 has it: of big-endian words of 16 bits, each sum modulo 65535.
enum Fletcher32 {
  /// The checksum of bytes.
  static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var (first, second) = (UInt32(0), UInt32(0))
    func fold(_ sum: UInt32) -> UInt32 { (sum & 0xffff) &+ (sum >> 16) }
    var place = 0
    let words = bytes.count / 2
    guard let base = bytes.baseAddress else { return 0 }
    var left = words
    while left > 0 {
      // As many as do not overflow the second sum.
      let count = min(left, 360)
      left -= count
      let end = place &+ 2 &* count
      while place < end {
        first &+= UInt32(UInt16(bigEndian: base.loadUnaligned(fromByteOffset: place, as: UInt16.self)))
        second &+= first
        place &+= 2
      }
      first = fold(first)
      second = fold(second)
    }
    if bytes.count % 2 == 1 {
      first &+= UInt32(base.load(fromByteOffset: place, as: UInt8.self)) << 8
      second &+= first
      first = fold(first)
      second = fold(second)
    }
    return fold(second) << 16 | fold(first)
  }

  /// Whether the last four bytes are the checksum of those before: little-endian, or with the bytes of each half swapped,
  /// as libraries before 1.6.3 wrote it on little-endian machines.
  static func isRight(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 4, let base = bytes.baseAddress else { return false }
    let stored = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self))
    let found = sum(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)]))
    return stored == found || stored == (found & 0x00ff_00ff) << 8 | (found >> 8) & 0x00ff_00ff
  }
}

/// The bytes of elements, back in the elements' order.
enum ByteShuffle {
  /// Returns the number of bytes, which is that of `from`; negative if `out` has no room for them.
  static func undo(_ from: UnsafeRawBufferPointer, width: Int, into out: UnsafeMutableRawBufferPointer) -> Int {
    guard from.count <= out.count, let source = from.baseAddress, let target = out.baseAddress else { return -1 }
    let count = from.count / width
    guard width > 1, count > 1 else {
      memcpy(target, source, from.count)
      return from.count
    }
    let bytes = source.assumingMemoryBound(to: UInt8.self)
    switch width {
    case 2:
      let (a, b) = (bytes, bytes + count)
      for index in 0..<count {
        let word = UInt16(a[index]) | UInt16(b[index]) << 8
        target.storeBytes(of: word.littleEndian, toByteOffset: index &* 2, as: UInt16.self)
      }
    case 4:
      let (a, b, c, d) = (bytes, bytes + count, bytes + 2 * count, bytes + 3 * count)
      for index in 0..<count {
        let low = UInt32(a[index]) | UInt32(b[index]) << 8
        let word = low | UInt32(c[index]) << 16 | UInt32(d[index]) << 24
        target.storeBytes(of: word.littleEndian, toByteOffset: index &* 4, as: UInt32.self)
      }
    default:
      // A few planes at a time, so that what is written stays in the cache.
      let stretch = max(1, 4096 / width)
      var first = 0
      while first < count {
        let end = min(count, first &+ stretch)
        for plane in 0..<width {
          let (from, to) = (bytes + plane &* count, target.assumingMemoryBound(to: UInt8.self) + plane)
          for index in first..<end { to[index &* width] = from[index] }
        }
        first = end
      }
    }
    let whole = count &* width
    if whole < from.count { memcpy(target + whole, source + whole, from.count - whole) }
    return from.count
  }
}

/// LZF (Lehmann, liblzf): literal runs and references to what was written before, of 3 bytes and more.
enum LZF {
  /// Unpacks a stream; returns the number of bytes, negative if it is damaged or does not fit.
  static func unpack(_ from: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) -> Int {
    guard let source = from.baseAddress?.assumingMemoryBound(to: UInt8.self),
      let target = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
    else { return -1 }
    let (size, room) = (from.count, out.count)
    var (read, written) = (0, 0)
    while read < size {
      let control = Int(source[read])
      read &+= 1
      if control < 32 {
        let count = control &+ 1
        guard count <= size &- read, count <= room &- written else { return -1 }
        (target + written).update(from: source + read, count: count)
        read &+= count
        written &+= count
        continue
      }
      var count = control >> 5
      if count == 7 {
        guard read < size else { return -1 }
        count &+= Int(source[read])
        read &+= 1
      }
      guard read < size else { return -1 }
      let distance = ((control & 31) << 8 | Int(source[read])) &+ 1
      read &+= 1
      count &+= 2
      guard distance <= written, count <= room &- written else { return -1 }
      let to = target + written
      let back = to - distance
      if distance >= count {
        to.update(from: back, count: count)
      } else {
        // What is copied may be what this copy writes.
        for index in 0..<count { to[index] = back[index] }
      }
      written &+= count
    }
    return written
  }
}

/// LZ4 as the HDF5 filter frames it: the size in 8 bytes, that of a block in 4, both big-endian, and then blocks, each with
/// its packed size in 4 bytes; one that is as large as it is unpacked is not packed.
enum LZ4Blocks {
  /// Unpacks all blocks; returns the number of bytes, negative if they are damaged or do not fit.
  static func unpack(_ from: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) -> Int {
    guard from.count >= 12, let library = LZ4Library.shared else { return -1 }
    let total = UInt64(bigEndian: from.loadUnaligned(as: UInt64.self))
    let block = Int(UInt32(bigEndian: from.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    guard total <= UInt64(out.count), block > 0 || total == 0 else { return -1 }
    var (read, written) = (12, 0)
    while written < Int(total) {
      guard from.count - read >= 4 else { return -1 }
      let packed = Int(UInt32(bigEndian: from.loadUnaligned(fromByteOffset: read, as: UInt32.self)))
      read += 4
      guard packed <= from.count - read else { return -1 }
      let plain = min(block, Int(total) - written)
      let source = UnsafeRawBufferPointer(rebasing: from[read..<read + packed])
      let target = UnsafeMutableRawBufferPointer(rebasing: out[written..<written + plain])
      if packed == plain {
        target.copyMemory(from: source)
      } else {
        guard library.unpack(source, into: target) == plain else { return -1 }
      }
      read += packed
      written += plain
    }
    return written
  }
}
