/// The records of an event file: TensorFlow's TFRecord, a length, a checksum of it, the bytes, and a checksum of them.
///
/// Source: tensorflow/core/lib/io/record_writer.h.
package enum RecordFile {
  /// The bytes before and behind a record's own.
  private static let (headerSize, footerSize) = (12, 4)

  /// A record as it stands in a file.
  package static func record(_ bytes: [UInt8]) -> [UInt8] {
    let length = littleEndianBytes(UInt64(bytes.count))
    return length + littleEndianBytes(CRC32C.masked(length)) + bytes + littleEndianBytes(CRC32C.masked(bytes))
  }

  /// The records at the beginning of a file, as the ranges of their own bytes; it ends where one is torn or damaged.
  package static func records(in file: [UInt8]) -> [Range<Int>] {
    var records: [Range<Int>] = []
    var start = 0
    while file.count - start >= headerSize + footerSize {
      let length: UInt64 = number(file[start..<start + 8])
      let body = start + headerSize
      guard CRC32C.masked(file[start..<start + 8]) == number(file[start + 8..<body]),
        length <= UInt64(file.count - body - footerSize)
      else { break }
      let end = body + Int(length)
      guard CRC32C.masked(file[body..<end]) == number(file[end..<end + footerSize]) else { break }
      records.append(body..<end)
      start = end + footerSize
    }
    return records
  }

  /// Where the record ends that has these bytes of its own.
  package static func end(of record: Range<Int>) -> Int { record.upperBound + footerSize }

  private static func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> Number {
    bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
  }
}

/// The cyclic redundancy check with Castagnoli's polynomial (1993), as in RFC 3720; zlib has only that of Ethernet.
package enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
  }

  /// The checksum of some bytes.
  package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { value, byte in table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8 }
  }

  /// The checksum as records have it: turned by 15 bits and moved, so that a checksum of bytes with checksums in them is
  /// no trivial one.
  package static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let value = checksum(bytes)
    return (value >> 15 | value << 17) &+ 0xa282_ead8
  }
}
